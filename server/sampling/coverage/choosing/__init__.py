"""Chooses outlets: the fewest that keep all promises, the cheapest, and with which chances."""
