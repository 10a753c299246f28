"""Estimates from a sampling design: columns of a file, a sample with its weights, variances, intervals.

Everything here is computed with NumPy in double precision; nothing of it reaches a score or money.
"""
