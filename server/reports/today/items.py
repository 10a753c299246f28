"""One line of somebody's day: what waits, how much of it, and until when.

Nothing of it is stored but notices: a line is there because something was not done yet, and doing it takes
the line away.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from server.accounts.identity import Identity
from server.db import AnyRow
from server.errors import Refusal

# In the order in which a page shows them.
URGENCIES: Final = ("now", "soon", "later")
SOON: Final = timedelta(days=3)
TODAY: Final = timedelta(days=1)
AHEAD: Final = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Asked:
    """Who looks, and when."""

    who: Identity
    now: datetime

    @property
    def account_id(self) -> UUID:
        """Raises: Refusal: forbidden for a system, which has no day."""
        if self.who.account_id is None:
            raise Refusal("forbidden")
        return self.who.account_id


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that waits.

    Attributes:
        kind: its sentence is `today.<kind>`, and the console has an address for each.
        count: the number in the sentence.
        due_at: the first moment after the deadline.
        urgent: belongs to now whatever the deadline says: it is late, or stands still.
        wave: the row's `id`, `title` and `title_en`, where it is about a wave.
        row: what the source found, where a page needs more of it.
        params: further parameters of the sentence.
    """

    kind: str
    count: int = 1
    due_at: datetime | None = None
    urgent: bool = False
    wave: AnyRow | None = None
    row: AnyRow | None = None
    params: Mapping[str, Any] = field(default_factory=dict)


def urgency(item: Item, now: datetime) -> str:
    """One of `URGENCIES`."""
    if item.urgent:
        return "now"
    if item.due_at is None:
        return "later"
    if item.due_at <= now + TODAY:
        return "now"
    return "soon" if item.due_at <= now + SOON else "later"
