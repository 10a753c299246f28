"""People and roles by API: what a personnel system says of who works here, a person a line.

A person's identity is the staff number. What is left out stays as it is; null, or an empty list, takes away.
Nobody leaves by not being mentioned.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

from flask import Blueprint, Response
from marshmallow import RAISE, Schema, fields, validate

from server.api.ndjson import BadLine, GoodLine, is_dry_run, read_lines, rejected_row
from server.api.schemas import CODE
from server.db import transaction
from server.errors import Detail
from server.fieldwork.people.columns import CERTIFICATE_COLUMNS
from server.fieldwork.people.people_import import Order, Settlement, record_import, settle_people
from server.http.access import identity, requires
from server.http.problems import json_response
from server.services import services
from server.tables import Row
from server.tables.cells import text_of

OUTCOMES = ("created", "changed", "leaving", "unchanged", "rejected")
LISTED = fields.List(fields.String(validate=CODE), allow_none=True, validate=validate.Length(max=200))

blueprint = Blueprint("api_people", __name__, url_prefix="/api/v1")


class _RoleSchema(Schema):
    class Meta:
        unknown = RAISE

    role = fields.String(required=True, validate=CODE)
    scope = fields.String(allow_none=True, validate=CODE)


class _CertificateSchema(Schema):
    class Meta:
        unknown = RAISE

    name = fields.String(required=True, validate=CODE)
    level = fields.String(allow_none=True)
    score = fields.Decimal(allow_none=True)
    passed_on = fields.Date(allow_none=True)
    expires_on = fields.Date(allow_none=True)


class PersonSchema(Schema):
    """One person; the fields are the columns of the import, with roles and certificates as lists."""

    class Meta:
        unknown = RAISE

    code = fields.String(required=True, validate=[CODE, validate.Regexp(r"\s*\S")])
    name = fields.String(validate=CODE)
    phone = fields.String(allow_none=True)
    email = fields.String(allow_none=True)
    kind = fields.String(validate=CODE)
    title = fields.String(allow_none=True)
    unit_code = fields.String(allow_none=True)
    firm_code = fields.String(allow_none=True)
    login = fields.String(validate=CODE)
    locale = fields.String(validate=CODE)
    languages = LISTED
    left_on = fields.Date(allow_none=True)
    judged = fields.Boolean(truthy={True}, falsy={False})
    territories = LISTED
    weekdays = LISTED
    absences = LISTED
    per_day = fields.Integer(strict=True, allow_none=True)
    total = fields.Integer(strict=True, allow_none=True)
    conflicts = LISTED
    conflict_reason = fields.String(allow_none=True)
    identified = LISTED
    rating = fields.Decimal(allow_none=True)
    home_longitude = fields.Decimal(allow_none=True)
    home_latitude = fields.Decimal(allow_none=True)
    home_datum = fields.String(allow_none=True)
    roles = fields.List(fields.Nested(_RoleSchema), validate=validate.Length(max=50))
    certificates = fields.List(fields.Nested(_CertificateSchema), validate=validate.Length(max=50))


_person = PersonSchema()


@blueprint.put("/people")
@requires("people.manage")
def put_people() -> Response:
    """Every good row is kept, every bad one is answered with what is wrong with it."""
    lines = list(read_lines(_person))
    repeated = _repeated(lines)
    good = [line for line in lines if isinstance(line, GoodLine) and line.number not in repeated]
    rows = [row for line in good for row in _rows(line)]
    order = Order(identity(), services().keys, services().clock.now(), is_dry_run())
    with transaction() as connection:
        settlement = settle_people(connection, rows, order)
        if not order.dry_run:
            record_import(connection, settlement, order, {"door": "api"})
    answer = _Answer(settlement, repeated)
    listed = [answer.of(line) for line in lines]
    outcomes = [each["outcome"] for each in listed]
    counts = {name: outcomes.count(name) for name in OUTCOMES}
    return json_response({"dry_run": order.dry_run, **counts, "rows": listed})


class _Answer:
    """What became of each line."""

    def __init__(self, settlement: Settlement, repeated: dict[int, Detail]) -> None:
        self._changes = {change.row: change for change in settlement.log.kept}
        self._errors: dict[int, list[Detail]] = {number: [each] for number, each in repeated.items()}
        for problem in settlement.problems:
            detail = Detail(problem.code, f"/{problem.column}", problem.params)
            self._errors.setdefault(problem.row or 0, []).append(detail)

    def of(self, line: GoodLine | BadLine) -> dict[str, Any]:
        if isinstance(line, BadLine):
            return rejected_row(line.number, line.errors)
        named = {"row": line.number, "code": line.values["code"]}
        if line.number in self._errors:
            return {**rejected_row(line.number, self._errors[line.number]), **named}
        change = self._changes.get(line.number)
        if change is None:
            return {**named, "outcome": "unchanged"}
        fields_ = [{"field": name, "before": before, "after": after} for name, before, after in change.fields]
        return {**named, "outcome": change.kind, "changes": fields_}


def _repeated(lines: list[GoodLine | BadLine]) -> dict[int, Detail]:
    """Later lines of somebody who has one already: a line says all of a person."""
    first: dict[str, int] = {}
    found = {}
    for line in lines:
        if isinstance(line, GoodLine):
            code = text_of(line.values["code"])
            number = first.setdefault(code, line.number)
            if number != line.number:
                found[line.number] = Detail("import_duplicate", "/code", {"value": code, "first_row": number})
    return found


def _rows(line: GoodLine) -> Iterator[Row]:
    """The person as a file would say it: a row for each role and certificate."""
    values = dict(line.values)
    roles, certificates = values.pop("roles", None), values.pop("certificates", None)
    own = {name: _cell(value) for name, value in values.items()}
    for index in range(max(1, len(roles or ()), len(certificates or ()))):
        cells = dict(own)
        if roles is not None:
            given = roles[index] if index < len(roles) else {}
            cells |= {"role": _cell(given.get("role")), "role_scope": _cell(given.get("scope"))}
        if certificates is not None:
            held = certificates[index] if index < len(certificates) else {}
            names = ("name", "level", "score", "passed_on", "expires_on")
            pairs = zip(CERTIFICATE_COLUMNS, names, strict=True)
            cells |= {column: _cell(held.get(name)) for column, name in pairs}
        yield Row(line.number, cells)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "、".join(value)
    return value.isoformat() if isinstance(value, date) else text_of(str(value))
