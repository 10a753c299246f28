"""From JSON to a compiled form, or to everything that is wrong with it."""
