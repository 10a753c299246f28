"""A closed wave of three outlets whose reports were approved, with a fine for whoever is below 90."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, update

from server.followup.publishing.publishing import NewPublication, Publisher, agree, preview, propose
from server.followup.reviewing.claiming import Reviewer
from server.intake.shelf import FormShelf
from server.keys import KeyRing
from server.models.publications import PublishedReport
from server.models.waves import Wave
from server.scope import EVERYTHING, Scope
from tests.builders import NOW
from tests.followup.reviewing.reviews_for_tests import Report, act, create_report, create_reviewer
from tests.followup.visits_for_tests import create_wave

MEASURES = [
    {"name": "round_score", "of": "outlet", "per": "wave", "scores": "visit"},
    {"name": "place", "of": "outlet", "per": "wave", "rank": "round_score"},
]
FINE = {
    "name": "fine", "for": "outlet", "per": "wave", "direction": "penalty", "payee": "subject",
    "shortfall": {"target": "90", "score": "{round_score}", "base": "1000", "perPoint": "20"},
}  # fmt: skip
RULES: Mapping[str, Any] = {
    "review": {"second": 0},
    "publication": {"appeals": 5, "decided": "other"},
    "measures": MEASURES,
    "rules": [FINE],
}


@dataclass(frozen=True, slots=True)
class Closed:
    """A wave with its reports by outlet, and the people around it."""

    wave_id: UUID
    reports: Mapping[str, Report]
    ann: Reviewer
    ben: Reviewer


def publisher(who: Reviewer, *, scope: Scope = EVERYTHING, now: datetime = NOW) -> Publisher:
    return Publisher(who.account_id, f"account:{who.account_id}", scope, now)


def create_closed(connection: Connection, keys: KeyRing, **changes: Any) -> Closed:
    """B101 has 50 of 100, B102 and B201 have 100.

    Args:
        changes: parts of the programme.
    """
    wave_id = create_wave(connection, rules={**RULES, **changes})
    answers = {"B101": "no", "B102": "yes", "B201": "yes"}
    reports = {
        code: create_report(connection, keys, wave_id, code, greeting=said) for code, said in answers.items()
    }
    ann, ben = create_reviewer(connection, "ann"), create_reviewer(connection, "ben")
    for each in reports.values():
        act(connection, each.pk, ann, "approve")
    connection.execute(update(Wave).where(Wave.id == wave_id).values(state="closed", closes_at=NOW))
    return Closed(wave_id, reports, ann, ben)


def published(connection: Connection, closed: Closed, *, now: datetime = NOW, **changes: Any) -> UUID:
    """Proposed by Ann, agreed to by Ben."""
    shown = preview(connection, FormShelf(), closed.wave_id, EVERYTHING, now=now)
    new = NewPublication(closed.wave_id, shown.hash, **changes)
    publication_id = propose(connection, FormShelf(), new, publisher(closed.ann, now=now))
    agree(connection, FormShelf(), publication_id, publisher(closed.ben, now=now))
    return publication_id


def ref_of(connection: Connection, report: Report) -> str:
    query = select(PublishedReport.ref).where(PublishedReport.submission_pk == report.pk)
    return connection.execute(query).scalar_one()
