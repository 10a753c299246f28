"""From a personal link to answers on the way: redeeming, resuming.

Opening a link writes nothing, so previews and virus scanners use nothing up. The first POST redeems: it
opens a session whose address holds no token, so the token does not travel in referrers or history.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection, case, false, insert, literal, null, select, union_all, update

from server import audit
from server.db import AnyRow, AnySelect, new_id
from server.fieldwork.outreach.reach import known_by
from server.fieldwork.visits.given_up import given_up
from server.intake.own_words import joined
from server.keys import token_hash
from server.models.contacts import Contact
from server.models.organisation import Subject, Unit
from server.models.submissions import Submission, SubmissionRevision, SubmissionText
from server.models.tasks import Assignment, Invitation, InvitationKey, RespondentSession
from server.models.waves import Wave
from server.notify.respect.opt_outs import opt_out

Kind = Literal["invitation", "assignment"]
Standing = Literal["open", "started", "finished", "expired", "closed", "early"]

REF_BYTES = 12
REF = re.compile(r"[A-Za-z0-9_-]{16}")
MAX_TOKEN_LENGTH = 64
# How long the thanks page, and what became of the photos, stay readable after the link itself is over.
READABLE_AFTERWARDS = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Task:
    """What a link or a session stands for: an invitation or an assignment with its wave and subject.

    `given_up`: the visitor said that they will not make this visit, or could not. `check_key` is what its
    check word follows from, where its message told one. Who is `nameless` scanned a poster: nobody will write
    to them, so there is nothing to decline.
    """

    kind: Kind
    id: UUID
    wave_id: UUID
    wave_state: str
    form_version_id: UUID
    subject_id: UUID
    unit_name: str
    unit_name_en: str
    timezone: str
    submission_id: UUID
    variables: Mapping[str, Any]
    locale: str
    large_type: bool
    opens_at: datetime
    expires_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    cancelled_at: datetime | None = None
    given_up: bool = False
    check_key: bytes | None = None
    nameless: bool = False

    @property
    def actor(self) -> str:
        return f"{self.kind}:{self.id}"

    def standing(self, now: datetime) -> Standing:
        """Whether this link can still be answered, and if not, why."""
        if self.completed_at is not None:
            return "finished"
        if now >= self.expires_at:
            return "expired"
        if self.wave_state != "launched" or self.cancelled_at is not None or self.given_up:
            return "closed"
        if now < self.opens_at:
            return "early"
        return "started" if self.started_at else "open"


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that redeemed a link. `secret` goes into a cookie whose path is the session's address."""

    ref: str
    secret: str


def find_by_token(connection: Connection, token: str, kind: Kind, *, now: datetime) -> Task | None:
    """The task of a link, or None when no such link was ever given out, or it is over."""
    if len(token) > MAX_TOKEN_LENGTH:
        return None
    if kind == "assignment":
        row = connection.execute(
            _task_query(kind).where(Assignment.token_hash == token_hash(token), Assignment.expires_at > now)
        ).first()
        return _task(kind, row) if row else None
    return find_by_hashes(connection, [token_hash(token)], now=now)


def find_by_hashes(connection: Connection, hashes: Sequence[bytes], *, now: datetime) -> Task | None:
    """The invitation that any of its keys opens: one statement, whether there is one or not."""
    opened = union_all(
        select(Invitation.id).where(Invitation.token_hash.in_(hashes)),
        select(InvitationKey.invitation_id).where(
            InvitationKey.hash.in_(hashes), InvitationKey.expires_at > now
        ),
    )
    row = connection.execute(
        _task_query("invitation").where(Invitation.id.in_(opened), Invitation.expires_at > now)
    ).first()
    return _task("invitation", row) if row else None


def find_invitation(connection: Connection, invitation_id: UUID) -> Task:
    """The task of an invitation that was found by other means, such as the number of who is asked."""
    row = connection.execute(_task_query("invitation").where(Invitation.id == invitation_id)).one()
    return _task("invitation", row)


def find_assignment(connection: Connection, assignment_id: UUID) -> Task:
    """The task of an assignment that was found by who is to go."""
    row = connection.execute(_task_query("assignment").where(Assignment.id == assignment_id)).one()
    return _task("assignment", row)


def find_by_session(
    connection: Connection, ref: str, secret: str, *, now: datetime
) -> tuple[Task, str] | None:
    """The task behind a session and the session's language, or None when cookie and address do not fit."""
    if not REF.fullmatch(ref):
        return None
    session = connection.execute(
        select(
            RespondentSession.secret_hash, RespondentSession.invitation_id,
            RespondentSession.assignment_id, RespondentSession.locale,
        ).where(RespondentSession.ref == ref, RespondentSession.expires_at > now)
    ).first()  # fmt: skip
    if session is None or not secrets.compare_digest(session.secret_hash, token_hash(secret)):
        return None
    kind: Kind = "invitation" if session.invitation_id else "assignment"
    table = Invitation if kind == "invitation" else Assignment
    task_id = session.invitation_id or session.assignment_id
    row = connection.execute(_task_query(kind).where(table.id == task_id)).one()
    return _task(kind, row), session.locale


def redeem(connection: Connection, task: Task, *, locale: str, now: datetime) -> Session:
    """Open a session for whoever holds the link, and note the first start."""
    session = open_session(connection, task, locale=locale, now=now)
    start(connection, task, now=now)
    return session


def open_session(connection: Connection, task: Task, *, locale: str, now: datetime) -> Session:
    """Something that answers without the link, from now on until some days after the task is over."""
    session = Session(secrets.token_urlsafe(REF_BYTES), secrets.token_urlsafe(16))
    connection.execute(
        insert(RespondentSession).values(
            id=new_id(),
            ref=session.ref,
            secret_hash=token_hash(session.secret),
            locale=locale,
            created_at=now,
            expires_at=task.expires_at + READABLE_AFTERWARDS,
            **{f"{task.kind}_id": task.id},
        )
    )
    return session


def start(connection: Connection, task: Task, *, now: datetime) -> None:
    """Note the first start, once."""
    table = Invitation if task.kind == "invitation" else Assignment
    started = connection.execute(
        update(table).where(table.id == task.id, table.started_at.is_(None)).values(started_at=now)
    )
    if started.rowcount:
        audit.record(connection, [audit.Entry(task.actor, "task_started", task.actor, {})], at=now)


def change_language(connection: Connection, ref: str, locale: str) -> None:
    connection.execute(update(RespondentSession).where(RespondentSession.ref == ref).values(locale=locale))


def decline(connection: Connection, task: Task, *, now: datetime) -> None:
    """The person behind an invitation wants no more messages: their number is opted out everywhere, or the
    address of whoever has no number.
    """
    hashed = connection.scalar(select(known_by(task.id)))
    if hashed is not None:
        opt_out(connection, [hashed], "link", now)
        audit.record(connection, [audit.Entry(task.actor, "opted_out", task.actor, {})], at=now)


def received_at(connection: Connection, task: Task) -> datetime | None:
    """When the task's submission arrived, or None."""
    return connection.scalar(
        select(Submission.received_at).where(
            Submission.wave_id == task.wave_id, Submission.submission_id == task.submission_id
        )
    )


def as_answered(connection: Connection, task: Task) -> Task:
    """The task with the version of the form that its submission was made with."""
    version_id = connection.scalar(
        select(Submission.form_version_id).where(
            Submission.wave_id == task.wave_id, Submission.submission_id == task.submission_id
        )
    )
    return task if version_id is None else replace(task, form_version_id=version_id)


def handed_in(connection: Connection, task: Task) -> dict[str, Any]:
    """The answers as they were handed in, own words in their places; {} before that."""
    revision = connection.execute(
        select(SubmissionRevision.id, SubmissionRevision.answers)
        .join(Submission, Submission.id == SubmissionRevision.submission_pk)
        .where(
            Submission.wave_id == task.wave_id,
            Submission.submission_id == task.submission_id,
            SubmissionRevision.number == 1,
        )
    ).first()
    if revision is None:
        return {}
    texts = connection.execute(
        select(SubmissionText.question, SubmissionText.text).where(SubmissionText.revision_id == revision.id)
    )
    return joined(revision.answers, {row.question: row.text for row in texts})


def _task_query(kind: Kind) -> AnySelect:
    table: Any = Invitation if kind == "invitation" else Assignment
    query = (
        select(
            table.id, table.wave_id, table.subject_id, table.submission_id, table.variables,
            table.expires_at, table.started_at, table.completed_at,
            Wave.state.label("wave_state"), Wave.form_version_id, Unit.timezone,
            Unit.name.label("unit_name"), Unit.name_en.label("unit_name_en"),
        )
        .join(Wave, Wave.id == table.wave_id)
        .join(Subject, Subject.id == table.subject_id)
        .join(Unit, Unit.id == Subject.unit_id)
    )  # fmt: skip
    if kind == "assignment":
        return query.add_columns(
            literal("zh").label("locale"),
            null().label("large_type"),
            Assignment.opens_at,
            Assignment.cancelled_at,
            given_up().label("given_up"),
            null().label("check_key"),
            null().label("counter_id"),
        )
    return query.join(Contact, Contact.id == Invitation.contact_id, isouter=True).add_columns(
        Invitation.counter_id, Invitation.locale, Contact.large_type, Wave.opens_at,
        null().label("cancelled_at"), false().label("given_up"),
        case((Wave.settings["message"].astext.contains("{check}"), Wave.prn_key)).label("check_key"),
    )  # fmt: skip


def _task(kind: Kind, row: AnyRow) -> Task:
    return Task(
        kind=kind,
        id=row.id,
        wave_id=row.wave_id,
        wave_state=row.wave_state,
        form_version_id=row.form_version_id,
        subject_id=row.subject_id,
        unit_name=row.unit_name,
        unit_name_en=row.unit_name_en or row.unit_name,
        timezone=row.timezone,
        submission_id=row.submission_id,
        variables=row.variables,
        locale=row.locale,
        large_type=bool(row.large_type),
        opens_at=row.opens_at,
        expires_at=row.expires_at,
        started_at=row.started_at,
        completed_at=row.completed_at,
        cancelled_at=row.cancelled_at,
        given_up=row.given_up,
        check_key=row.check_key,
        nameless=row.counter_id is not None,
    )
