"""Rows of contacts and service events, from files and feeds of any length into the database."""
