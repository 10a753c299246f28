"""How a wave stands: sent, delivered, started, completed, and who said no."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import Connection, case, func, or_, select, true, union_all

from server.models.accounts import PersonPrivate
from server.models.contacts import ContactPrivate, OptOut
from server.models.organisation import Subject
from server.models.tallies import MESSAGE_SUFFIX, SUBMISSION
from server.models.tasks import Invitation, RespondentSession
from server.models.waves import Wave
from server.reports.tallies import tallies
from server.sampling.estimates import Interval, wilson
from server.scope import Scope

SENT = ("accepted", "delivered", "undelivered")
TASKS = ("invitation", "assignment")
COUNTED = (
    SUBMISSION,
    *(f"{task}{part}" for task in TASKS for part in ("", "_started", "_completed", MESSAGE_SUFFIX)),
)

Counts: TypeAlias = defaultdict[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of people. Rate and interval are None while nobody was asked.

    Attributes:
        expired: their message was never sent, because the time for it was over.
        declined: asked, and said no since, by the link or by a reply; who answered all the same is not
            counted.
    """

    asked: int
    sent: int
    delivered: int
    failed: int
    expired: int
    started: int
    completed: int
    declined: int
    response_rate: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Standing:
    """The part of a `Progress` that lists of waves tell."""

    asked: int
    completed: int
    response_rate: float | None


def wave_progress(connection: Connection, wave_id: UUID, instrument: str, scope: Scope) -> Progress:
    """Args: instrument: `survey` counts invitations, `visit` assignments."""
    task = _task(instrument)
    counts = _counts(connection, [wave_id], scope)[wave_id]
    declined = _declined(connection, wave_id, scope) if task == "invitation" else 0
    return _progress(task, counts, declined)


def standings(connection: Connection, instruments: Mapping[UUID, str], scope: Scope) -> dict[UUID, Standing]:
    """What a list of waves tells of each, by one query.

    Args:
        instruments: wave -> its instrument, as for `wave_progress`.
    """
    counts = _counts(connection, list(instruments), scope)
    return {wave_id: _standing(_task(each), counts[wave_id]) for wave_id, each in instruments.items()}


def _task(instrument: str) -> str:
    return "invitation" if instrument == "survey" else "assignment"


def _progress(task: str, counts: Counts, declined: int) -> Progress:
    def messages(*states: str) -> int:
        return sum(counts[f"{task}{MESSAGE_SUFFIX}", state] for state in states)

    stands = _standing(task, counts)
    return Progress(
        asked=stands.asked,
        sent=messages(*SENT),
        delivered=messages("delivered"),
        failed=messages("failed", "undelivered"),
        expired=messages("expired"),
        started=counts[f"{task}_started", ""],
        completed=stands.completed,
        declined=declined,
        response_rate=stands.response_rate,
        interval=wilson(stands.completed, stands.asked) if stands.asked else None,
    )


def _standing(task: str, counts: Counts) -> Standing:
    asked = counts[task, ""]
    # A firm's wave has no invitations of ours: what arrived is all there is to count.
    completed = counts[f"{task}_completed", ""] if asked else counts[SUBMISSION, ""]
    return Standing(asked, completed, completed / asked if asked else None)


def _counts(connection: Connection, wave_ids: Sequence[UUID], scope: Scope) -> dict[UUID, Counts]:
    """Per wave, what is counted and its detail -> how many; those submitted without their firm."""
    rows = tallies(wave_ids, COUNTED)
    detail = case((rows.c.counted == SUBMISSION, ""), else_=rows.c.detail)
    query = (
        select(rows.c.wave_id, rows.c.counted, detail.label("detail"), func.sum(rows.c.n).label("n"))
        .join(Subject, Subject.id == rows.c.subject_id)
        .group_by(rows.c.wave_id, rows.c.counted, detail)
    )
    if scope.firm_ids is not None:
        firms = [str(each) for each in scope.firm_ids]
        query = query.where(or_(rows.c.counted != SUBMISSION, rows.c.detail.in_(firms)))
    found: dict[UUID, Counts] = {wave_id: defaultdict(int) for wave_id in wave_ids}
    for row in connection.execute(scope.subjects(query)):
        found[row.wave_id][row.counted, row.detail] = int(row.n)
    return found


def _declined(connection: Connection, wave_id: UUID, scope: Scope) -> int:
    """Whose last word was no: whoever opens the link again after saying so wants to answer after all."""
    opened_at = (
        select(func.max(RespondentSession.created_at))
        .where(RespondentSession.invitation_id == Invitation.id)
        .correlate(Invitation)
        .scalar_subquery()
    )
    begun = select(func.coalesce(Wave.launched_at, Wave.created_at)).where(Wave.id == wave_id)
    # From the few who said no to who they are. OFFSET keeps the planner from reading all contacts instead.
    customers = select(ContactPrivate.contact_id.label("asked")).where(
        ContactPrivate.phone_hash == OptOut.phone_hash
    )
    colleagues = select(PersonPrivate.person_id).where(
        func.coalesce(PersonPrivate.phone_hash, PersonPrivate.email_hash) == OptOut.phone_hash
    )
    owner = union_all(customers, colleagues).offset(0).lateral("owner")
    query = (
        select(func.count())
        .select_from(OptOut)
        .join(owner, true())
        .join(Invitation, or_(Invitation.contact_id == owner.c.asked, Invitation.person_id == owner.c.asked))
        .join(Subject, Subject.id == Invitation.subject_id)
        .where(
            Invitation.wave_id == wave_id,
            Invitation.completed_at.is_(None),
            OptOut.source != "provider",  # a number that cannot be reached is nobody's wish
            OptOut.at >= begun.scalar_subquery(),
            OptOut.at >= func.coalesce(opened_at, Invitation.created_at),
        )
    )
    return connection.scalar(scope.subjects(query)) or 0
