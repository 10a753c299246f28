"""Stand-ins for the pages about sending: campaigns, one wave's, the rules, one number's history."""

from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from server.errors import Detail
from server.models.messages import STATES
from server.notify.respect.rules import SendingRules
from server.reports.outreach.campaigns import Campaign, Funnel
from server.reports.outreach.history import History, Line

NOW = datetime(2026, 11, 22, 6, 5, tzinfo=UTC)
ID = UUID("0193b0c0-0000-7000-8000-000000000001")
STOPS: dict[str, dict[str, Any]] = {
    "misconfigured": {"code": "20003"},
    "blocked": {"count": 12, "sent": 400, "limit": "0.02"},
    "bounced": {"count": 120, "sent": 400, "limit": "0.20"},
    "opted_out": {"count": 40, "sent": 400, "limit": "0.05"},
    "cap_reached": {"cap": "1000"},
    "by_hand": {},
}
REASONS = ("opt_out", "held_until_decent", "contacted_recently", "blocked_content", None)


def row(**values: Any) -> SimpleNamespace:
    return SimpleNamespace(**values)


def wave(**changes: Any) -> Any:
    named = {
        "id": ID, "code": "2026Q4-SMS", "title": "第四季度满意度", "title_en": "Survey",
        "kind": "survey",
        "state": "launched", "opens_at": NOW, "closes_at": NOW, "timezone": "Asia/Shanghai",
        "programme": "branch-service", "programme_title": {"default": "网点服务品质考核"}, "unit_name": None,
        "unit_name_en": None, "instrument": "survey", "instrument_name": "survey", "instrument_title": None,
        "settings": {}, "drawing_since": None,
    }  # fmt: skip
    return row(**{**named, **changes})


def stop(reason: str, wave_id: UUID | None = ID) -> Any:
    return row(
        wave_id=wave_id, reason=reason, params=STOPS[reason], at=NOW, title="第四季度满意度", title_en=None
    )


CAMPAIGN = Campaign(wave(), dict.fromkeys(STATES, 7), Decimal("12.35"))
LOST = row(
    id=ID, kind="invitation", reason="worker_lost", claimed_at=NOW, unknown_since=NOW, gateway="twilio",
    title="第四季度满意度", title_en=None,
)  # fmt: skip
INDEX: dict[str, Any] = {
    "campaigns": [CAMPAIGN],
    "stops": [stop("misconfigured", None), *map(stop, STOPS)],
    "unknown": [LOST, row(**{**vars(LOST), "title": None, "kind": "set_up", "reason": "no_answer"})],
    "spent": Decimal("812.5"),
    "heard_at": NOW,
    "rules": SendingRules(),
    "whole": True,
}
EMPTY = {**INDEX, "campaigns": [], "stops": [], "unknown": [], "spent": None, "heard_at": None, "rules": None}
OF_WAVE: dict[str, Any] = {
    "wave": wave(settings={"spend_cap": "100"}),
    "errors": {"spend_cap": Detail("cap_below_spent", "/spend_cap", {"spent": "75.00"})},
    "cap": "50",
    "campaign": CAMPAIGN,
    "funnel": Funnel(120, 88, 3, 2.0, 340.0, 86_000.0, None),
    "hours": [row(hour=NOW, handed_over=400, delivered=380, bounced=12, unknown=1)],
    "codes": [
        row(state=state, reason=reason, rule="2/90d+30d:global", provider_code=None, n=3)
        for state, reason in zip(STATES, (*REASONS, *REASONS), strict=False)
    ],
    "stopped": [stop("blocked")],
}
FRESH = {
    **OF_WAVE,
    "funnel": Funnel(0, 0, 0, None, None, None, None),
    "hours": [],
    "codes": [],
    "stopped": [],
}
LINES = [
    Line(
        NOW, "sent", "invitation", "delivered", None, "【江城银行】请评价", row(title="满意度", title_en=None)
    ),
    Line(NOW, "heard", "invitation", "undelivered", "30003", ""),
    Line(NOW, "received", "", "stop", None, "R"),
    Line(NOW, "received", "", "", None, ""),
]
WITHOUT = [row(key=key, source="coordinator", at=NOW) for key in ("branch-service", "retired")]
PROGRAMMES = {"branch-service": {"default": "网点服务品质考核"}}
MARKED = History(LINES, row(source="reply", at=NOW), row(code="30005", at=NOW), WITHOUT)
WRONG = {
    "price": Detail("field_invalid", "/price"),
    "blocked_share": Detail("field_invalid", "/blocked_share"),
}
RULES = SendingRules().to_json()

NUMBER: dict[str, Any] = {"number": "13800000001", "errors": {}, "programmes": PROGRAMMES}

OUTREACH_PAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "outreach": ("outreach", INDEX),
    "outreach_empty": ("outreach", EMPTY),
    "wave_sending": ("wave_sending", OF_WAVE),
    "wave_sending_fresh": ("wave_sending", FRESH),
    "sending_rules": ("sending_rules", {"given": RULES, "errors": {}}),
    "sending_rules_wrong": (
        "sending_rules",
        {"given": {**RULES, "price": "x", "blocked_share": "x"}, "errors": WRONG},
    ),
    "message_history": (
        "message_history",
        {"found": None, "number": "", "errors": {}, "programmes": PROGRAMMES},
    ),
    "message_history_found": (
        "message_history",
        {"found": MARKED, "number": "13800000001", "errors": {}, "programmes": PROGRAMMES},
    ),
    "message_history_nothing": ("message_history", {**NUMBER, "found": History([], None, None)}),
}
