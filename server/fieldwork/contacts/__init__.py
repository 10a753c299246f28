"""Customers who may be asked, and what they came for."""
