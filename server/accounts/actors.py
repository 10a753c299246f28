"""Whom an actor's name, as audit lines carry it, stands for."""

from collections.abc import Collection


def selves_in(actor: str) -> frozenset[str]:
    """Everybody in an actor's name: `account:1 for account:2,account:3` are three."""
    return frozenset(actor.replace(" for ", ",").split(","))


def names_one(actor: str, selves: Collection[str]) -> bool:
    """Whether an actor, who may stand in for others, is one of them."""
    return not selves_in(actor).isdisjoint(selves)
