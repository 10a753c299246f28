"""Stand-ins for what the views of the day, the search, the audit trail and of several waves pass on."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from server.errors import Detail, Refusal
from server.fieldwork.waves.together import Effect
from server.reports.finding import Found
from server.reports.today.items import Item
from server.reports.today.listing import KINDS
from server.reports.trail.reading import Wanted
from server.web.console.trail_lines import ShownLine

NOW = datetime(2026, 11, 22, 6, 5, tzinfo=UTC)
ID = UUID("0193b0c0-0000-7000-8000-000000000001")
PARAMS = {"share": "12.0%", "target": "20%", "file": "客户<1>.csv"}
NOTICE = SimpleNamespace(
    id=ID, kind="reminder", title=None, params={"days": 3, "completed": 1, "outstanding": 4}, wave_id=ID,
    wave_title="五月", wave_title_en="May", due_at=NOW,
)  # fmt: skip
OWN_NOTICE = SimpleNamespace(
    **{**vars(NOTICE), "kind": "own", "title": {"default": "开会"}, "params": {}, "wave_id": None}
)
DETAIL = {"reason": "名单<b>有误</b>", "changed": {"title": ["a", "b"]}, "count": 3}


def line(**changes: Any) -> ShownLine:
    values = {
        "id": 7, "at": NOW, "who": "王芳", "account": f"account:{ID}", "sentence": "取消了“五月”",
        "reason": "名单<b>有误</b>", "subject": "“五月”", "address": "/console/waves/x", "detail": DETAIL,
        "action": "wave_cancelled", "request_id": "r1",
    }  # fmt: skip
    return ShownLine(**{**values, **changes})


def items(wave: Any) -> list[tuple[Item, str]]:
    """A line of every kind there is."""
    return [
        (Item(kind, 3, NOW + timedelta(days=1), wave=wave, row=NOTICE, params=PARAMS), f"/act?{kind}")
        for kind in KINDS
    ]


def trail(**changes: Any) -> dict[str, Any]:
    return {
        "lines": [line(), line(address="", account="", detail={}, reason="")], "before": 3,
        "wanted": Wanted(), "actor": "", "subject": "", "actions": ["wave_cancelled", "signed_in"],
        "filters": {}, "part": False,
        **changes,
    }  # fmt: skip


FOUND = {
    "waves": Found([SimpleNamespace(id=ID, code="W1", title="五月", title_en=None, state="launched")], True),
    "units": Found(
        [
            SimpleNamespace(id=ID, code="B1", name="南门<店>", name_en="South", level="outlet", closed_at=NOW)
        ],
        False,
    ),
    "people": Found([SimpleNamespace(id=ID, code=None, name="王芳", title=None)], False),
    "submissions": Found(
        [
            SimpleNamespace(
                id=ID, title="五月", title_en="May", name=None, name_en=None, received_at=NOW,
                external_id="F-1", submission_id=ID,
            )
        ],
        False,
    ),
    "contacts": Found([SimpleNamespace(external_id="K-1", name="南门", name_en=None)], False),
    "programmes": Found([SimpleNamespace(key="p", title={"default": "方案"}, version=2)], False),
    "forms": Found([SimpleNamespace(key="hall", title={"default": "大厅"}, version=1)], False),
}  # fmt: skip
JOB = SimpleNamespace(name="close_waves", n=2, last_at=NOW)
REFUSED = Refusal("invalid_fields", details=[Detail("coverage_infeasible", "/coverage")])
WRONG = Refusal("wrong_state", state="launched", needed="planned")


def together(act: str, wave: Any, *effects: Effect, **changes: Any) -> dict[str, Any]:
    return {
        "act": act, "effects": effects, "possible": [each for each in effects if each.refused is None],
        "reason": "", "problems": (), "results": None, **changes,
    }  # fmt: skip


def pages(wave: Any) -> dict[str, tuple[str, dict[str, Any]]]:
    """Args: wave: a stand-in for a wave's row."""
    overdue = Item("notice", row=OWN_NOTICE, due_at=NOW - timedelta(days=1))
    own = f"account:{ID}"
    cancel = (Effect(wave, "cancel"), Effect(wave, refused=WRONG))
    return {
        "today": (
            "today",
            {
                "groups": [("now", [(overdue, "/x")]), ("soon", items(wave))],
                "done": [line()], "own": own, "now": NOW,
            },
        ),
        "today_empty": ("today", {"groups": [], "done": [], "own": own, "now": NOW}),
        "jobs": ("jobs", {"rows": [JOB], "waiting": 12, "worker": True, "names": {"close_waves": "close"}}),
        "jobs_none": ("jobs", {"rows": [], "waiting": 0, "worker": False, "names": {}}),
        "audit": ("audit", trail()),
        "audit_filtered": (
            "audit",
            trail(
                wanted=Wanted("wave_cancelled", own, f"wave:{ID}", date(2026, 11, 22), 9), actor="王芳",
                subject="“五月”", filters={"action": "wave_cancelled", "day": "2026-11-22"}, part=True,
            ),
        ),
        "audit_empty": ("audit", trail(lines=[], before=0)),
        "search": ("search", {"found_for": "五", "found": FOUND}),
        "search_none": ("search", {"found_for": "<b>没有", "found": {}}),
        "search_start": ("search", {"found_for": "", "found": {}}),
        "bulk_draw": (
            "waves_together",
            together(
                "draw", wave, Effect(wave, "draw", {"population": 60, "selected": 20}),
                Effect(wave, "visits", {"visits": 12}), Effect(wave, refused=REFUSED),
            ),
        ),
        "bulk_approve": (
            "waves_together", together("approve", wave, Effect(wave, "approve", {"missing": 1}, read="ab"))
        ),
        "bulk_cancel": (
            "waves_together",
            together("cancel", wave, *cancel, problems=(Detail("field_required", "/reason"),)),
        ),
        "bulk_nothing": ("waves_together", together("cancel", wave, Effect(wave, refused=WRONG))),
        "bulk_done": ("waves_together", together("draw", wave, results=[(wave, None), (wave, REFUSED)])),
    }  # fmt: skip
