"""Visits: which outlets, by whom, when."""
