"""Scores become known: the window for facts, frozen versions of a wave, what branches may read of them."""
