"""Whether the promises can be kept, what each costs, and what would help if they cannot."""
