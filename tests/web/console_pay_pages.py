"""Stand-ins for what the views of pay and of reports that go back pass to their templates."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from server.errors import Detail
from server.fieldwork.recordings.deciding import SETTLED
from server.fieldwork.recordings.requests import Shown
from server.followup.pay.approving import Chosen
from server.followup.pay.proposing import ADDED
from server.followup.pay.tabled import KINDS, by_visit
from server.followup.returning.deciding import Question
from server.followup.returning.reading import Returned
from server.models.recordings import RECORDING_STATES

NOW = datetime(2026, 11, 22, 6, 5, tzinfo=UTC)
DAY = timedelta(days=1)


def line(number: int, kind: str, amount: str, **changes: Any) -> Any:
    values = {
        "id": UUID(int=number), "assignment_id": UUID(int=1), "kind": kind, "amount": Decimal(amount),
        "note": None, "state": "proposed", "code": "S01", "person_name": "小周", "unit_name": "青年路支行",
        "unit_name_en": "Youth Road", "completed_at": NOW, "receipt_state": None,
    }  # fmt: skip
    return SimpleNamespace(**{**values, **changes})


LINES = [
    line(1, "fee", "80.00"),
    line(2, "attempt", "30.00", code=None, unit_name_en=None),
    line(3, "expense", "12.50", receipt_state="verified", note="打车"),
    line(4, "expense", "3.00", receipt_state="expected", note="停车"),
    line(5, "expense", "4.00", receipt_state="refused", note="<b>停车</b>"),
    line(6, "bonus", "20.00", assignment_id=None, unit_name=None, unit_name_en=None, completed_at=None),
    line(7, "deduction", "-20.00"),
    line(8, "reversal", "-80.00"),
]
CHOSEN = Chosen(
    2, 1, Decimal("92.50"), {"fee": Decimal(80), "expense": Decimal("12.50")}, (Detail("pay_own", "/chosen"),)
)
PERSON = SimpleNamespace(id=UUID(int=5), code="S01", name="小周")
STATEMENT = SimpleNamespace(
    id=UUID(int=9), number=1, code="S01", name="小周", month=date(2026, 10, 1), closed_at=NOW,
    total=Decimal("49.50"), sums=dict.fromkeys(KINDS, "10.00"),
)  # fmt: skip


def waiting(rows: Any, **changes: Any) -> dict[str, Any]:
    approved = [line(11, "fee", "80.00", state="approved"), line(12, "fee", "80.00", state="reversed")]
    return {
        "rows": rows, "more": None, "receipts": {UUID(int=3): "https://store.example/receipt"},
        "approved": approved, "people": [PERSON], "kinds": ADDED, "decision": "", "chosen": set(),
        "shown": None, "notices": (), "values": {}, **changes,
    }  # fmt: skip


def month(rows: Any, **changes: Any) -> dict[str, Any]:
    return {
        "month": date(2026, 10, 1), "previous": date(2026, 9, 1), "following": date(2026, 11, 1),
        "over": True, "rows": rows, "kinds": KINDS, "total": Decimal("49.50"), "waiting": 2, "notices": (),
        **changes,
    }  # fmt: skip


def returned(number: int, standing: str, **changes: Any) -> Returned:
    values: dict[str, Any] = {
        "id": UUID(int=number), "number": number, "text": "请再看一遍", "asked_by": "account:1",
        "questions": [Question("", "哪天？"), Question("gone", "几点？")], "asked_at": NOW,
        "due_at": NOW + DAY,
        "answered_at": None if standing in ("open", "overdue") else NOW, "standing": standing,
        "revision": None,
    }  # fmt: skip
    return Returned(**{**values, **changes})


def send_back(*returns: Returned, **changes: Any) -> dict[str, Any]:
    """What the page of a submission gets besides the submission."""
    return {"returns": list(returns), "return_rows": range(2), "values": {}, "notices": (), **changes}


RETURN_ROW = SimpleNamespace(
    id=UUID(int=1), submission_pk=UUID(int=2), name="青年路支行", name_en="Youth Road", title="五月检查",
    title_en="May", due_at=NOW,
)  # fmt: skip


def recording(number: int, state: str, **changes: Any) -> Shown:
    values: dict[str, Any] = {
        "id": UUID(int=number), "unit_name": "青年路支行", "unit_name_en": "Youth Road",
        "timezone": "Asia/Shanghai", "post": "counter", "title": {"default": "高柜", "en": "Counter"},
        "from_at": NOW - DAY, "until_at": NOW, "due_at": NOW + DAY, "state": state, "overdue": False,
        "kept_where": "盘 3", "note": "", "settled_at": NOW,
    }  # fmt: skip
    return Shown(**{**values, **changes})


RECORDINGS = [
    recording(1, "asked", overdue=True, kept_where=""),
    *(recording(10 + place, state) for place, state in enumerate(RECORDING_STATES)),
    recording(3, "missing", note="<b>坏了</b>"),
]
ASKED = {"rows": RECORDINGS, "states": SETTLED, "about": None, "notices": (), "values": {}, "desk": False}

PAY_PAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "pay": ("pay", waiting(LINES, more=UUID(int=8), notices=(Detail("pay_decided", "/chosen"),))),
    "pay_preview": (
        "pay",
        waiting(LINES[:3], decision="refuse", shown=CHOSEN, approved=[], chosen={str(UUID(int=1))}),
    ),
    "pay_approving": ("pay", waiting(LINES[:3], decision="approve", shown=CHOSEN, approved=[])),
    "pay_none": ("pay", waiting([], approved=[], people=[])),
    "pay_months": ("pay_months", month([STATEMENT], notices=(Detail("month_not_over", "/month"),))),
    "pay_months_none": ("pay_months", month([], total=0)),
    "pay_months_running": ("pay_months", month([], total=0, over=False, following=None)),
    "pay_statement": (
        "pay_statement",
        {"row": STATEMENT, "lines": LINES, "visits": by_visit(LINES), "kinds": KINDS},
    ),
    "returns": (
        "returns",
        {"rows": [RETURN_ROW], "standings": {UUID(int=1): "overdue"}},
    ),
    "recordings": ("recordings", ASKED),
    "recordings_wrong": (
        "recordings",
        {
            **ASKED,
            "about": UUID(int=1),
            "notices": (Detail("field_required", "/note"),),
            "values": {"state": "missing", "kept_where": "", "note": ""},
        },
    ),
    "recordings_overdue": ("recordings", {**ASKED, "rows": RECORDINGS[:1], "states": (), "desk": True}),
    "recordings_none": ("recordings", {**ASKED, "rows": []}),
    "returns_none": ("returns", {"rows": [], "standings": {}}),
}
