"""Keeping the ledgers of duties: what is owed is generated, done with proof, excused and corrected."""
