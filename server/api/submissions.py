"""Submissions by API: one by PUT, many as NDJSON. Same check, same transaction, same receipt as the pages."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from flask import Blueprint, Response, request
from marshmallow import ValidationError

from server import wire
from server.api.schemas import BulkLineSchema, SubmissionSchema, envelope_errors
from server.db import connection, transaction
from server.errors import Detail, Refusal
from server.http.access import identity, requires
from server.http.problems import detail_body, json_response
from server.intake.asking import OpenWave, ask_firm, find_subjects, open_wave, row_id
from server.intake.prepare import Incoming, Prepared, Rejected
from server.intake.record import Receipt
from server.intake.resending import prepare_again, record_again
from server.services import services

MOST_LINES = 5_000
LONGEST_LINE = 256 * 1024
BATCH = 500
STATUS = {"created": 201, "replayed": 200}

blueprint = Blueprint("api_submissions", __name__, url_prefix="/api/v1")

_submission = SubmissionSchema()
_line = BulkLineSchema()


@blueprint.put("/submissions/<uuid:submission_id>")
@requires("submissions.write")
def put_submission(submission_id: UUID) -> Response:
    """201 stored, 200 the same again, 409 other content under this id, 422 everything wrong with it."""
    body = _json_body()
    try:
        envelope = _submission.load(body)
    except ValidationError as error:
        raise Refusal("invalid_fields", details=envelope_errors(error)) from None
    now = services().clock.now()
    wave = _wave(envelope["wave"])
    subject = find_subjects(connection(), wave, [envelope["subject"]]).get(envelope["subject"])
    if subject is None:
        raise Refusal("invalid_fields", details=[_unknown_subject(envelope["subject"])])
    prepared = prepare_again(
        connection(),
        services().forms,
        _incoming(submission_id, envelope),
        ask_firm(wave, subject, door="api", now=now),
    )
    if isinstance(prepared, Rejected):
        raise Refusal("invalid_answers", details=prepared.errors)
    with transaction() as open_connection:
        [receipt] = record_again(
            open_connection, services().forms, [prepared], actor=identity().actor, now=now
        )
    if receipt.outcome == "conflict":
        raise Refusal("submission_differs")
    return json_response(receipt_body(receipt), STATUS[receipt.outcome])


@blueprint.post("/submissions/bulk")
@requires("submissions.write")
def post_bulk() -> Response:
    """NDJSON lines; every good row is kept, every bad one is answered with what is wrong with it."""
    if request.mimetype not in {"application/x-ndjson", "application/ndjson"}:
        raise Refusal("wrong_content_type")
    report = _Report()
    for batch in _batches(_lines(request.get_data(cache=False))):
        _store_batch(batch, report)
    return json_response(report.body())


@dataclass(frozen=True, slots=True)
class _Line:
    """A readable line: `number` counts from 1 as the sender's editor does."""

    number: int
    envelope: dict[str, Any]
    wave_code: str


@dataclass(frozen=True, slots=True)
class _BadLine:
    number: int
    code: str
    errors: list[Detail]


class _Report:
    """Results in the order of the lines, and how many of each."""

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []

    def stored(self, line: _Line, receipt: Receipt) -> None:
        row = {"row": line.number, "external_id": line.envelope["external_id"], **receipt_body(receipt)}
        if receipt.outcome == "conflict":
            row["errors"] = [detail_body(Detail("submission_differs", row=line.number))]
        self._rows.append(row)

    def bad(self, number: int, errors: list[Detail], external_id: str | None = None) -> None:
        row: dict[str, Any] = {"row": number, "outcome": "rejected"}
        if external_id is not None:
            row["external_id"] = external_id
        row["errors"] = [
            detail_body(Detail(each.code, each.pointer, each.params, each.question, number))
            for each in errors
        ]
        self._rows.append(row)

    def body(self) -> dict[str, Any]:
        outcomes = [row["outcome"] for row in self._rows]
        counts = {name: outcomes.count(name) for name in ("created", "replayed", "conflict", "rejected")}
        return {**counts, "rows": sorted(self._rows, key=lambda row: row["row"])}


def _lines(data: bytes) -> Iterator[_Line | _BadLine]:
    lines = data.split(b"\n")
    if sum(1 for line in lines if line.strip()) > MOST_LINES:
        raise Refusal("too_many_rows", limit=MOST_LINES)
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _read_line(number, line)


def _read_line(number: int, line: bytes) -> _Line | _BadLine:
    if len(line) > LONGEST_LINE:
        return _BadLine(number, "too_large", [Detail("row_too_long", params={"limit": LONGEST_LINE})])
    try:
        envelope = _line.load(cast(Any, wire.loads(line)))  # what is no object is refused like a wrong field
    except wire.Unreadable as error:
        return _BadLine(number, error.code, [Detail(error.code, error.pointer, error.params)])
    except ValidationError as error:
        return _BadLine(number, "invalid_fields", envelope_errors(error))
    wave_code = envelope.get("wave") or request.args.get("wave", "")
    if not wave_code:
        return _BadLine(number, "invalid_fields", [Detail("field_required", "/wave")])
    if "\x00" in wave_code:  # the address, unlike the body, did not pass the JSON reader
        return _BadLine(number, "invalid_fields", [Detail("field_invalid", "/wave")])
    return _Line(number, envelope, wave_code)


def _batches(lines: Iterator[_Line | _BadLine]) -> Iterator[list[_Line | _BadLine]]:
    batch: list[_Line | _BadLine] = []
    for line in lines:
        batch.append(line)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _store_batch(batch: list[_Line | _BadLine], report: _Report) -> None:
    """One transaction a batch: a cut connection loses nothing that was answered."""
    now = services().clock.now()
    ready: list[tuple[_Line, Prepared]] = []
    for line, prepared in _prepared(batch, report):
        if isinstance(prepared, Rejected):
            report.bad(line.number, list(prepared.errors), line.envelope["external_id"])
        else:
            ready.append((line, prepared))
    with transaction() as open_connection:
        to_store = [prepared for _, prepared in ready]
        receipts = record_again(open_connection, services().forms, to_store, actor=identity().actor, now=now)
    for (line, _), receipt in zip(ready, receipts, strict=True):
        report.stored(line, receipt)


def _prepared(batch: list[_Line | _BadLine], report: _Report) -> Iterator[tuple[_Line, Prepared | Rejected]]:
    now = services().clock.now()
    lines = [line for line in batch if isinstance(line, _Line)]
    for bad in (line for line in batch if isinstance(line, _BadLine)):
        report.bad(bad.number, bad.errors)
    for wave_code in sorted({line.wave_code for line in lines}):
        of_wave = [line for line in lines if line.wave_code == wave_code]
        try:
            wave = _wave(wave_code)
        except Refusal as refusal:
            if not refusal.details:
                raise
            for line in of_wave:
                report.bad(line.number, list(refusal.details), line.envelope["external_id"])
            continue
        subjects = find_subjects(connection(), wave, (line.envelope["subject"] for line in of_wave))
        for line in of_wave:
            subject = subjects.get(line.envelope["subject"])
            submission_id = row_id(wave, line.envelope["external_id"])
            if subject is None:
                yield line, Rejected(submission_id, (_unknown_subject(line.envelope["subject"]),))
                continue
            ask = ask_firm(wave, subject, door="bulk", now=now)
            incoming = _incoming(submission_id, line.envelope)
            yield line, prepare_again(connection(), services().forms, incoming, ask)


def _wave(code: str) -> OpenWave:
    """The firm's wave of this code.

    Raises:
        Refusal: unknown_wave or wave_not_open, with the pointer at the code.
    """
    firm_id = identity().firm_id
    if firm_id is None:
        raise Refusal("forbidden")
    try:
        return open_wave(connection(), services().forms, code, firm_id, now=services().clock.now())
    except Refusal as refusal:
        known = "wave_not_open" if refusal.code == "wave_not_open" else "unknown_wave"
        raise Refusal(known, details=[Detail(known, "/wave", {"wave": code})], wave=code) from None


def _unknown_subject(code: str) -> Detail:
    return Detail("unknown_subject", "/subject", {"subject": code})


def _incoming(submission_id: UUID, envelope: dict[str, Any]) -> Incoming:
    return Incoming(
        submission_id=submission_id,
        answers=envelope["answers"],
        external_id=envelope.get("external_id"),
        client_time=envelope.get("client_time"),
    )


def _json_body() -> Any:
    if request.mimetype != "application/json":
        raise Refusal("wrong_content_type")
    return wire.loads(request.get_data(cache=False))


def receipt_body(receipt: Receipt) -> dict[str, Any]:
    return {
        "submission_id": str(receipt.submission_id),
        "outcome": receipt.outcome,
        "received_at": receipt.received_at.isoformat(),
        "missing_attachments": [str(each) for each in receipt.missing_attachments],
    }
