"""Messages as rows in PostgreSQL, from the transaction that caused them to their delivery."""
