"""What a phone shows of its holder's visits."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, Response

from server import wire
from server.db import connection
from server.fieldwork.visiting import mine
from server.fieldwork.visiting.mine import Mine
from server.forms.localised import best_locale
from server.http.locale import locale
from server.reports.deployment import is_demo
from server.scoring.exact import exact_text
from server.services import services
from server.web.phone.knowing import THE_DEVICE, answer, holder


def install(blueprint: Blueprint) -> None:
    blueprint.get("/visits")(THE_DEVICE(all_visits))
    blueprint.get("/visits/<uuid:assignment_id>")(THE_DEVICE(one_visit))


def all_visits() -> Response:
    """Everything to do, in the order of the way, and what was done lately."""
    who, now = holder(), services().clock.now()
    found = mine.visits_of(connection(), who.person_id, now=now)
    return answer(
        {
            "name": who.name,
            "now": now.isoformat(),
            "demo": is_demo(connection()),
            "visits": [shown(visit) for visit in found],
        }
    )


def one_visit(assignment_id: UUID) -> Response:
    """One visit with what has to be read before it."""
    who = holder()
    visit = mine.visit_of(connection(), who.person_id, assignment_id, now=services().clock.now())
    return answer(shown(visit))


def shown(visit: Mine) -> dict[str, Any]:
    """A visit as JSON, in the reader's language."""
    row, rules, point = visit.row, visit.rules, visit.place
    scenario = mine.scenario_of(visit)
    return {
        "id": str(row.id),
        "state": visit.state,
        "unit": worded({"default": row.unit_name, "en": row.unit_name_en or row.unit_name}),
        "address": row.address or "",
        "at": [point.longitude, point.latitude] if point else None,
        "timezone": row.timezone,
        "day": visit.day.isoformat(),
        "planned": row.planned_on is not None,
        "slot": row.slot or "",
        "opens": row.opens_at.isoformat(),
        "expires": row.expires_at.isoformat(),
        "scenario": {name: worded(text) for name, text in scenario.items()} if scenario else None,
        "briefing": worded(rules.briefing),
        "briefed": row.briefed_at is not None,
        "quiz": visit.quiz,
        "location": rules.location,
        "overt": rules.overt,
        "letter": bool(rules.letter),
        "unread": visit.unread,
        "back": _back(visit),
        "outcome": row.outcome or "",
        "received": row.received_at.isoformat() if row.received_at else "",
        "score": str(row.score) if row.score is not None and visit.state == "done" else "",
        "pay": _pay(visit),
        "side": rules.photo_side,
        "mark": mark_of(visit),
    }


def _pay(visit: Mine) -> dict[str, str] | None:
    """Yuan; `expenses` is the most of them, "" where none are paid. Firms pay their people themselves."""
    pay = visit.rules.pay
    if pay is None or visit.row.firm_id is not None:
        return None
    return {"fee": exact_text(pay.fee), "expenses": exact_text(pay.expenses) if pay.expenses else ""}


def mark_of(visit: Mine) -> str:
    """Changes whenever what a phone has prepared is no longer what it would be given now."""
    row = visit.row
    return wire.fingerprint(
        {
            "form": str(row.form_version_id),
            "programme": str(row.programme_version_id),
            "variables": row.variables,
            "expires": row.expires_at.isoformat(),
            "back": visit.back.number if visit.back else 0,
        }
    )[:16]


def _back(visit: Mine) -> dict[str, Any] | None:
    if visit.back is None:
        return None
    return {
        "number": visit.back.number,
        "text": visit.back.text,
        "due": visit.back.due_at.isoformat(),
        "questions": visit.back.questions,
    }


def worded(texts: Mapping[str, str]) -> str:
    """A text by language in the reader's; "" where there is none."""
    return texts[best_locale(texts, locale())] if texts else ""
