"""Bodies that scripts of our pages send as JSON: read by their schemas, wrong fields named."""

from typing import Any

from flask import request
from marshmallow import RAISE, Schema, ValidationError, fields, validate

from server import wire
from server.errors import Detail, Refusal


class Strict(Schema):
    """Takes no field that it does not know."""

    class Meta:
        unknown = RAISE


class FileSchema(Strict):
    """A file that a page is about to send."""

    question = fields.String(required=True, validate=validate.Length(max=200))
    size = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))
    sha256 = fields.String(required=True, validate=validate.Regexp(r"\A[0-9a-f]{64}\Z"))


def loaded(schema: Schema) -> dict[str, Any]:
    """The body of the request, whatever type it says it has.

    Raises:
        Refusal: invalid_fields.
    """
    body = wire.loads(request.get_data(cache=False))
    try:
        found: dict[str, Any] = schema.load(body if isinstance(body, dict) else {})
    except ValidationError as error:
        details = [Detail("field_invalid", f"/{name}") for name in error.messages_dict]
        raise Refusal("invalid_fields", details=details) from None
    return found
