"""The organisation: its tree of units, as it is and as it was."""
