"""Posters at counters: a square that never changes, and an invitation for each one who scans it.

Scanning shows a page and writes nothing; beginning does. Nobody knows who that was, so there is nothing to
remind, to ring or to decline, and what keeps one person from answering for fifty is that bursts are seen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import Connection, func, insert, select, update

from server import audit
from server.db import AnyRow, AnySelect, new_id
from server.errors import Refusal
from server.fieldwork.links import counter_link, new_token
from server.fieldwork.outreach.guessing import Limits
from server.fieldwork.outreach.keys import Sender
from server.intake import known
from server.keys import KeyRing, token_hash
from server.models.organisation import Subject, Unit
from server.models.tasks import CounterCode, Invitation
from server.models.waves import Wave
from server.scope import Scope

# Whoever leaves the branch may go on at home.
ANSWERED_WITHIN: Final = timedelta(days=1)
# A branch's guests share one address; a busy hall of them begins thirty times in ten minutes.
BEGINNINGS: Final = Limits("counter", address=60, network=300, in_all=20_000)
MAX_TOKEN_LENGTH: Final = 64


@dataclass(frozen=True, slots=True)
class Counter:
    """What a poster's square stands for."""

    id: UUID
    wave_id: UUID
    subject_id: UUID
    unit_name: str
    unit_name_en: str
    closes_at: datetime
    variables: Mapping[str, Any]
    large_type: bool = False


def open_counters(connection: Connection, wave: AnyRow, keys: KeyRing, *, now: datetime) -> int:
    """A square for every open outlet of the wave that has none; returns how many.

    Args:
        wave: with `id` and `unit_path`; locked by the caller.
    """
    has_one = select(CounterCode.id).where(
        CounterCode.wave_id == wave.id,
        CounterCode.subject_id == Subject.id,
        CounterCode.closed_at.is_(None),
    )
    lacking = (
        select(Subject.id)
        .join(Unit, Unit.id == Subject.unit_id)
        .where(
            Unit.level == "outlet",
            Unit.closed_at.is_(None),
            Unit.path.startswith(wave.unit_path or "", autoescape=True),
            ~has_one.correlate(Subject).exists(),
        )
    )
    rows = [_new_code(wave.id, subject_id, keys, now) for subject_id in connection.scalars(lacking)]
    if rows:
        connection.execute(insert(CounterCode), rows)
    return len(rows)


def find_counter(connection: Connection, token: str, *, now: datetime) -> Counter | None:
    """What a scanned square stands for, or None when nobody can answer by it (any more)."""
    if len(token) > MAX_TOKEN_LENGTH:
        return None
    row = connection.execute(
        select(CounterCode.id, CounterCode.wave_id, CounterCode.subject_id, Wave.closes_at, *known.COLUMNS)
        .join(Wave, Wave.id == CounterCode.wave_id)
        .join(Subject, Subject.id == CounterCode.subject_id)
        .join(Unit, Unit.id == Subject.unit_id)
        .where(
            CounterCode.hash == token_hash(token),
            CounterCode.closed_at.is_(None),
            Wave.state == "launched",
            Wave.opens_at <= now,
            Wave.closes_at > now,
        )
    ).first()
    if row is None:
        return None
    return Counter(
        id=row.id,
        wave_id=row.wave_id,
        subject_id=row.subject_id,
        unit_name=row.unit_name,
        unit_name_en=row.unit_name_en or row.unit_name,
        closes_at=row.closes_at,
        variables=known.of_unit(row),
    )


def begin(connection: Connection, counter: Counter, *, locale: str, now: datetime) -> UUID:
    """An invitation for whoever stands before the poster; returns its id."""
    invitation_id = new_id()
    connection.execute(
        insert(Invitation).values(
            id=invitation_id,
            wave_id=counter.wave_id,
            counter_id=counter.id,
            subject_id=counter.subject_id,
            submission_id=uuid4(),
            locale=locale,
            variables=dict(counter.variables),
            created_at=now,
            expires_at=min(counter.closes_at, now + ANSWERED_WITHIN),
        )
    )
    return invitation_id


def list_counters(connection: Connection, wave_id: UUID, scope: Scope) -> Sequence[AnyRow]:
    """The open posters of a wave: `id`, `code`, `name`, `name_en`, `created_at`, how many `begun` and
    `completed` by this and earlier posters of the outlet, and `last_at`.
    """
    earlier = select(CounterCode.id).where(
        CounterCode.wave_id == wave_id, CounterCode.subject_id == Invitation.subject_id
    )
    used = (
        select(
            Invitation.subject_id,
            func.count().label("begun"),
            func.count(Invitation.completed_at).label("completed"),
            func.max(Invitation.started_at).label("last_at"),
        )
        .where(Invitation.wave_id == wave_id, Invitation.counter_id.in_(earlier))
        .group_by(Invitation.subject_id)
        .subquery("used")
    )
    query = (
        _open_codes(wave_id)
        .add_columns(
            CounterCode.created_at,
            func.coalesce(used.c.begun, 0).label("begun"),
            func.coalesce(used.c.completed, 0).label("completed"),
            used.c.last_at,
        )
        .join(used, used.c.subject_id == CounterCode.subject_id, isouter=True)
    )
    return connection.execute(scope.subjects(query)).all()


def poster_links(
    connection: Connection, wave_id: UUID, scope: Scope, sender: Sender, counter_id: UUID | None = None
) -> list[tuple[AnyRow, str]]:
    """Each open poster (`id`, `code`, `name`, `name_en`) with the address that its square holds.

    Raises:
        KeyLost: the key that a square was kept with is gone.
    """
    query = _open_codes(wave_id).add_columns(CounterCode.sealed)
    if counter_id is not None:
        query = query.where(CounterCode.id == counter_id)
    rows = connection.execute(scope.subjects(query)).all()
    return [(row, counter_link(sender.public_url, sender.keys.decrypt(row.sealed))) for row in rows]


def replace_counter(
    connection: Connection, counter: AnyRow, keys: KeyRing, *, by: str, now: datetime
) -> None:
    """Another square in the place of one that was photographed and passed on; the old one opens nothing.

    Args:
        counter: as `find_to_replace` found it.

    Raises:
        Refusal: not_found when somebody was faster.
    """
    ours = (CounterCode.id == counter.id, CounterCode.closed_at.is_(None))
    closed = connection.execute(update(CounterCode).where(*ours).values(closed_at=now))
    if closed.rowcount != 1:
        raise Refusal("not_found")
    connection.execute(insert(CounterCode), [_new_code(counter.wave_id, counter.subject_id, keys, now)])
    entry = audit.Entry(by, "counter_replaced", f"wave:{counter.wave_id}", {"unit": counter.code})
    audit.record(connection, [entry], at=now)


def find_to_replace(connection: Connection, wave_id: UUID, counter_id: UUID, scope: Scope) -> AnyRow:
    """An open poster within the scope, for `replace_counter`.

    Raises:
        Refusal: not_found.
    """
    query = _open_codes(wave_id).add_columns(CounterCode.wave_id, CounterCode.subject_id)
    found = connection.execute(scope.subjects(query.where(CounterCode.id == counter_id))).first()
    if found is None:
        raise Refusal("not_found")
    return found


def _open_codes(wave_id: UUID) -> AnySelect:
    return (
        select(CounterCode.id, Unit.code, Unit.name, Unit.name_en)
        .join(Subject, Subject.id == CounterCode.subject_id)
        .join(Unit, Unit.id == Subject.unit_id)
        .where(CounterCode.wave_id == wave_id, CounterCode.closed_at.is_(None))
        .order_by(Unit.path)
    )


def _new_code(wave_id: UUID, subject_id: UUID, keys: KeyRing, now: datetime) -> dict[str, Any]:
    token = new_token()
    return {
        "id": new_id(),
        "wave_id": wave_id,
        "subject_id": subject_id,
        "hash": token.hash,
        "sealed": keys.encrypt(token.text),
        "created_at": now,
    }
