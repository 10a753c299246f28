"""Stand-ins for what the views of planning pass on: samples, coverage, rosters, visits, a whole period."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType, SimpleNamespace
from typing import Any
from uuid import UUID

from server.errors import Detail
from server.fieldwork.contacts.rolling.reading import RollingDay, RollingPanel
from server.fieldwork.contacts.rolling.rules import RollingRules
from server.fieldwork.recordings.requests import Shown
from server.fieldwork.visiting.telling import MOMENTS
from server.fieldwork.visits.covering import ShownPlan
from server.fieldwork.visits.dispatching import Share
from server.fieldwork.visits.rostering import ShownRoster
from server.fieldwork.waves.approvals import Approval, Approvals
from server.fieldwork.waves.choices import Coverage
from server.fieldwork.waves.plans import NewWave
from server.fieldwork.waves.proposals import Proposal
from server.reports.visit_file import VisitFile
from server.reports.visits import FILTERS, Meter
from server.rostering.codes import REASONS
from server.rostering.results import Open, Reason
from server.rostering.roster import roster
from server.rostering.rules import Rules
from server.rostering.visits import Visit
from server.rostering.workers import Worker
from server.sampling.coverage.forecast import forecast
from server.sampling.coverage.inputs import Capacity, LaterWave, Outlet, Requirement, Wave, Year
from server.sampling.coverage.planning import plan_wave
from server.sampling.coverage.substitution import Cause
from server.sampling.draws import draw
from server.sampling.frame import FrameMember
from server.sampling.plans import METHODS, DrawPlan
from server.sampling.sizes import Expectation, message_cost, sample_size
from server.web.console.sampling import Preview
from server.web.console.spot_reading import Recordings, Spot
from server.web.console.visits import ACTS

NOW = datetime(2026, 11, 22, 6, 5, tzinfo=UTC)
ID = UUID("0193b0c0-0000-7000-8000-000000000001")
OTHER = UUID("0193b0c0-0000-7000-8000-000000000002")
THIRD, MORE = UUID(int=3), UUID(int=4)
KEY = b"k" * 32
MEMBERS = [FrameMember(f"K{number}", "B01", None if number else "staff") for number in range(9)]
SAMPLE_VALUES = {
    "method": "stratified", "by": "unit", "ratio": "30", "size": "", "minimum": "1", "cap": "",
    "reserves": "", "spreads": "", "fatigue_times": "", "fatigue_days": "", "fatigue_gap": "",
    "fatigue_scope": "global",
    "consent": "", "price": "0.05", "response": "10", "rolling": "", "rolling_rate": "", "rolling_quota": "",
}  # fmt: skip
OUTLETS = tuple(
    Outlet(f"B{number:02}", f"P{number % 3}", last_score=Decimal(80 + number), last_visit=date(2026, 7, 1))
    for number in range(9)
)
PROMISES = Requirement(Fraction(3, 5), 1, Decimal(85), yearly=Fraction(1), video=1)
YEAR = Year(
    date(2026, 10, 1), date(2026, 12, 31), (LaterWave("加测", date(2027, 1, 1), date(2027, 2, 1), 9),)
)
COVERAGE_VALUES = {
    "share": "60", "per_parent": "1", "recheck_at_most": "85", "exclusive": "", "yearly": "100", "video": "1",
    "budget": "", "fee": "80",
}  # fmt: skip
APPROVED = Approvals(2, "f" * 64, (Approval("王芳", ID, NOW, True), Approval("李雷", ID, NOW, False)))
ROLLING = RollingPanel(
    RollingRules(Decimal("0.2"), 5), (RollingDay(date(2026, 11, 21), 2, 40, 30, 8, 1, NOW),), {"staff": 2}
)


def _preview() -> Preview:
    result = draw(MEMBERS, DrawPlan("stratified", Fraction(1, 2)), KEY)
    expected = Expectation(response=Decimal("0.1"))
    sizes = tuple((margin, sample_size(margin, 9, expected=expected)) for margin in (Decimal("0.05"),))
    return Preview(result.summary(), NOW, message_cost(4, [2], Decimal("0.05")), 0.31, sizes)


def _coverage(visits: int | None) -> ShownPlan:
    wave = Wave(OUTLETS, PROMISES, Capacity(visits=visits, fee=Decimal(80)), YEAR)
    plan = plan_wave(wave, KEY)
    return ShownPlan(wave, plan, forecast(wave, plan), None)


def _roster() -> ShownRoster:
    days = {"first": date(2026, 11, 23), "last": date(2026, 11, 27)}
    visits = [
        Visit("B01", "B01", "C/P1/", **days),
        Visit("B02", "B02", "C/P2/", certificates=frozenset({"quiz"}), **days),
    ]
    made = roster(visits, [Worker(str(ID), per_day=2, total=5)], Rules(off_peak=Fraction(1, 2)))
    names = {"B01": ("南门", "South"), "B02": ("北门", "North")}
    return ShownRoster(made, {str(ID): "王芳"}, names, "f" * 64)


def _visit(state: str, **changes: Any) -> SimpleNamespace:
    values = {
        "code": "B01", "name": "南门", "name_en": "South", "parent": "城南", "parent_en": None,
        "assignment_id": ID, "person": "王芳", "firm": None, "planned_on": date(2026, 11, 23),
        "expires_at": NOW, "extended_from": None, "started_at": None, "completed_at": None, "reason": "must",
        "score": None, "state": state, "accepted_at": None, "given_back_reason": None, "outcome": None,
        "outcome_note": None, "unread": 0,
    }  # fmt: skip
    return SimpleNamespace(**{**values, **changes})


def _grid(wave: Any, **changes: Any) -> dict[str, Any]:
    rows = [
        _visit("late", extended_from=NOW),
        _visit("done", completed_at=NOW, score=Decimal("87.5"), firm="甲公司"),
        _visit("unassigned", assignment_id=None, person=None, planned_on=None, expires_at=None, reason=None),
        _visit("given_back", given_back_reason="家里有事 <1>", unread=2),
        _visit("attempted", outcome="system_down", outcome_note="停电"),
        _visit("waiting", accepted_at=NOW),
    ]  # fmt: skip
    return {
        "wave": wave, "rows": rows, "more": "B01", "state": "", "states": FILTERS,
        "counts": dict.fromkeys(FILTERS, 1), "meters": [Meter("甲公司", 3, 1, 1), Meter("", 2, 0, 0)],
        "runs": True, "asked": "", "acts": ACTS, "causes": tuple(Cause), "chosen": set(), "takers": [],
        "notices": (), "values": {}, **changes,
    }  # fmt: skip


def _visit_file(wave: Any, row: Mapping[str, Any] = MappingProxyType({}), **changes: Any) -> dict[str, Any]:
    nothing = dict.fromkeys(
        (
            "address", "firm", "briefed_at", "accepted_at", "prepared_at", "started_at", "completed_at",
            "given_back_at", "given_back_reason", "cancelled_at", "outcome", "outcome_note", "attempted_at",
            "identified_at", "declared_name", "declared_at", "confirmed_at", "submission_pk", "replaces_id",
            "replaced_by",
        )
    )  # fmt: skip
    visit = {
        **nothing, "id": ID, "code": "B01", "name": "南门", "name_en": "South", "timezone": "Asia/Urumqi",
        "person": "王芳", "planned_on": date(2026, 11, 23), "expires_at": NOW, "given_up": False,
        "state": "waiting", **row,
    }  # fmt: skip
    shown = SimpleNamespace(**visit)
    return {
        "wave": wave, "file": VisitFile(shown, {}, {}, (), ()), "visit": shown, "answers": True,
        "is_read": True, "acts": ACTS, "longest": 1_000, "said": "", "error": None, "spot": None,
        "recordings": None, "notices": (), "values": {}, **changes,
    }  # fmt: skip


def _visit_told(wave: Any) -> dict[str, Any]:
    """A visit of which the phone told everything."""
    row = {
        "address": "南门路 1 号", "firm": "甲公司", "replaces_id": OTHER, "submission_pk": ID,
        "outcome": "recognised", "outcome_note": "保安 <1>", "declared_name": "王芳", "state": "attempted",
        **dict.fromkeys(("accepted_at", "started_at", "attempted_at", "identified_at"), NOW),
        **dict.fromkeys(("confirmed_at", "declared_at"), NOW), "given_up": True,
    }  # fmt: skip
    lines = [
        (SimpleNamespace(from_desk=False, said="门口 <b>装修</b>", at=NOW, read_at=None), "王芳"),
        (SimpleNamespace(from_desk=True, said="请改走侧门", at=NOW, read_at=NOW), "沈晓雯"),
    ]
    context = _visit_file(wave, row)
    moments, spans = dict.fromkeys(MOMENTS, NOW), dict.fromkeys(("waiting", "service", "stay"), 12)
    file = VisitFile(context["visit"], moments, spans, [(NOW, "叫号 A07")], lines)
    return {**context, "file": file}


def _overt(
    standings: Sequence[str] = ("asked", "signed", "refused", "expired"),
    states: Sequence[str] = ("asked", "delivered", "refused", "missing"),
    **changes: Any,
) -> dict[str, Any]:
    """A round in the open and a video check at once, with something of everything."""
    asked = {"asked_at": NOW, "signed_at": None, "signed_name": "陈 <1>", "refused_reason": "没看到"}
    signatures = [{**asked, "standing": each} for each in standings]
    fine = SimpleNamespace(id=ID, person="T01 <b>", amount=Decimal(50), item="courtesy", note="没起身")
    spot = Spot(
        ("20", "200"), {"courtesy": "站立服务"}, [fine] if standings else [], signatures, signable=True
    )
    title = {"default": "高柜"}
    rows = [
        Shown(ID, "南门", "South", "Asia/Urumqi", "counter", title, NOW, NOW, NOW, each, each == "asked",
              "光盘 <3>", "坏了", NOW)
        for each in states
    ]  # fmt: skip
    recordings = Recordings(rows, {"lobby": {"default": "大堂"}, "vault": {"default": "金库"}})
    wrong = Detail("fine_bounds", "/amount", {"least": "20", "most": "200"})
    return {
        "spot": spot,
        "recordings": recordings,
        "notices": (wrong,),
        "values": {"item": "courtesy"},
        **changes,
    }


def _share(wave: Any, **changes: Any) -> Share:
    visit = {
        "id": ID, "code": "B01", "name": "南门分理处", "name_en": None, "slot": "peak", "address": "南门路",
        "planned_on": NOW.date(), "expires_at": NOW, "person_id": None, "person": None, "completed_at": None,
        "given_back_at": None, "attempted": False,
    }  # fmt: skip
    done = {**visit, "id": OTHER, "person_id": ID, "person": "王芳", "completed_at": NOW, "slot": None}
    back = {**visit, "id": THIRD, "person_id": ID, "person": "王芳"}
    rows = [
        SimpleNamespace(**each)
        for each in (
            visit,
            done,
            {**back, "given_back_at": NOW},
            {**back, "id": UUID(int=4), "attempted": True},
        )
    ]
    values = {
        "wave": wave, "firm": SimpleNamespace(id=ID, name="甲公司"), "rows": rows,
        "people": [(str(ID), "王芳")], "proposed": {ID: str(ID)}, "doubts": {}, "open": {}, **changes,
    }  # fmt: skip
    return Share(**values)


def _proposal(planned: str | None) -> Proposal:
    new = NewWave(
        programme="branch-service",
        instrument="visit",
        code="2026Q4-visit",
        title="2026年第四季度神秘检查",
        opens_at=NOW,
        closes_at=NOW.replace(month=12),
        coverage=Coverage(),
    )
    return Proposal(new, "visit", ("share",) if planned is None else (), planned)


def _row(planned: str | None) -> tuple[Proposal, dict[str, str]]:
    values = {
        "title": "神秘检查", "code": "V1", "opens_on": "2026-10-01", "closes_on": "2026-12-31", "share": "60",
        "budget": "", "keep": "" if planned else "yes",
    }  # fmt: skip
    return _proposal(planned), values


def pages(survey: Any, visits: Any) -> dict[str, tuple[str, dict[str, Any]]]:
    """The pages of planning, as `console_pages.PAGES` has them."""
    sample = {
        "wave": survey, "values": SAMPLE_VALUES, "errors": {}, "preview": _preview(), "methods": METHODS,
        "waiting": False,
        "strata": ("unit", "parent", "none"), "fatigue_scopes": ("global", "programme"),
        "names": {"B01": ("南门", "South")},
    }  # fmt: skip
    coverage = {
        "wave": visits, "runs": True, "values": COVERAGE_VALUES, "errors": {}, "shown": _coverage(None),
        "names": {"B01": ("南门", "South")}, "changed": False,
    }  # fmt: skip
    quarter = {
        "programmes": [SimpleNamespace(key="branch-service", title={"default": "网点", "en": "Branches"})],
        "kinds": ("month", "quarter"), "kind": "quarter", "programme": "branch-service", "day": "2026-11-22",
        "period": {"zh": "2026年第四季度", "en": "Q4 2026"}, "rows": [_row(None), _row("W1")], "errors": {},
    }  # fmt: skip
    copied = {
        "title": "第四季度",
        "title_en": "",
        "code": "W-2",
        "opens_on": "2026-12-07",
        "closes_on": "2027-01-01",
    }
    wrong = Detail("plan_cap_below_minimum", "/cap", {"cap": 1, "minimum": 5})
    infeasible = Detail("coverage_infeasible", "/coverage")
    no_slots = Detail("slots_missing", "/roster", {"visit": "B01"})
    taken = Detail("code_taken", "/code", {"code": "W"})
    unfit = Detail("dispatch_unfit", f"/person-{ID}", {"unit": "南门分理处"})
    nobody = Open("B01", 2, (Reason("conflict", 1, 1), Reason("full", 1, 0)), None)
    doubts = {ID: tuple(REASONS)}
    counts = {"firm_id": ID, "firm": "甲公司", "given": 3, "sent": 1, "done": 0}
    of_firm = SimpleNamespace(**{**vars(visits), **counts})
    takers = [(f"person:{ID}", "王芳")]
    drawn = SimpleNamespace(**{**vars(visits), "state": "drawn"})
    return {
        "sample": ("wave_sample", sample),
        "sample_wrong": ("wave_sample", {**sample, "preview": None, "errors": {"cap": wrong}}),
        "sample_waiting": ("wave_sample", {**sample, "preview": None, "waiting": True}),
        "sample_rolling": (
            "wave_sample",
            {**sample, "preview": None, "values": {**SAMPLE_VALUES, "rolling": "yes", "rolling_rate": "20"}},
        ),
        "coverage": ("wave_coverage", coverage),
        "coverage_infeasible": (
            "wave_coverage",
            {**coverage, "shown": _coverage(2), "errors": {"coverage": infeasible}},
        ),
        "roster": ("wave_roster", {"wave": drawn, "shown": _roster(), "notices": (), "unknown": [2027]}),
        "roster_wrong": (
            "wave_roster",
            {"wave": drawn, "shown": None, "notices": (no_slots,), "unknown": []},
        ),
        "grid": ("wave_visits", _grid(visits)),
        "grid_asked": (
            "wave_visits", _grid(visits, asked="reassign", chosen={str(ID)}, takers=takers)
        ),
        "grid_replace": ("wave_visits", _grid(visits, asked="replace", chosen={str(ID)})),
        "grid_elsewhere": ("wave_visits", _grid(visits, asked="call_off", chosen={str(OTHER)})),
        "visit": ("wave_visit", _visit_file(visits)),
        "visit_told": ("wave_visit", _visit_told(visits)),
        "visit_back": (
            "wave_visit",
            _visit_file(
                visits, {"state": "given_back", "given_back_at": NOW, "given_back_reason": "家里有事 <1>"},
                is_read=False, acts=ACTS[:1],
            ),
        ),
        "visit_over": (
            "wave_visit",
            _visit_file(
                visits, {"state": "called_off", "person": None, "replaced_by": OTHER, "planned_on": None},
                answers=False, is_read=False, acts=(),
            ),
        ),
        "visit_overt": ("wave_visit", _visit_file(visits, {"submission_pk": ID}, **_overt())),
        "visit_overt_begun": ("wave_visit", _visit_file(visits, **_overt((), (), answers=False))),
        "visit_refused": ("wave_visit", _visit_file(visits, error=Detail("line_empty", "/said"))),
        "visit_closed": (
            "wave_visit", _visit_file(visits, error=Detail("thread_closed", "/said"), is_read=False)
        ),
        "grid_empty": ("wave_visits", _grid(visits, rows=[], meters=[], more="")),
        "dispatch": ("dispatch", {"rows": [of_firm]}),
        "dispatch_empty": ("dispatch", {"rows": []}),
        "dispatch_share": ("dispatch_share", {"share": _share(visits), "chosen": {}, "errors": {}}),
        "dispatch_unfit": (
            "dispatch_share",
            {
                "share": _share(visits, proposed={}, people=[], doubts=doubts, open={"B01": nobody}),
                "chosen": {ID: str(ID)},
                "errors": {f"person-{ID}": unfit},
            },
        ),
        "quarter": ("quarter", quarter),
        "quarter_nothing": (
            "quarter", {**quarter, "rows": [], "errors": {"chosen": Detail("nothing_chosen", "/chosen")}}
        ),
        "quarter_no_programme": ("quarter", {**quarter, "programmes": [], "rows": [], "period": None}),
        "copy": ("wave_copy", {"wave": survey, "values": copied, "errors": {}}),
        "copy_wrong": (
            "wave_copy",
            {"wave": survey, "values": copied, "errors": {"code": taken}},
        ),
    }  # fmt: skip
