"""Stand-ins for what the views of the ledger pass to their templates."""

from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from server.errors import Detail
from server.followup.ledger.reading import STATES, Line

NOW = datetime(2026, 11, 22, 6, 5, tzinfo=UTC)
TITLE = {"default": "网点检查", "en": "Visits"}
RULES = {
    "fine": SimpleNamespace(title={"default": "扣罚"}, clause="五(一)"),
    "bare": SimpleNamespace(title={}, clause=""),
}


def line(number: int, state: str, **changes: Any) -> Line:
    values = {
        "id": UUID(int=number),
        "rule": ("fine", "bare", "gone")[number % 3],
        "subject": "B101",
        "period": "V1",
        "payee_id": "B101",
        "direction": "penalty" if number % 2 else "reward",
        "amount": Decimal(1300),
        "unit": ("yuan", "points", "面")[number % 3],
        "reverses_id": UUID(int=1) if number == 2 else None,
        "reason": "系统故障" if state == "refused" else None,
    }
    return Line(SimpleNamespace(**{**values, **changes}), state)


def parameter(kind: str, **changes: Any) -> dict[str, Any]:
    values = {
        "name": f"of_{kind}",
        "type": kind,
        "title": {"default": kind},
        "help": {"default": "说明"} if kind == "money" else {},
        "unit": "元" if kind == "money" else "",
        "options": {"a": {"default": "甲"}, "b": {}},
    }
    shown = {"parameter": SimpleNamespace(**values), "value": "", "default": "", "missing": False}
    return {**shown, **changes}


KINDS = [parameter(kind) for kind in ("number", "flag", "choice", "date", "text")]
OPEN = [
    {
        "rule": "fine",
        "subject": "B101",
        "period": "V1",
        "code": "decision_needed",
        "from": "100",
        "to": "200",
    },
    {"rule": "gone", "subject": "B102", "period": "V1", "code": "amount_unknown"},
]
CLOSE = SimpleNamespace(id=UUID(int=5), number=1, month=date(2026, 11, 1), closed_at=NOW, lines_hash="a" * 64)


def of_ledger(**changes: Any) -> dict[str, Any]:
    values = {
        "key": "branch-service",
        "year": 2026,
        "title": TITLE,
        "settlement": SimpleNamespace(as_of=date(2026, 11, 22)),
        "parameters": [parameter("money", missing=True), *KINDS],
        "open": OPEN,
        "rules": RULES,
        "lines": [line(place + 1, state) for place, state in enumerate(STATES)],
        "sums": {("subject", "B101", "元"): Decimal(-1300)},
        "closes": [CLOSE],
        "decides": True,
        "running": True,
        "errors": (),
        "told": "",
        "done": "",
        "values": {},
    }
    return {**values, **changes}


LEDGER_PAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "ledgers": (
        "ledgers",
        {
            "rows": [SimpleNamespace(key="k", year=2026, title=TITLE, as_of=date(2026, 11, 22))],
            "begun": [("other", TITLE, 2026)],
        },
    ),
    "ledgers_none": ("ledgers", {"rows": [], "begun": []}),
    "ledger": ("ledger", of_ledger(done="close")),
    "ledger_none": (
        "ledger",
        of_ledger(settlement=None, parameters=KINDS, open=(), lines=(), sums={}, closes=()),
    ),
    "ledger_read": ("ledger", of_ledger(decides=False)),
    **{
        f"ledger_wrong_{act}": (
            "ledger",
            of_ledger(told=act, errors=[Detail("field_required", "/reason")], values={"reason": "<b>"}),
        )
        for act in ("choose", "settle", "decide", "approve", "close")
    },
}
