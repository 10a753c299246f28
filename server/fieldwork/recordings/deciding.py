"""Decisions about recordings that look nothing up."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from server.errors import Detail

LONGEST: Final = 500
LONGEST_WINDOW: Final = timedelta(days=7)
SETTLED: Final = ("delivered", "refused", "missing")


@dataclass(frozen=True, slots=True)
class Window:
    """From when until when a recording is asked for, and the first moment that is too late for it."""

    from_at: datetime
    until_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Settled:
    """What a unit says about a request: `delivered`, with where it is kept; or why there is none."""

    state: str
    kept_where: str = ""
    note: str = ""


def window_problems(window: Window, *, now: datetime) -> Iterable[Detail]:
    """Whether there is a stretch of time of at most a week, and time left to find it."""
    if not timedelta(0) < window.until_at - window.from_at <= LONGEST_WINDOW:
        yield Detail("recording_window", "/until_at", {"days": LONGEST_WINDOW.days})
    if window.due_at <= max(now, window.until_at):
        yield Detail("recording_due", "/due_at")


def post_problems(posts: Sequence[str], known: Collection[str]) -> Iterable[Detail]:
    """Whether every post is one of the programme's."""
    if not known:
        yield Detail("recording_no_posts", "/posts")
    for post in posts:
        if known and post not in known:
            yield Detail("recording_post_unknown", "/posts", {"post": post})


def settling_problems(said: Settled) -> Iterable[Detail]:
    """Whether it is said where a recording is kept, or why there is none."""
    if said.state not in SETTLED:
        yield Detail("recording_state", "/state")
    if said.state == "delivered" and not said.kept_where:
        yield Detail("field_required", "/kept_where")
    if said.state in ("refused", "missing") and not said.note:
        yield Detail("field_required", "/note")
    for name, text in (("kept_where", said.kept_where), ("note", said.note)):
        if len(text) > LONGEST:
            yield Detail("text_too_long", f"/{name}", {"limit": LONGEST})


def uncovered(posts: Iterable[str], asked: Collection[str]) -> list[str]:
    """The programme's posts that no request names, in its order."""
    return [post for post in posts if post not in asked]


def is_overdue(state: str, due_at: datetime, *, now: datetime) -> bool:
    """Whether a request was not settled in time."""
    return state == "asked" and due_at <= now
