"""The organisation by API: a bank's master data says what units there are, under the rules of the import.

The rows of one request are judged together: parents may follow their children, units may change places.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, cast

from flask import Blueprint, Response, request
from marshmallow import RAISE, Schema, ValidationError, fields, validate

from server import wire
from server.api.ndjson import LONGEST_LINE, MEDIA_TYPES, is_dry_run
from server.api.schemas import CODE, envelope_errors
from server.db import transaction
from server.errors import Detail, Refusal
from server.fieldwork.importing import KINDS, Change
from server.fieldwork.organisation.attributes import SHAPES
from server.fieldwork.organisation.columns import COLUMNS
from server.fieldwork.organisation.opening_hours import write_hours
from server.fieldwork.organisation.unit_import import Order, Settlement, apply_rows
from server.http.access import identity, requires
from server.http.problems import detail_body, json_response
from server.services import services
from server.tables import Row
from server.tables.cells import text_of

MOST_UNITS = 20_000
OUTCOMES = (*KINDS, "unchanged", "rejected")

blueprint = Blueprint("api_units", __name__, url_prefix="/api/v1")

Errors = dict[int, list[Detail]]


class _Value(fields.Field[Any]):
    """Text or a number; for hours and tags also what they are stored as. null empties."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> str:
        if attr == "opening_hours" and SHAPES[attr](value):
            return write_hours(value)
        if attr == "tags" and SHAPES[attr](value):
            return "、".join(value)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValidationError("Neither text nor number.")
        return text_of(float(value) if isinstance(value, float) else str(value))


_UnitSchema = Schema.from_dict(
    {
        **{name: _Value(allow_none=True) for name in COLUMNS},
        "code": fields.String(required=True, validate=[CODE, validate.Regexp(r"\s*\S")]),
    },
    name="UnitSchema",
)
_unit = _UnitSchema(unknown=RAISE)


@blueprint.put("/units")
@requires("units.import")
def put_units() -> Response:
    """Every good row is kept, every bad one is answered with what is wrong with it."""
    order = Order(
        by=identity().actor,
        now=services().clock.now(),
        scope=identity().scope,
        day=_day(),
        dry_run=is_dry_run(),
    )
    errors: Errors = {}
    rows = [
        Row(number, cells) for number, values in _bodies(errors) if (cells := _cells(number, values, errors))
    ]
    with transaction() as connection:
        settlement = apply_rows(connection, rows, order, {"door": "api"})
    return json_response(_report(rows, settlement, errors, dry_run=order.dry_run))


def _day() -> date | None:
    """`?day=`, from which the changes hold."""
    text = request.args.get("day", "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Refusal("invalid_fields", details=[Detail("field_invalid", "/day")]) from None


def _bodies(errors: Errors) -> Iterator[tuple[int, Any]]:
    """Rows with their numbers: lines of NDJSON, or members of a JSON list, counted from 1.

    Raises:
        Refusal: wrong_content_type, too_many_rows, invalid_fields for JSON that is no list.
    """
    data = request.get_data(cache=False)
    if request.mimetype in MEDIA_TYPES:
        yield from _lines(data, errors)
    elif request.mimetype == "application/json":
        listed = wire.loads(data)
        if not isinstance(listed, list):
            raise Refusal("invalid_fields", details=[Detail("field_invalid", "")])
        _refuse_many(len(listed))
        yield from enumerate(listed, start=1)
    else:
        raise Refusal("wrong_content_type")


def _lines(data: bytes, errors: Errors) -> Iterator[tuple[int, Any]]:
    lines = data.split(b"\n")
    _refuse_many(sum(1 for line in lines if line.strip()))
    for number, line in enumerate(lines, start=1):
        if len(line) > LONGEST_LINE:
            errors[number] = [Detail("row_too_long", params={"limit": LONGEST_LINE})]
        elif line.strip():
            try:
                yield number, wire.loads(line)
            except wire.Unreadable as error:
                errors[number] = [Detail(error.code, error.pointer, error.params)]


def _refuse_many(count: int) -> None:
    if count > MOST_UNITS:
        raise Refusal("too_many_rows", limit=MOST_UNITS)


def _cells(number: int, body: Any, errors: Errors) -> dict[str, str]:
    """The row as a file would hold it, so that both are read by the same rules; empty where it is wrong."""
    try:
        values = cast(dict[str, str | None], _unit.load(body))
    except ValidationError as error:
        errors[number] = envelope_errors(error)
        return {}
    return {name: (value or "").strip() for name, value in values.items()}


def _report(rows: Sequence[Row], settlement: Settlement, errors: Errors, *, dry_run: bool) -> dict[str, Any]:
    for problem in settlement.problems:
        if problem.row is not None:
            detail = Detail(problem.code, f"/{problem.column}", problem.params)
            errors.setdefault(problem.row, []).append(detail)
    codes = {row.number: row.cells["code"] for row in rows}
    changes = {change.row: change for change in settlement.log.kept}
    listed = [_answer(number, codes, changes, errors) for number in sorted({*codes, *errors})]
    outcomes = [each["outcome"] for each in listed]
    return {"dry_run": dry_run, **{name: outcomes.count(name) for name in OUTCOMES}, "rows": listed}


def _answer(number: int, codes: dict[int, str], changes: dict[int, Change], errors: Errors) -> dict[str, Any]:
    answer: dict[str, Any] = {"row": number} | ({"code": codes[number]} if number in codes else {})
    if number in errors:
        bodies = [
            detail_body(Detail(each.code, each.pointer, each.params, row=number)) for each in errors[number]
        ]
        return {**answer, "outcome": "rejected", "errors": bodies}
    if number not in changes:
        return {**answer, "outcome": "unchanged"}
    change = changes[number]
    listed = [{"field": name, "before": before, "after": after} for name, before, after in change.fields]
    below = {"below": change.below} if change.below else {}
    return {**answer, "outcome": change.kind, **below, "changes": listed}
