from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, func, select

from server.errors import Refusal
from server.fieldwork.waves import moving
from server.followup.rescoring import Preview, preview_rescoring, shown
from server.intake.asking import ask_firm, find_subjects, open_wave
from server.intake.prepare import Incoming, Prepared, prepare
from server.intake.record import record
from server.intake.shelf import FormShelf
from server.models.audit import AuditLine
from server.models.submissions import ScoreSheet
from server.models.waves import Wave
from server.scope import EVERYTHING, Scope
from tests import builders
from tests.builders import NOW
from tests.fieldwork.forms_for_tests import definition, drafted, scored, version_id
from tests.fieldwork.forms_for_tests import published as publish_form
from tests.followup.schemes_for_tests import KEY, published

BANDS = [{"grade": "good", "min": "60"}, {"grade": "poor", "min": "0"}]


def form(**awards: str) -> dict[str, Any]:
    """Stay? yes, perhaps or no, with the points of each."""
    made = scored(100, **(awards or {"yes": "10", "perhaps": "5", "no": "0"}))
    made["pages"][0]["elements"][0]["choices"] = ["yes", "perhaps", "no"]
    made["scoring"]["bands"] = BANDS
    return made


@pytest.fixture
def wave_id(connection: Connection) -> UUID:
    """A firm's wave by version 1: B101 says perhaps twice and yes, B102 perhaps, B201 no."""
    builders.create_units(connection)
    publish_form(connection, form())
    published(
        connection,
        instruments=[{"name": "hall", "kind": "visit", "form": "short-survey", "version": 1}],
        measures=[],
        rules=[],
    )
    firm = builders.create_firm(connection)
    changes = {"programme": KEY, "instrument": "hall", "code": "H1"}
    wave_id = builders.create_firm_wave(connection, firm, **changes)
    shelf = FormShelf()
    wave = open_wave(connection, shelf, "H1", firm.id, now=NOW)
    subjects = find_subjects(connection, wave, builders.OUTLETS)
    said = [("B101", "perhaps"), ("B101", "yes"), ("B101", "perhaps"), ("B102", "perhaps"), ("B201", "no")]
    for code, stay in said:
        ask = ask_firm(wave, subjects[code], door="api", now=NOW)
        prepared = prepare(Incoming(uuid4(), {"stay": stay, "words": f"因为{code}"}), ask)
        assert isinstance(prepared, Prepared), prepared
        record(connection, [prepared], actor="firm:test", now=NOW)
    return wave_id


def previewed(connection: Connection, wave_id: UUID, version: int, scope: Scope = EVERYTHING) -> Preview:
    return preview_rescoring(connection, FormShelf(), wave_id, version, scope)


def standings(found: Preview) -> dict[str, list[tuple[Any, ...]]]:
    return {
        each.code: [(str(side.score), side.grade, side.rank) for side in (each.before, each.after)]
        for each in found.subjects
    }


def test_who_would_move(connection: Connection, wave_id: UUID) -> None:
    publish_form(connection, form(yes="10", perhaps="9", no="0"))
    found = previewed(connection, wave_id, 2)
    assert standings(found) == {
        "B101": [("66.67", "good", 1), ("93.33", "good", 1)],
        "B102": [("50.00", "poor", 2), ("90.00", "good", 2)],
        "B201": [("0.00", "poor", 3), ("0.00", "poor", 3)],
    }
    assert [each.moves for each in found.subjects] == [True, True, False]
    as_json = shown(found)
    assert (as_json["wave"], as_json["form"], as_json["version"]) == ("H1", "short-survey", 2)
    assert (as_json["unmoved"], as_json["unfit"]) == (1, 0)
    assert as_json["subjects"][1] == {
        "subject": "B102",
        "name": "翠湖支行",
        "n": 1,
        "unfit": 0,
        "from": {"score": "50.00", "grade": "poor", "rank": 2},
        "to": {"score": "90.00", "grade": "good", "rank": 2},
    }


def test_a_rank_alone_is_a_move(connection: Connection, wave_id: UUID) -> None:
    publish_form(connection, form(yes="0", perhaps="5", no="10"))
    found = standings(previewed(connection, wave_id, 2))
    assert found["B102"] == [("50.00", "poor", 2), ("50.00", "poor", 2)]
    assert found["B201"] == [("0.00", "poor", 3), ("100.00", "good", 1)]
    assert found["B101"] == [("66.67", "good", 1), ("33.33", "poor", 3)]


def test_the_version_it_was_scored_by_moves_nobody(connection: Connection, wave_id: UUID) -> None:
    assert not any(each.moves for each in previewed(connection, wave_id, 1).subjects)


def test_a_draft_is_tried_before_it_is_published(connection: Connection, wave_id: UUID) -> None:
    assert drafted(connection, form(yes="10", perhaps="0", no="0")) == 2
    assert standings(previewed(connection, wave_id, 2))["B102"][1] == ("0.00", "poor", 2)


def test_answers_that_would_not_be_accepted_keep_their_score(connection: Connection, wave_id: UUID) -> None:
    narrower = form()
    question = narrower["pages"][0]["elements"][0]
    question |= {"choices": ["yes", "no"], "isRequired": True}
    question["scoring"]["awards"].pop("perhaps")
    publish_form(connection, narrower)
    found = previewed(connection, wave_id, 2)
    assert {each.code: each.unfit for each in found.subjects} == {"B101": 2, "B102": 1, "B201": 0}
    assert standings(found)["B102"][1] == ("50.00", "poor", 2)


def test_a_survey_ranks_no_unit_of_few_customers(connection: Connection, wave_id: UUID) -> None:
    connection.execute(Wave.__table__.update().values(instrument="survey"))
    assert {each.after.rank for each in previewed(connection, wave_id, 1).subjects} == {None}


def test_nothing_is_changed(connection: Connection, wave_id: UUID) -> None:
    publish_form(connection, form(yes="10", perhaps="9", no="0"))

    def stored() -> Any:
        sheets = connection.execute(
            select(ScoreSheet.raw, func.count()).group_by(ScoreSheet.raw).order_by(ScoreSheet.raw)
        ).all()
        return sheets, connection.scalar(select(func.count()).select_from(AuditLine))

    before = stored()
    previewed(connection, wave_id, 2)
    moving.move_to_version(
        connection, wave_id, version_id(connection, 2), EVERYTHING, by=builders.BY, now=NOW
    )
    assert stored()[0] == before[0]


def test_a_version_without_scores_or_that_is_not_there(connection: Connection, wave_id: UUID) -> None:
    publish_form(connection, definition("yes", "perhaps", "no"))
    for version, code in ((2, "form_not_scored"), (7, "form_not_published")):
        with pytest.raises(Refusal) as raised:
            previewed(connection, wave_id, version)
        assert [(each.pointer, each.code) for each in raised.value.details] == [("/version", code)]


def test_only_those_whose_wave_it_is(connection: Connection, wave_id: UUID) -> None:
    with pytest.raises(Refusal, match="forbidden"):
        previewed(connection, wave_id, 1, Scope(unit_paths=("C01/D1/",)))
    with pytest.raises(Refusal, match="not_found"):
        previewed(connection, uuid4(), 1)
