"""A scheme with every kind of measure that earlier results are about, and files of them."""

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from server.fieldwork.history.history_import import import_history
from server.fieldwork.importing import ImportReport, SentFile
from server.models.opening_history import HistoryFile
from server.scope import EVERYTHING, Scope
from tests.builders import BY, NOW
from tests.followup.schemes_for_tests import KEY, scheme

BANDS = [{"grade": "good", "min": "90"}, {"grade": "poor", "min": "0"}]
LOST = {"instrument": "visit", "where": "{line.repeat}"}


def measure(name: str, per: str, of: str = "outlet", **source: Any) -> dict[str, Any]:
    return {"name": name, "of": of, "per": per, **source}


MEASURES = [
    measure("year_score", "year", scores="visit", bands=BANDS, title={"default": "平均得分", "en": "Mean"}),
    measure("quarter_score", "quarter", scores="visit", title={"default": "平均得分", "en": "Mean"}),
    measure("place", "year", rank="year_score"),
    measure("visit_score", "visit", scores="visit"),
    measure("hall_score", "quarter", scores="hall"),
    measure("repeated", "year", lost=LOST),
    measure("before", "quarter", previous={"of": "quarter_score"}),
    measure("good_years", "year", streak="{year_score.grade} = 'good'"),
    measure("complaint_base", "year", of="district", indicator="complaint_base", places=4),
    measure("complaint_rate", "year", of="district", indicator="complaint_rate", places=4),
    measure(
        "complaint_change",
        "year",
        of="district",
        expression="({complaint_rate} - {complaint_base}) / {complaint_base} * 100",
    ),
    measure("branch_class", "year", indicator="class"),
]


def scheme_with_past(**changes: Any) -> dict[str, Any]:
    """The scheme of `schemes_for_tests` with measures of periods, ranks and imported numbers, and a phase."""
    calendar = {"phases": [{"name": "first", "from": "01-01", "to": "04-30"}]}
    return scheme(**{"measures": MEASURES, "rules": [], "calendar": calendar, **changes})


def load(
    connection: Connection, text: str, *, name: str = "2025.csv", scope: Scope = EVERYTHING, **how: Any
) -> ImportReport:
    sent = SentFile(text.encode(), name, BY, scope)
    return import_history(connection, sent, how.pop("key", KEY), now=how.pop("now", NOW), **how)


def file_id(connection: Connection, name: str) -> UUID:
    return connection.execute(select(HistoryFile.id).where(HistoryFile.name == name)).scalar_one()
