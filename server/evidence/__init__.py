"""How much a visit's evidence is worth: a confidence with reasons, decided without reading or writing.

Nothing is refused here. Each doubt has a weight and goes to a person; the score of a visit knows nothing
of it.
"""
