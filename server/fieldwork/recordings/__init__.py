"""Recordings that video checks ask units for: every post, one stretch of time, until when."""
