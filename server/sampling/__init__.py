"""Draws that can be repeated from their record, and estimates for display."""
