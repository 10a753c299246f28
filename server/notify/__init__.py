"""Messages to people: texts and segments, the outbox in PostgreSQL, and the gateways that carry them."""
