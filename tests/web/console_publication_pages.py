"""Stand-ins for what the views of publications, scorecards and appeals pass to their templates."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from werkzeug.datastructures import MultiDict

from server.errors import Detail
from server.followup.appealing.reading import AppealFile
from server.followup.appealing.standing import Windows
from server.followup.appealing.weighing import Weighed
from server.followup.publishing.gathering import Gathered
from server.followup.publishing.publishing import Money, Preview
from server.followup.publishing.reading import Report, Shown
from server.followup.publishing.snapshot import Moved
from server.models.appeals import STAGES, STATES
from server.models.publications import STATES as VERSION_STATES
from server.reports.sheets import Share
from server.scoring.programmes.reviewing import Publication
from server.web.console.afterwards.appeals import VIEWS, ShownAppeal
from server.web.console.afterwards.scorecards import Line
from server.web.console.pictures import Picture
from tests.web.console_review_pages import LINE, SHEET, item

NOW = datetime(2026, 11, 22, 6, 5, tzinfo=UTC)
DAY = timedelta(days=1)


def subject(code: str, rank: int | None, score: str | None, **changes: Any) -> dict[str, Any]:
    return {
        "subject": code,
        "name": f"{code} 支行",
        "name_en": code,
        "parent": "东城",
        "parent_en": "East",
        "n": 1,
        "raw": score,
        "score": score,
        "grade": "good",
        "rank": rank,
        **changes,
    }


SUBJECTS = [subject("B101", 1, "92.50"), subject("B102", None, None, grade=None, n=0)]
SNAPSHOT: dict[str, Any] = {
    "wave": {"code": "V1", "title": "五月暗访", "title_en": "May", "instrument": "visit"},
    "n": 1,
    "mean": "92.50",
    "ranked": 1,
    "interval": ["90.10", "94.90"],
    "subjects": SUBJECTS,
    "reports": [
        {"ref": "abc", "subject": "B101", "score": "92.50", "grade": None, "sheet": "0", "alone": True}
    ],
    "findings": [{"subject": "B101", "report": "abc", "item": "greeting", "code": "T", "points": "1"}],
    "states": {"approved": 1, "excluded": 2},
}
MOVED = [
    Moved("B101", "青年路支行", SUBJECTS[0], subject("B101", 2, "90.50")),
    Moved("B102", "翠湖支行", None, subject("B102", 1, "95.00", grade=None)),
]
ENTRIES = [
    {
        "rule": rule,
        "subject": "B101",
        "period": "V1",
        "direction": direction,
        "amount": amount,
        "unit": "元",
        "payee": {"kind": "subject", "id": "B101"},
        **more,
    }
    for rule, direction, amount, more in (
        ("fine", "penalty", "-1300", {"reverses": "x"}),
        ("prize", "reward", "200", {}),
    )
]
CONTRAST: Any = SimpleNamespace(entries=ENTRIES)
NOTHING: Any = SimpleNamespace(entries=())
PROBLEM = Detail("publication_open_reports", "", {"count": 3})


def preview(**changes: Any) -> Preview:
    values: dict[str, Any] = {
        "gathered": Gathered(SNAPSHOT, 0, False),
        "hash": "h",
        "number": 1,
        "moved": MOVED,
        "money": Money(CONTRAST, ()),
        "problems": [],
    }
    return Preview(**{**values, **changes})


def version(number: int, state: str, **changes: Any) -> Any:
    values = {
        "id": UUID(int=number),
        "number": number,
        "state": state,
        "reason": None,
        "alone": None,
        "proposer": "王芳",
        "publisher": "李雷" if state == "published" else None,
        "published_at": NOW if state == "published" else None,
        "proposed_at": NOW,
        "snapshot_hash": "a" * 64,
        "visible_from": NOW,
        "appeals_until": None,
        "settlement_id": None,
    }
    return SimpleNamespace(**{**values, **changes})


def of_wave(wave: Any, **changes: Any) -> dict[str, Any]:
    values = {
        "wave": wave,
        "preview": preview(),
        "snapshot": SNAPSHOT,
        "rules": Publication(),
        "check": None,
        "versions": [],
        "errors": (),
        "values": {},
        "now": NOW,
    }
    return {**values, **changes}


def of_readers(wave: Any, **changes: Any) -> dict[str, Any]:
    disputed = {
        LEDGER[2].id: SimpleNamespace(stage="appeal", state="open", answer=None),
        LEDGER[3].id: SimpleNamespace(stage="appeal", state="refused", answer="<i>照片不清</i>"),
    }
    values = {
        "wave": wave, "shown": SHOWN, "money": LEDGER, "appeals": disputed, "may_appeal": True, "errors": (),
        "values": {},
    }  # fmt: skip
    return {**values, **changes}


def of_version(wave: Any, shown: Any, **changes: Any) -> dict[str, Any]:
    values = {"wave": wave, "version": shown, "snapshot": SNAPSHOT, "own": False, "errors": ()}
    return {**values, **changes}


SHOWN = Shown(UUID(int=3), UUID(int=4), 2, SNAPSHOT, "b" * 64, "x", "一人", NOW, NOW + DAY, None)
LEDGER = [
    SimpleNamespace(
        id=UUID(int=place),
        rule="fine",
        period="V1",
        subject="B101",
        direction="penalty",
        amount=Decimal(1300),
        unit="元",
        reverses_id=reverses,
    )
    for place, reverses in enumerate((None, UUID(int=1), None, None))
]
CHECK = SimpleNamespace(
    ref="abc", title="五月暗访", title_en=None, name="青年路支行", name_en="Youth Road", closes_at=NOW
)
OWN = {
    **SUBJECTS[0],
    "wave": SNAPSHOT["wave"],
    "wave_id": UUID(int=4),
    "ranked": 23,
    "interval": None,
    "whole": 23,
    "mean": "88.00",
    "number": 1,
    "appeals_until": NOW,
    "reports": [*SNAPSHOT["reports"], *SNAPSHOT["reports"]],
}
SUBMISSION = SimpleNamespace(
    subject="B101",
    sheet=SHEET,
    name="青年路支行",
    name_en="Youth Road",
    revision_id=UUID(int=5),
    form_version_id=UUID(int=6),
)


def line(name: str, lost: str = "1", **changes: Any) -> Line:
    values: dict[str, Any] = {
        "title": f"{name}？",
        "answer": "没有",
        "line": {**LINE, "item": name, "lost": lost},
        "worth": Fraction(25, 2),
        "remarks": [("note", "没人抬头")],
        "standard": "抬头问候",
        "photos": [0, 1],
    }
    return Line(name, **{**values, **changes})


LINES = [line("greeting"), line("queue", "0", worth=Fraction(0), standard="", photos=())]


def appeal(number: int, **changes: Any) -> Any:
    values = {
        "id": UUID(int=number),
        "wave_id": UUID(int=4),
        "stage": "appeal",
        "state": "open",
        "item": "greeting",
        "said": "照片里<有人>问候",
        "answer": None,
        "filed_by": "account:1",
        "filed_at": NOW,
        "decided_at": None,
        "decides_until": NOW,
        "decider": None,
        "code": "B101",
        "name": "青年路支行",
        "name_en": None,
        "title": "五月暗访",
        "title_en": None,
        "ref": "abc",
        "received_at": NOW,
        "rule": None,
        "amount": None,
        "unit": None,
        "direction": None,
        "submission_pk": UUID(int=7),
    }
    return SimpleNamespace(**{**values, **changes})


ANSWERED = {"answer": "录像里没有", "decider": "李雷", "decided_at": NOW}
EVERY = [
    appeal(10 + 10 * place + other, stage=stage, state=state, **(ANSWERED if state in STATES[1:3] else {}))
    for place, stage in enumerate(STAGES)
    for other, state in enumerate(STATES)
]
MONEY = appeal(
    90, item=None, submission_pk=None, rule="fine", amount=Decimal(1300), unit="元", received_at=None
)


def of_card(wave: Any, **changes: Any) -> dict[str, Any]:
    values = {
        "report": Report("abc", UUID(int=7), UUID(int=4), UUID(int=5), True),
        "submission": SUBMISSION,
        "wave": wave,
        "lines": LINES,
        "first": LINES[:1],
        "sections": {"lobby": "大堂"},
        "shares": [Share("lobby", Fraction(1), Fraction(2), False, Fraction(50), Fraction(100))],
        "stage": "appeal",
        "windows": Windows(NOW + DAY, True, NOW, NOW + DAY),
        "appeals": EVERY,
        "actor": "account:1",
        "errors": (),
        "values": {},
    }
    return {**values, **changes}


WEIGHED = Weighed(Decimal("90.5"), Decimal("92.5"), MOVED, CONTRAST, ())


def of_appeal(wave: Any, row: Any, **changes: Any) -> dict[str, Any]:
    file = changes.pop("file", AppealFile(row, (), (), ()))
    report = None if row.submission_pk is None else SUBMISSION
    shown = ShownAppeal(
        file,
        report,
        changes.pop("item", item("greeting")),
        changes.pop("evidence", ()),
        changes.pop("weighed", None),
    )
    values = {
        "appeal": row,
        "shown": shown,
        "wave": wave,
        "errors": [],
        "barred": [],
        "decides": True,
        "values": MultiDict(),
        "now": NOW,
    }
    return {**values, **changes}


def pages(wave: Any) -> dict[str, tuple[str, dict[str, Any]]]:
    several = [
        version(place + 1, state, reason="x", alone="一人") for place, state in enumerate(VERSION_STATES)
    ]
    return {
        "publication": (
            "publication",
            of_wave(wave, rules=Publication(alone=True), preview=preview(number=2)),
        ),
        "publication_waiting": (
            "publication",
            of_wave(
                wave,
                preview=preview(
                    problems=[PROBLEM], moved=[], money=Money(None, [Detail("settles_elsewhere")])
                ),
                versions=several,
                errors=[Detail("publication_changed")],
                rules=Publication(check=3),
                check=SimpleNamespace(closes_at=NOW + DAY),
            ),
        ),
        "publication_unchecked": (
            "publication",
            of_wave(wave, rules=Publication(check=3, eyes=1), preview=preview(money=Money(NOTHING, ()))),
        ),
        "publication_checked": (
            "publication",
            of_wave(wave, rules=Publication(check=3), check=SimpleNamespace(closes_at=NOW - DAY)),
        ),
        **{
            f"publication_version_{state}": (
                "publication_version",
                of_version(wave, version(1, state, alone="一人", appeals_until=NOW), own=place == 0),
            )
            for place, state in enumerate(VERSION_STATES)
        },
        "publication_version_other": (
            "publication_version",
            of_version(wave, version(1, "proposed"), errors=[Detail("publication_changed")]),
        ),
        "published": ("published", of_readers(wave)),
        "published_refused": (
            "published",
            of_readers(
                wave,
                errors=(Detail("field_required"),),
                values={"line": str(LEDGER[0].id), "said": "<b>"},
            ),
        ),
        "published_none": ("published", of_readers(wave, shown=None, money=())),
        "scores": ("scores", {"scores": [OWN], "checks": [CHECK], "now": NOW}),
        "scores_none": ("scores", {"scores": [], "checks": [], "now": NOW}),
        "scorecard": ("scorecard", of_card(wave)),
        "scorecard_draft": (
            "scorecard",
            of_card(
                wave,
                report=Report("abc", UUID(int=7), UUID(int=4), UUID(int=5), False),
                stage="objection",
                appeals=[],
                errors=[Detail("field_required", "/said")],
                values={"item": "greeting", "said": "<b>"},
            ),
        ),
        "scorecard_over": ("scorecard", of_card(wave, stage=None, appeals=[], first=(), shares=())),
        "score_card": (
            "score_card",
            {"report": of_card(wave)["report"], "submission": SUBMISSION, "line": LINES[0]},
        ),
        "score_card_plain": (
            "score_card",
            {"report": of_card(wave)["report"], "submission": SUBMISSION, "line": LINES[1]},
        ),
        "score_card_none": (
            "score_card",
            {"report": of_card(wave)["report"], "submission": SUBMISSION, "line": None},
        ),
        "appeals": ("appeals", {"view": "open", "views": VIEWS, "appeals": [*EVERY, MONEY], "now": NOW}),
        "appeals_none": ("appeals", {"view": "decided", "views": VIEWS, "appeals": [], "now": NOW}),
        "appeal": (
            "appeal",
            of_appeal(
                wave,
                appeal(1),
                file=AppealFile(appeal(1), (), [appeal(2)], [appeal(3, state="refused", **ANSWERED)]),
                evidence=[Picture("/small", "/large")],
                weighed=WEIGHED,
                values=MultiDict({"answer": "yes", "excluded": "1"}),
            ),
        ),
        "appeal_whole": (
            "appeal",
            of_appeal(
                wave,
                appeal(1, item=None),
                item=None,
                weighed=Weighed(Decimal(90), None, (), None, [Detail("settles_elsewhere")]),
                errors=[Detail("appeal_effect", "/answer")],
            ),
        ),
        "appeal_written": (
            "appeal",
            of_appeal(wave, appeal(1), item=item("words", control="written", chosen=["x"])),
        ),
        "appeal_many": (
            "appeal",
            of_appeal(
                wave,
                appeal(1),
                item=item("queue", control="many"),
                weighed=Weighed(None, None, (), NOTHING, ()),
            ),
        ),
        "appeal_money": ("appeal", of_appeal(wave, MONEY, item=None)),
        "appeal_decided": (
            "appeal",
            of_appeal(wave, appeal(1, state="upheld", **ANSWERED), decides=False),
        ),
        "appeal_barred": (
            "appeal",
            of_appeal(wave, appeal(1), decides=False, barred=[Detail("appeal_imposed")]),
        ),
    }
