"""Objections to facts before publication and appeals after it: filed, weighed with what they would change,
decided by somebody above, and followed by everything downstream."""
