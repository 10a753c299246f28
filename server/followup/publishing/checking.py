"""The window in which units may object to facts, between review and publication."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, func, insert, select

from server import audit
from server.db import AnyRow
from server.errors import Detail, Refusal
from server.fieldwork.definitions.compiled import programme_of
from server.fieldwork.waves.reading import find_wave_to_run
from server.followup.publishing.gathering import name_reports
from server.followup.working_days import end_of_wave_after
from server.models.publications import FactsCheck
from server.models.reviews import OPEN_STATES, Review
from server.scope import Scope


def open_check(connection: Connection, wave_id: UUID, scope: Scope, *, by: str, now: datetime) -> datetime:
    """Show units their reports; returns the first moment at which no objection is taken any more.

    Raises:
        Refusal: not_found, forbidden; wrong_state unless the wave is closed; invalid_fields: `check_none`
            where the programme has no such window, `check_twice`, `publication_open_reports`.
    """
    wave = find_wave_to_run(connection, wave_id, scope)
    if wave.state != "closed":
        raise Refusal("wrong_state", state=wave.state, needed="closed")
    programme = programme_of(connection, wave.programme_version_id)
    waiting = connection.scalar(
        select(func.count()).where(Review.wave_id == wave_id, Review.state.in_(OPEN_STATES))
    )
    required = programme.review.required
    checks = (
        (not programme.publication.check, Detail("check_none")),
        (check_of(connection, wave_id) is not None, Detail("check_twice")),
        (
            bool(waiting) and required,
            Detail("publication_open_reports", "", {"count": waiting}),
        ),
    )
    problems = [detail for wrong, detail in checks if wrong]
    if problems:
        raise Refusal("invalid_fields", details=problems)
    closes_at = end_of_wave_after(connection, wave, programme.publication.check, now)
    connection.execute(
        insert(FactsCheck).values(wave_id=wave_id, opened_by=by, opened_at=now, closes_at=closes_at)
    )
    name_reports(connection, wave)
    entry = audit.Entry(by, "facts_check_opened", f"wave:{wave_id}", {"until": closes_at.isoformat()})
    audit.record(connection, [entry], at=now)
    return closes_at


def check_of(connection: Connection, wave_id: UUID) -> AnyRow | None:
    """When units may look at their reports before publication; None before the window was opened."""
    return connection.execute(
        select(*FactsCheck.__table__.columns).where(FactsCheck.wave_id == wave_id)
    ).first()
