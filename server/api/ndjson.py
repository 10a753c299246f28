"""Lines of JSON that systems send: each is read on its own, and a bad one holds up nobody."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from flask import request
from marshmallow import Schema, ValidationError

from server import wire
from server.api.schemas import envelope_errors
from server.errors import Detail, Refusal
from server.http.problems import detail_body

MOST_LINES = 5_000
LONGEST_LINE = 256 * 1024
MEDIA_TYPES = frozenset({"application/x-ndjson", "application/ndjson"})


@dataclass(frozen=True, slots=True)
class GoodLine:
    """What a schema made of a line: `number` counts from 1 as the sender's editor does."""

    number: int
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class BadLine:
    """Everything that is wrong with a line."""

    number: int
    errors: Sequence[Detail]


def read_lines(schema: Schema) -> Iterator[GoodLine | BadLine]:
    """The lines of the request's body.

    Raises:
        Refusal: wrong_content_type or too_many_rows, before the first line.
    """
    if request.mimetype not in MEDIA_TYPES:
        raise Refusal("wrong_content_type")
    lines = request.get_data(cache=False).split(b"\n")
    if sum(1 for line in lines if line.strip()) > MOST_LINES:
        raise Refusal("too_many_rows", limit=MOST_LINES)
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _read(schema, number, line)


def _read(schema: Schema, number: int, line: bytes) -> GoodLine | BadLine:
    if len(line) > LONGEST_LINE:
        return BadLine(number, [Detail("row_too_long", params={"limit": LONGEST_LINE})])
    try:
        # What is no object is refused like a wrong field.
        return GoodLine(number, schema.load(cast(Any, wire.loads(line))))
    except wire.Unreadable as error:
        return BadLine(number, [Detail(error.code, error.pointer, error.params)])
    except ValidationError as error:
        return BadLine(number, envelope_errors(error))


def rejected_row(number: int, errors: Sequence[Detail], external_id: str | None = None) -> dict[str, Any]:
    """A line of the answer that says what is wrong."""
    named = {} if external_id is None else {"external_id": external_id}
    bodies = [
        detail_body(Detail(each.code, each.pointer, each.params, each.question, number)) for each in errors
    ]
    return {"row": number, **named, "outcome": "rejected", "errors": bodies}


def is_dry_run() -> bool:
    """Whether the sender only wants to hear what would change."""
    return request.args.get("dry_run", "") in {"1", "true"}
