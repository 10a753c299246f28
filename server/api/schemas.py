"""The envelopes of the API."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from server import wire
from server.errors import Detail

CODE = validate.Length(min=1, max=100)
# A phone with a dead battery says 1970; beyond these years PostgreSQL and Python disagree about what exists.
SENSIBLE = validate.Range(min=datetime(1970, 1, 1, tzinfo=UTC), max=datetime(2200, 1, 1, tzinfo=UTC))


class SubmissionSchema(Schema):
    """One submission as a firm sends it."""

    class Meta:
        unknown = RAISE

    wave = fields.String(required=True, validate=CODE)
    subject = fields.String(required=True, validate=CODE)
    answers = fields.Dict(keys=fields.String(), required=True)
    external_id = fields.String(validate=CODE)
    client_time = fields.AwareDateTime(format="iso", validate=SENSIBLE)


class BulkLineSchema(SubmissionSchema):
    """A line of a bulk request: the wave may stand in the address, the external id is what names the row."""

    wave = fields.String(validate=CODE)
    external_id = fields.String(required=True, validate=CODE)


def envelope_errors(error: ValidationError, row: int | None = None) -> list[Detail]:
    """marshmallow's messages as our details, one a place."""
    return [Detail(code, pointer, params, row=row) for pointer, code, params in _flat(error.messages, "")]


def _flat(messages: Any, pointer: str) -> list[tuple[str, str, Mapping[str, object]]]:
    if isinstance(messages, Mapping):
        return [
            found
            for key, value in messages.items()
            for found in _flat(
                value, pointer if key == "_schema" else f"{pointer}/{wire.pointer_part(str(key))}"
            )
        ]
    return [(pointer, _code(str(message)), {}) for message in messages]


def _code(message: str) -> str:
    known = {
        "Missing data for required field.": "field_required",
        "Unknown field.": "field_unknown",
    }
    return known.get(message, "field_invalid")
