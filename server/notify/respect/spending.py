"""What messages cost, counted before they leave: however many workers claim, spending stops at the cap.

A claim locks the purses it spends from, in one order, and takes what still fits. What turns out not to have
left gives its money back.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from server.models.messages import Spending

NOTHING: Final = Decimal(0)


@dataclass(slots=True)
class Purse:
    """Money of one name, locked until the transaction ends. `cap` None is a purse without a bottom."""

    name: str
    cap: Decimal | None
    spent: Decimal

    def affords(self, cost: Decimal) -> bool:
        return self.cap is None or self.spent + cost <= self.cap


def month_purse(at: datetime) -> str:
    """The purse of all messages that are claimed in one month, in UTC."""
    return f"month:{at:%Y-%m}"


def wave_purse(wave_id: UUID) -> str:
    return f"wave:{wave_id}"


def lock_purses(connection: Connection, caps: Mapping[str, Decimal | None]) -> dict[str, Purse]:
    """The purses by name, each locked until the transaction ends.

    They are locked in the order of their names, so that nobody waits in a circle.
    """
    if not caps:
        return {}
    connection.execute(
        insert(Spending).on_conflict_do_nothing(index_elements=["purse"]),
        [{"purse": name, "spent": NOTHING} for name in sorted(caps)],
    )
    rows = connection.execute(
        select(Spending.purse, Spending.spent)
        .where(Spending.purse.in_(caps))
        .order_by(Spending.purse)
        .with_for_update()
    )
    return {row.purse: Purse(row.purse, caps[row.purse], row.spent) for row in rows}


def keep_purses(connection: Connection, purses: Iterable[Purse]) -> None:
    """Write what the purses hold now."""
    for purse in purses:
        connection.execute(update(Spending).where(Spending.purse == purse.name).values(spent=purse.spent))


def give_back(connection: Connection, cost: Decimal, wave_id: UUID | None, claimed_at: datetime) -> None:
    """Return the price of a message that did not leave to the purses it was taken from."""
    names = [month_purse(claimed_at), *([wave_purse(wave_id)] if wave_id else [])]
    for name in sorted(names):
        connection.execute(update(Spending).where(Spending.purse == name).values(spent=Spending.spent - cost))
