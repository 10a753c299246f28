"""Stand-ins for what the views of the call-back desk pass to their templates."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from server.errors import Detail
from server.followup.callbacks.about_people import Attributed
from server.followup.callbacks.cases import Customer
from server.followup.callbacks.closing import Preview
from server.followup.callbacks.counting import Look, Seen
from server.followup.callbacks.patterns import KINDS, RULES, Pattern
from server.followup.callbacks.reading import Asked, CaseFile, Queue
from server.followup.callbacks.standing import STATES, Standing, Step
from server.followup.callbacks.weekly import COUNTS
from server.models.callbacks import AXES, CAUSES, OUTCOMES, REACHES, SEVERITIES, STEPS

NOW = datetime(2026, 11, 22, 6, 5, tzinfo=UTC)
WEEK = date(2026, 11, 16)
SOMEBODY = UUID(int=77)
COUNTED = {"todo": 3, "mine": 1, "later": 2, "overdue": 1}


def case(number: int = 1, **changes: Any) -> Any:
    values = {
        "id": UUID(int=number), "cause": "dissatisfied", "severity": "normal", "name": "青年路支行",
        "name_en": "Youth Road", "code": "B101", "opened_at": NOW - timedelta(hours=20), "asked": False,
        "due_at": NOW + timedelta(hours=4), "ring_at": NOW, "contact_id": UUID(int=5), "inbound_id": None,
        "closed_at": None, "outcome": None, "note": None, "locale": "zh", "tries": 0, "holder_name": None,
        "record_pk": None,
    }  # fmt: skip
    return SimpleNamespace(**{**values, **changes})


LISTED = [
    *(case(10 + place, cause=cause) for place, cause in enumerate(CAUSES)),
    *(case(20 + place, severity=severity) for place, severity in enumerate(SEVERITIES)),
    case(30, due_at=NOW - timedelta(days=3), asked=True, tries=2),
    case(31, due_at=NOW - timedelta(minutes=3), ring_at=NOW + timedelta(days=1), contact_id=None),
    case(32, holder_name="王芳"),
    *(case(40 + place, closed_at=NOW, outcome=outcome) for place, outcome in enumerate(OUTCOMES)),
]


def held(row: Any) -> bool:
    return row.holder_name is not None


UNITS = [SimpleNamespace(code="B101", name="青年路支行", name_en="Youth Road")]


def queue(view: str, rows: Any, **asked: Any) -> dict[str, Any]:
    return {
        "asked": Asked(view, **asked),
        "queue": Queue(rows, COUNTED, True),
        "now": NOW,
        "held": held,
        "units": UNITS,
    }


def step(kind: str, axis: str = "process") -> Any:
    named = axis == "person"
    return SimpleNamespace(
        step=kind, axis=axis, person_id=SOMEBODY if named else None, grave=named, reason="柜员说话不耐烦",
        person_name="李娜" if named else None, person="T01" if named else None, at=NOW, account_id=SOMEBODY,
        by="account:1", by_name="贺敏", for_other=named,
    )  # fmt: skip


STEPS_TAKEN = [*(step(kind) for kind in STEPS), *(step("proposed", axis) for axis in AXES)]
ATTEMPTS = [
    SimpleNamespace(
        number=number, reach=reach, ring_at=NOW if reach == "ring_later" else None, note="下午再打", at=NOW
    )
    for number, reach in enumerate(REACHES, 1)
]
EVENT = SimpleNamespace(
    happened_at=NOW,
    business="开户",
    waited_minutes=35,
    teller_code="T01",
    teller_name="李娜",
    channel="counter",
)


def element(kind: str, **changes: Any) -> Any:
    values: dict[str, Any] = {
        "kind": kind, "name": kind, "field": kind, "title": "原因", "description": "", "required": True,
        "required_text": "", "conditional": False, "members": (), "hidden": False, "disabled": False,
        "variant": "", "title_parts": (("原因", "", ""),), "all_field": "", "choices": (), "rows": (),
        "value": "", "other_field": "", "placeholder": "", "attributes": (), "errors": (), "own_errors": (),
        "evidence": None,
    }  # fmt: skip
    return SimpleNamespace(**{**values, **changes})


CHOICES = (
    SimpleNamespace(value="a", label="服务态度", checked=True, hidden=False, rank=""),
    SimpleNamespace(value="b", label="等待太久", checked=False, hidden=True, rank=""),
)
VIEW = SimpleNamespace(
    elements=(element("radiogroup", choices=CHOICES), element("comment"), element("boolean", choices=CHOICES))
)
RECORD = SimpleNamespace(title="回访记录", views=(VIEW,))


def of_case(state: str = "none", **changes: Any) -> dict[str, Any]:
    row = changes.pop("case", case())
    steps = changes.pop("steps", ())
    about = Step("proposed", "process", None, False, SOMEBODY, NOW)
    parties = frozenset({SOMEBODY}) if changes.pop("own", False) else frozenset()
    attempts = changes.pop("attempts", ())
    file = CaseFile(
        case=row,
        answers=None,
        words=changes.pop("words", ""),
        event=changes.pop("event", None),
        attempts=attempts,
        unseen=frozenset({1}),
        steps=steps,
        standing=Standing(state, about, NOW, parties),
        record=None,
    )
    return {
        "file": file, "mine": False, "held": False, "answers": [("您满意吗？", "不满意")], "record": [],
        "record_page": None, "view": None, "spoken": False, "script": "您好", "customer": None, "notices": (),
        "errors": {}, "units": UNITS, "people": [SimpleNamespace(code="T01", name="李娜")],
        "typed": {}, "now": NOW, **changes,
    }  # fmt: skip


MINE: dict[str, Any] = {"mine": True, "held": True}
WAITING = [
    SimpleNamespace(
        id=UUID(int=1), name="青年路支行", name_en="Youth Road", axis=axis, grave=axis == "person", at=NOW,
        reason=None, person_name="李娜" if axis == "person" else None, person="T01",
    )
    for axis in AXES
]  # fmt: skip


def about_people() -> list[Attributed]:
    said, dispute = step("proposed", "person"), step("disputed", "person")
    ruled = [
        Attributed(case(), WEEK, said, Standing(state), 0, 0, None, dispute, step(ruling, "person"))
        for state, ruling in (("confirmed", "dismissed"), ("overturned", "upheld"))
    ]
    return [
        Attributed(case(), WEEK, said, Standing("confirmed"), 1, 12, NOW),
        Attributed(case(), WEEK, said, Standing("confirmed"), 1, 12, None),
        Attributed(case(), WEEK, said, Standing("disputed"), 1, 12, None, dispute),
        *ruled,
    ]


def people_page(rows: list[Attributed], **changes: Any) -> dict[str, Any]:
    return {
        "rows": rows, "notices": (), "errors": {}, "disputed": None, "typed": {}, "now": NOW, **changes
    }  # fmt: skip


def bulletin(**changes: Any) -> Any:
    unit = {"code": "B101", "name": "青年路支行", "name_en": "Youth Road"}
    content: dict[str, Any] = {
        "unit": unit, "few": False, "counts": dict.fromkeys(COUNTS, 7), "rate": "85.7",
        "axes": dict.fromkeys(AXES, 1), "reasons": [{"default": "等得太久", "en": "Waited", "count": 2}],
        "quotes": ["等了四十分钟"],
        "league": [{**unit, "n": 20, "rate": "95.0"}, {**unit, "n": None, "rate": None}],
    }  # fmt: skip
    row = {
        "week": WEEK, "code": "B101", "number": 1, "newest": 1, "reason": None, "made_at": NOW,
        "content_hash": "ab" * 32,
    }  # fmt: skip
    return SimpleNamespace(content=content | changes.pop("content", {}), **{**row, **changes})


FEW = {
    "few": True, "rate": None, "axes": {}, "reasons": [], "quotes": [], "league": [],
    "counts": dict.fromkeys(COUNTS, 1) | {"opened": None, "dissatisfied": None},
}  # fmt: skip


def of_week(row: Any) -> dict[str, Any]:
    return {"row": row, "weeks": (WEEK,), "notices": ()}


def look() -> Look:
    seen = [
        Seen(case(), "T01" if kind == "burst" else None, "李娜" if kind == "burst" else None, found)
        for kind in KINDS
        for found in [Pattern(kind, 6, 40, NOW, Fraction(1, 3), 6)]
    ]
    return Look(seen, 1234, NOW, cut=True)


WAVE = SimpleNamespace(id=UUID(int=9), title="十一月满意度", title_en="November")
SENT = SimpleNamespace(
    title="十月满意度", title_en="October", axis="process", texts={"zh": "已增加窗口", "en": "More counters"},
    recipients=120,
)  # fmt: skip
PREVIEW = Preview({"zh": "【江城】已增加窗口", "en": "More counters"}, {"zh": 100}, {"zh": 1, "en": 2}, 100)


def closing(**changes: Any) -> dict[str, Any]:
    return {
        "waves": [WAVE], "sent": [SENT], "preview": None, "counted": "", "notices": (), "errors": {},
        "typed": {}, **changes,
    }  # fmt: skip


CALLBACK_PAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "callbacks": ("callbacks", queue("todo", LISTED, severity="high")),
    "callbacks_page": ("callbacks", queue("closed", LISTED, page=2)),
    "callbacks_empty": (
        "callbacks",
        {**queue("todo", []), "queue": Queue([], {**COUNTED, "overdue": 0}, False)},
    ),
    "callbacks_none_closed": ("callbacks", queue("closed", [])),
    "callback": ("callback", of_case(words="请回电", event=EVENT, case=case(locale="en", severity="high"))),
    "callback_held": ("callback", of_case(held=True, case=case(holder_name="王芳"))),
    "callback_mine": ("callback", of_case(**MINE, notices=(Detail("reach_missing"),))),
    "callback_number": ("callback", of_case(**MINE, customer=Customer("+8613800001000", "陈先生"))),
    "callback_spoken": (
        "callback",
        of_case(
            "proposed",
            **MINE,
            spoken=True,
            attempts=ATTEMPTS,
            steps=STEPS_TAKEN,
            record_page=RECORD,
            view=VIEW,
        ),
    ),
    "callback_no_number": ("callback", of_case(**MINE, case=case(contact_id=None), answers=[])),
    "callback_own_proposal": ("callback", of_case("proposed", own=True)),
    "callback_own_dispute": ("callback", of_case("disputed", own=True)),
    **{f"callback_{state}": ("callback", of_case(state)) for state in STATES},
    "callback_closed": (
        "callback",
        of_case(
            "confirmed",
            case=case(closed_at=NOW, outcome="passed_on", note="已转交"),
            record=[("联系上客户了吗？", "联系上了")],
        ),
    ),
    "callback_waiting": (
        "callback_waiting",
        {"confirm": WAITING, "decide": WAITING, "own": SOMEBODY, "now": NOW},
    ),
    "callback_waiting_none": ("callback_waiting", {"confirm": [], "decide": [], "own": SOMEBODY, "now": NOW}),
    "callback_people": (
        "callback_people",
        people_page(about_people(), notices=(Detail("attribution_moved", "/step"),)),
    ),
    "callback_people_none": ("callback_people", people_page([])),
    "callback_bulletin": ("callback_bulletin", of_week(bulletin())),
    "callback_bulletin_few": (
        "callback_bulletin",
        of_week(bulletin(content=FEW, number=2, newest=2, reason="漏了一家")),
    ),
    "callback_bulletin_old": ("callback_bulletin", of_week(bulletin(number=1, newest=2))),
    "callback_bulletin_none": ("callback_bulletin", of_week(None)),
    "callback_patterns": ("callback_patterns", {"look": look(), "rules": RULES}),
    "callback_patterns_none": ("callback_patterns", {"look": Look([], 0, NOW, cut=False), "rules": RULES}),
    "callback_closing": ("callback_closing", closing(notices=(Detail("closing_nobody"),))),
    "callback_closing_preview": ("callback_closing", closing(preview=PREVIEW, counted="100/100")),
    "callback_closing_none": ("callback_closing", closing(waves=[], sent=[])),
}
