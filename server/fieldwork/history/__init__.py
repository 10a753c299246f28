"""Opening history: scores, grades, ranks, failed items and base rates from before this system."""
