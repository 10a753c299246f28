"""People, firms and API keys; what each may do, and where."""
