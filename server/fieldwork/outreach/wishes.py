"""How people want to be told of what concerns them: kinds of notices by channels, and their own address."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from server.db import new_id
from server.errors import Detail, Refusal
from server.fieldwork.outreach.alerts import DEFAULTS, KINDS, has_chosen
from server.forms.types.texts import is_email
from server.keys import KeyLost, KeyRing
from server.models.accounts import Account, PersonPrivate
from server.models.notices import AlertWish

CHANNELS: Final = ("sms", "email")


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody wants: `wishes` are `kind:channel`; an empty address takes the old one away."""

    person_id: UUID
    account_id: UUID
    address: str
    wishes: frozenset[str]


def wishes_of(connection: Connection, *, account_id: UUID) -> frozenset[str]:
    """As `Choice.wishes`; the defaults for who has never chosen."""
    if not connection.scalar(select(has_chosen()).where(Account.id == account_id)):
        return frozenset(f"{kind}:{channel}" for kind, channel in DEFAULTS)
    rows = connection.execute(
        select(AlertWish.kind, AlertWish.channel).where(AlertWish.account_id == account_id)
    )
    return frozenset(f"{row.kind}:{row.channel}" for row in rows)


def address_of(connection: Connection, *, person_id: UUID, keys: KeyRing) -> str:
    """Somebody's own e-mail address, for themselves; "" for none."""
    kept = connection.scalar(select(PersonPrivate.email).where(PersonPrivate.person_id == person_id))
    try:
        return keys.decrypt(kept) if kept else ""
    except KeyLost:
        return ""


def choose(connection: Connection, choice: Choice, keys: KeyRing, *, now: datetime) -> None:
    """Replace what was chosen before, or what holds by default. Nothing is a choice as well.

    Raises:
        Refusal: invalid_fields for what is no address, or where e-mail is wanted without one.
    """
    wanted = sorted(choice.wishes & {f"{kind}:{channel}" for kind in KINDS for channel in CHANNELS})
    by_mail = any(wish.endswith(":email") for wish in wanted)
    if (choice.address or by_mail) and not is_email(choice.address):
        raise Refusal("invalid_fields", details=[Detail("field_invalid", "/email")])
    values = {
        "email": keys.encrypt(choice.address) if choice.address else None,
        "email_hash": keys.lookup_hash(choice.address) if choice.address else None,
    }
    connection.execute(
        insert(PersonPrivate)
        .values(person_id=choice.person_id, **values)
        .on_conflict_do_update(index_elements=["person_id"], set_=values)
    )
    connection.execute(update(Account).where(Account.id == choice.account_id).values(alerts_chosen_at=now))
    connection.execute(delete(AlertWish).where(AlertWish.account_id == choice.account_id))
    rows = [
        {
            "id": new_id(),
            "account_id": choice.account_id,
            "kind": kind,
            "channel": channel,
            "created_at": now,
        }
        for kind, _, channel in (wish.partition(":") for wish in wanted)
    ]
    if rows:
        connection.execute(insert(AlertWish), rows)
