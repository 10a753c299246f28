"""A gateway as its file describes it, once nothing is wrong with the file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Literal, TypeAlias

from server.notify.gateways.declarative.templates import Template
from server.notify.protocol import DeliveryState, RefusalCode

Encoding: TypeAlias = Literal["utf-8", "gbk", "gb18030"]
Body: TypeAlias = Literal["none", "form", "json", "xml"]
Network: TypeAlias = IPv4Network | IPv6Network
# JSON whose texts are templates.
Tree: TypeAlias = "Template | int | float | bool | list[Tree] | dict[str, Tree] | None"


@dataclass(frozen=True, slots=True)
class Moment:
    """How a time is written: by `strftime`, or `unix` and `unix_ms`; `zone` is an IANA name."""

    format: str = "%Y%m%d%H%M%S"
    zone: str = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class Digest:
    """A signature: a hash over ordered parts, in hex (`hex`, `HEX`) or base64."""

    algorithm: Literal["md5", "sha1", "sha256", "hmac-sha1", "hmac-sha256"]
    over: Template
    key: Template | None
    written: Literal["hex", "HEX", "base64"]


@dataclass(frozen=True, slots=True)
class Request:
    """How something is asked: one of form, JSON and XML is the body, `query` goes into the address."""

    method: Literal["GET", "POST"]
    url: Template
    encoding: Encoding
    headers: Mapping[str, Template]
    body: Body
    query: Mapping[str, Template]
    form: Mapping[str, Template]
    content: Tree
    template: Template | None


@dataclass(frozen=True, slots=True)
class Reading:
    """How an answer or a push is read; whatever the format, places in it are JSON pointers."""

    format: Literal["json", "xml", "form", "regex"]
    encoding: Encoding
    pattern: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class Answer:
    """Where an answer to a sending has the gateway's id and its code, and which codes are a success."""

    reading: Reading
    id: str | None
    code: str | None
    success: frozenset[str]


@dataclass(frozen=True, slots=True)
class Listing:
    """Receipts or replies in one body.

    Attributes:
        items: where the list stands; "" is the whole.
        fields: `id`, `reference`, `code`, `sender`, `text`, `at` -> a place within an item.
    """

    reading: Reading
    items: str
    fields: Mapping[str, str]
    at: Moment


@dataclass(frozen=True, slots=True)
class Proof:
    """How a push shows that the gateway sent it.

    A `header` or a `field` of the push holds `value` or the `digest`; or it comes from one of `networks`.
    """

    header: str | None
    field: str | None
    value: Template | None
    digest: Digest | None
    networks: tuple[Network, ...]


@dataclass(frozen=True, slots=True)
class Pushed:
    """What the gateway brings by itself, and what it wants to hear."""

    method: Literal["GET", "POST"]
    listing: Listing
    proofs: tuple[Proof, ...]
    answer: str
    answer_type: str


@dataclass(frozen=True, slots=True)
class Polled:
    """What is fetched; `until_empty` asks again while something comes."""

    request: Request
    listing: Listing
    until_empty: bool


@dataclass(frozen=True, slots=True)
class LookUp:
    """A search for a message; what it does not find `certain_after` seconds later was never taken."""

    request: Request
    listing: Listing
    certain_after: int | None


@dataclass(frozen=True, slots=True)
class Description:
    """A whole gateway."""

    title: str
    dialect: str
    codes: Mapping[str, RefusalCode]
    states: Mapping[str, DeliveryState]
    timestamp: Moment
    nonce: int
    digests: Mapping[str, Digest]
    per_second: float | None
    without_signature: bool
    longest: int | None
    request: Request
    answer: Answer
    find: LookUp | None
    receipts: Pushed | Polled | None
    replies: Pushed | Polled | None
