"""Days as people write them into tables."""

from datetime import date, datetime

# Chinese Excel shows the same day in any of these.
DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d", "%Y-%m-%d %H:%M:%S")


def read_day(cell: str) -> date:
    """The calendar day of a cell, whatever the zone of whoever wrote it.

    Raises:
        ValueError: the cell is no day.
    """
    if len(cell) == 10 and cell[4] == "-":  # nearly every cell of a long file, at a tenth of the time
        return date.fromisoformat(cell)
    for pattern in DAYS:
        try:
            return datetime.strptime(cell, pattern).date()  # noqa: DTZ007 - only the date is kept
        except ValueError:
            continue
    raise ValueError(cell)
