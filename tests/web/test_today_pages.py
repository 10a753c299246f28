"""The day, the search, the audit trail and several waves at once, through the real views."""

import ast
import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, select

import server
from server import audit, catalogue
from server.db import new_id
from server.fieldwork.outreach.alerts import raise_stops
from server.fieldwork.timetable.notices import NewNotice, raise_notices
from server.followup import critical
from server.followup.callbacks import overdue
from server.keys import KeyRing
from server.models.organisation import Unit
from server.models.submissions import Submission
from server.models.waves import Wave
from server.notify.respect.stops import stop
from server.reports.today.listing import KINDS
from server.web.console.today import ADDRESSES
from tests import builders
from tests.builders import NOW
from tests.http.staff import signed_in
from tests.web.test_wave_pages import Desk

ROOT = Path(server.__file__).parent
# Actions that are put together: module -> what it can write.
COMPOSED = {
    "fieldwork/contacts/contact_import.py": ("contacts_imported", "events_imported"),
    "fieldwork/contacts/imports/feeds.py": ("contacts_fed", "events_fed"),
    "fieldwork/contacts/imports/runs.py": ("contacts_imported", "events_imported"),
}
# What only SQL writes.
IN_SQL = ("submission_stored",)
# How modules call their function that writes a line with the action it is handed.
WRITERS = {"audit", "write", "note", "lines", "witness"}


@pytest.fixture
def coordinator(app: Flask, engine: Engine) -> Desk:
    return Desk(*signed_in(app, engine, "coordinator"))


@pytest.fixture
def bank(engine: Engine, keys: KeyRing) -> Callable[..., UUID]:
    def make(state: str, **changes: str) -> UUID:
        with engine.begin() as connection:
            if connection.scalar(select(Unit.id).limit(1)) is None:
                builders.create_units(connection)
                builders.create_contacts(connection, keys)
            return builders.create_wave(connection, state=state, **changes)

    return make


def written_actions() -> Iterator[tuple[str, set[str]]]:
    """Each module that writes lines, with the actions that stand in it as literals."""
    for path in sorted(ROOT.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        entries = [
            node.args[1]
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "Entry"
            and ast.unparse(node.func.value) == "audit"
        ]
        literals = {str(each.value) for each in entries if isinstance(each, ast.Constant)}
        if any(not isinstance(each, ast.Constant) for each in entries):
            place = str(path.relative_to(ROOT))
            literals |= set(COMPOSED.get(place, ())) or handed_on(tree)
        if entries:
            yield str(path.relative_to(ROOT)), literals


def handed_on(tree: ast.AST) -> set[str]:
    """Actions that a module hands to the function that writes its lines."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).lstrip("_") in WRITERS:
            found |= {text for argument in node.args for text in said(argument)}
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "action":
            found |= set(said(node.value))
    return {each for each in found if "_" in each and each.replace("_", "").isalpha()}


def said(value: ast.expr) -> Iterator[str]:
    """A text, or either of the two that a condition chooses from."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    if isinstance(value, ast.IfExp):
        yield from (*said(value.body), *said(value.orelse))


def test_every_action_has_a_sentence() -> None:
    written = dict(written_actions())
    assert all(written.values()), written
    actions = set().union(*written.values(), IN_SQL)
    assert {"wave_paused", "duty_done", "person_added", "visit_extended", "deputy_added"} <= actions
    assert actions - catalogue.texts("zh", "audit").keys() == set()


def test_every_kind_of_line_has_a_sentence_and_an_address() -> None:
    said = catalogue.texts("zh", "today")
    assert {*KINDS} == {*ADDRESSES}
    assert [kind for kind in KINDS if kind not in said or f"{kind}.act" not in said] == []


def test_a_line_leads_to_the_act_and_goes_with_it(
    engine: Engine, bank: Callable[..., UUID], coordinator: Desk
) -> None:
    assert "都处理好了" in coordinator.get("/console")
    wave_id = bank("planned")
    page = coordinator.get("/console")
    assert f'href="/console/waves/{wave_id}"' in page
    assert "该抽样了" in page
    assert coordinator.post(f"/console/waves/{wave_id}/draw").status_code == 303
    page = coordinator.get("/console")
    assert "该抽样了" not in page
    assert "可以发起" in page
    assert "完成了“五月满意度调查”的抽样" in page


@pytest.mark.parametrize("role", ["administrator", "operator", "owner", "branch_manager", "lobby_manager"])
def test_everybody_has_a_day(app: Flask, engine: Engine, bank: Callable[..., UUID], role: str) -> None:
    bank("drawn")
    desk = Desk(*signed_in(app, engine, role))
    assert "今日待办" in desk.get("/console")


def test_a_search_finds_each_kind_by_what_people_know_of_it(
    engine: Engine, bank: Callable[..., UUID], coordinator: Desk
) -> None:
    wave_id = bank("drawn")
    with engine.begin() as connection:
        [pk] = builders.create_scored(connection, wave_id, "B101", ["90"])
        submission_id = connection.scalar(select(Submission.submission_id).where(Submission.id == pk))
    for text, address in (
        ("满意度调", f"/console/waves/{wave_id}"),
        ("2026-05", f"/console/waves/{wave_id}"),
        ("翠湖", "B102"),
        ("green la", "B102"),
        ("王芳", "/console/people/"),
        (str(submission_id), f"/console/submissions/{pk}"),
        ("K-B101-01", "/console/contacts/person?id=K-B101-01"),
        ("hall-satis", "/console/forms/hall-satisfaction"),
    ):
        page = coordinator.client.get("/console/search", query_string={"q": text}).text
        assert address in page, text
    nothing = coordinator.client.get("/console/search", query_string={"q": "<i>%_"}).text
    assert "没有找到“&lt;i&gt;%_”" in nothing
    assert "K-B101-01" not in coordinator.client.get("/console/search?q=K-B101").text.split("<main", 1)[1]


def test_a_search_never_leaves_the_scope(app: Flask, engine: Engine, bank: Callable[..., UUID]) -> None:
    bank("drawn", unit_code="D10")
    manager = Desk(*signed_in(app, engine, "branch_manager", "B101"))
    for text in ("人民路", "B201", "2026-05", "K-B201-01", "王芳"):
        page = manager.client.get("/console/search", query_string={"q": text}).text
        assert "没有找到" in page, text
    assert "青年路" in manager.get("/console/search?q=B101")


def test_the_trail_is_read_by_who_may_and_within_what_they_see(
    app: Flask, engine: Engine, bank: Callable[..., UUID]
) -> None:
    east, west = bank("planned", code="E", unit_code="D1"), bank("planned", code="W", unit_code="D10")
    whole = Desk(*signed_in(app, engine, "auditor"))
    page = whole.get(f"/console/audit?subject=wave:{west}")
    assert "新建了考核期“五月满意度调查”" in page
    assert whole.get(f"/console/waves/{west}").count(f"/console/audit?subject=wave:{west}") == 1
    part = Desk(*signed_in(app, engine, "owner", "D1"))
    seen = part.get("/console/audit")
    assert f"/console/waves/{east}" in seen
    assert f"/console/waves/{west}" not in seen
    assert "没有记录" in part.get(f"/console/audit?subject=wave:{west}")
    manager = Desk(*signed_in(app, engine, "branch_manager", "B101"))
    assert manager.client.get("/console/audit").status_code == 403


@pytest.mark.parametrize("query", ["day=2026-13-01", "before=x", "subject=%00", "actor=a%20b"])
def test_filters_that_nobody_typed_are_refused(app: Flask, engine: Engine, query: str) -> None:
    auditor = Desk(*signed_in(app, engine, "auditor"))
    assert auditor.client.get(f"/console/audit?{query}").status_code == 400


def test_the_trail_as_a_file_runs_no_formula(app: Flask, engine: Engine) -> None:
    with engine.begin() as connection:
        entry = audit.Entry("system", "wave_paused", "wave:x", {"reason": "=cmd|' /C calc'!A0"})
        audit.record(connection, [entry], at=NOW)
    auditor = Desk(*signed_in(app, engine, "auditor"))
    answer = auditor.client.get("/console/audit.csv?action=wave_paused")
    assert answer.mimetype == "text/csv"
    [row] = csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert (row["原因"], row["操作人"]) == ("'=cmd|' /C calc'!A0", "系统")


def states(engine: Engine) -> dict[str, str]:
    with engine.connect() as connection:
        return dict(connection.execute(select(Wave.code, Wave.state)).all())


def test_several_waves_are_shown_first_and_then_treated_each_by_itself(
    engine: Engine, bank: Callable[..., UUID], coordinator: Desk
) -> None:
    ids = [str(bank("planned", code="A")), str(bank("drawn", code="B"))]
    assert 'name="chosen"' in coordinator.get("/console/waves")
    shown = coordinator.client.post(
        "/console/waves/several/draw", data={"csrf": coordinator.csrf, "chosen": ids}
    )
    assert "12 人中抽 12 人" in shown.text
    assert "已不在这一步" in shown.text
    assert states(engine) == {"A": "planned", "B": "drawn"}
    done = coordinator.client.post(
        "/console/waves/several/draw", data={"csrf": coordinator.csrf, "chosen": ids, "confirmed": "yes"}
    )
    assert "1 期已处理，1 期未处理" in done.text
    assert states(engine) == {"A": "drawn", "B": "drawn"}


def test_waves_are_called_off_together_with_one_reason(
    engine: Engine, bank: Callable[..., UUID], coordinator: Desk
) -> None:
    ids = [str(bank("planned", code="A")), str(bank("drawn", code="B"))]
    form = {"csrf": coordinator.csrf, "chosen": ids, "confirmed": "yes"}
    without = coordinator.client.post("/console/waves/several/cancel", data=form)
    assert without.status_code == 422
    assert states(engine) == {"A": "planned", "B": "drawn"}
    coordinator.client.post("/console/waves/several/cancel", data={**form, "reason": "名单有误"})
    assert states(engine) == {"A": "cancelled", "B": "cancelled"}


def test_agreeing_together_agrees_to_what_was_shown(
    engine: Engine, bank: Callable[..., UUID], coordinator: Desk
) -> None:
    wave_id = bank("drawn", code="A")
    form = {"csrf": coordinator.csrf, "chosen": [str(wave_id)], "confirmed": "yes"}
    stale = coordinator.client.post(
        "/console/waves/several/approve", data={**form, f"read-{wave_id}": "another plan"}
    )
    assert "0 期已处理，1 期未处理" in stale.text
    nothing = coordinator.client.post("/console/waves/several/approve", data={"csrf": coordinator.csrf})
    assert nothing.status_code == 303


def test_who_only_reads_waves_has_no_boxes(app: Flask, engine: Engine, bank: Callable[..., UUID]) -> None:
    wave_id = bank("planned")
    analyst = Desk(*signed_in(app, engine, "analyst"))
    assert 'name="chosen"' not in analyst.get("/console/waves")
    form = {"csrf": analyst.csrf, "chosen": [str(wave_id)]}
    assert analyst.client.post("/console/waves/several/cancel", data=form).status_code == 403


@pytest.mark.parametrize(
    ("role", "unit", "leads_to"),
    [("coordinator", None, "/console/submissions/"), ("branch_manager", "B101", "/results")],
)
def test_a_critical_failure_stands_first_in_words_and_leads_to_what_the_reader_may_see(
    app: Flask, engine: Engine, bank: Callable[..., UUID], role: str, unit: str | None, leads_to: str
) -> None:
    wave_id, pk = bank("launched"), new_id()
    both = {"place": {"zh": "青年路支行", "en": "Youth Road"}, "items": {"zh": "着装<1>", "en": "Dress"}}
    with engine.begin() as connection:
        unit_id = connection.scalar(select(Unit.id).where(Unit.code == "B101"))
        new = NewNotice(f"{critical.KIND}:{pk}:{role}", critical.KIND, role, NOW, unit_id, wave_id=wave_id)
        raise_notices(connection, [replace(new, params=both)], now=NOW)
    page = Desk(*signed_in(app, engine, role, unit)).get("/console")
    assert "青年路支行：着装&lt;1&gt;。请尽快处理。" in page
    assert leads_to in page
    assert (str(pk) in page) is (role == "coordinator"), "its inner id would tell a branch when it came"
    assert "Youth Road" not in page
    assert catalogue.text("today.urgency.now", "zh") in page


def test_what_has_no_wave_stands_in_the_day_as_well(engine: Engine, coordinator: Desk) -> None:
    case_id = new_id()
    with engine.begin() as connection:
        builders.create_units(connection)
        place = {"place": {"zh": "青年路支行", "en": "Youth Road"}}
        late = NewNotice(f"{overdue.KIND}:{case_id}:coordinator", overdue.KIND, "coordinator", NOW)
        raise_notices(connection, [replace(late, params=place)], now=NOW)
        stop(connection, None, "misconfigured", NOW, {"code": "20003"})
        raise_stops(connection, now=NOW)
    page = coordinator.get("/console")
    assert f"/console/callbacks/{case_id}" in page
    assert catalogue.text("timetable.notice.sending_stopped", "zh") in page
    assert "青年路支行：有一位客户的回访已超时。" in coordinator.get("/console/timetable")
