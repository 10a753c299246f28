"""Months on the clocks by which people are paid."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from server.catalogue import ZONE
from server.errors import Detail, Refusal

MONTHS = 12


def month_of(moment: datetime) -> date:
    """The first day of the month in which a moment lies."""
    return moment.astimezone(ZoneInfo(ZONE)).date().replace(day=1)


def end_of(month: date) -> datetime:
    """The first moment after a month."""
    following = date(month.year + month.month // MONTHS, month.month % MONTHS + 1, 1)
    return datetime.combine(following, time.min, ZoneInfo(ZONE))


def before(month: date) -> date:
    """The month before."""
    return date(month.year - (month.month == 1), (month.month - 2) % MONTHS + 1, 1)


def read_month(text: str) -> date:
    """A month as `2026-05`.

    Raises:
        Refusal: invalid_fields, `field_date`.
    """
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise Refusal("invalid_fields", details=[Detail("field_date", "/month")]) from None
