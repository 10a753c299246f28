"""Stand-ins for what the views of contacts pass to their templates."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from server.fieldwork.contacts.imports import contact_rows, event_rows
from server.fieldwork.contacts.reading import MARKS, ContactHistory, ContactPage
from server.fieldwork.importing import Change
from server.tables import TableProblem

NOW = datetime(2026, 11, 22, 6, 5, tzinfo=UTC)
ID = UUID("0193b0c0-0000-7000-8000-000000000001")
DAYS = [date(2026, 11, 15) + timedelta(days=n) for n in range(7)]
UNIT = {"code": "B01", "name": "南门", "name_en": "South Gate", "timezone": "Asia/Shanghai"}
MARKED = SimpleNamespace(
    external_id="K 1/<b>", locale="zh", preferred_channel="wechat", consent_source="柜面",
    open_case_since=date(2026, 11, 1), served_on=date(2026, 11, 8), **dict.fromkeys(MARKS, True),
    attributes={"层级": "金卡"}, **UNIT,
)  # fmt: skip
PLAIN = SimpleNamespace(
    **{
        **vars(MARKED), **dict.fromkeys(MARKS, False), "external_id": "K2", "preferred_channel": None,
        "consent_source": None, "open_case_since": None, "served_on": None, "attributes": {}, "locale": "en",
    }
)  # fmt: skip
EVENT = SimpleNamespace(
    external_id="E1", happened_at=NOW, business="开户", channel="counter", teller_code="T1", waited_minutes=0,
    **UNIT,
)  # fmt: skip
BARE = SimpleNamespace(
    **{**vars(EVENT), "business": None, "teller_code": None, "waited_minutes": None, "channel": "app"}
)
COUNTS = {"opted_out": 12, "bad_number": 3, "staff": 40, "open_case": 0}


def columns(kind: Any) -> list[tuple[str, bool]]:
    return [(name, name in kind.REQUIRED) for name in kind.COLUMNS]


def of_list(**changes: Any) -> dict[str, Any]:
    return {
        "unit": "", "mark": "", "marks": tuple(MARKS), "listed": None, "marked": COUNTS,
        "counts": [SimpleNamespace(contacts=3, newest=date(2026, 11, 8), **UNIT)],
        "columns": columns(contact_rows), "following": None, "whole": True, "most_counted": 1_000,
        **changes,
    }  # fmt: skip


def of_events(**changes: Any) -> dict[str, Any]:
    return {
        "days": DAYS, "rows": [(SimpleNamespace(**UNIT), {DAYS[0]: 3, DAYS[2]: 1_200})], "following": None,
        "before": DAYS[0], "behind": DAYS[6], "columns": columns(event_rows), **changes,
    }  # fmt: skip


def run(state: str = "done", **changes: Any) -> SimpleNamespace:
    values = {
        "id": ID, "kind": "contacts", "filename": "客户.csv", "encoding": "utf-8", "dry_run": False,
        "state": state, "done_row": 5_001, "created": 4_990, "updated": 7, "unchanged": 0, "rejected": 3,
        "report": {"ignored": ["余额"], "headers": {}}, "error": None, "created_at": NOW,
    }  # fmt: skip
    return SimpleNamespace(**{**values, **changes})


def of_run(shown: SimpleNamespace, **changes: Any) -> dict[str, Any]:
    return {
        "run": shown, "running": shown.state in {"waiting", "running"}, "can_apply": False,
        "problems": [TableProblem(3, "phone", "import_phone", {"value": "…12"})],
        "changes": [
            Change(2, "K1", "changed", (("locale", "zh", None), ("name", "…", "…"))),
            Change(4, "K2", "created"),
        ],
        "column_name": lambda column: column, **changes,
    }  # fmt: skip


HISTORY = ContactHistory(MARKED, [EVENT, BARE], 2, 3, 1, {"delivered": 2, "skipped": 1}, NOW)
NEVER = ContactHistory(PLAIN, [], 0, 0, 0, {}, None)

CONTACT_PAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "contacts": ("contacts", of_list()),
    "contacts_many": ("contacts", of_list(marked=dict.fromkeys(COUNTS, 1_001))),
    "contacts_empty": ("contacts", of_list(counts=[], marked=dict.fromkeys(COUNTS, 0))),
    "contacts_part": ("contacts", of_list(following="C/B01/", whole=False)),
    "contacts_unit": (
        "contacts",
        of_list(unit="B01", listed=ContactPage([MARKED, PLAIN], "K2"), following="K2"),
    ),
    "contacts_unit_none": ("contacts", of_list(unit="B01", mark="staff", listed=ContactPage([], None))),
    "contact": ("contact", {"history": HISTORY, "contact": MARKED}),
    "contact_never": ("contact", {"history": NEVER, "contact": PLAIN}),
    "contact_events": ("contact_events", of_events(following="C/B01/")),
    "contact_events_empty": ("contact_events", of_events(rows=[])),
    "contact_imports": ("contact_imports", {"rows": [run(), run("waiting", dry_run=True)]}),
    "contact_imports_empty": ("contact_imports", {"rows": []}),
    "contact_import": ("contact_import", of_run(run())),
    "contact_import_whole": ("contact_import", of_run(run(rejected=0), problems=[], changes=[])),
    "contact_import_running": ("contact_import", of_run(run("running"), problems=[], changes=[])),
    "contact_import_failed": ("contact_import", of_run(run("failed", error="import_gone"), changes=[])),
    "contact_import_shown": ("contact_import", of_run(run(dry_run=True, kind="events"), can_apply=True)),
    "contact_import_over": ("contact_import", of_run(run(dry_run=True))),
}
