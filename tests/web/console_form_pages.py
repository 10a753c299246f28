"""Stand-ins for what the views of forms pass to their templates."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from server.errors import Detail
from server.forms import Problem
from server.forms.authoring.differences import differences
from server.web.console.forms import title_of
from tests.fieldwork.forms_for_tests import definition

NOW = datetime(2026, 11, 22, 6, 5, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


def row(number: int, status: str, **changes: Any) -> SimpleNamespace:
    return SimpleNamespace(
        **{
            "id": UUID(int=number), "key": "hall", "version": number, "status": status,
            "content_hash": "0123456789abcdef" * 4, "note": None, "title": {"default": "大堂", "zh": "大堂"},
            "created_at": NOW, "published_at": None if status == "draft" else NOW,
            "retired_at": LATER if status == "retired" else None, "changed_at": LATER, "waves": number,
            **changes,
        }
    )  # fmt: skip


def wave_on(number: int, state: str, kind: str = "survey") -> SimpleNamespace:
    return SimpleNamespace(
        id=UUID(int=number), code=f"W{number}", title="四季度", title_en=None, state=state, kind=kind,
        version=number, unit_path=None,
    )  # fmt: skip


WAVES = [wave_on(1, "launched"), wave_on(1, "planned", "visit"), wave_on(2, "drawn"), wave_on(1, "closed")]
ROWS = [row(3, "draft", note="加了一道题"), row(2, "published"), row(1, "retired")]
PROBLEMS = [
    Problem("/pages/0/elements/0/type", "type_unknown", "error", {"type": "radio", "suggestion": ""}),
    Problem("", "title_missing", "warning", {}),
]
CHANGES = differences(definition("a", title="x"), definition("b", title="y"))
WRONG_FILE = {"file": Detail("json_syntax", "/file", {"line": 1, "column": 2})}

SHARED: dict[str, Any] = {"whole": True, "title_of": title_of}


def of_form(**changes: Any) -> dict[str, Any]:
    return {"rows": ROWS, "waves": WAVES, "values": {}, "errors": {}, **SHARED, **changes}


def of_version(shown: SimpleNamespace, **changes: Any) -> dict[str, Any]:
    return {
        "row": shown, "problems": [], "usable": True, "before": None, "changes": (), "more_changes": 0,
        "variables": [("unit", "示例网点"), ("scenario", "")], "waves": WAVES, "movable": {WAVES[0].id},
        "kind": "survey",
        "notices": (), **SHARED, **changes,
    }  # fmt: skip


SHEET = SimpleNamespace(published=Decimal("87.50"), grade="good", counted=12)


def tried(sheet: SimpleNamespace | None, *answers: tuple[str, str]) -> dict[str, Any]:
    return {
        "shelved": SimpleNamespace(key="hall", version=2), "answers": answers, "sheet": sheet,
        "again": "/try/x",
    }  # fmt: skip


FORM_PAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "forms": (
        "forms",
        {"forms": [("hall", ROWS), ("x", ROWS[:1])], "values": {}, "errors": {}, **SHARED},
    ),
    "forms_wrong": (
        "forms",
        {"forms": [], "values": {"key": "大 堂"}, "errors": WRONG_FILE, **SHARED},
    ),
    "form": ("form", of_form()),
    "form_wrong": ("form", of_form(rows=ROWS[1:], waves=[], errors=WRONG_FILE)),
    "form_draft": ("form_version", of_version(ROWS[0], before=ROWS[1], changes=CHANGES, more_changes=3)),
    "form_draft_wrong": ("form_version", of_version(ROWS[0], problems=PROBLEMS, usable=False, waves=[])),
    "form_published": (
        "form_version",
        of_version(ROWS[1], problems=PROBLEMS[1:], before=ROWS[2], notices=(Detail("confirmation_needed"),)),
    ),
    "form_retired": ("form_version", of_version(ROWS[2])),
    "form_tried": ("form_tried", tried(SHEET, ("还来吗？", "来"), ("为什么？", ""))),
    "form_tried_unscored": ("form_tried", tried(None)),
}
