"""Whom not to write to, when not, and how much at most: asked at the draw and again before each sending."""
