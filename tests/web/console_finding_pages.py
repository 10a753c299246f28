"""Stand-ins for what the views of the log of findings pass to their templates."""

from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from server.errors import Detail
from server.followup.finding_log.deciding import Words
from server.followup.finding_log.reading import VIEWS, Past
from server.models.finding_log import STATES
from server.web.console.afterwards.findings import ShownPast
from server.web.console.pictures import Picture

NOW = datetime(2026, 11, 22, 6, 5, tzinfo=UTC)
TITLE = {"default": "网点服务检查", "en": "Branch service"}
WORDS = Words(
    {"praise": {"default": "表扬", "en": "Praise"}, "breach": {}}, {"clearing": TITLE}, {"spot": TITLE}
)
BY = "account:1"
NAMES = {BY: "王芳"}
BARE = {
    "kind": "",
    "section": "",
    "item": "",
    "person": "",
    "source": "",
    "points": None,
    "amount": None,
    "due": None,
}


def finding(number: int, state: str, **changes: Any) -> Any:
    decided = {} if state == "pending" else {"decided_by": BY, "decided_at": NOW, "reason": "<b>查清</b>"}
    row = {
        "id": UUID(int=number), "code": "B101", "name": "青年路支行", "name_en": "Qingnian Road",
        "programme_title": TITLE, "said": "<i>客户来信</i>", "day": date(2026, 11, 20), "kind": "praise",
        "section": "clearing", "item": "TEL-01", "points": Decimal("2.5"), "amount": Decimal(100),
        "person": "1001", "source": "spot", "due": date(2026, 12, 1), "state": state,
        "recorded_by": BY, "recorded_at": NOW, "decided_by": None, "decided_at": None, "reason": None,
        **decided, **changes,
    }  # fmt: skip
    return SimpleNamespace(**row)


def of_list(view: str, *findings: Any) -> dict[str, Any]:
    programmes = [SimpleNamespace(key="branch-service", title=TITLE)]
    return {"view": view, "views": VIEWS, "pending": 2, "findings": findings, "programmes": programmes}


def of_one(row: Any, **changes: Any) -> dict[str, Any]:
    values = {"finding": row, "words": WORDS, "photos": (), "names": NAMES, "values": {}, "errors": ()}
    return {**values, **changes}


TIMES = (
    {"wave": {"title": "五月暗访", "title_en": "May"}, "item": "greeting", "points": "1"},
    {"day": date(2026, 5, 4), "item": "greeting", "points": Decimal(1)},
)
PASTS = [
    ShownPast("是否问候", Past("greeting", "TEL-01", True, TIMES)),
    ShownPast("x", Past("x", "", False, TIMES[:1])),
]
NEW = {"key": "branch-service", "title": TITLE, "words": WORDS, "values": {}, "errors": ()}


def pages() -> dict[str, tuple[str, dict[str, Any]]]:
    shown = {
        f"finding_{state}": ("finding", of_one(finding(1, state), photos=(Picture("/s.jpg", "/l.jpg"),)))
        for state in STATES
    }
    return {
        **shown,
        "finding_bare": (
            "finding",
            of_one(finding(1, "pending", **BARE), errors=(Detail("finding_own"),)),
        ),
        "findings": ("findings", of_list("decided", *(finding(n, state) for n, state in enumerate(STATES)))),
        "findings_none": ("findings", {**of_list("pending"), "programmes": ()}),
        "finding_new": ("finding_new", {**NEW, "values": {"said": "<b>", "kind": "praise"}}),
        "finding_new_refused": (
            "finding_new",
            {**NEW, "words": Words({}, {}, {}), "errors": (Detail("finding_future"),)},
        ),
        "finding_history": ("finding_history", {"code": "B101", "pasts": PASTS}),
        "finding_history_none": ("finding_history", {"code": "B101", "pasts": ()}),
    }
