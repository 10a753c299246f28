"""Reads an organisation's own inspection standard, a table made for people, into a form with its scoring.

Rows of text and merged ranges go in; a definition and a report go out that names every row, what it was
taken for, and everything that was not understood or contradicts itself. Nothing here reads files.
"""
