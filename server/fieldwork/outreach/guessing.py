"""How often somebody may guess: wrong keys are counted by address, by network and in all.

Ten minutes are one window. What is wrong counts, what is right is taken back, and a refused attempt is not
even looked at, so refusals end with their window. In PostgreSQL, so that any number of processes count as
one; without it nobody gets in.

A code has 10^12 values, and the last four digits of a phone must fit as well. Two thousand guesses in ten
minutes are 8.6 million in a month; against a million codes that are out at once they find 0.0009 of one.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from server.db import AnySelect
from server.keys import KeyRing
from server.models.tasks import GuessCount

WINDOW: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Limits:
    """How many wrong keys of one purpose a window takes.

    Attributes:
        address: from one address: a household, or everybody behind one gateway of a carrier.
        network: from the network around it: so many that one guesser cannot use them up for the neighbours.
    """

    purpose: str
    address: int
    network: int
    in_all: int


# People mistype; a carrier's gateway stands for thousands of them, of whom a few type at the same time.
CODES: Final = Limits("code", address=10, network=60, in_all=2_000)
# Links cannot be guessed: right ones always open, and these only keep whoever tries from costing us much.
LINKS: Final = Limits("link", address=100, network=600, in_all=20_000)
# Words are few: whoever tries them all finds one, which is why knowing it must be worth nothing.
WORDS: Final = Limits("word", address=10, network=60, in_all=2_000)


class TooManyGuesses(Exception):
    """No more for now; `retry_after` in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Tier:
    """One counter: what it counts, and how far."""

    name: str
    most: int


def tiers(limits: Limits, address: str) -> tuple[Tier, ...]:
    """The counters of an attempt. All workers lock them in this order, so that none waits in a circle."""
    own, network = places(address)
    return (
        Tier(f"{limits.purpose}:all", limits.in_all),
        Tier(f"{limits.purpose}:{network}", limits.network),
        Tier(f"{limits.purpose}:{own}", limits.address),
    )


def places(address: str) -> tuple[str, str]:
    """An address and its network; one household has a whole /56 of IPv6. What is no address is one place."""
    try:
        found = ip_address(address)
    except ValueError:
        return "nowhere", "nowhere/0"
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(ip_network((found, 56), strict=False)), str(ip_network((found, 48), strict=False))
    plain = found.ipv4_mapped if isinstance(found, IPv6Address) else found
    return str(plain), str(ip_network((plain or found, 24), strict=False))


def window_at(now: datetime) -> datetime:
    """When the window of this moment began."""
    return datetime.fromtimestamp(now.timestamp() // WINDOW.total_seconds() * WINDOW.total_seconds(), UTC)


def seconds_left(now: datetime) -> int:
    """Until the next window, rounded up."""
    return int((window_at(now) + WINDOW - now).total_seconds()) + 1


@dataclass(frozen=True, slots=True)
class Guess:
    """An attempt that was counted as wrong beforehand."""

    hashes: tuple[bytes, ...]
    window: datetime


def count_guess(connection: Connection, limits: Limits, address: str, keys: KeyRing, now: datetime) -> Guess:
    """Count an attempt before it is looked at; of fifty at once none gets past the limit.

    Raises:
        TooManyGuesses: the caller rolls back and looks at nothing.
    """
    counted = tiers(limits, address)
    guess = Guess(tuple(keys.lookup_hash(f"guess:{tier.name}") for tier in counted), window_at(now))
    seen = {row.hash: row.counted for row in connection.execute(_standing(guess))}
    # Looked at first: whoever hammers on must not make us write.
    if any(seen.get(hashed, 0) >= tier.most for hashed, tier in zip(guess.hashes, counted, strict=True)):
        raise TooManyGuesses(seconds_left(now))
    for hashed, tier in zip(guess.hashes, counted, strict=True):
        added = insert(GuessCount).values(hash=hashed, window_at=guess.window, count=1)
        count = connection.scalar(
            added.on_conflict_do_update(
                index_elements=["hash", "window_at"],
                set_={"count": GuessCount.count + 1},
                where=GuessCount.count < tier.most,
            ).returning(GuessCount.count)
        )
        if count is None:
            raise TooManyGuesses(seconds_left(now))
    if not seen:
        connection.execute(delete(GuessCount).where(GuessCount.window_at < guess.window))
    return guess


def take_back(connection: Connection, guess: Guess) -> None:
    """What was typed was right, in the transaction that counted it: only mistakes count."""
    ours = update(GuessCount).where(GuessCount.hash.in_(guess.hashes), GuessCount.window_at == guess.window)
    connection.execute(ours.values(count=GuessCount.count - 1))


def _standing(guess: Guess) -> AnySelect:
    return select(GuessCount.hash, GuessCount.count.label("counted")).where(
        GuessCount.hash.in_(guess.hashes), GuessCount.window_at == guess.window
    )
