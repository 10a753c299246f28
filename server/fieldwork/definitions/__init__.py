"""Versions of forms and programmes in the database."""
