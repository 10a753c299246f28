"""What people read passes a scope, and pages and the API reach tables only through lower layers."""

import ast
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import Connection

from server.fieldwork import judging
from server.fieldwork.contacts import reading as contact_reading
from server.fieldwork.contacts.imports import runs as import_runs
from server.fieldwork.contacts.rolling import reading as rolling_reading
from server.fieldwork.definitions import compiled, programmes, versions
from server.fieldwork.duties import correcting
from server.fieldwork.duties import reading as duty_reading
from server.fieldwork.history import files as history_files
from server.fieldwork.organisation import finding as unit_finding
from server.fieldwork.organisation import history as unit_history
from server.fieldwork.organisation import units as organisation
from server.fieldwork.recordings import requests as recordings
from server.fieldwork.timetable import agenda, holidays, notices, own, steps, years
from server.fieldwork.timetable import planning as timetables
from server.fieldwork.visiting import answering
from server.fieldwork.waves import (
    changing,
    drawing,
    instruments,
    launching,
    moving,
    planning,
    plans,
    reading,
    states,
    together,
)
from server.followup import facts, rescoring, settlements
from server.followup.callbacks import (
    about_people,
    attributing,
    bulletins,
    cases,
    closing,
    counting,
    recording,
)
from server.followup.callbacks import reading as desk_reading
from server.followup.doubts import deciding as doubt_deciding
from server.followup.doubts import reading as doubt_reading
from server.followup.pay import approving
from server.followup.pay import closing as month_closing
from server.followup.pay import reading as pay_reading
from server.followup.returning import asking as returning
from server.followup.returning import reading as return_reading
from server.intake import asking
from server.reports import deployment, finding, jobs, progress, results, sheets, visit_file, visits
from server.reports.outreach import campaigns
from server.reports.outreach import history as message_history
from server.reports.today import afterwards, field, listing, office
from server.reports.today import waves as waiting_waves
from server.reports.trail import naming as trail_naming
from server.reports.trail import reading as trail

SERVER = Path(__file__).resolve().parents[2] / "server"
DOORS = ("web", "api")

QUERYING = {"select", "insert", "update", "delete", "text", "table", "func", "exists", "union"}
RUNNING = {"execute", "scalar", "scalars", "exec_driver_sql"}

# Modules whose functions pages and the API read with, and the parameters that limit what they find.
READERS = (
    compiled,
    deployment,
    progress,
    results,
    sheets,
    organisation,
    contact_reading,
    import_runs,
    rolling_reading,
    unit_finding,
    unit_history,
    history_files,
    instruments,
    planning,
    plans,
    reading,
    states,
    changing,
    drawing,
    launching,
    versions,
    moving,
    programmes,
    settlements,
    rescoring,
    facts,
    about_people,
    attributing,
    bulletins,
    cases,
    closing,
    counting,
    desk_reading,
    doubt_deciding,
    doubt_reading,
    recordings,
    approving,
    month_closing,
    pay_reading,
    returning,
    return_reading,
    recording,
    judging,
    correcting,
    duty_reading,
    together,
    finding,
    jobs,
    afterwards,
    field,
    listing,
    office,
    waiting_waves,
    campaigns,
    message_history,
    trail,
    trail_naming,
    visit_file,
    visits,
    answering,
    agenda,
    holidays,
    notices,
    own,
    steps,
    timetables,
    years,
)
LIMITS = {"scope", "doer", "wave", "wave_id", "firm_id"}
UNLIMITED = {
    "compiled": "a compiled programme names no unit and no person",
    "programme_of": "a compiled programme names no unit and no person",
    "newest_wave": "says where a programme keeps photos, and nothing of the wave",
    "find_return": "takes a visit that its key found for the phone",
    "start_run": "stores a file with the scope of its sender",
    "apply_run": "applies a file for its own sender only",
    "can_apply": "takes a run that find_run found for its reader",
    "is_demo": "tells one fact about the deployment, shown on every page",
    "texts_of": "takes a revision that find_submission found within the scope",
    "instruments": "published programmes are no secret of a unit",
    "organisation_names": "the name that stands in every message",
    "refuse_evidence": "looks at a form, within plan_wave and move_to_version",
    "plan_wave": "creates and reads nothing for people",
    "gather": "all facts of a settlement, which only those make whose scope reaches everything",
    "judged": "the subjects among them",
    "close_due": "the clock's chore, by time alone",
    "unknown_years": "public holidays are no secret",
    "days_for": "the same",
    "known_years": "the same",
    "add_year": "enters them, for everybody",
    "raise_notice": "writes, and reads nothing for people",
    "raise_notices": "the same",
    "supersede": "the same",
    "tell_of_close": "defers a job, and reads nothing for people",
    "plan_year": "the dates of a programme, within pages that ask for the whole organisation",
    "newest_version": "published programmes are no secret of a unit",
    "waiting": "asks each source within the scope of that source's permission",
    "search": "asks each section within the scope of that section's permission",
    "names_of": "names what lines say that were found within the scope; people within `people`",
    "subject_names": "the same",
    "steps_of": "takes a case that find_case or locked_case found within the scope",
    "steps_of_cases": "takes a case that find_case or locked_case found within the scope",
    "dispute_days": "the same",
    "call_back_of": "the same",
    "was_reached": "the same",
    "note_record": "the same",
    "record_of": "the same",
    "hand_in": "takes the scope with the forms, and locks its case within it",
    "close_recorded": "takes the scope with the forms, and locks its case within it",
    "make_all": "the clock's chore: every unit's bulletin",
    "ask_for": "takes the visit that a phone's session found, and reads nothing for people",
    "posts_missing": "takes the visit that a phone's session found",
    "recordings_of": "the same",
    "statement": "somebody's own pay, for the phone of the person it names",
    "months_of": "the same",
    "is_paid_by_firm": "the same",
    "report_of": "somebody's own report, for the phone of the person it names",
    "open_return": "takes the visit that a phone's session or assignment_of found",
    "returns_of": "the same",
    "answers_so_far": "the same",
    "waves_to_plan": "the clock's chore, by time alone",
}


def modules() -> list[Path]:
    return [path for door in DOORS for path in sorted((SERVER / door).rglob("*.py"))]


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy"):
            yield from (name.name for name in node.names)
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.startswith("sqlalchemy"))


def called(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr


def readers() -> list[Callable[..., Any]]:
    return [function for module in READERS for function in public_readers(module)]


def public_readers(module: ModuleType) -> Iterator[Callable[..., Any]]:
    """Functions of the module itself that are handed a connection."""
    for name, function in inspect.getmembers(module, inspect.isfunction):
        parameters = inspect.signature(function).parameters.values()
        takes_connection = any(each.annotation is Connection for each in parameters)
        if function.__module__ == module.__name__ and not name.startswith("_") and takes_connection:
            yield function


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SERVER)))
def test_pages_and_api_ask_lower_layers(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert not QUERYING & set(imported(tree))
    assert "sqlalchemy" not in set(imported(tree))
    assert not RUNNING & set(called(tree))


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SERVER)))
def test_pages_and_api_import_no_tables(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    tables = [
        node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("server.models")
    ]
    assert not tables


@pytest.mark.parametrize("function", readers(), ids=lambda function: function.__qualname__)
def test_every_reader_takes_what_limits_it(function: Callable[..., Any]) -> None:
    parameters = set(inspect.signature(function).parameters)
    assert parameters & LIMITS or function.__name__ in UNLIMITED


def test_no_exception_outlives_its_function() -> None:
    assert set(UNLIMITED) <= {function.__name__ for function in readers()}


def test_a_firms_wave_is_found_only_for_the_firm() -> None:
    assert "firm_id" in inspect.signature(asking.open_wave).parameters
