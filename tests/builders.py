"""Rows for tests, made by the same imports, draws and launches as real ones.

Each function works on the caller's connection and takes what a test is about; everything else has a value
that is right.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, insert, select, update

from server.accounts import register
from server.db import new_id
from server.fieldwork.contacts.contact_import import import_contacts
from server.fieldwork.importing import ImportReport, SentFile
from server.fieldwork.organisation.unit_import import import_units
from server.fieldwork.visits.assigning import NewVisit, assign_visit, tell_batch
from server.fieldwork.waves.audience import is_drawn
from server.fieldwork.waves.choices import Sampling
from server.fieldwork.waves.drawing import draw_wave
from server.fieldwork.waves.launching import invite_batch, launch_wave
from server.fieldwork.waves.planning import plan_wave
from server.fieldwork.waves.plans import NewWave
from server.fieldwork.waves.states import move_wave
from server.keys import KeyRing, token_hash
from server.models.accounts import Person
from server.models.messages import Message
from server.models.organisation import Subject, Unit
from server.models.submissions import ScoreSheet, Submission, SubmissionRevision
from server.models.tasks import Assignment, Invitation, InvitationKey
from server.models.waves import Wave
from server.scope import EVERYTHING

NOW = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)
PUBLIC_URL = "http://anfang.test"
BY = "account:test"
SAMPLED = ("method", "ratio", "size", "minimum", "cap", "by", "spreads", "reserves")

# A bank with two districts; the second district's code begins like the first one's.
UNITS = (
    ("C01", "江城分行", "Jiangcheng Branch", "", "city"),
    ("D1", "东城区", "East District", "C01", "district"),
    ("D10", "西城区", "West District", "C01", "district"),
    ("B101", "青年路支行", "Youth Road", "D1", "outlet"),
    ("B102", "翠湖支行", "Green Lake", "D1", "outlet"),
    ("B201", "人民路支行", "People's Road", "D10", "outlet"),
)
OUTLETS = ("B101", "B102", "B201")
MESSAGES = {"zh": "您在{unit}办理过业务，请评价：{link}", "en": "Please rate {unit}: {link}"}
LINK = re.compile(r"/[rv]/([A-Za-z0-9_-]+)")

ASPECTS = ("courtesy", "advice", "speed", "waiting", "order", "environment")


@dataclass(frozen=True, slots=True)
class CreatedFirm:
    """A firm and the key its system sends."""

    id: UUID
    key: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


@dataclass(frozen=True, slots=True)
class CreatedTask:
    """An invitation or an assignment, with the token of its link."""

    id: UUID
    wave_id: UUID
    subject_id: UUID
    submission_id: UUID
    token: str


def csv_of(header: Sequence[str], rows: Sequence[Sequence[object]]) -> bytes:
    """Cells without commas or quotes, as UTF-8."""
    return "".join(",".join(map(str, row)) + "\n" for row in (header, *rows)).encode()


def units_csv(rows: Sequence[Sequence[object]] = UNITS) -> bytes:
    return csv_of(("code", "name", "name_en", "parent_code", "level"), rows)


def create_units(connection: Connection, rows: Sequence[Sequence[object]] = UNITS) -> ImportReport:
    return import_units(connection, SentFile(units_csv(rows), "units.csv", BY), now=NOW)


def phone_of(number: int) -> str:
    """A Chinese mobile number, a different one for each `number`."""
    return f"138{number:08}"


def contact_rows(each: int, outlets: Sequence[str] = OUTLETS) -> list[tuple[object, ...]]:
    """`each` contacts an outlet, with numbers of their own."""
    return [
        (f"K-{code}-{index:02}", phone_of(place * 1000 + index), code, "2026-05-02", "zh")
        for place, code in enumerate(outlets)
        for index in range(each)
    ]


def contacts_csv(rows: Sequence[Sequence[object]]) -> bytes:
    return csv_of(("external_id", "phone", "unit_code", "served_on", "locale"), rows)


def create_contacts(
    connection: Connection, keys: KeyRing, rows: Sequence[Sequence[object]] | None = None, *, each: int = 4
) -> ImportReport:
    data = contacts_csv(contact_rows(each) if rows is None else rows)
    return import_contacts(connection, keys, SentFile(data, "contacts.csv", BY), now=NOW)


def new_wave(**changes: Any) -> NewWave:
    """A survey wave that is open at NOW and takes everybody."""
    values: dict[str, Any] = {
        "programme": "branch-service",
        "instrument": "satisfaction",
        "code": "2026-05-SAT",
        "title": "五月满意度调查",
        "opens_at": NOW - DAY,
        "closes_at": NOW + 14 * DAY,
        "ratio": Decimal(1),
        "message": MESSAGES,
    }
    wanted = {**values, **changes}
    chosen = {name: wanted.pop(name) for name in SAMPLED if name in wanted}
    return NewWave(**{"sampling": Sampling(**chosen), **wanted})


def create_wave(connection: Connection, *, state: str = "planned", **changes: Any) -> UUID:
    """A wave in the state asked for: drawn from the contacts there are, launched without inviting yet.

    Waves of a firm and waves of visits have nothing to draw and are opened as they are.
    """
    new = new_wave(**changes)
    wave_id = plan_wave(connection, new, by=BY, now=min(NOW, new.opens_at))
    if state == "planned":
        return wave_id
    if new.firm_id is not None or new.instrument == "visit":
        move_wave(connection, wave_id, before="planned", after=state, now=NOW)
        return wave_id
    if is_drawn(new.settings()):
        draw_wave(connection, wave_id, EVERYTHING, by=BY, now=NOW)
    if state in {"launched", "closed"}:
        launch_wave(connection, wave_id, EVERYTHING, by=BY, now=NOW)
    if state == "closed":
        move_wave(connection, wave_id, before="launched", after="closed", now=NOW)
    return wave_id


def invite_all(connection: Connection, keys: KeyRing, wave_id: UUID, *, now: datetime = NOW) -> int:
    """Write every invitation of a launched wave; returns how many."""
    invited = 0
    while count := invite_batch(connection, wave_id, keys, public_url=PUBLIC_URL, now=now):
        invited += count
    return invited


def create_invitations(connection: Connection, keys: KeyRing, **changes: Any) -> list[CreatedTask]:
    """Everything up to the invitations of a launched wave: units, contacts, draw, launch."""
    create_units(connection)
    create_contacts(connection, keys)
    wave_id = create_wave(connection, state="launched", **changes)
    invite_all(connection, keys, wave_id)
    tokens = {token_hash(token): token for token in tokens_sent(connection, keys)}
    rows = connection.execute(
        select(*Invitation.__table__.columns, InvitationKey.hash)
        .join(InvitationKey, InvitationKey.invitation_id == Invitation.id)
        .where(InvitationKey.kind == "link")
        .order_by(Invitation.id)
    )
    return [
        CreatedTask(row.id, row.wave_id, row.subject_id, row.submission_id, tokens[row.hash]) for row in rows
    ]


def create_invitation(connection: Connection, keys: KeyRing, **changes: Any) -> CreatedTask:
    return create_invitations(connection, keys, **changes)[0]


def tokens_sent(connection: Connection, keys: KeyRing) -> list[str]:
    """The tokens in the messages that were queued: their rows hold only hashes."""
    texts = connection.scalars(select(Message.text).order_by(Message.id))
    return [LINK.findall(keys.decrypt(text))[0] for text in texts]


def create_firm(connection: Connection, code: str = "acme") -> CreatedFirm:
    firm_id = register.add_firm(connection, code, f"{code} research", now=NOW)
    return CreatedFirm(firm_id, register.add_api_key(connection, firm_id, by=BY, now=NOW))


def create_firm_wave(connection: Connection, firm: CreatedFirm, **changes: Any) -> UUID:
    """A launched wave in which a firm sends rows."""
    return create_wave(
        connection, **{"state": "launched", "code": "2026-05-HALL", "firm_id": firm.id, **changes}
    )


def create_visit(
    connection: Connection,
    keys: KeyRing,
    *,
    unit_code: str = "B101",
    accepted: bool = False,
    **changes: Any,
) -> CreatedTask:
    """An open visit of a shopper; needs units. What was accepted shows its form at once."""
    wave_id = changes.pop("wave_id", None) or create_wave(
        connection, state="launched", code="2026-05-VISIT", instrument="visit"
    )
    person_id = register.add_person(connection, "小周", now=NOW, phone=("+8613900139000", keys))
    variables = {"visit_date": NOW.date().isoformat(), "scenario": "咨询存款"}
    window: dict[str, Any] = {"opens_at": NOW - DAY, "expires_at": NOW + 7 * DAY, **changes}
    new = NewVisit(wave_id, person_id, unit_code, variables=variables, **window)
    assigned = assign_visit(connection, new, keys, public_url=PUBLIC_URL, by=BY, now=NOW)
    subject_id = subject_of(connection, unit_code)
    token = LINK.findall(assigned.link)[0]
    if accepted:
        this = Assignment.id == assigned.assignment_id
        connection.execute(update(Assignment).where(this).values(accepted_at=NOW))
    return CreatedTask(assigned.assignment_id, wave_id, subject_id, assigned.submission_id, token)


def create_colleague(
    connection: Connection, keys: KeyRing, name: str, unit_code: str, title: str, phone: str = ""
) -> UUID:
    """Somebody who works in a unit; without a phone nobody can write to them."""
    unit_id = connection.scalar(select(Unit.id).where(Unit.code == unit_code))
    given = (phone, keys) if phone else None
    person_id = register.add_person(connection, name, now=NOW, unit_id=unit_id, phone=given)
    connection.execute(update(Person).where(Person.id == person_id).values(title=title))
    return person_id


def create_shopper(connection: Connection, keys: KeyRing, name: str, phone: str) -> UUID:
    """Somebody whom a roster can send."""
    person_id = register.add_person(connection, name, now=NOW, phone=(phone, keys))
    connection.execute(update(Person).where(Person.id == person_id).values(kind="shopper"))
    return person_id


def tell(engine: Engine, keys: KeyRing, wave_id: UUID) -> int:
    """Send the links of a launched wave's visits, as the worker does."""
    with engine.begin() as connection:
        return tell_batch(connection, wave_id, keys, public_url=PUBLIC_URL, now=NOW)


def subject_of(connection: Connection, unit_code: str) -> UUID:
    return connection.execute(
        select(Subject.id).join(Unit, Unit.id == Subject.unit_id).where(Unit.code == unit_code)
    ).scalar_one()


def hall_answers(stars: int = 5, **changes: Any) -> dict[str, Any]:
    """Answers to `hall-satisfaction`: the same for each aspect, and what a dissatisfied customer adds."""
    answers: dict[str, Any] = {"overall": stars, **dict.fromkeys(ASPECTS, stars)}
    if stars <= 2:
        answers |= {"reasons": ["long_wait"], "callback": False}
    return answers | changes


def create_scored(
    connection: Connection, wave_id: UUID, unit_code: str, scores: Sequence[str | None]
) -> list[UUID]:
    """Submissions that carry nothing but a score; returns their inner ids."""
    form_version_id = connection.scalar(select(Wave.form_version_id).where(Wave.id == wave_id))
    subject_id = subject_of(connection, unit_code)
    pks = []
    for raw in scores:
        pk, revision_id = new_id(), new_id()
        row: Mapping[str, Any] = {
            "id": pk, "wave_id": wave_id, "submission_id": new_id(), "subject_id": subject_id,
            "form_version_id": form_version_id, "door": "page", "content_hash": "", "received_at": NOW,
        }  # fmt: skip
        connection.execute(insert(Submission).values(**row))
        connection.execute(
            insert(SubmissionRevision).values(
                id=revision_id, submission_pk=pk, number=1, answers={}, created_at=NOW
            )
        )
        connection.execute(
            insert(ScoreSheet).values(
                revision_id=revision_id, wave_id=wave_id, subject_id=subject_id, raw=raw, sheet={}
            )
        )
        pks.append(pk)
    return pks
