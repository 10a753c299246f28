"""Stand-ins for what the views of reviews pass to their templates."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from server.errors import Detail
from server.followup.reviewing.agreeing import Agreement
from server.followup.reviewing.reading import VIEWS, Agreeing, ReviewPage
from server.models.reviews import ACTS, STATES
from server.scoring.programmes.reviewing import Review
from server.web.console.afterwards.review_items import ShownItem, ShownItems
from server.web.console.afterwards.reviews import Wrong
from server.web.console.moments import Around, Dot
from server.web.console.pictures import Picture
from server.web.console.submission_parts import ShownFile
from tests.web.console_doubt_pages import MARKS

NOW = datetime(2026, 11, 22, 6, 5, tzinfo=UTC)
REASONS = [
    {"code": "critical", "n": 1},
    {"code": "doubts", "n": 2, "confidence": 31},
    {"code": "outlier", "points": "-16.25", "against": "own"},
    {"code": "outlier", "points": "+18.00", "against": "wave"},
    {"code": "revised"},
    {"code": "drawn", "share": 10},
    {"code": "every"},
]
LINE = {
    "item": "greeting",
    "code": "TEL-01",
    "lost": "1",
    "earned": "0",
    "possible": "1",
    "key": True,
    "critical": "form",
    "applicable": True,
}


def review(number: int = 1, **changes: Any) -> Any:
    values = {
        "submission_pk": UUID(int=number),
        "newest_id": UUID(int=900),
        "state": "waiting",
        "risk": 65,
        "reasons": REASONS,
        "second_look": True,
        "proposed": None,
        "proposer": None,
        "claimer": None,
        "claimed_until": None,
        "alone": False,
        "published": Decimal("62.5"),
        "grade": "poor",
        "own": False,
        "sent_back": False,
        "received_at": NOW,
        "timezone": None,
        "code": "B101",
        "name": "青年路支行",
        "name_en": "Youth Road",
        "title": "五月暗访",
        "title_en": None,
    }
    return SimpleNamespace(**{**values, **changes})


def shown_file(number: int, *, after: bool = False, **changes: Any) -> ShownFile:
    values: dict[str, Any] = {"state": "verified", "problem": None, "picture": Picture("/small", "/large")}
    return ShownFile(UUID(int=number), ["greeting"], "问候", after, **{**values, **changes})


PHOTO, FIXED = shown_file(1), shown_file(2, after=True)
FILM = shown_file(3, picture=Picture(video="/film", lasting="0:42"))
REFUSED = shown_file(4, state="refused", problem="not_an_image", picture=None)


def item(name: str, **changes: Any) -> ShownItem:
    values: dict[str, Any] = {
        "title": f"{name}？",
        "answer": "没有",
        "line": {**LINE, "item": name},
        "remarks": [("note", "没人抬头")],
        "photos": [PHOTO, FIXED, FILM, REFUSED],
        "before": "有",
        "photos_before": [shown_file(5)],
        "control": "one",
        "choices": [("yes", "有"), ("no", "没有")],
        "chosen": ["no"],
    }
    return ShownItem(name, **{**values, **changes})


QUIET = {
    "line": {**LINE, "lost": "0", "earned": "1", "key": False, "critical": ""},
    "remarks": (),
    "photos": (),
}
ITEMS = ShownItems(
    [
        item("greeting"),
        item("queue", control="many", photos=(), photos_before=(), chosen=["yes", "no"]),
        item("words", control="written", line=None, photos=(), before=None, chosen=["<b>说明</b>"]),
        item("bare", control="", photos_before=()),
    ],
    [item("clean", **QUIET), item("unscored", line=None, remarks=(), photos=(), answer="")],
    [shown_file(6)],
)
AROUND = Around([Dot(3, -4, 8, "entered"), Dot(90, 40, 0, "")], 60, 300, 900)
REMARK = SimpleNamespace(id=UUID(int=70), sentence="请说明<几点>", item_code=None)
SHEET = {"published": "62.5", "scale": "100", "grade": "poor", "lines": [LINE], "critical": ["form"]}
STEPS = [
    SimpleNamespace(
        act=act,
        name="王芳" if place else None,
        at=NOW,
        score=Decimal(60) if place else None,
        note="看过录像",
        alone="只有一人" if act == "reject" else None,
    )
    for place, act in enumerate(ACTS)
]
REPORT = SimpleNamespace(sheet=SHEET, timezone=None, received_at=NOW, submission_id=UUID(int=8))


def of_review(wave: Any, **changes: Any) -> dict[str, Any]:
    values = {
        "wave": wave,
        "review": review(),
        "steps": STEPS,
        "rules": Review(),
        "report": REPORT,
        "before": SimpleNamespace(published=Decimal(90), received_at=NOW),
        "items": ITEMS,
        "titles_by_item": {"greeting": ("问候？", "没有")},
        "doubts": [
            (SimpleNamespace(code="stay_short", state=state), "停留 4 分钟。") for state in ("open", "upheld")
        ],
        "marks": MARKS,
        "around": AROUND,
        "remarks": [REMARK],
        "acts": ("approve", "exclude", "reject", "hold"),
        "claimed": False,
        "mine": True,
        "wrong": None,
        "values": {},
        "returns": [],
        "return_rows": range(2),
    }
    return {**values, **changes}


def of_queue(**changes: Any) -> dict[str, Any]:
    values = {
        "view": "waiting",
        "views": VIEWS,
        "counts": {"waiting": 3, "held": 0, "returned": 1},
        "found": ReviewPage([review()], False),
        "agreement": (),
        "nothing": False,
        "now": NOW,
    }
    return {**values, **changes}


EVERY = [
    review(
        place, state=state, alone=place % 2 == 0, published=None if place == 3 else Decimal(80), grade=None
    )
    for place, state in enumerate(STATES)
]
CLAIMED = {"claimer": "李雷", "claimed_until": NOW + timedelta(minutes=5)}


def photo(**changes: Any) -> dict[str, Any]:
    values = {
        "photo": SimpleNamespace(submission_pk=UUID(int=1)),
        "picture": Picture("/small", "/large"),
        "covered": (),
        "rows": range(2),
        "edges": ("left", "top", "right", "bottom"),
        "error": "",
        "values": {},
    }
    return {**values, **changes}


def pages(wave: Any) -> dict[str, tuple[str, dict[str, Any]]]:
    proposals = [
        review(20 + n, state="second", proposed=act, proposer="王芳") for n, act in enumerate(ACTS[:3])
    ]
    people = [
        Agreeing("王芳", Agreement(8, 7, None)),
        Agreeing("李雷", Agreement(3, 1, Fraction(7, 2))),
    ]
    return {
        "reviews": (
            "reviews",
            of_queue(
                found=ReviewPage([*EVERY, *proposals, review(30, own=True, **CLAIMED)], True),
                agreement=people,
            ),
        ),
        "reviews_none": ("reviews", of_queue(view="decided", found=ReviewPage([], False), nothing=True)),
        "review": ("review", of_review(wave)),
        "review_claimed": (
            "review",
            of_review(wave, review=review(**CLAIMED), claimed=True, mine=False, rules=Review(alone=True)),
        ),
        "review_own": ("review", of_review(wave, review=review(own=True), acts=(), before=None, mine=False)),
        "review_second": (
            "review",
            of_review(wave, review=proposals[1], rules=Review(alone=True), marks=[], around=None, doubts=()),
        ),
        "review_decided": (
            "review",
            of_review(wave, review=EVERY[3], acts=("reopen",), items=ShownItems([], [], []), returns=None),
        ),
        "review_wrong": (
            "review",
            of_review(
                wave, wrong=Wrong([Detail("field_required", "/note")]), values={"note": "x", "alone": "y"}
            ),
        ),
        "review_wrong_item": (
            "review",
            of_review(
                wave, wrong=Wrong([Detail("review_unchanged", "/answer")], "greeting"), values={"note": "<i>"}
            ),
        ),
        "review_changed": (
            "review",
            of_review(wave, acts=(), wrong=Wrong([Detail("review_changed")], "", 409)),
        ),
        "review_remarks": (
            "review_remarks",
            {
                "remarks": [REMARK, SimpleNamespace(id=UUID(int=71), sentence="排队", item_code="LOB-01")],
                "error": Detail("field_required", "/sentence"),
                "values": {"sentence": ""},
                "longest": 200,
            },
        ),
        "review_remarks_none": (
            "review_remarks",
            {"remarks": [], "error": None, "values": {}, "longest": 200},
        ),
        "photo": ("photo", photo()),
        "photo_wrong": ("photo", photo(covered=(1, 2), error="box_outside", values={"left-0": "-3"})),
    }
