"""What visits brought as rows of a table, kinds of pay side by side so that columns add up."""

from collections.abc import Sequence
from typing import Final

from server import catalogue
from server.followup.pay.tabled import KINDS, PaidVisit
from server.http.locale import locale
from server.tables.writing import Cell

COLUMNS: Final = ("unit", "day")


def heads() -> list[Cell]:
    """The headings of `cells`."""
    language = locale()
    return [
        *(catalogue.text(f"pay.column.{name}", language) for name in COLUMNS),
        *(catalogue.text(f"pay.kind.{kind}", language) for kind in KINDS),
        catalogue.text("pay.sum", language),
        catalogue.text("pay.note", language),
    ]


def cells(visit: PaidVisit) -> Sequence[Cell]:
    """Where and when, yuan by kind, their sum, and what was noted."""
    language = locale()
    unit = visit.unit_name_en if language == "en" else visit.unit_name
    day = catalogue.day(visit.made_at, language) if visit.made_at else ""
    amounts = [visit.by_kind.get(kind) for kind in KINDS]
    return [unit, day, *amounts, visit.total, "; ".join(visit.notes)]
