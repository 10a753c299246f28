"""What the description of a gateway may say: one table that its reader follows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal[
    "text",
    "title",
    "number",
    "flag",
    "option",
    "words",
    "zone",
    "place",
    "places",
    "pattern",
    "template",
    "templates",
    "address",
    "headers",
    "tree",
    "networks",
    "codes",
    "states",
    "dialect",
    "shape",
    "shapes",
    "digests",
]

ENCODINGS: Final = ("utf-8", "gbk", "gb18030")
ALGORITHMS: Final = ("md5", "sha1", "sha256", "hmac-sha1", "hmac-sha256")

# The values a template may name, by where it stands; `secret.NAME` and `digest.NAME` come on top.
RECIPIENT: Final = frozenset({"recipient", "recipient.national", "recipient.digits"})
REFERENCE: Final = frozenset({"reference", "reference.hex"})
CALL: Final = frozenset({"timestamp", "nonce"})
SENDING: Final = RECIPIENT | REFERENCE | CALL | {"text"}
# What a template names of the settings: {secret.NAME}.
CONFIDED: Final = "secret."
FINDING: Final = RECIPIENT | REFERENCE | CALL
POLLING: Final = CALL
BODY: Final = "body"
# Of a push: its body as it came, its headers and its fields.
PUSH: Final = frozenset({BODY})


@dataclass(frozen=True, slots=True)
class Field:
    """One property. `options` belong to words, `least` and `most` to numbers, `shape` to objects."""

    name: str
    kind: Kind
    required: bool = False
    options: tuple[str, ...] = ()
    least: float = 0
    most: float = 1e9
    shape: "Shape | None" = None


@dataclass(frozen=True, slots=True)
class Shape:
    """An object. Of the properties in `either` exactly one is written, where there are any."""

    fields: tuple[Field, ...]
    either: tuple[str, ...] = ()

    @property
    def properties(self) -> Mapping[str, Field]:
        """Name -> field."""
        return {each.name: each for each in self.fields}


MOMENT = Shape((Field("format", "text"), Field("zone", "zone")))
DIGEST = Shape(
    (
        Field("algorithm", "option", required=True, options=ALGORITHMS),
        Field("over", "template", required=True),
        Field("key", "template"),
        Field("as", "option", options=("hex", "HEX", "base64")),
    )
)
REQUEST = Shape(
    (
        Field("method", "option", options=("GET", "POST")),
        Field("url", "address", required=True),
        Field("encoding", "option", options=ENCODINGS),
        Field("headers", "headers"),
        Field("form", "templates"),
        Field("query", "templates"),
        Field("json", "tree"),
        Field("xml", "template"),
    )
)
# How a body of theirs is read.
READING = (
    Field("format", "option", required=True, options=("json", "xml", "form", "regex")),
    Field("encoding", "option", options=ENCODINGS),
    Field("pattern", "pattern"),
)
ANSWER = Shape((*READING, Field("id", "place"), Field("code", "place"), Field("success", "words")))
LISTED = ("id", "reference", "code", "sender", "text", "at")
LISTING = (
    *READING,
    Field("items", "place"),
    Field("fields", "places", required=True, options=LISTED),
    Field("at", "shape", shape=MOMENT),
)
PROOF = Shape(
    (
        Field("header", "text"),
        Field("field", "place"),
        Field("value", "template"),
        Field("digest", "shape", shape=DIGEST),
        Field("networks", "networks"),
    ),
    either=("value", "digest", "networks"),
)
REPLY = Shape((Field("body", "text"), Field("type", "text")))
PUSHED = Shape(
    (
        Field("method", "option", options=("GET", "POST")),
        *LISTING,
        Field("proofs", "shapes", required=True, shape=PROOF),
        Field("answer", "shape", shape=REPLY),
    )
)
POLLED = Shape(
    (Field("request", "shape", required=True, shape=REQUEST), *LISTING, Field("until_empty", "flag"))
)
FIND = Shape(
    (
        Field("request", "shape", required=True, shape=REQUEST),
        *LISTING,
        Field("certain_after", "number", most=86_400),
    )
)
BROUGHT = Shape(
    (Field("pushed", "shape", shape=PUSHED), Field("polled", "shape", shape=POLLED)),
    either=("pushed", "polled"),
)
SEND = Shape(
    (
        Field("request", "shape", required=True, shape=REQUEST),
        Field("answer", "shape", required=True, shape=ANSWER),
    )
)
TEXT = Shape((Field("without_signature", "flag"), Field("longest", "number", least=1, most=10_000)))
GATEWAY = Shape(
    (
        Field("title", "title"),
        Field("dialect", "dialect"),
        Field("codes", "codes"),
        Field("states", "states"),
        Field("timestamp", "shape", shape=MOMENT),
        Field("nonce", "number", least=4, most=64),
        Field("digests", "digests", shape=DIGEST),
        Field("per_second", "number", least=0.01, most=10_000),
        Field("text", "shape", shape=TEXT),
        Field("send", "shape", required=True, shape=SEND),
        Field("find", "shape", shape=FIND),
        Field("receipts", "shape", shape=BROUGHT),
        Field("replies", "shape", shape=BROUGHT),
    )
)
