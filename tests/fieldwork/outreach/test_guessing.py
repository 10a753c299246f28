"""Guessing is stopped at the stated counts, by address, by network and in all, and finds nothing before."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import Engine, func, select

from server.fieldwork.outreach.guessing import (
    CODES,
    LINKS,
    WINDOW,
    Limits,
    TooManyGuesses,
    count_guess,
    places,
    seconds_left,
    take_back,
    tiers,
    window_at,
)
from server.fieldwork.outreach.keys import code_hashes
from server.keys import KeyRing
from server.models.tasks import GuessCount
from tests.builders import NOW

GUESSES = 100_000


def admitted(limits: Limits, addresses: list[str]) -> int:
    """How many of these attempts, all within one window, are looked at."""
    counts: Counter[str] = Counter()
    looked_at, found = 0, {address: tiers(limits, address) for address in set(addresses)}
    for address in addresses:
        counted = found[address]
        if all(counts[tier.name] < tier.most for tier in counted):
            counts.update(tier.name for tier in counted)
            looked_at += 1
    return looked_at


@pytest.mark.parametrize(
    ("addresses", "most"),
    [
        (["203.0.113.7"], CODES.address),
        ([f"203.0.113.{last}" for last in range(256)], CODES.network),
        ([f"2001:db8::{last:x}" for last in range(500)], CODES.address),
        ([f"2001:db8:0:{last << 8:x}::1" for last in range(200)], CODES.network),
        ([f"198.{third}.{fourth}.1" for third in range(8) for fourth in range(256)], CODES.in_all),
    ],
)
def test_a_hundred_thousand_guesses_are_few(addresses: list[str], most: int) -> None:
    tries = [addresses[index % len(addresses)] for index in range(GUESSES)]
    assert admitted(CODES, tries) == most


def test_a_month_of_guesses_finds_less_than_a_hundredth_of_a_code() -> None:
    windows = timedelta(days=30) / WINDOW
    live, values = 10**6, 10**12 * 10**4
    assert CODES.in_all * windows * live / values < 0.01


def test_a_hundred_thousand_guessed_codes_hit_nothing(keys: KeyRing) -> None:
    rng = random.Random(6)

    def guess() -> bytes:
        return code_hashes(keys, f"{rng.randrange(10**12):012}", f"{rng.randrange(10**4):04}")[0]

    live = {guess() for _ in range(20_000)}
    assert not any(guess() in live for _ in range(GUESSES))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("203.0.113.7", ("203.0.113.7", "203.0.113.0/24")),
        ("::ffff:203.0.113.7", ("203.0.113.7", "203.0.113.0/24")),
        ("2001:db8:1:203::7", ("2001:db8:1:200::/56", "2001:db8:1::/48")),
        ("", ("nowhere", "nowhere/0")),
        ("'; DROP TABLE", ("nowhere", "nowhere/0")),
    ],
)
def test_where_an_attempt_comes_from(address: str, expected: tuple[str, str]) -> None:
    assert places(address) == expected


@pytest.mark.parametrize("seconds", [0, 1, 299.5, 599.999])
def test_waiting_as_long_as_told_is_enough(seconds: float) -> None:
    now = window_at(NOW) + timedelta(seconds=seconds)
    assert window_at(now) == window_at(NOW)
    after = now + timedelta(seconds=seconds_left(now))
    assert window_at(after) == window_at(NOW) + WINDOW
    assert after - window_at(after) <= timedelta(seconds=1)


def test_of_many_at_once_none_gets_past_and_right_ones_do_not_count(engine: Engine, keys: KeyRing) -> None:
    limits = Limits("test", address=5, network=8, in_all=9)

    def attempt(address: str, *, right: bool = False, later: timedelta = timedelta(0)) -> bool:
        try:
            with engine.begin() as connection:
                guess = count_guess(connection, limits, address, keys, NOW + later)
                if right:
                    take_back(connection, guess)
        except TooManyGuesses:
            return False
        return True

    assert all(attempt("203.0.113.7", right=True) for _ in range(20))
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(attempt, ["203.0.113.7"] * 24)) == 5
        # A neighbour is not locked out by the guesser, and the network has its own limit.
        assert sum(pool.map(attempt, [f"203.0.113.{last}" for last in range(8, 20)])) == 3
    assert [attempt("198.51.100.1"), attempt("192.0.2.1")] == [True, False]
    assert attempt("203.0.113.7", later=WINDOW)
    with engine.connect() as connection:
        # What is over is swept, and no address can be read.
        assert set(connection.scalars(select(GuessCount.window_at))) == {window_at(NOW + WINDOW)}
        assert connection.scalar(select(func.count()).select_from(GuessCount)) == 3
        hashes = list(connection.scalars(select(GuessCount.hash)))
    assert {len(each) for each in hashes} == {32}


def test_links_and_codes_are_counted_apart() -> None:
    both = partial(tiers, address="203.0.113.7")
    assert not {tier.name for tier in both(CODES)} & {tier.name for tier in both(LINKS)}
