"""Waves: planned, drawn, launched, changed."""
