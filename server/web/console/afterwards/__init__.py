"""Pages about what happens to reports after they were handed in."""
