"""Reports that go back to who made them with questions, and what comes back as a revision."""
