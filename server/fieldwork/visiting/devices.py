"""Phones: signed in by a link or a code, once, and for two weeks after they were last seen.

The visits that a phone has prepared carry keys of their own, so a sign-in that has ended stops nobody from
handing in what they have.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from server import audit
from server.db import AnyRow, new_id
from server.errors import Refusal
from server.fieldwork.waves.plans import organisation_names
from server.keys import KeyRing, token_hash
from server.models.accounts import Person, PersonPrivate
from server.models.tasks import Assignment
from server.models.visits import Device, DeviceKey
from server.notify.outbox.queueing import NewMessage, enqueue
from server.notify.texts import compose_sign_in

LIFETIME: Final = timedelta(days=14)
CODE_LIFETIME: Final = timedelta(minutes=10)
CODE_DIGITS: Final = 6
# Of six digits: five tries a code, five codes in its lifetime, find one in 40,000.
MOST_TRIES: Final = 5
MOST_CODES: Final = 5
# A phone that calls every few seconds must not write a row each time.
SEEN_EVERY: Final = timedelta(hours=1)
LONGEST_LABEL: Final = 200
LONGEST_TOKEN: Final = 64
KIND: Final = "sign_in"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A phone that was just signed in. `secret` goes into its cookie; only the hash is stored."""

    secret: str
    person_id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Holder:
    """Who is behind a phone; `device_id` is None for whoever came by a visit's link, without the app."""

    device_id: UUID | None
    person_id: UUID
    name: str

    @property
    def actor(self) -> str:
        """As audit lines name it."""
        return f"person:{self.person_id}"


def send_code(connection: Connection, number: str, keys: KeyRing, *, now: datetime) -> None:
    """Send a code to a number, if somebody who goes on visits has it; whoever asks learns nothing of that.

    A new code ends the one before. Nobody is sent more than `MOST_CODES` within a code's lifetime.
    """
    person_id = _owner(connection, number, keys)
    if person_id is None or _codes_sent(connection, person_id, now) >= MOST_CODES:
        return
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
    bound = _bound(person_id, code)
    connection.execute(update(DeviceKey).where(*_open_code(person_id, now)).values(used_at=now))
    made = insert_or_skip(DeviceKey).values(
        id=new_id(),
        person_id=person_id,
        kind="code",
        hash=keys.lookup_hash(bound),
        sealed=keys.encrypt(bound),
        created_at=now,
        expires_at=now + CODE_LIFETIME,
    )
    connection.execute(
        made.on_conflict_do_update(
            index_elements=["hash"],
            set_={"used_at": None, "tries": 0, "created_at": now, "expires_at": now + CODE_LIFETIME},
        )
    )
    text = compose_sign_in(
        organisation=organisation_names(connection)["zh"],
        code=code,
        minutes=int(CODE_LIFETIME.total_seconds() // 60),
    )
    message = NewMessage(f"{KIND}:{new_id()}", KIND, number, text, now, now + CODE_LIFETIME)
    enqueue(connection, [message], keys, now)


def sign_in_by_code(
    connection: Connection, number: str, code: str, keys: KeyRing, *, label: str, now: datetime
) -> SignedIn:
    """Sign a phone in by what was sent to its number. The caller commits in both cases: a try counts.

    Raises:
        Refusal: sign_in_failed.
    """
    person_id = _owner(connection, number, keys)
    if person_id is None:
        raise Refusal("sign_in_failed")
    # Counted before it is compared: of fifty tries at once none is free.
    tried = connection.execute(
        update(DeviceKey)
        .where(*_open_code(person_id, now), DeviceKey.tries < MOST_TRIES)
        .values(tries=DeviceKey.tries + 1)
        .returning(DeviceKey.id, DeviceKey.hash)
    ).first()
    typed = "".join(each for each in code if each.isdigit())[:CODE_DIGITS]
    if tried is None or tried.hash not in keys.lookup_hashes(_bound(person_id, typed)):
        raise Refusal("sign_in_failed")
    connection.execute(update(DeviceKey).where(DeviceKey.id == tried.id).values(used_at=now))
    return _signed_in(connection, person_id, label, now)


def sign_in_by_link(connection: Connection, token: str, *, label: str, now: datetime) -> SignedIn:
    """Sign a phone in by a link, once: one that the desk has sent, or the link of a visit.

    Raises:
        Refusal: sign_in_failed, also for a link that has signed a phone in before.
    """
    if len(token) > LONGEST_TOKEN:
        raise Refusal("sign_in_failed")
    hashed = token_hash(token)
    person_id = _by_key(connection, hashed, now) or _by_visit(connection, hashed, now)
    if person_id is None:
        raise Refusal("sign_in_failed")
    return _signed_in(connection, person_id, label, now)


def find_device(connection: Connection, secret: str, *, now: datetime) -> Holder | None:
    """Who is signed in on a phone. Being seen prolongs it."""
    row = connection.execute(
        select(Device.id, Device.person_id, Device.seen_at, Person.name)
        .join(Person, Person.id == Device.person_id)
        .where(Device.secret_hash == token_hash(secret), Device.expires_at > now)
        .where(Device.ended_at.is_(None), Person.left_at.is_(None))
    ).first()
    if row is None:
        return None
    if now - row.seen_at > SEEN_EVERY:
        connection.execute(
            update(Device).where(Device.id == row.id).values(seen_at=now, expires_at=now + LIFETIME)
        )
    return Holder(row.id, row.person_id, row.name)


def sign_out(connection: Connection, holder: Holder, *, now: datetime) -> None:
    """End one phone's sign-in."""
    connection.execute(update(Device).where(Device.id == holder.device_id).values(ended_at=now))
    entry = audit.Entry(holder.actor, "device_signed_out", holder.actor, {})
    audit.record(connection, [entry], at=now)


def devices_of(connection: Connection, person_id: UUID, *, now: datetime) -> Sequence[AnyRow]:
    """The phones on which somebody is signed in, the one seen last first: `id`, `label`, `created_at`,
    `seen_at`."""
    return connection.execute(
        select(Device.id, Device.label, Device.created_at, Device.seen_at)
        .where(Device.person_id == person_id, Device.ended_at.is_(None), Device.expires_at > now)
        .order_by(Device.seen_at.desc(), Device.id)
    ).all()


def end_device(connection: Connection, person_id: UUID, device_id: UUID, *, now: datetime) -> bool:
    """End the sign-in of one of somebody's phones; returns whether there was one."""
    ended = update(Device).where(Device.id == device_id, Device.person_id == person_id)
    return bool(connection.execute(ended.where(Device.ended_at.is_(None)).values(ended_at=now)).rowcount)


def end_keys(connection: Connection, person_id: UUID, *, now: datetime) -> Sequence[UUID]:
    """End the open links and codes of a person; returns the ids of the links."""
    ended = connection.execute(
        update(DeviceKey)
        .where(DeviceKey.person_id == person_id, DeviceKey.used_at.is_(None), DeviceKey.expires_at > now)
        .values(expires_at=now)
        .returning(DeviceKey.id, DeviceKey.kind)
    )
    return [row.id for row in ended if row.kind == "link"]


def holder_of_visit(connection: Connection, assignment_id: UUID) -> Holder | None:
    """Who was sent on a visit, for whoever holds its link; None where nobody is named, or they left."""
    row = connection.execute(
        select(Person.id, Person.name)
        .join(Assignment, Assignment.person_id == Person.id)
        .where(Assignment.id == assignment_id, Person.left_at.is_(None))
    ).first()
    return Holder(None, row.id, row.name) if row else None


def end_visit_links(connection: Connection, person_id: UUID, *, now: datetime) -> None:
    """Let no link of a visit that was sent to somebody sign a phone in any more; the visits stay theirs."""
    links = connection.execute(
        select(Assignment.token_hash, Assignment.expires_at).where(
            Assignment.person_id == person_id,
            Assignment.expires_at > now,
        )
    )
    used = [
        {
            "id": new_id(), "person_id": person_id, "kind": "link", "hash": link.token_hash,
            "created_at": now, "expires_at": link.expires_at, "used_at": now,
        }
        for link in links
    ]  # fmt: skip
    if used:
        connection.execute(insert_or_skip(DeviceKey).on_conflict_do_nothing(index_elements=["hash"]), used)


def end_devices(connection: Connection, person_id: UUID, *, now: datetime) -> int:
    """End every sign-in of a person, and what could make another; returns how many phones."""
    end_keys(connection, person_id, now=now)
    return connection.execute(
        update(Device).where(Device.person_id == person_id, Device.ended_at.is_(None)).values(ended_at=now)
    ).rowcount


def _open_code(person_id: UUID, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        DeviceKey.person_id == person_id,
        DeviceKey.kind == "code",
        DeviceKey.used_at.is_(None),
        DeviceKey.expires_at > now,
    )


def _codes_sent(connection: Connection, person_id: UUID, now: datetime) -> int:
    recent = (
        DeviceKey.person_id == person_id,
        DeviceKey.kind == "code",
        DeviceKey.created_at > now - CODE_LIFETIME,
    )
    return connection.scalar(select(func.count()).select_from(DeviceKey).where(*recent)) or 0


def _owner(connection: Connection, number: str, keys: KeyRing) -> UUID | None:
    """Who goes on visits and has this number; whoever shares it with a colleague must use a link."""
    found = connection.scalars(
        select(PersonPrivate.person_id)
        .join(Person, Person.id == PersonPrivate.person_id)
        .where(PersonPrivate.phone_hash.in_(keys.lookup_hashes(number)), Person.left_at.is_(None))
        .limit(2)
    ).all()
    return found[0] if len(found) == 1 else None


def _bound(person_id: UUID, code: str) -> str:
    """What a code's hash is made of: the same digits are somebody else's code, too."""
    return f"{person_id}:{code}"


def _by_key(connection: Connection, hashed: bytes, now: datetime) -> UUID | None:
    return connection.scalar(
        update(DeviceKey)
        .where(DeviceKey.hash == hashed, DeviceKey.kind == "link")
        .where(DeviceKey.used_at.is_(None), DeviceKey.expires_at > now)
        .values(used_at=now)
        .returning(DeviceKey.person_id)
    )


def _by_visit(connection: Connection, hashed: bytes, now: datetime) -> UUID | None:
    """The person of a visit's link. That it was used stands in a row that there can be one of."""
    visit = connection.execute(
        select(Assignment.person_id, Assignment.expires_at)
        .join(Person, Person.id == Assignment.person_id)
        .where(Assignment.token_hash == hashed, Assignment.expires_at > now)
        .where(Assignment.cancelled_at.is_(None), Assignment.given_back_at.is_(None))
        .where(Person.left_at.is_(None))
    ).first()
    if visit is None:
        return None
    used = insert_or_skip(DeviceKey).values(
        id=new_id(),
        person_id=visit.person_id,
        kind="link",
        hash=hashed,
        created_at=now,
        expires_at=visit.expires_at,
        used_at=now,
    )
    return connection.scalar(
        used.on_conflict_do_nothing(index_elements=["hash"]).returning(DeviceKey.person_id)
    )


def _signed_in(connection: Connection, person_id: UUID, label: str, now: datetime) -> SignedIn:
    name = connection.scalar(select(Person.name).where(Person.id == person_id, Person.left_at.is_(None)))
    if name is None:
        raise Refusal("sign_in_failed")
    secret, actor = secrets.token_urlsafe(32), f"person:{person_id}"
    connection.execute(
        insert(Device).values(
            id=new_id(),
            person_id=person_id,
            secret_hash=token_hash(secret),
            label=label[:LONGEST_LABEL],
            created_at=now,
            seen_at=now,
            expires_at=now + LIFETIME,
        )
    )
    phones = connection.scalar(
        select(func.count())
        .select_from(Device)
        .where(Device.person_id == person_id, Device.ended_at.is_(None), Device.expires_at > now)
    )
    audit.record(connection, [audit.Entry(actor, "device_signed_in", actor, {"phones": phones})], at=now)
    return SignedIn(secret, person_id, name)
