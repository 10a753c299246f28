"""Stand-ins for what the views of duties pass to their templates."""

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from server.errors import Detail
from server.fieldwork.duties.keeping import Startable
from server.fieldwork.duties.reading import LedgerPage, LedgerRow
from server.scoring.duties.standing import STATES, Completion, Week
from server.scoring.programmes.compiling import compile_programme
from server.web.console.duties import Shown

NOW = datetime(2026, 11, 22, 6, 5, tzinfo=UTC)
MONTH = date(2026, 11, 1)
PROGRAMME = compile_programme(
    {
        "title": {"default": "厅店台账", "en": "Duties of halls"},
        "parameters": [{"name": "rounds", "title": "巡视次数", "type": "whole", "default": "2"}],
        "subjects": [{"name": "hall"}],
        "instruments": [{"name": "check", "kind": "self_check"}],
        "duties": [
            {
                "name": "drill",
                "title": {"default": "晨会演练", "en": "Drill"},
                "help": {"default": "每天一次。", "en": "Every day."},
                "of": "hall",
                "every": "day",
                "proof": ["note", "file", "signed"],
                "fields": [
                    {
                        "name": "cost",
                        "title": {"default": "费用", "en": "Cost"},
                        "type": "money",
                        "unit": "元",
                    },
                    {"name": "seen", "type": "flag"},
                    {"name": "day", "type": "date", "required": True},
                ],
            },
            {"name": "round", "of": "hall", "every": "week", "times": "{rounds}", "counted": True},
            {"name": "checked", "of": "hall", "every": "day", "proof": "form", "instrument": "check"},
        ],
    }
)
DRILL, ROUND, CHECKED = PROGRAMME.duties.values()


def file(state: str) -> Any:
    return SimpleNamespace(media_type="video/mp4", id=UUID(int=7), state=state)


def occurrence(number: int, duty: Any, state: str, **changes: Any) -> Shown:
    done = state.startswith("done")
    values = {
        "id": UUID(int=number), "duty": duty.name, "subject": "H11", "subject_name": "解放路厅",
        "about_name": None, "person_name": None, "due_on": date(2026, 11, 22), "times": 1, "noted": int(done),
        "done_at": NOW if done else None, "note": None, "signed_by": None, "fields": {}, "excuse": None,
        "excused_by": None, "correction": None, "submission_id": None,
    }  # fmt: skip
    return Shown(SimpleNamespace(**{**values, **changes}), duty, state)


SHOWN = [
    *(occurrence(number, ROUND, state) for number, state in enumerate(STATES, start=1)),
    Shown(
        occurrence(20, DRILL, "done", note="讲评过", fields={"cost": "12"}, about_name="车站厅").row,
        DRILL,
        "done",
        (file("verified"), file("expected"), file("refused")),
    ),
    occurrence(21, DRILL, "done_late", signed_by="陈经理", person_name="李娜", correction="有录像"),
    occurrence(22, ROUND, "excused", excuse="停电", excused_by="account:1"),
    occurrence(23, ROUND, "excused", excuse="withdrawn", excused_by="system"),
    occurrence(24, ROUND, "open", times=2, noted=1),
]
SOME = Completion(7, 1, 2, 1, 0)
CELLS = {"drill": SOME, "round": Completion(0, 0, 0, 0, 3)}
EXCUSED = LedgerRow("H12", "车站厅", {"drill": Completion(0, 0, 0, 2, 0)}, Completion(0, 0, 0, 2, 0))
LEDGER = LedgerPage(("drill", "round"), (LedgerRow("H11", "解放路厅", CELLS, SOME), EXCUSED), "H12")
DAYS = LedgerPage(
    ("2026-11-20", "2026-11-21"), (LedgerRow("H11", "解放路厅", {"2026-11-20": SOME}, SOME),), ""
)
STARTABLE = [Startable("halls", PROGRAMME.title, 3, tuple(PROGRAMME.parameters.values()))]
UNIT = SimpleNamespace(name="解放路厅", name_en="Liberation Road Hall", code="H11")


def kept(stopped: bool = False) -> Any:
    ledger = SimpleNamespace(stopped_at=NOW if stopped else None)
    return SimpleNamespace(key="halls", programme=PROGRAMME, ledger=ledger)


def of_month(chosen: Any, shown: LedgerPage | None, duty: str = "", startable: Any = ()) -> dict[str, Any]:
    return {
        "kept": (chosen,) if chosen else (), "chosen": chosen, "month": MONTH, "earlier": date(2026, 10, 1),
        "later": date(2026, 12, 1), "duty": duty, "shown": shown, "total": SOME if chosen else None,
        "startable": startable, "today": MONTH,
    }  # fmt: skip


def of_subject(rows: list[Shown]) -> dict[str, Any]:
    return {
        "chosen": kept(), "month": MONTH, "earlier": MONTH, "later": MONTH, "subject": "H11",
        "name": "解放路厅", "rows": rows,
    }  # fmt: skip


def mine(rows: list[Shown], **changes: Any) -> dict[str, Any]:
    return {
        "open": [each for each in rows if each.state == "open"],
        "upcoming": [each for each in rows if each.state == "upcoming"],
        "done": [each for each in rows if each.state.startswith("done")],
        "events": [], "today": MONTH, "notices": (), "about": None, "typed": {}, **changes,
    }  # fmt: skip


OPEN = [occurrence(31, DRILL, "open"), occurrence(32, CHECKED, "open"), *SHOWN]
SEVEN = [occurrence(40 + number, ROUND, "missed") for number in range(7)]
WEEK = {"week": Week.of(MONTH), "now": NOW}
DUTY_PAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "duties": ("duties", of_month(kept(), LEDGER, startable=STARTABLE)),
    "duties_of_days": ("duties", of_month(kept(), DAYS, "drill")),
    "duties_stopped": ("duties", of_month(kept(stopped=True), LedgerPage((), (), ""))),
    "duties_none": ("duties", of_month(None, None)),
    "duties_first": ("duties", of_month(None, None, startable=STARTABLE)),
    "duties_subject": ("duties_subject", of_subject(SHOWN)),
    "duties_subject_empty": ("duties_subject", of_subject([])),
    "duties_week": (
        "duties_week",
        {**WEEK, "units": [(UNIT, [(DRILL, OPEN[:1]), (ROUND, SEVEN)], [(ROUND, SEVEN)])], "after": "H11/"},
    ),
    "duties_week_empty": ("duties_week", {**WEEK, "units": [], "after": ""}),
    "duties_mine": (
        "duties_mine",
        mine(OPEN, events=[("halls", DRILL)], about=UUID(int=31), notices=(Detail("duty_note_missing"),)),
    ),
    "duties_mine_empty": ("duties_mine", mine([])),
}
