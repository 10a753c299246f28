"""Stand-ins for what the views of units pass to their templates."""

from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from server.coordinates import Point
from server.errors import Detail
from server.fieldwork.importing import Change
from server.fieldwork.organisation.changing import DEEDS
from server.fieldwork.organisation.columns import COLUMNS, LEVELS
from server.fieldwork.organisation.finding import UnitFilter, UnitPage
from server.fieldwork.organisation.history import Step
from server.fieldwork.organisation.opening_hours import DAYS, read_hours
from server.web.console.importing import text_finder

NOW = datetime(2026, 11, 22, 6, 5, tzinfo=UTC)
ID = UUID("0193b0c0-0000-7000-8000-000000000001")
TODAY = date(2026, 11, 22)
UNIT = SimpleNamespace(
    id=ID, code="B01", name="城南支行", name_en="Chengnan", level="second_sub_branch", path="H/B01/",
    address=None, contacts=0, closed=False, closed_at=None, closed_reason=None, successor=None,
    opened_on=None, longitude=None, latitude=None, datum=None, timezone="Asia/Shanghai", attributes={},
)  # fmt: skip
CLOSED = SimpleNamespace(
    **{
        **vars(UNIT), "path": "H/B01/X/", "level": "outlet", "contacts": 1200, "address": "南街 <1>",
        "closed": True, "closed_at": NOW, "closed_reason": "租约到期", "successor": "B02",
        "opened_on": date(2019, 6, 1),
        "longitude": Decimal("116.4800000"), "latitude": Decimal("39.9900000"), "datum": "GCJ-02",
        "attributes": {
            "opening_hours": read_hours("周一至周五 9:00-12:00,13:30-17:00；节假日休息"), "area": 320.5,
            "counters": 0, "tags": ["适老", "旗舰"], "kind": "综合",
        },
    }
)  # fmt: skip
PAST = SimpleNamespace(**{name: value for name, value in vars(CLOSED).items() if name != "contacts"})
STEPS = tuple(
    Step(TODAY, None, kind, fields, "合并", "account:1", NOW)
    for kind, fields in (
        ("moved", (("path", "H/B01/", "K/B01/"),)),
        ("closed", ()),
        ("reopened", ()),
        ("changed", (("level", "outlet", "area"),)),
        ("created", (("name", None, "城南"),)),
    )
)


def listed(*rows: Any, after: str = "", day: date | None = None, **wanted: str) -> dict[str, Any]:
    return {
        "found": UnitPage(rows, after), "wanted": UnitFilter(**wanted), "day": day, "known_since": TODAY,
        "levels": LEVELS, "columns": [(name, name == "code") for name in COLUMNS],
    }  # fmt: skip


def shown(unit: Any, **changes: Any) -> dict[str, Any]:
    return {
        "unit": unit, "above": (), "below": (), "more_below": False, "satellite": None, "days": DAYS,
        "steps": STEPS[-1:], **text_finder("organisation", {}), **changes,
    }  # fmt: skip


def changing(deed: str, **changes: Any) -> dict[str, Any]:
    values = dict.fromkeys((*DEEDS[deed], "day", "reason", "with_below"), "")
    return {
        "unit": UNIT, "deed": deed, "values": values, "errors": {}, "changes": None, "fingerprint": "",
        "overtaken": False, "levels": LEVELS, "datums": ("WGS-84",), "today": TODAY,
        **text_finder("organisation", {}), **changes,
    }  # fmt: skip


MOVE = Change(1, "B01", "moved", (("parent_code", "D1", None),), below=2)
UNIT_PAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "units": ("units", listed(UNIT, CLOSED)),
    "units_more": ("units", listed(UNIT, after="H/B01/", text="南", below="H", level="outlet")),
    "units_past": ("units", listed(PAST, day=TODAY, state="all")),
    "units_unknown": ("units", listed(day=date(2020, 1, 1))),
    "units_none": ("units", listed(text="无")),
    "units_empty": ("units", listed()),
    "unit": ("unit", shown(UNIT)),
    "unit_closed": (
        "unit",
        shown(
            CLOSED, above=(UNIT,), below=(UNIT, CLOSED), more_below=True, satellite=Point(1, 2), steps=STEPS
        ),
    ),
    **{f"unit_{deed}": ("unit_change", changing(deed)) for deed in DEEDS},
    "unit_move_shown": ("unit_change", changing("move", changes=(MOVE,), fingerprint="ab", overtaken=True)),
    "unit_move_nothing": ("unit_change", changing("move", changes=())),
    "unit_move_wrong": (
        "unit_change",
        changing(
            "move",
            errors={
                "parent_code": Detail("import_unknown_parent", "/parent_code", {"value": "Q"}),
                "code": Detail("import_outside_scope", "/code", {"value": "B01"}),
                "day": Detail("field_date", "/day"),
                "reason": Detail("field_required", "/reason"),
            },
        ),
    ),
}  # fmt: skip
