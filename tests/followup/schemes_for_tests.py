"""A small scheme: visits to outlets, their mean, its grade and rank, a fine below the target, a reward."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from server.fieldwork.definitions.programmes import NewProgramme, publish_programme
from server.followup.settlements import Made, NewSettlement, make_settlement
from server.scope import EVERYTHING
from tests import builders
from tests.builders import BY, NOW

KEY = "outlet-visits"
AS_OF = date(2026, 12, 31)


def scheme(**changes: Any) -> dict[str, Any]:
    """`changes` are properties of the definition; `fine` is the amount of the fine."""
    fine = changes.pop("fine", "1000")
    return {
        "title": {"default": "网点检查", "en": "Visits to outlets"},
        "subjects": [
            {"name": "city"},
            {"name": "district", "parent": "city"},
            {"name": "outlet", "parent": "district"},
        ],
        "instruments": [
            {"name": "visit", "kind": "visit", "form": "bank-branch-visit", "version": 1},
            {"name": "hall", "kind": "survey", "form": "hall-satisfaction", "version": 1},
            {"name": "log", "kind": "log"},
        ],
        "measures": [
            {
                "name": "year_score",
                "of": "outlet",
                "per": "year",
                "scores": "visit",
                "bands": [{"grade": "good", "min": "90"}, {"grade": "poor", "min": "0"}],
            },
            {"name": "place", "of": "outlet", "per": "year", "rank": "year_score"},
        ],
        "rules": [
            {
                "name": "fine",
                "for": "outlet",
                "per": "year",
                "direction": "penalty",
                "payee": "subject",
                "shortfall": {
                    "target": "90",
                    "score": "{year_score}",
                    "base": fine,
                    "perPoint": "200",
                },
            },
            {
                "name": "prize",
                "for": "outlet",
                "per": "year",
                "direction": "reward",
                "payee": "district",
                "when": "{place} = 1",
                "amount": "500",
            },
        ],
        **changes,
    }


def published(connection: Connection, **changes: Any) -> int:
    """The scheme as the next version of its programme."""
    new = NewProgramme(KEY, scheme(**changes))
    return publish_programme(connection, new, EVERYTHING, by=BY, now=NOW)


def visit_wave(connection: Connection, code: str = "V1", **changes: Any) -> UUID:
    """A launched wave of visits of the scheme."""
    values = {"programme": KEY, "instrument": "visit", "code": code, "state": "launched"}
    return builders.create_wave(connection, **{**values, **changes})


def settled(connection: Connection, **changes: Any) -> Made:
    new = NewSettlement(**{"key": KEY, "as_of": AS_OF, **changes})
    return make_settlement(connection, new, EVERYTHING, by=BY, now=NOW)
