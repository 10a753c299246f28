"""The log of findings: written down by one person, confirmed by another, counted by the programme's rules."""
