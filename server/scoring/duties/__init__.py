"""From the duties of a programme to what is due, for whom and when, and to how much of it was done."""
