"""Stand-ins for what the views of doubts pass to their templates."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from server.errors import Detail
from server.evidence.doubts import DOUBTS
from server.evidence.visit import MOMENTS
from server.followup.doubts.reading import VIEWS, DoubtPage
from server.models.doubts import STATES
from server.web.console.doubts import ShownDoubt, ShownPhoto
from server.web.console.moments import Mark
from server.web.console.pictures import Picture

NOW = datetime(2026, 11, 22, 6, 5, tzinfo=UTC)
FIRST = UUID(int=900)


def visit(number: int = 1, **changes: Any) -> Any:
    values = {
        "id": UUID(int=number), "received_at": NOW, "confidence": Decimal("31.5"), "review": 80,
        "open_doubts": 2, "code": "B101", "name": "青年路支行", "name_en": "Youth Road", "timezone": None,
        "title": "五月暗访", "title_en": None, "person_name": "小周", "codes": ["far_away", "photo_alike"],
    }  # fmt: skip
    return SimpleNamespace(**{**values, **changes})


OTHER = visit(2, person_name=None)
HERE = ShownPhoto(Picture("/small", "/large"), None)
THERE = ShownPhoto(Picture("/small2", "/large2"), OTHER)


def doubt(number: int, code: str, state: str = "open", **changes: Any) -> ShownDoubt:
    decided = state != "open"
    row = SimpleNamespace(
        id=UUID(int=FIRST.int + number), code=code, weight=Decimal(40), state=state,
        about={"photo": "p"} if code.startswith("photo") else {},
        decided_at=NOW if decided else None, note="排队的人少" if decided else None,
    )  # fmt: skip
    values = {"sentence": "停留 4 分钟。", "photos": (), "points": False, "other": None, **changes}
    return ShownDoubt(row, **values)


EVERY = [doubt(place, code) for place, code in enumerate(DOUBTS)]
DECIDED = [doubt(50 + place, "stay_short", state) for place, state in enumerate(STATES)]
POINTING = [
    doubt(60, "photo_alike", photos=(HERE, THERE), points=True, other=OTHER),
    doubt(61, "photo_alike", photos=(HERE,), points=True),
    doubt(62, "photo_reused", points=True),
]
MARKS = [
    Mark(40 + place * 90.0, kind, NOW + timedelta(minutes=place))
    for place, kind in enumerate((*MOMENTS, "photo"))
]


def of_visit(**changes: Any) -> dict[str, Any]:
    values = {"visit": visit(), "doubts": [], "marks": [], "wrong": None, "error": None, "typed": ""}
    return {**values, **changes}


DOUBT_PAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "doubts": (
        "doubts",
        {
            "view": "review", "views": VIEWS,
            "found": DoubtPage([visit(), visit(2, confidence=Decimal(90), person_name=None)], True),
        },
    ),
    "doubts_every": (
        "doubts", {"view": "open", "views": VIEWS, "found": DoubtPage([visit(codes=list(DOUBTS))], False)},
    ),
    "doubts_none": ("doubts", {"view": "decided", "views": VIEWS, "found": DoubtPage([], False)}),
    "doubt": ("doubt", of_visit(doubts=[*EVERY, *DECIDED, *POINTING], marks=MARKS)),
    "doubt_wrong": (
        "doubt",
        of_visit(
            doubts=EVERY[:2], marks=MARKS[:1], wrong=FIRST, error=Detail("doubt_note_missing", "/note"),
            typed="太短",
        ),
    ),
    "doubt_clear": ("doubt", of_visit()),
}  # fmt: skip
