"""Stand-ins for what the views of the timetable pass to their templates."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from server.errors import Detail
from server.fieldwork.timetable.agenda import Item
from server.fieldwork.timetable.years import ProgrammeYear, YearRow
from server.scoring.calendar import DateRule, Span
from server.scoring.timetabling.planned import KINDS, Planned

NOW = datetime(2026, 11, 22, 6, 5, tzinfo=UTC)
ID = UUID("0193b0c0-0000-7000-8000-000000000001")
TITLE = {"default": "网点服务品质考核", "en": "Branch service quality"}
STATES = ("fired", "late", "next", "passed", "cancelled")


def entry(kind: str = "review", **changes: Any) -> Any:
    values = {
        "id": ID, "wave_id": ID, "wave_title": "第四季度", "wave_title_en": "Quarter", "programme": None,
        "programme_title": TITLE, "title": None, "kind": kind, "origin": "plan", "cron": None,
        "arguments": {},
        "due_at": NOW + timedelta(days=5), "roles": ["coordinator", "reviewer"], "timezone": "Asia/Shanghai",
        "cancelled_at": None, "wave_state": "launched", "key": kind,
    }  # fmt: skip
    return SimpleNamespace(**{**values, **changes})


ITEMS = [
    *(
        ("09:00", Item(entry(kind, arguments={"days": 3, "period": "2026Q4"}), NOW, None, "next"))
        for kind in KINDS
    ),
    *(("24:00", Item(entry(due_at=NOW), NOW, NOW if state == "fired" else None, state)) for state in STATES),
    (
        "09:00",
        Item(
            entry(
                "own", origin="own", wave_id=None, title={"default": "碰头"}, cron="0 9 * * 1", due_at=None
            ),
            NOW,
            None,
            "next",
        ),
    ),
    (
        "09:00",
        Item(
            entry("delivery", wave_id=None, programme="p", title=TITLE, cancelled_at=NOW),
            NOW,
            None,
            "cancelled",
        ),
    ),
]
NOTICES = [
    SimpleNamespace(
        id=ID, kind=kind, title=None, params={"days": 3}, wave_id=ID, wave_title="第四季度",
        wave_title_en=None,
        programme=None, programme_title=None, unit_name="城南", unit_name_en="South", due_at=NOW,
        wave_timezone="Asia/Shanghai",
    )
    for kind in KINDS
]  # fmt: skip
STEPS = {
    "remind": "7, 3, 1", "remind_at": "09:00", "bulletin": "0 9 * * 1", "field_days": "2", "review": "5",
    "facts_check": "8", "publication": "10", "feedback": "10",
}  # fmt: skip
ENTRY = {
    "every": "week", "weekday": "mon", "time": "09:00", "day": "5", "count": "3", "free_days": "next",
    "role": "coordinator",
}  # fmt: skip
ROLES = ("coordinator", "reviewer")
MONTH = {
    "wave": None, "month": NOW, "earlier": "2026-10", "later": "2026-12", "today": date(2026, 11, 22),
    "unknown": (), "notices": [], "days": [],
}  # fmt: skip
CLOCK = DateRule("fed_back", after="handed_in", span=Span(months=1, days=2, working_days=3))
YEAR = ProgrammeYear(
    SimpleNamespace(key="branch-service", title=TITLE),
    2026,
    tuple(
        YearRow(
            Planned(kind, kind, at=NOW, due=NOW, details={"period": "2026Q4"}, title=TITLE if clock else {}),
            NOW.date(), {"default": "代理银行", "en": "Bank"}, clock, TITLE, state,
        )
        for kind, clock, state in (
            ("delivery", None, "open"), ("feedback", CLOCK, "planned"), ("pre_assessment", None, "fired"),
            ("settlement", None, "cancelled"),
        )
    ),
    (2027, 2028),
)  # fmt: skip


def pages(wave: Any, units: list[Any]) -> dict[str, tuple[str, dict[str, Any]]]:
    """The pages of the timetable, of this wave and with these units to choose."""
    of_wave = {**MONTH, "wave": wave, "runs": True, "values": STEPS, "errors": {}}
    form = {
        "wave": None, "entry": None, "values": ENTRY, "zone": "Asia/Shanghai", "roles": ROLES, "units": units,
        "whole": True, "times": None, "errors": {},
    }  # fmt: skip
    wrong = Detail("rule_time", "/time")
    return {
        "timetable": (
            "timetable",
            {**MONTH, "days": [(date(2026, 11, 22), ITEMS)], "notices": NOTICES, "unknown": (2027,)},
        ),
        "timetable_empty": ("timetable", MONTH),
        "timetable_wave": ("timetable", {**of_wave, "days": [(date(2026, 11, 23), ITEMS)]}),
        "timetable_wave_empty": ("timetable", of_wave),
        "timetable_wave_wrong": (
            "timetable",
            {**of_wave, "values": {**STEPS, "bulletin": "0 8 * * 2"}, "errors": {"review": wrong}},
        ),
        "timetable_wave_read": ("timetable", {**of_wave, "runs": False}),
        "timetable_entry": ("timetable_entry", form),
        "timetable_entry_preview": (
            "timetable_entry", {**form, "wave": wave, "times": [NOW, NOW + timedelta(days=7)], "units": []}
        ),
        "timetable_entry_never": ("timetable_entry", {**form, "times": []}),
        "timetable_entry_wrong": (
            "timetable_entry", {**form, "entry": entry("own"), "errors": {"time": wrong, "title": wrong}}
        ),
        "timetable_year": (
            "timetable_year", {"programmes": {"branch-service": TITLE}, "found": YEAR, "plans": True}
        ),
        "timetable_year_empty": (
            "timetable_year",
            {
                "programmes": {"branch-service": TITLE}, "plans": False,
                "found": ProgrammeYear(YEAR.programme, 2026, (), ()),
            },
        ),
        "timetable_year_nothing": ("timetable_year", {"programmes": {}, "found": None, "plans": True}),
    }  # fmt: skip
