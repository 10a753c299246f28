"""Stand-ins for what the views of orders pass to their templates."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from server.errors import Detail
from server.followup.orders.deciding import MOVES
from server.followup.orders.deciding import WAYS as VERIFIED
from server.followup.orders.reading import VIEWS
from server.followup.paper_templates import KINDS as KINDS_OF_PAPER
from server.models.orders import ACTS, KINDS, STATES, WAYS
from server.web.console.afterwards.orders import ShownItem, Wrong
from server.web.console.pictures import Picture

NOW = datetime(2026, 11, 22, 6, 5, tzinfo=UTC)
DAY = timedelta(days=1)
UNIT = {"code": "B101", "name": "青年路支行", "name_en": "Qingnian Road", "timezone": None, "parent": "东城"}
SIGNED = {"signed_at": NOW, "signed_by": "account:1", "signed_name": "赵经理", "signed_hash": "a" * 64}
PICTURE = Picture(small="/s.jpg", large="/l.jpg")


def order(number: int, **changes: Any) -> Any:
    row = {
        "id": UUID(int=number),
        "year": 2026,
        "number": number,
        "issued_at": NOW,
        "total": 3,
        "open": 1,
        "overdue": 1,
        "verify": 1,
        "due_at": NOW,
        **dict.fromkeys(SIGNED),
        **UNIT,
        **changes,
    }
    return SimpleNamespace(**row)


def item(place: int, state: str, **changes: Any) -> ShownItem:
    row = {
        "id": UUID(int=place),
        "place": place,
        "state": state,
        "kind": KINDS[0],
        "due_at": NOW + (place - 2) * DAY,
        "key_item": place == 1,
        "about": {"default": "是否问候", "en": "Greeted"},
        "title": {"default": "限期整改", "en": "Put right"},
        "said": "<b>补</b>",
        "ref": "abc",
        "item": "greeting",
        "wave_id": UUID(int=9),
    }
    shown: dict[str, Any] = {"wrong": (0, 2), "proofs": (PICTURE,), "steps": (), "acts": ()}
    shown |= {name: changes.pop(name) for name in list(changes) if name in shown}
    return ShownItem(row=SimpleNamespace(**{**row, **changes}), **shown)


def step(act: str, **changes: Any) -> tuple[Any, str]:
    values = {"act": act, "note": None, "way": None, "due_at": None, "at": NOW, **changes}
    return SimpleNamespace(**values), "王芳"


def of_order(shown: Any, items: Any, **changes: Any) -> dict[str, Any]:
    values = {
        "order": shown, "items": items, "signer": "王芳", "ways": VERIFIED, "wrong": None, "values": {},
        "now": NOW,
    }  # fmt: skip
    return {**values, **changes}


def of_list(view: str, *orders: Any) -> dict[str, Any]:
    counts = {"open": 3, "overdue": 1, "verify": 1}
    return {"view": view, "views": VIEWS, "counts": counts, "orders": orders, "now": NOW}


STEPS = [step(act, note="<i>x</i>", due_at=NOW) for act in ACTS] + [step("close", way=way) for way in WAYS]
BARE = {"about": {}, "title": {}, "ref": None, "item": None, "wave_id": None, "wrong": (), "proofs": ()}
PROGRAMMES = [SimpleNamespace(id=UUID(int=1), title={"default": "网点服务检查", "en": "Branch service"})]
NEW = {"programmes": PROGRAMMES, "report": None, "values": {}, "errors": ()}
PAPER = {"kind": "order", "kinds": KINDS_OF_PAPER}
BROKEN = Detail("template_tags", "", {"said": "<x>"})
TEMPLATE = SimpleNamespace(name="抬头.docx", uploaded_at=NOW)


def pages() -> dict[str, tuple[str, dict[str, Any]]]:
    every = [
        item(number + 1, state, kind=KINDS[number % 3], acts=tuple(MOVES), steps=STEPS)
        for number, state in enumerate(STATES)
    ]
    done = order(3, open=0, verify=0, overdue=0, due_at=None, **SIGNED)
    return {
        "orders": ("orders", of_list("open", order(1), order(2, **SIGNED), done)),
        "orders_none": ("orders", of_list("verify")),
        "order": ("order", of_order(order(1, **SIGNED), every)),
        "order_unsigned": ("order", of_order(order(1), [item(1, "open", **BARE)])),
        "order_refused": (
            "order",
            of_order(
                order(1, **SIGNED),
                [item(1, "open", acts=("fix",), about={}, title={})],
                wrong=Wrong([Detail("field_required")], str(UUID(int=1))),
                values={"note": "<b>"},
            ),
        ),
        "order_new": ("order_new", {**NEW, "errors": (Detail("order_due_past"),)}),
        "order_new_report": (
            "order_new",
            {**NEW, "report": SimpleNamespace(**UNIT), "values": {"ref": "abc", "said": "<b>"}},
        ),
        "order_template": ("paper_template", {**PAPER, "current": None, "error": None, "kept": False}),
        "order_template_own": (
            "paper_template",
            {
                **PAPER,
                "kind": "bulletin",
                "current": TEMPLATE,
                "error": Detail("template_tags", "", {"said": "<x>"}),
                "kept": True,
            },
        ),
    }
