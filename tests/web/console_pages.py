"""Stand-ins for what the console's views pass to their templates: every page in every state worth seeing."""

from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from server.accounts.identity import Identity
from server.errors import Detail, Refusal
from server.fieldwork.contacts.rolling.reading import RollingPanel
from server.fieldwork.importing import Change, ImportReport
from server.fieldwork.outreach.letters import Waiting
from server.fieldwork.outreach.pricing import Outlay
from server.fieldwork.waves.approvals import Approvals
from server.fieldwork.waves.audience import Audience, Reached
from server.fieldwork.waves.instruments import Instrument
from server.fieldwork.waves.previews import Preview
from server.fieldwork.waves.shown_draws import ShownDraw
from server.notify.gateways.inbox import STATES, Play, ReceivedSms
from server.notify.segments import measure
from server.reports.progress import Progress
from server.reports.results import UnitResult, WaveResult
from server.reports.sheets import FindingPage, SubmissionPage, shares_of_score
from server.sampling.draws import draw
from server.sampling.estimates import Interval
from server.sampling.frame import FrameMember
from server.sampling.plans import DrawPlan
from server.sampling.verification import Difference
from server.scope import Scope
from server.tables import TableProblem
from server.web.console.importing import text_finder
from server.web.console.pictures import Picture
from tests.web import (
    console_finding_pages,
    console_order_pages,
    console_planning_pages,
    console_publication_pages,
    console_review_pages,
    console_timetable_pages,
    console_today_pages,
)
from tests.web.console_callback_pages import CALLBACK_PAGES
from tests.web.console_contact_pages import CONTACT_PAGES
from tests.web.console_doubt_pages import DOUBT_PAGES
from tests.web.console_duty_pages import DUTY_PAGES
from tests.web.console_form_pages import FORM_PAGES
from tests.web.console_history_pages import HISTORY_PAGES
from tests.web.console_ledger_pages import LEDGER_PAGES
from tests.web.console_outreach_pages import OUTREACH_PAGES
from tests.web.console_pay_pages import PAY_PAGES, returned, send_back
from tests.web.console_people_pages import PEOPLE_PAGES
from tests.web.console_planning_pages import APPROVED, ROLLING
from tests.web.console_unit_pages import UNIT_PAGES

NOW = datetime(2026, 11, 22, 6, 5, tzinfo=UTC)
ID = UUID("0193b0c0-0000-7000-8000-000000000001")
KEY = bytes(range(32))


def wave(state: str = "launched", instrument: str = "survey", **changes: Any) -> SimpleNamespace:
    return SimpleNamespace(
        **{
            "id": ID,
            "code": "2026Q4-SMS",
            "title": "第四季度满意度",
            "title_en": "Satisfaction, fourth quarter",
            "programme": "branch-service",
            "programme_title": {"default": "网点服务品质考核", "en": "Branch service quality"},
            "unit_name": None,
            "unit_name_en": None,
            "instrument": instrument,
            "instrument_name": instrument,
            "kind": instrument,
            "state": state,
            "cancelled_at": None,
            "drawing_since": NOW,
            "cancel_reason": None,
            "opens_at": datetime(2026, 11, 21, 16, tzinfo=UTC),
            "closes_at": datetime(2026, 12, 6, 16, tzinfo=UTC),
            "settings": {
                "sampling": {"ratio": "0.3", "minimum": 5},
                "organisation": {"zh": "示范银行", "en": "Model Bank"},
                "message": {"zh": "请评价{unit}：{link}", "en": "Please rate {unit}: {link}"},
            },
            **changes,
        }
    )


def member(number: int, stratum: str) -> FrameMember:
    return FrameMember(f"K{number:03}", stratum, "opted_out" if number % 9 == 0 else None)


PLAN = DrawPlan("stratified", Decimal("0.3"), minimum=5)
RESULT = draw([member(n, f"B01-0{n % 3}") for n in range(60)], PLAN, KEY)
RECORD = RESULT.summary()
DRAWN = ShownDraw(RECORD, RECORD["exclusions"], NOW)
PLANNED = ShownDraw(RECORD, RECORD["exclusions"], None)
PART = ShownDraw({**RECORD, "strata": RECORD["strata"][:1]}, None, NOW)
AHEAD = ShownDraw(None, None, None, Preview(None, wanted=True))
TOO_SMALL = Detail("plan_minima_exceed_size", "/minimum", {"needed": 9, "size": 5})
MISFIT = ShownDraw(None, None, None, Preview(None, (TOO_SMALL,)))
PROGRESS = Progress(
    asked=200, sent=198, delivered=190, failed=2, expired=3, started=90, completed=77, declined=4,
    response_rate=0.385, interval=Interval(0.32, 0.454),
)  # fmt: skip
NOBODY = Progress(0, 0, 0, 0, 0, 0, 0, 0, None, None)
NOTHING = WaveResult(0, 0, None, None, (), 0, 5)


def unit_result(
    code: str, name: str, n: int, mean: str | None, interval: Interval | None, rank: int | None
) -> UnitResult:
    shown = None if mean is None else Decimal(mean)
    return UnitResult(
        code, name, f"{code} Gate", "城南", "South Town", n, shown, interval, rank, bool(n) and mean is None
    )


UNITS = (
    unit_result("A", "南门", 8, "92.50", Interval(88.1, 96.9), 1),
    unit_result("B", "北门", 6, "71.00", Interval(62.0, 80.0), 2),
    unit_result("C", "东门", 1, "80.00", None, None),
    unit_result("D", "西门", 2, None, None, None),
    unit_result("E", "中门", 0, None, None, None),
)
FINDING = SimpleNamespace(
    item="LOB-08",
    code="LOB-08",
    points=Decimal("1.5"),
    key_item=True,
    fixed=True,
    state="pending",
    name="南门",
    name_en="South Gate",
)
FINDINGS = FindingPage([FINDING], 51, ID)
ROW = SimpleNamespace(
    id=ID, received_at=NOW, timezone="Asia/Shanghai", code="A", name="南门", name_en=None,
    door="page", published=Decimal("87.50"), grade="good", raw="175/2",
)  # fmt: skip
ALONE = SimpleNamespace(**{**vars(ROW), "name": None, "timezone": None, "published": None, "grade": None})
UNIT = SimpleNamespace(
    code="B01", name="城南支行", name_en="Chengnan", level="sub_branch", path="H/B01/", address=None,
    contacts=0, closed_at=None,
)  # fmt: skip


def line(item: str, rule: str, **changes: Any) -> dict[str, Any]:
    return {
        "item": item, "code": "", "section": "hall", "answer": ["5"], "earned": "1", "possible": "1",
        "lost": "0", "weight": "1", "rule": rule, "applicable": True, "bonus": False, "critical": None,
        "key": False, "kind": "", "listedAsHardware": False, **changes,
    }  # fmt: skip


SHEET = {
    "method": "points", "scale": "100", "earned": "1592/19", "possible": "100", "bonus": "0", "raw": "87.5",
    "published": "87.50", "grade": "good", "counted": 3, "critical": ["item"], "rules": {},
    "sections": [
        {"section": "hall", "earned": "1", "possible": "2", "partEarned": "50", "partPossible": "100",
         "critical": True}
    ],
    "lines": [
        line("courtesy", "choice"),
        line("aspects.clean", "critical_item", lost="1/3", earned="0", critical="item", key=True, code="L8"),
        line("queue", "hidden", applicable=False, answer=[]),
        line("extra", "sum", bonus=True, section=""),
    ],
}  # fmt: skip
SUBMISSION = SimpleNamespace(**vars(ROW), sheet=SHEET, answers={})
ANSWERS = {"courtesy": ("礼貌", "很满意"), "aspects": ("环境", ""), "remark": ("其他意见", "<b>很好</b>")}
PHOTOS = [
    {
        "about": "courtesy",
        "after": False,
        "state": "verified",
        "problem": None,
        "picture": Picture("/s.jpg", "/l.jpg"),
    },
    {
        "about": "courtesy",
        "after": False,
        "state": "verified",
        "problem": None,
        "picture": Picture(video="/v.mp4", lasting="2:05"),
    },
    {"about": "LOB-01", "after": True, "state": "expected", "problem": None, "picture": None},
    {
        "about": "LOB-01",
        "after": False,
        "state": "refused",
        "problem": "not_an_image",
        "picture": None,
    },
]
PROBLEMS = (
    TableProblem(3, "phone", "import_phone", {"value": "…12"}),
    TableProblem(None, None, "header_missing", {"names": "phone"}),
    TableProblem(4, "备注", "cell_too_long", {"limit": 9}),
)
VALUES = {
    "opens_on": "2026-11-22", "closes_on": "2026-12-06", "ratio": "30", "minimum": "5",
    "message_zh": "{link}", "message_en": "{link}",
}  # fmt: skip
SURVEY = Instrument(
    ID, "branch-service", {"default": "服务考核"}, "satisfaction", "survey", {"default": "满意度"}, "hall", 1
)
SMS = [
    ReceivedSms("p1", "r1", "+8613800138000", "【示范银行】请评价：https://a.example/r/x，谢谢", NOW),
    ReceivedSms("p2", "r2", "+8613800138001", "没有链接", NOW),
    ReceivedSms("p3", "r3", "+8613800138002", "httpx 不是链接", NOW),
    ReceivedSms("p4", "r4", "+8613800138002", "每周简报", NOW, "email", "undelivered", "MK:0001"),
    ReceivedSms("p5", "", "+8613800138002", "退订", NOW, is_reply=True),
]


def of_inbox(messages: list[ReceivedSms], **changes: Any) -> dict[str, Any]:
    shown = {"messages": messages, "recipient": "", "playing": Play(), "replied": False, "kept": ""}
    return {**shown, "states": tuple(STATES), "codes": ("UNDELIV",), **changes}


def errors(*details: Detail) -> dict[str, Detail]:
    return {each.pointer.removeprefix("/"): each for each in details}


WAVE_ERRORS = errors(
    Detail("code_taken", "/code", {"code": "2026Q4"}),
    Detail("closes_before_opens", "/closes_at"),
    Detail("message_unknown_variable", "/message_zh", {"name": "shop"}),
)


SAMPLES = {"zh": ("【示范银行】请评价", measure("【示范银行】请评价"))}


OUTLAY = Outlay(1200, 1500, 2, Decimal(75), Decimal(120), Decimal(360), ("某某支行",), links_too_long=True)


def of_wave(state: str, **changes: Any) -> dict[str, Any]:
    return {
        "wave": wave(state), "draw": DRAWN, "differences": None, "progress": PROGRESS, "secret": False,
        "runs": True,
        "names": {"B01-00": ("南门分理处", "South Gate")}, "samples": SAMPLES, "over": False,
        "notices": (), "reason": "", "approvals": Approvals(0, "f" * 64, ()), "periods": [],
        "assigned": False, "visits": None, "rolling": None, "drawing_now": False, "now": NOW,
        "cap": Decimal(100), "outlay": OUTLAY,
        "check_words": {"zh": "青松", "en": "cedar"}, "audience": Audience(), "to_ask": None,
        **changes,
    }  # fmt: skip


def report(*problems: TableProblem, created: int = 0) -> dict[str, Any]:
    headers = {"phone": "联系手机"}
    made = ImportReport(created, 0, 0, "gb18030", ("备注", "生日"), problems, headers)
    return {
        "kind": "contacts", "filename": "客户.csv", "report": made, "shown": problems[:2], "changes": (),
        "back": "/console/contacts", "apply": "", "overtaken": False, **text_finder("contacts", headers),
    }  # fmt: skip


NOTHING_NEW = ImportReport(0, 0, 3, "utf-8", (), (), dry_run=True)
CHANGES = (
    Change(2, "B01", "moved", (("parent_code", "D1", None), ("level", "outlet", "sub_branch")), below=3),
    Change(3, "B02", "created", (("name", None, "新<店>"),)),
    Change(4, "B03", "closed", (("closed_on", None, "2026-11-01"),)),
    Change(5, "B04", "reopened", (("closed_on", "2026-11-01", None),)),
    Change(6, "B05", "changed", (("no such column", "1", "2"),)),
)


def shown(*problems: TableProblem) -> dict[str, Any]:
    """A dry run that may be applied."""
    kinds = {each.kind: 1 for each in CHANGES}
    made = ImportReport(1, 4, 7, "utf-8", (), problems, changes=CHANGES, kinds=kinds, dry_run=True)
    return {
        **report(*problems), "report": made, "changes": CHANGES[:4], "apply": "/apply",
        **text_finder("organisation", {}),
    }  # fmt: skip


def of_results(result: WaveResult, instrument: str = "survey", **changes: Any) -> dict[str, Any]:
    shown = wave(instrument=instrument)
    return {
        "wave": shown, "progress": PROGRESS, "result": result, "findings": FindingPage([], 0, None),
        "shape": "abc", "titles": {"LOB-08": "柜台前秩序"}, "now": NOW, **changes,
    }  # fmt: skip


def of_submission(submission: SimpleNamespace, photos: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    titles = {"hall": {"default": "营业厅", "en": "Hall"}}
    return {
        "wave": wave(), "submission": submission, "answers": ANSWERS,
        "remarks": {"courtesy": [("note", "没有起身"), ("nophoto", "人多")]},
        "sections": titles, "photos": photos,
        "shares": shares_of_score(submission.sheet) if submission.sheet else (),
        **send_back(), **more,
    }  # fmt: skip


NOBODY_THERE = draw([], PLAN, KEY).to_json()
UNCONFIRMED = [Difference("/strata/0/selected/1", "K1", None), Difference("/plan/cap", None, 3)]
WHOLE = WaveResult(15, 2, Decimal("83.00"), Interval(77.7, 88.3), UNITS, 2, 5)
OWN = WaveResult(2, 0, None, None, UNITS[3:4], 0, 5)
PART_OF_WHOLE = WaveResult(90, 2, Decimal("83.00"), Interval(77.7, 88.3), UNITS[1:2], 23, 5)
FIRM_WAVE = wave(
    "launched", kind="firm", settings={"message": {}, "sampling": {"ratio": "0.3", "minimum": 5}}
)
CANCELLED = wave("cancelled", cancelled_at=NOW, cancel_reason="名单有误")

LISTS = {"channels": ("sms", "email", "letter"), "titles": ["大堂经理", "柜员"]}
ASKS_COLLEAGUES = of_wave(
    "planned", progress=NOBODY, draw=None, audience=Audience("people", ("大堂经理",)), to_ask=Reached(24, 3)
)
BY_POSTER = wave("launched", settings={"message": {}, "audience": {"kind": "counter", "titles": []}})
POSTERS = [
    SimpleNamespace(
        id=ID,
        code="B01",
        name="南门<分理处>",
        name_en=None,
        created_at=NOW,
        begun=30,
        completed=24,
        last_at=NOW,
    ),
    SimpleNamespace(
        id=ID, code="B02", name="北门", name_en="North", created_at=NOW, begun=0, completed=0, last_at=None
    ),
]

PAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "sign_in": ("sign_in", {"login": "", "error": None, "next": "/console"}),
    "sign_in_failed": ("sign_in", {"login": "a", "error": Refusal("sign_in_failed"), "next": "/console"}),
    "home": (
        "home",
        {
            "rows": [
                (wave(), PROGRESS), (wave("planned", "visit", title_en=None), NOBODY),
                (FIRM_WAVE, NOBODY), (CANCELLED, NOBODY),
            ]
        },
    ),
    "home_empty": ("home", {"rows": []}),
    "home_secret": ("home", {"rows": [(wave("launched", "visit"), None)]}),
    **UNIT_PAGES,
    **OUTREACH_PAGES,
    **PEOPLE_PAGES,
    **HISTORY_PAGES,
    **CONTACT_PAGES,
    "import_good": ("import_result", report(created=3)),
    "import_some": ("import_result", report(*PROBLEMS, created=3)),
    "import_none": ("import_result", report(*PROBLEMS)),
    "import_shown": ("import_result", shown(*PROBLEMS)),
    "import_overtaken": ("import_result", {**shown(), "overtaken": True}),
    "import_nothing_new": ("import_result", {**report(), "report": NOTHING_NEW}),
    "wave_new": (
        "wave_new",
        {
            "values": VALUES, "errors": {}, "instruments": [SURVEY], "units": [UNIT],
            "organisation": "银行", "wave": None, **LISTS,
        },
    ),
    "wave_edit": (
        "wave_new",
        {
            "values": {**VALUES, "code": "W1"}, "errors": WAVE_ERRORS, "instruments": [SURVEY],
            "units": [UNIT], "organisation": "银行", "wave": wave("planned"), **LISTS,
        },
    ),
    "wave_edit_firm": (
        "wave_new",
        {
            "values": VALUES, "errors": {}, "instruments": [], "units": [], "organisation": "银行",
            "wave": FIRM_WAVE, **LISTS,
        },
    ),
    "wave_new_wrong": (
        "wave_new",
        {
            "values": VALUES, "errors": WAVE_ERRORS, "instruments": [SURVEY], "units": [],
            "organisation": "", "wave": None, **LISTS,
        },
    ),
    "wave_new_impossible": (
        "wave_new",
        {
            "values": VALUES, "errors": {}, "instruments": [], "units": [], "organisation": "",
            "wave": None, **LISTS,
        },
    ),
    "wave_colleagues": ("wave", ASKS_COLLEAGUES),
    "wave_posters": (
        "wave", of_wave("launched", wave=BY_POSTER, draw=None, samples={}, audience=Audience("counter"))
    ),
    "wave_posters_planned": (
        "wave",
        of_wave("planned", progress=NOBODY, draw=None, samples={}, audience=Audience("counter")),
    ),
    "posters": ("posters", {"wave": BY_POSTER, "counters": POSTERS, "replaced": True}),
    "posters_none": ("posters", {"wave": BY_POSTER, "counters": [], "replaced": False}),
    "letters": (
        "letters",
        {
            "wave": wave("launched", settings={"message": {}, "channels": ["sms", "letter"]}),
            "waiting": Waiting(412, 7),
            "runs": [
                SimpleNamespace(id=ID, printed_at=NOW, letters=500),
                SimpleNamespace(id=ID, printed_at=NOW, letters=0),
            ],
            "most": 500,
            "refused": None,
        },
    ),
    "letters_none": (
        "letters",
        {
            "wave": wave("closed", settings={"message": {}, "channels": ["letter"]}),
            "waiting": Waiting(0, 0), "runs": [], "most": 500, "refused": Refusal("no_letters"),
        },
    ),
    "wave_planned": ("wave", of_wave("planned", progress=NOBODY, draw=PLANNED)),
    "wave_waiting": ("wave", of_wave("planned", progress=NOBODY, draw=AHEAD)),
    "wave_being_drawn": (
        "wave",
        of_wave("planned", progress=NOBODY, draw=AHEAD, drawing_now=True),
    ),
    "wave_misfit": ("wave", of_wave("planned", progress=NOBODY, draw=MISFIT)),
    "wave_nobody": ("wave", of_wave("planned", progress=NOBODY, draw=ShownDraw(NOBODY_THERE, {}, None))),
    "wave_part": ("wave", of_wave("launched", draw=PART, runs=False)),
    "wave_over": ("wave", of_wave("drawn", progress=NOBODY, over=True)),
    "wave_cancelled": ("wave", of_wave("cancelled", wave=CANCELLED, progress=NOBODY, draw=None)),
    "wave_refused": (
        "wave",
        of_wave("drawn", progress=NOBODY, notices=(Detail("confirmation_needed", "/confirmed"),)),
    ),
    "wave_firm": ("wave", of_wave("launched", wave=FIRM_WAVE, draw=None, samples={})),
    "wave_drawn": ("wave", of_wave("drawn", progress=NOBODY)),
    "wave_verified": ("wave", of_wave("launched", differences=[])),
    "wave_unconfirmed": ("wave", of_wave("closed", differences=UNCONFIRMED)),
    "wave_undrawn": ("wave", of_wave("closed", draw=None)),
    "wave_visits": (
        "wave",
        of_wave("launched", wave=wave(instrument="visit", settings={}), draw=None, samples={}),
    ),
    "wave_approvals": (
        "wave",
        of_wave(
            "drawn", progress=NOBODY, approvals=APPROVED, periods=[{"zh": "2026年第四季度", "en": "Q4 2026"}]
        ),
    ),
    "wave_paused": ("wave", of_wave("paused")),
    "wave_secret": ("wave", of_wave("launched", secret=True)),
    "wave_rolling": ("wave", of_wave("planned", progress=NOBODY, draw=None, rolling=ROLLING)),
    "wave_rolling_empty": (
        "wave",
        of_wave("launched", draw=None, rolling=RollingPanel(ROLLING.rules, (), {})),
    ),
    "wave_choose_outlets": (
        "wave", of_wave("planned", wave=wave("planned", "visit"), draw=None, samples={}, assigned=True)
    ),
    "wave_launch_visits": (
        "wave",
        of_wave(
            "drawn", wave=wave("drawn", "visit"), draw=None, samples={}, assigned=True,
            visits=SimpleNamespace(
                drawn_at=NOW, record={"visits": 24}, frame_fingerprint="a" * 64, result_fingerprint="b" * 64,
                method="coverage-prn-hmac-sha256-1",
            ),
        ),
    ),
    **console_planning_pages.pages(wave("planned"), wave("planned", "visit")),
    "results": ("results", of_results(WHOLE)),
    "results_own": ("results", of_results(OWN)),
    "results_part": ("results", of_results(PART_OF_WHOLE)),
    "results_firm": ("results", of_results(WHOLE, wave=FIRM_WAVE)),
    "results_firm_empty": ("results", of_results(NOTHING, wave=FIRM_WAVE)),
    "results_cancelled": ("results", of_results(NOTHING, wave=CANCELLED, progress=NOBODY)),
    "results_empty": ("results", of_results(NOTHING, progress=NOBODY)),
    "results_ahead": (
        "results",
        of_results(NOTHING, progress=NOBODY, now=NOW.replace(year=2025)),
    ),
    "results_visits": ("results", of_results(WHOLE, "visit", findings=FINDINGS)),
    "findings": ("findings", {"wave": wave(instrument="visit"), "findings": FINDINGS, "titles": {}}),
    "results_visits_empty": ("results", of_results(NOTHING, "visit")),
    "submissions": ("submissions", {"wave": wave(), "shown": SubmissionPage([ROW, ALONE], True, True)}),
    "submissions_empty": ("submissions", {"wave": wave(), "shown": SubmissionPage([], False, False)}),
    "submissions_gone": ("submissions", {"wave": wave(), "shown": SubmissionPage([], True, False)}),
    "submission": ("submission", of_submission(SUBMISSION, PHOTOS)),
    "submission_unscored": (
        "submission",
        of_submission(SimpleNamespace(**vars(ALONE), sheet=None), [], returns=None),
    ),
    "submission_returned": (
        "submission",
        of_submission(
            SUBMISSION, PHOTOS, **send_back(returned(1, "answered", revision=2), returned(2, "open"))
        ),
    ),
    "submission_answered": (
        "submission",
        of_submission(
            SUBMISSION,
            [],
            **send_back(
                returned(1, "answered_late", text=""),
                notices=(Detail("return_due_past", "/due_on"),),
                values={"question-0": "courtesy", "ask-0": "<i>?</i>"},
            ),
        ),
    ),
    "inbox": ("inbox", of_inbox(SMS)),
    "inbox_played": (
        "inbox",
        of_inbox(
            SMS[3:],
            playing=Play("undelivered", "MK:0001"),
            recipient=SMS[3].recipient,
            replied=True,
            kept="delivered",
        ),
    ),
    "inbox_none_found": ("inbox", of_inbox([], recipient="+8613800138000")),
    **DUTY_PAGES,
    **DOUBT_PAGES,
    **console_review_pages.pages(wave()),
    **console_publication_pages.pages(wave("closed")),
    **CALLBACK_PAGES,
    **PAY_PAGES,
    **LEDGER_PAGES,
    **console_order_pages.pages(),
    **console_finding_pages.pages(),
    **FORM_PAGES,
    **console_today_pages.pages(wave()),
    **console_timetable_pages.pages(wave(), []),
    "error": ("error", {"refusal": Refusal("not_found")}),
    "error_details": (
        "error",
        {"refusal": Refusal("invalid_fields", details=[Detail("field_date", row=3)])},
    ),
    "error_signed_out": ("error", {"refusal": Refusal("not_signed_in")}),
    "error_broken": ("error", {"refusal": Refusal("internal")}),
}  # fmt: skip
WITHOUT_IDENTITY = {
    *("sign_in", "sign_in_failed", "set_up", "set_up_done", "set_up_over"),
    *("error", "error_signed_out", "error_broken"),
}


def somebody(*permissions: str) -> Identity:
    return Identity(
        "account:1", "王芳", frozenset(permissions), Scope(None, None), roles=("coordinator", "owner")
    )
