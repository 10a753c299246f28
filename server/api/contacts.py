"""Contacts and service events by API: what a bank's systems know of its customers, a row a line.

A row's identity is its `external_id`: sent again it changes nothing, sent with other values it is corrected.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from flask import Blueprint, Response
from marshmallow import RAISE, Schema, fields, validate

from server.api.ndjson import BadLine, GoodLine, is_dry_run, read_lines, rejected_row
from server.api.schemas import CODE, SENSIBLE
from server.db import transaction
from server.errors import Detail
from server.fieldwork.contacts.imports.contact_rows import ATTRIBUTE
from server.fieldwork.contacts.imports.feeds import Fed, Feed, FeedRow, Kind, take_rows
from server.fieldwork.importing import FieldChange
from server.http.access import identity, requires
from server.http.problems import json_response
from server.services import services

NOT_BLANK = validate.Regexp(r"\s*\S")
OUTCOMES = ("created", "changed", "unchanged", "rejected")

blueprint = Blueprint("api_contacts", __name__, url_prefix="/api/v1")


class _Row(Schema):
    class Meta:
        unknown = RAISE

    external_id = fields.String(required=True, validate=[CODE, NOT_BLANK])
    unit_code = fields.String(required=True, validate=CODE)


class ContactSchema(_Row):
    """Somebody who may be asked. What is left out stays as it is; null takes it away."""

    phone = fields.String(required=True, validate=CODE)
    name = fields.String(allow_none=True)
    email = fields.String(allow_none=True)
    address = fields.String(allow_none=True)
    locale = fields.String()
    large_type = fields.Boolean(truthy={True}, falsy={False})
    preferred_channel = fields.String(allow_none=True)
    consent_source = fields.String(allow_none=True)
    staff = fields.Boolean(truthy={True}, falsy={False})
    open_case_since = fields.Date(allow_none=True)
    served_on = fields.Date(allow_none=True)
    attributes = fields.Dict(
        keys=fields.String(validate=validate.Length(min=1, max=100)),
        values=fields.String(allow_none=True, validate=validate.Length(max=200)),
    )


class EventSchema(_Row):
    """One time that a contact was served."""

    contact = fields.String(required=True, validate=CODE)
    happened_at = fields.AwareDateTime(required=True, format="iso", validate=SENSIBLE)
    business = fields.String(allow_none=True)
    channel = fields.String()
    teller_code = fields.String(allow_none=True)
    waited_minutes = fields.Integer(strict=True, allow_none=True)


_contact = ContactSchema()
_event = EventSchema()


@blueprint.put("/contacts")
@requires("contacts.import")
def put_contacts() -> Response:
    return _take("contacts", _contact)


@blueprint.put("/service-events")
@requires("contacts.import")
def put_events() -> Response:
    return _take("events", _event)


def _take(kind: Kind, schema: Schema) -> Response:
    """Every good row is kept, every bad one is answered with what is wrong with it."""
    lines = list(read_lines(schema))
    good = [line for line in lines if isinstance(line, GoodLine)]
    feed = Feed(kind, identity().actor, identity().scope, is_dry_run())
    rows = [FeedRow(line.number, _cells(line.values)) for line in good]
    with transaction() as connection:
        fed = take_rows(connection, feed, rows, services().keys, now=services().clock.now())
    answers = [_answer(line, fed) for line in lines]
    outcomes = [answer["outcome"] for answer in answers]
    counts = {name: outcomes.count(name) for name in OUTCOMES}
    return json_response({"dry_run": feed.dry_run, **counts, "rows": answers})


def _answer(line: GoodLine | BadLine, fed: Fed) -> dict[str, Any]:
    if isinstance(line, BadLine):
        return rejected_row(line.number, line.errors)
    external_id = line.values["external_id"]
    problems = fed.problems.get(line.number)
    if problems:
        errors = [Detail(each.code, f"/{each.column}", each.params) for each in problems]
        return rejected_row(line.number, errors, external_id)
    answer = {"row": line.number, "external_id": external_id, "outcome": "unchanged"}
    change = fed.changes.get(line.number)
    if change is None:
        return answer
    changes = {"changes": _changes(change.fields)} if change.fields else {}
    return {**answer, "outcome": change.kind, **changes}


def _changes(changed: Sequence[FieldChange]) -> list[dict[str, Any]]:
    return [{"field": name, "before": before, "after": after} for name, before, after in changed]


def _cells(values: dict[str, Any]) -> dict[str, str]:
    """The row as a file would hold it, so that both are read by the same rules."""
    return dict(_written(values))


def _written(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from ((f"{ATTRIBUTE}:{key}", (each or "").strip()) for key, each in value.items())
        elif value is None:
            yield name, ""
        elif isinstance(value, bool):
            yield name, "yes" if value else "no"
        elif isinstance(value, date):  # a moment is one, too
            yield name, value.isoformat()
        else:
            yield name, str(value).strip()
