"""What waits for one reader now: every source is a row of a table and passes the reader's scope."""
