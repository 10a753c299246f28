"""Programmes: definitions of evaluation schemes, and the register of readings that they choose from."""
