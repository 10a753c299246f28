"""Seeded chance for the demo: one stream for each purpose, so that changing one leaves the others alone."""

from random import Random


def stream(seed: int, *purpose: str | int) -> Random:
    """A generator that depends on nothing but the seed and the purpose."""
    key = "/".join(map(str, (seed, *purpose)))
    return Random(key)  # noqa: S311 - repeatable by design; it guards no secret


def clamp(value: float, least: float, most: float) -> float:
    """The nearest value within the limits."""
    return max(least, min(most, value))
