"""Answers against a compiled form: what is asked, what counts, what is wrong, and how answers move on."""
