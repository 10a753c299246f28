"""Reports that wait for a review, and people who look through them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select

from server.db import new_id
from server.followup.reviewing.acting import Judgement, judge
from server.followup.reviewing.claiming import Reviewer, reviewer_of
from server.followup.reviewing.deciding import Outcome
from server.followup.reviewing.opening import open_reviews
from server.intake.revising import newest_revision
from server.keys import KeyRing
from server.models.accounts import Account, Person
from server.models.reviews import Review
from server.scope import EVERYTHING
from tests.builders import NOW
from tests.followup.visits_for_tests import Visit, create_visit, create_wave, hand_in

REVIEW: Mapping[str, Any] = {"review": {"second": 0}}


@dataclass(frozen=True, slots=True)
class Report:
    """A visit that was handed in."""

    visit: Visit
    pk: UUID


def create_reviewer(connection: Connection, login: str, unit_id: UUID | None = None) -> Reviewer:
    person_id, account_id = new_id(), new_id()
    connection.execute(insert(Person).values(id=person_id, name=login, unit_id=unit_id, created_at=NOW))
    connection.execute(
        insert(Account).values(
            id=account_id, person_id=person_id, login=login, password_hash="-", created_at=NOW
        )
    )
    return reviewer_of(connection, account_id)


def create_report(
    connection: Connection, keys: KeyRing, wave_id: UUID, unit_code: str = "B101", **answers: Any
) -> Report:
    visit = create_visit(connection, keys, wave_id, unit_code)
    pk = hand_in(connection, visit, **answers)
    open_reviews(connection, [pk], now=NOW)
    return Report(visit, pk)


def create_reports(
    connection: Connection, keys: KeyRing, rules: Mapping[str, Any] = REVIEW, **changes: Any
) -> tuple[UUID, Report]:
    """A wave of a programme that reviews, and one report with a lost point."""
    wave_id = create_wave(connection, rules=rules, **changes)
    return wave_id, create_report(connection, keys, wave_id)


def act(connection: Connection, pk: UUID, who: Reviewer, name: str, **changes: Any) -> Outcome:
    read = changes.pop("read", None) or newest_revision(connection, pk).id
    by = f"account:{who.account_id}"
    now = changes.pop("now", NOW)
    scope = changes.pop("scope", EVERYTHING)
    return judge(connection, Judgement(pk, name, read, by, **changes), who, scope, now=now)


def state_of(connection: Connection, pk: UUID) -> str:
    return connection.execute(select(Review.state).where(Review.submission_pk == pk)).scalar_one()
