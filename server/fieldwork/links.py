"""Personal links: 128 random bits, stored only as a hash, so a stolen table opens nothing."""

import secrets
from dataclasses import dataclass

from server.keys import token_hash

TOKEN_BYTES = 16


@dataclass(frozen=True, slots=True)
class NewToken:
    """`text` goes into the message, `hash` into the row."""

    text: str
    hash: bytes


def new_token() -> NewToken:
    text = secrets.token_urlsafe(TOKEN_BYTES)
    return NewToken(text, token_hash(text))


def invitation_link(public_url: str, token: str) -> str:
    return f"{public_url}/r/{token}"


def visit_link(public_url: str, token: str) -> str:
    return f"{public_url}/v/{token}"


def signing_link(public_url: str, token: str) -> str:
    return f"{public_url}/s/{token}"


def counter_link(public_url: str, token: str) -> str:
    return f"{public_url}/q/{token}"


def set_up_link(public_url: str, token: str) -> str:
    return f"{public_url}/console/set-up/{token}"


def phone_link(public_url: str, token: str) -> str:
    return f"{public_url}/t/in/{token}"


def app_link(public_url: str) -> str:
    """Where whoever is signed in on a phone finds their visits."""
    return f"{public_url}/t/"


def code_page(public_url: str) -> str:
    """Where codes are typed: the same address in every message."""
    return f"{public_url}/c"
