"""Stand-ins for what the views of earlier results pass to their templates."""

from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from server.errors import Detail
from server.fieldwork.history.files import Rows
from server.models.opening_history import KINDS
from server.web.console.history import IMPORT_COLUMNS

NOW = datetime(2026, 11, 22, 6, 5, tzinfo=UTC)
ID = UUID("0193b0c0-0000-7000-8000-000000000001")
KEY = "branch-service"
TITLE = {"default": "网点服务考核", "en": "Branch service"}


def row(**values: Any) -> Any:
    return SimpleNamespace(**values)


def file(**changes: Any) -> Any:
    return row(
        **{
            "id": ID, "key": KEY, "name": "2025年成绩 <1>.xlsx", "sha256": "a" * 64, "imported_at": NOW,
            "withdrawn_at": None, "withdrawn_reason": None, "results": 1200, "counted": 1100,
            "superseded": 100, "outside": False, **changes,
        }
    )  # fmt: skip


WITHDRAWN = file(withdrawn_at=NOW, withdrawn_reason="口径不对", counted=0, superseded=0)
MEASURES = [
    row(name="total", title=TITLE, per="year"),
    row(name="visit_score", title={}, per="visit"),
    *(row(name=per, title={}, per=per) for per in ("month", "quarter", "half", "phase")),
]


def result(kind: str, state: str, **changes: Any) -> Any:
    return row(
        **{
            "id": ID, "row_number": 2, "kind": kind, "name": "total", "instrument": "", "period": "2025",
            "ends_on": date(2025, 12, 31), "value": Decimal("71.50"), "word": None, "note": None,
            "code": "B01", "subject_name": "城南支行", "subject_name_en": None, "state": state, **changes,
        }
    )  # fmt: skip


SUPERSEDED = UUID("0193b0c0-0000-7000-8000-000000000002")
RESULTS = [
    *(result(kind, "counted") for kind in KINDS),
    result("grade", "superseded", id=SUPERSEDED, value=None, word="基本合格", note="补录"),
    result("failed_item", "withdrawn", value=None, name="LOB-08", instrument="visit", period=""),
]

NEWER = {SUPERSEDED: row(value=None, word="合格", file="更正.xlsx")}


def shown(one: Any, **changes: Any) -> tuple[str, dict[str, Any]]:
    return "history_file", {
        "file": one, "title": TITLE, "listed": Rows(RESULTS, (2, ID), NEWER), "names": {"total": TITLE},
        "reason": "", "errors": {}, **changes,
    }  # fmt: skip


def listed(*files: Any, several: bool = False) -> tuple[str, dict[str, Any]]:
    return "history_files", {
        "key": KEY, "title": TITLE, "several": several, "rows": files, "measures": MEASURES,
        "examples": [(each, "2025") for each in MEASURES],
        "columns": IMPORT_COLUMNS,
    }  # fmt: skip


HISTORY_PAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "history": ("history", {"titles": {KEY: TITLE}, "counts": {KEY: 2}}),
    "history_no_programmes": ("history", {"titles": {}, "counts": {}}),
    "history_files": listed(file(), WITHDRAWN, several=True),
    "history_files_empty": listed(),
    "history_file": shown(file()),
    "history_file_withdrawn": shown(WITHDRAWN, listed=Rows(RESULTS, None)),
    "history_file_beyond": shown(file(outside=True)),
    "history_file_refused": shown(file(), errors={"reason": Detail("field_required", "/reason")}),
}
