"""A round in the open, on the phone: fines, the manager's signature; and the recordings of a video check."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response
from sqlalchemy import Connection

from server.db import connection, transaction
from server.errors import Refusal
from server.fieldwork.outreach.keys import Sender
from server.fieldwork.recordings import requests
from server.fieldwork.responding import Task
from server.fieldwork.visiting import mine
from server.followup.spot.fines import NewFine, fine_on_the_spot, fines_of, withdraw_fine
from server.followup.spot.signing import NewSignature, ask_signature, signatures_of
from server.reports.sheets import report_of
from server.scoring.exact import exact_text
from server.scoring.programmes.visiting import Visits
from server.services import services
from server.web.phone.knowing import THE_VISIT, answer, done, told, visit_of_key
from server.web.phone.lists import worded
from server.web.phone.schemas import FineSchema, SignatureSchema, WithdrawalSchema


def install(blueprint: Blueprint) -> None:
    blueprint.get("/sent/<ref>/spot")(THE_VISIT(spot))
    blueprint.post("/sent/<ref>/fines")(THE_VISIT(fine))
    blueprint.post("/sent/<ref>/fines/<uuid:fine_id>/withdraw")(THE_VISIT(withdraw))
    blueprint.post("/sent/<ref>/signature")(THE_VISIT(signature))


def has_spot(rules: Visits) -> bool:
    """Whether there is anything of this for a visit."""
    return rules.overt or bool(rules.posts)


def spot(ref: str) -> Response:
    """How all of it stands."""
    task = visit_of_key(ref)
    visit = mine.visit_of(connection(), *_who(connection(), task), now=services().clock.now())
    return answer(spot_shown(visit))


def fine(ref: str) -> Response:
    """A fine of the visit. The same again changes nothing."""
    task, body = visit_of_key(ref), told(FineSchema())
    with transaction() as open_connection:
        person_id, _ = _who(open_connection, task)
        new = NewFine(**body, assignment_id=task.id, by=f"person:{person_id}")
        fine_on_the_spot(open_connection, services().forms, new, now=services().clock.now())
    return done()


def withdraw(ref: str, fine_id: UUID) -> Response:
    task, body = visit_of_key(ref), told(WithdrawalSchema())
    with transaction() as open_connection:
        person_id, _ = _who(open_connection, task)
        by, now = f"person:{person_id}", services().clock.now()
        withdraw_fine(open_connection, fine_id, body["reason"], of=task.id, by=by, now=now)
    return spot(ref)


def signature(ref: str) -> Response:
    """Ask whoever has this number to sign the report, which must have arrived."""
    task, body, given = visit_of_key(ref), told(SignatureSchema()), services()
    with transaction() as open_connection:
        person_id, _ = _who(open_connection, task)
        report = report_of(open_connection, task.id, person_id)
        if report is None:
            raise Refusal("not_found")
        new = NewSignature(report.id, f"person:{person_id}", phone=body["phone"])
        ask_signature(
            open_connection, new, Sender(given.keys, given.settings.public_url), now=given.clock.now()
        )
    return spot(ref)


def spot_shown(visit: mine.Mine) -> dict[str, Any]:
    """As JSON: bounds of a fine, what was fined, who signed, which recordings were asked for."""
    rules, now = visit.rules, services().clock.now()
    report = report_of(connection(), visit.row.id, visit.row.person_id)
    return {
        "fine": {"least": exact_text(rules.fine.least), "most": exact_text(rules.fine.most)}
        if rules.fine
        else None,
        "fines": [
            {"id": str(each.id), "item": each.item, "person": each.person, "amount": f"{each.amount:f}"}
            for each in fines_of(connection(), visit.row.id)
        ],
        "overt": rules.overt,
        "reported": report is not None,
        "signatures": [
            {
                "standing": each["standing"],
                "at": (each["signed_at"] or each["asked_at"]).isoformat(),
                "name": each["signed_name"] or "",
                "reason": each["refused_reason"] or "",
            }
            for each in (signatures_of(connection(), report.id, now=now) if report and rules.overt else ())
        ],
        "recordings": [
            {
                "title": worded(each.title),
                "from": each.from_at.isoformat(),
                "until": each.until_at.isoformat(),
                "state": "overdue" if each.overdue else each.state,
                "said": each.kept_where or each.note,
            }
            for each in requests.recordings_of(connection(), visit.row.id, now=now)
        ],
        "uncovered": [worded(title) for title in requests.posts_missing(connection(), visit.row.id).values()],
    }


def _who(open_connection: Connection, task: Task) -> tuple[UUID, UUID]:
    """Who goes, and the visit."""
    return mine.person_of(open_connection, task.id), task.id
