"""What opens an invitation: links, codes that are typed, squares on letters. One invitation may have several.

A link holds 128 random bits and is stored as a hash. A code has twelve digits, which could be guessed from a
stolen table, so it is stored under the key ring, together with the last four digits of the phone it was sent
to: whoever finds a code on a lost letter cannot use it. What is given out is known only to its message.
"""

import re
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import Connection, insert

from server.db import new_id
from server.fieldwork.links import code_page, invitation_link, new_token
from server.keys import KeyRing
from server.models.tasks import InvitationKey

KeyKind = Literal["link", "code", "counter", "letter"]

CODE_DIGITS: Final = 12
PHONE_DIGITS: Final = 4
# What people put between digits when they copy a code.
_BETWEEN: Final = re.compile(r"[\s\-‐‑‒–—―－−.,，。·、/]+")
_LONGEST: Final = 64


@dataclass(frozen=True, slots=True)
class Sender:
    """With which keys numbers are read and written, and where our pages are."""

    keys: KeyRing
    public_url: str


@dataclass(frozen=True, slots=True)
class Holder:
    """An invitation that is given keys, and the phone that codes are read from, in E.164.

    Without a phone there are links and no codes.
    """

    invitation_id: UUID
    phone: str | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Given:
    """What a message may tell: `link` is an address; `code` is written 1234 5678 9012, or empty, and typed at
    `code_page`.
    """

    link: str = ""
    code: str = ""
    code_page: str = ""


@dataclass(frozen=True, slots=True)
class _NewKey:
    kind: KeyKind
    text: str
    hash: bytes
    sealed: bytes | None = None


def give_keys(
    connection: Connection, holders: Sequence[Holder], kinds: Sequence[KeyKind], sender: Sender, now: datetime
) -> list[Given]:
    """New keys of the kinds wanted for each invitation; those it has stay good.

    Without a link of its own, an invitation's `link` is the page on which codes are typed.
    """
    rows: list[dict[str, Any]] = []
    given = []
    for holder in holders:
        made = {kind: _new_key(kind, holder, sender) for kind in kinds if kind != "code" or holder.phone}
        rows += [_row(holder, key, now) for key in made.values()]
        typed_at = code_page(sender.public_url)
        link = next((key.text for kind, key in made.items() if kind != "code"), typed_at)
        given.append(Given(link, made["code"].text if "code" in made else "", typed_at))
    if rows:
        connection.execute(insert(InvitationKey), rows)
    return given


def new_link(connection: Connection, holder: Holder, sender: Sender, now: datetime) -> str:
    """One more link to an invitation, as an address: a reminder has one of its own."""
    [given] = give_keys(connection, [holder], ["link"], sender, now)
    return given.link


def code_hashes(keys: KeyRing, code: str, last_four: str) -> list[bytes]:
    """What to look for when somebody has typed a code; nonsense has hashes as well, and nobody's."""
    return keys.lookup_hashes(_secret(digits_of(code), digits_of(last_four)))


def digits_of(typed: str) -> str:
    """Digits as typed: full-width ones become plain, what stands between them goes."""
    plain = unicodedata.normalize("NFKC", typed[:_LONGEST])
    return _BETWEEN.sub("", plain)


def grouped(code: str) -> str:
    """Twelve digits as people read them out."""
    return " ".join(code[start : start + PHONE_DIGITS] for start in range(0, len(code), PHONE_DIGITS))


def _new_key(kind: KeyKind, holder: Holder, sender: Sender) -> _NewKey:
    if kind != "code":
        token = new_token()
        return _NewKey(kind, invitation_link(sender.public_url, token.text), token.hash)
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
    secret = _secret(code, (holder.phone or "")[-PHONE_DIGITS:])
    return _NewKey(kind, grouped(code), sender.keys.lookup_hash(secret), sender.keys.encrypt(secret))


def _row(holder: Holder, key: _NewKey, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "invitation_id": holder.invitation_id,
        "kind": key.kind,
        "hash": key.hash,
        "sealed": key.sealed,
        "expires_at": holder.expires_at,
        "created_at": now,
    }


def _secret(code: str, last_four: str) -> str:
    return f"code:{code}:{last_four}"
