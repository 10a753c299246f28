"""Stand-ins for what the views of people pass to their templates."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from server.accounts.authority import GIVEN_ROLES
from server.accounts.identity import Holding
from server.errors import Detail, Refusal
from server.fieldwork.outreach import alerts
from server.fieldwork.outreach.wishes import CHANNELS
from server.fieldwork.people.columns import KINDS, WHOLE
from server.fieldwork.people.leaving import OpenWork
from server.fieldwork.people.managing import Managed
from server.fieldwork.people.reading import Around, Filters, Listed
from server.fieldwork.people.set_up import OpenLink
from server.fieldwork.people.signed_in import Phone
from server.web.console.people import IMPORT_COLUMNS, STATES

NOW = datetime(2026, 11, 22, 6, 5, tzinfo=UTC)
DAY = timedelta(days=1)
ID = UUID("0193b0c0-0000-7000-8000-000000000001")
OTHER = UUID("0193b0c0-0000-7000-8000-000000000002")
PLACE = {"code": "B01", "name": "城南支行", "name_en": "Chengnan"}


def row(**values: Any) -> Any:
    return SimpleNamespace(**values)


def person(**changes: Any) -> Any:
    return row(
        **{
            "id": ID, "code": "M1", "name": "王芳 <1>", "kind": "staff", "title": "行长", "unit_code": "B01",
            "unit_name": "城南支行", "unit_name_en": "Chengnan", "firm_id": None, "firm_code": None,
            "firm_name": None, "account_id": ID, "login": "m1", "locale": "zh", "is_set_up": True,
            "has_phone": True, "has_home": False, "judged": True, "languages": ["普通话", "粤语"],
            "weekdays": ["sat", "sun"], "per_day": 3, "total": None, "rating": Decimal("9.20"),
            "left_on": None, "left_at": None, **changes,
        }
    )  # fmt: skip


BARE = person(
    code=None, title=None, unit_code=None, unit_name=None, unit_name_en=None, account_id=None, login=None,
    is_set_up=False, has_phone=False, judged=False, languages=[], weekdays=[], per_day=None, rating=None,
    kind="shopper",
)  # fmt: skip
LEAVING = person(left_on=date(2026, 12, 1), is_set_up=False)
GONE = person(left_on=date(2026, 11, 1), left_at=NOW - 20 * DAY)
OF_FIRM = person(
    firm_id=ID, firm_code="XSDC", firm_name="岫山调查", unit_code=None, unit_name=None, unit_name_en=None
)
ROLES = [
    row(person_id=ID, role="supervisor", firm_id=None, programme_id=None, **PLACE),
    row(person_id=ID, role="auditor", firm_id=None, programme_id=ID, code=None, name=None, name_en=None),
]
FIRM_ROLE = row(person_id=ID, role="dispatcher", firm_id=ID, programme_id=None, code=None, name=None)
AROUND = Around(
    roles=ROLES,
    certificates=[
        row(name="暗访一级", level="金", score=Decimal("92.50"), expires_on=date(2027, 1, 4)),
        row(name="视频核查", level=None, score=None, expires_on=None),
    ],
    territories=[row(**PLACE)],
    bars=[
        row(kind="conflict", since=date(2026, 1, 1), reason="家属", **PLACE),
        row(kind="identified", since=date(2026, 2, 1), reason=None, **PLACE),
    ],
    absences=[row(first_day=date(2026, 12, 1), last_day=date(2026, 12, 3))],
    visits=[row(at=NOW - 9 * DAY, n=2, timezone="Asia/Shanghai", **PLACE)],
)
NOTHING = Around((), (), (), (), (), ())


def deputy(**changes: Any) -> Any:
    values = {"starts_at": NOW - DAY, "ends_at": NOW + DAY, "ended_at": None, "reason": "休假", "own": True}
    return row(**{"id": ID, "person_id": ID, "name": "李娜", "code": "K1", **values, **changes})


DEPUTIES = [
    deputy(),
    deputy(own=False, code=None),
    deputy(ended_at=NOW),
    deputy(starts_at=NOW - 9 * DAY, ends_at=NOW - 8 * DAY),
]
WORK = row(
    id=ID, wave_id=ID, wave_title="第四季度", wave_title_en=None, unit_code="B01", unit_name="城南支行",
    unit_name_en=None, started_at=NOW, expires_at=NOW + DAY, timezone="Asia/Shanghai",
)  # fmt: skip


def line(action: str, **detail: Any) -> tuple[Any, str]:
    return row(at=NOW, actor="account:1", action=action, detail=detail), "沈晓雯 for 李娜"


LINES = [
    *(
        line(action)
        for action in (
            "person_added", "person_left", "set_up_sent", "set_up_voided", "password_set", "password_changed",
            "deputy_added", "deputy_ended", "device_signed_in", "device_signed_out", "device_ended",
            "devices_ended", "sign_in_sent", "quiz_taken",
        )
    ),
    line("person_changed", fields=["phone", "home", "left_on", "certificates"], given=[["auditor", "*"]],
         taken=[["owner", "B01"]]),
    line("person_leaving", reason="个人原因"),
    line("person_reopened", reason="返聘"),
]  # fmt: skip


PHONES = [Phone(ID, "Chrome 131 · Android", NOW - DAY, NOW), Phone(OTHER, "", NOW - DAY, NOW)]


def link(**changes: Any) -> Any:
    values = {"created_at": NOW, "expires_at": NOW + DAY, "used_at": None, "voided_at": None}
    return row(**{"id": ID, **values, **changes})


def shown(one: Any, **changes: Any) -> tuple[str, dict[str, Any]]:
    return "person", {
        "person": one, "around": AROUND, "deputies": DEPUTIES, "link": link(), "work": [WORK], "waiting": (),
        "lines": LINES, "roles": GIVEN_ROLES, "manages": True, "whole": WHOLE, "now": NOW, "done": "",
        "phones": PHONES, "phone_link": None, "errors": {}, **changes,
    }  # fmt: skip


def listed(*people: Any, **changes: Any) -> tuple[str, dict[str, Any]]:
    found = Listed(people, {ID: ROLES} if people else {}, ID if people else None)
    return "people", {
        "found": found, "wanted": Filters(**changes), "states": STATES, "roles": (*GIVEN_ROLES, "shopper"),
        "kinds": KINDS, "columns": IMPORT_COLUMNS,
    }  # fmt: skip


MANAGED = Managed(
    ID, "M1", "王芳", "staff", None, None, None, ID, "m1", "zh", None, (Holding("supervisor", "B01/"),)
)
FORM = {"person": MANAGED, "values": {"name": "王芳", "code": "M1"}, "kinds": KINDS, "errors": {}}
WRONG = {name: Detail("field_required", f"/{name}") for name in ("code", "name", "phone", "role")}
OWN = {
    "person": MANAGED,
    "deputies": DEPUTIES,
    "email": "li.na@example.org",
    "wishes": {"critical:sms", "bulletin:email"},
    "alert_kinds": tuple(alerts.KINDS),
    "alert_channels": CHANNELS,
    "refusal": None,
    "errors": {},
    "values": {},
    "done": "",
    "now": NOW,
}
REFUSED = Refusal("invalid_fields", details=[Detail("password_wrong", "/current")])

PEOPLE_PAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "people": listed(person(), LEAVING, GONE, OF_FIRM),
    "people_empty": listed(),
    "people_none": listed(q="x"),
    "person": shown(person()),
    "person_bare": shown(
        BARE, around=NOTHING, deputies=(), link=None, work=(), lines=(), phones=(), phone_link=NOW + DAY
    ),
    "person_leaving": shown(LEAVING, link=link(used_at=NOW), done="saved"),
    "person_gone": shown(GONE, waiting=[WORK], link=link(voided_at=NOW), work=()),
    "person_of_firm": shown(
        OF_FIRM, around=Around((FIRM_ROLE,), (), (), (), (), ()), link=link(expires_at=NOW)
    ),
    "person_refused": shown(person(), errors={"role": Detail("import_role_scope", "/role", {"value": "x"})}),
    "person_read_only": shown(person(), manages=False),
    "person_form": ("person_form", FORM),
    "person_form_new": ("person_form", {**FORM, "person": None, "values": {}}),
    "person_form_wrong": ("person_form", {**FORM, "errors": WRONG}),
    "person_leave": (
        "person_leave",
        {
            "person": MANAGED,
            "ends": OpenWork([WORK], 1, 2),
            "left_on": "2026-11-22",
            "reason": "",
            "errors": {},
        },
    ),
    "account": ("account", OWN),
    "account_done": ("account", {**OWN, "done": "password", "deputies": ()}),
    "account_refused": (
        "account",
        {**OWN, "refusal": REFUSED, "errors": {"current": REFUSED.details[0]}},
    ),
    "account_too_many": ("account", {**OWN, "refusal": Refusal("too_many_attempts", minutes=5)}),
    "set_up": (
        "set_up",
        {"link": OpenLink(ID, ID, ID, "m1", "王芳", "zh"), "is_set": False, "action": "/x", "errors": {}},
    ),
    "set_up_done": ("set_up", {"link": None, "is_set": True, "action": "", "errors": {}}),
    "set_up_over": ("set_up", {"link": None, "is_set": False, "action": "/x", "errors": {}}),
}
