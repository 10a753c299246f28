from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, insert, select, update

from server.accounts import register
from server.accounts.register import NewAccount
from server.db import new_id
from server.followup.facts import Gathered, Span, gather, laid_over
from server.intake.asking import ask_firm, find_subjects, open_wave
from server.intake.prepare import Incoming, Prepared, prepare
from server.intake.record import record
from server.intake.shelf import FormShelf
from server.models.definitions import Programme
from server.models.organisation import Subject, Unit
from server.models.submissions import Finding, Submission, SubmissionRevision
from server.models.tasks import Assignment
from server.models.waves import Wave
from server.scoring.programmes.compiling import compile_programme
from server.scoring.settling.settlement import settle
from tests import builders
from tests.builders import DAY, NOW, hall_answers
from tests.followup.schemes_for_tests import AS_OF, KEY, published, scheme, visit_wave

YEAR = date(2026, 1, 1)


@pytest.fixture
def units(connection: Connection) -> Connection:
    builders.create_units(connection)
    published(connection)
    return connection


def gathered(connection: Connection, *, as_of: date = AS_OF, since: date = YEAR, **changes: Any) -> Gathered:
    programme_id = connection.execute(select(Programme.id).where(Programme.key == KEY)).scalar_one()
    programme = compile_programme(scheme(**changes))
    return gather(connection, programme, programme_id, Span(2026, YEAR, as_of, since))


def subjects(connection: Connection, **changes: Any) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in gathered(connection, **changes).facts["subjects"]}


def score_of(connection: Connection, **span: Any) -> dict[str, Any]:
    [score] = gathered(connection, **span).facts["scores"]
    return dict(score)


def changed(connection: Connection, table: Any, **values: Any) -> None:
    connection.execute(update(table).values(**values))


def test_units_are_subjects_by_their_level(units: Connection) -> None:
    found = subjects(units)
    assert {code: (row["kind"], row.get("parent")) for code, row in found.items()} == {
        "C01": ("city", None),
        "D1": ("district", "C01"),
        "D10": ("district", "C01"),
        "B101": ("outlet", "D1"),
        "B102": ("outlet", "D1"),
        "B201": ("outlet", "D10"),
    }
    assert found["B101"]["name"] == "青年路支行"


def test_a_level_that_the_programme_does_not_judge_is_left_out(units: Connection) -> None:
    kinds = [{"name": "city"}, {"name": "outlet", "parent": "city"}]
    found = gathered(units, subjects=kinds, rules=[])
    rows = {row["id"]: row for row in found.facts["subjects"]}
    assert set(rows) == {"C01", "B101", "B102", "B201"}
    assert rows["B101"]["parent"] == "C01"
    assert found.left_out == {"subjects": 2}


def test_an_attribute_names_the_kind_where_the_level_does_not(units: Connection) -> None:
    kinds = [{"name": "county"}, {"name": "outlet", "parent": "county"}]
    units.execute(update(Unit).where(Unit.code == "D1").values(attributes={"kind": "county", "rooms": 3}))
    found = subjects(units, subjects=kinds, rules=[])
    assert found["D1"] == {
        "id": "D1",
        "kind": "county",
        "name": "东城区",
        "attributes": {"kind": "county", "rooms": 3},
    }
    assert (found["B101"]["parent"], found["B201"].get("parent")) == ("D1", None)


def test_a_unit_that_closed_before_the_year_is_no_longer_judged(units: Connection) -> None:
    for code, closed in (("B101", datetime(2025, 12, 30, tzinfo=UTC)), ("B102", NOW)):
        units.execute(update(Unit).where(Unit.code == code).values(closed_at=closed))
    assert {"B102", "B201"} == {code for code in subjects(units) if code.startswith("B")}


def test_subjects_that_are_no_units_go_by_their_own_kind(units: Connection) -> None:
    unit_id = units.scalar(select(Unit.id).where(Unit.code == "B101"))
    person_id = register.add_person(units, "小周", now=NOW, unit_id=unit_id)
    for code, kind, person in (("P1", "person", person_id), ("BANK", "bank", None)):
        row = {"id": new_id(), "code": code, "kind": kind, "name": code, "person_id": person}
        units.execute(insert(Subject).values(**row))
    kinds = [*scheme()["subjects"], {"name": "person", "parent": "outlet"}, {"name": "bank"}]
    found = subjects(units, subjects=kinds)
    assert (found["P1"]["kind"], found["P1"]["parent"]) == ("person", "B101")
    assert found["BANK"] == {"id": "BANK", "kind": "bank", "name": "BANK"}


def test_a_role_is_held_by_one_person_or_by_nobody(units: Connection) -> None:
    def account(login: str, role: str, unit: str) -> UUID:
        new = NewAccount(login, login, "correct horse battery", role, unit_code=unit)
        return register.add_account(units, new, by="system", now=NOW)

    account("one", "branch_manager", "B101")
    for login in ("two", "three"):
        account(login, "supervisor", "B101")
    account("four", "coordinator", "D1")
    found = subjects(units)
    assert list(found["B101"]["roles"]) == ["branch_manager"]
    assert list(found["D1"]["roles"]) == ["coordinator"]
    assert "roles" not in found["B102"]


def test_waves_have_their_first_and_last_days(units: Connection) -> None:
    midnight = datetime(2026, 5, 31, 16, 0, tzinfo=UTC)
    visit_wave(units, "V1", closes_at=midnight)
    visit_wave(units, "V2", opens_at=NOW + 30 * DAY, closes_at=NOW + 40 * DAY)
    found = gathered(units, as_of=date(2026, 5, 31)).facts["waves"]
    assert found == [{"name": "V1", "from": "2026-05-03", "to": "2026-05-31"}]


def test_a_score_is_its_sheet_and_says_where_it_comes_from(units: Connection) -> None:
    wave_id = visit_wave(units)
    [pk] = builders.create_scored(units, wave_id, "B101", ["271/3"])
    submission_id = units.scalar(select(Submission.submission_id).where(Submission.id == pk))
    assert score_of(units) == {
        "id": f"V1/{submission_id}",
        "instrument": "visit",
        "subject": "B101",
        "wave": "V1",
        "date": "2026-05-04",
        "state": "approved",
        "sheet": {"raw": "271/3", "published": None, "grade": None, "lines": []},
    }


@pytest.mark.parametrize(
    ("answered", "assigned", "told", "expected"),
    [
        ("2026-04-30", "2026-05-01", NOW - DAY, "2026-04-30"),
        (None, "2026-05-01", NOW - DAY / 2, "2026-05-01"),
        ("soon", "2026-05-01", None, "2026-05-01"),
        (None, None, NOW - DAY / 2, "2026-05-03"),
        (None, None, NOW - 9 * DAY, "2026-05-04"),
        (None, None, NOW + 9 * DAY, "2026-05-04"),
        (None, None, None, "2026-05-04"),
    ],
    ids=["answer", "assignment", "no-date", "phone", "phone-before-the-wave", "phone-ahead", "arrival"],
)
def test_the_day_of_a_visit(
    units: Connection, answered: str | None, assigned: str | None, told: datetime | None, expected: str
) -> None:
    wave_id = visit_wave(units)
    [pk] = builders.create_scored(units, wave_id, "B101", ["90"])
    changed(units, Submission, client_time=told)
    changed(units, SubmissionRevision, answers={} if answered is None else {"visit_date": answered})
    if assigned:
        person_id = register.add_person(units, "小周", now=NOW)
        units.execute(
            insert(Assignment).values(
                id=new_id(),
                wave_id=wave_id,
                person_id=person_id,
                subject_id=builders.subject_of(units, "B101"),
                submission_id=select(Submission.submission_id).where(Submission.id == pk).scalar_subquery(),
                token_hash=b"x",
                variables={"visit_date": assigned},
                created_at=NOW,
                opens_at=NOW,
                expires_at=NOW,
            )
        )
    assert score_of(units)["date"] == expected


@pytest.mark.parametrize(
    ("zone", "expected"), [("Asia/Shanghai", "2026-05-01"), ("America/New_York", "2026-04-30")]
)
def test_a_day_is_the_units_own(units: Connection, zone: str, expected: str) -> None:
    builders.create_scored(units, visit_wave(units), "B101", ["90"])
    changed(units, Unit, timezone=zone)
    changed(units, Submission, received_at=datetime(2026, 4, 30, 18, 0, tzinfo=UTC))
    assert score_of(units)["date"] == expected


def test_what_is_dated_later_is_not_a_fact_yet(units: Connection) -> None:
    builders.create_scored(units, visit_wave(units), "B101", ["90"])
    assert gathered(units, as_of=date(2026, 5, 3)).facts["scores"] == []
    assert gathered(units, as_of=date(2026, 5, 4)).facts["scores"] != []


def test_earlier_years_are_taken_where_a_repeat_reaches_back(units: Connection) -> None:
    builders.create_scored(units, visit_wave(units), "B101", ["90"])
    changed(units, Submission, received_at=datetime(2025, 6, 1, tzinfo=UTC))
    assert gathered(units).facts["scores"] == []
    assert score_of(units, since=date.min)["date"] == "2025-06-01"


def test_only_the_newest_revision_counts(units: Connection) -> None:
    builders.create_scored(units, visit_wave(units), "B101", ["90"])
    pk = units.scalar(select(Submission.id))
    row = {"id": new_id(), "submission_pk": pk, "number": 2, "answers": {}, "created_at": NOW}
    units.execute(insert(SubmissionRevision).values(**row))
    assert gathered(units).facts["scores"] == []


def test_a_cancelled_wave_counts_nowhere(units: Connection) -> None:
    builders.create_scored(units, visit_wave(units), "B101", ["90"])
    changed(units, Wave, state="cancelled", cancelled_at=NOW, cancel_reason="x")
    assert score_of(units)["state"] == "excluded"
    assert gathered(units).facts["waves"] == []


def test_scores_of_instruments_that_the_version_lacks_are_left_out(units: Connection) -> None:
    builders.create_scored(units, visit_wave(units), "B101", ["90", "91"])
    found = gathered(units, instruments=[{"name": "log", "kind": "log"}], measures=[], rules=[])
    assert (found.facts["scores"], found.left_out) == ([], {"scores": 2})


def test_waves_of_every_version_count(units: Connection) -> None:
    builders.create_scored(units, visit_wave(units, "V1"), "B101", ["90"])
    published(units, fine="500")
    builders.create_scored(units, visit_wave(units, "V2"), "B101", ["91"])
    assert [row["wave"] for row in gathered(units).facts["scores"]] == ["V1", "V2"]


def test_findings_that_are_decided_are_facts(units: Connection) -> None:
    wave_id = visit_wave(units)
    [pk] = builders.create_scored(units, wave_id, "B101", ["90"])
    subject_id = builders.subject_of(units, "B101")
    for item, state in (("A-1", "confirmed"), ("A-2", "pending"), ("A-3", "overturned")):
        row = {"id": new_id(), "wave_id": wave_id, "subject_id": subject_id, "submission_pk": pk}
        values = {"item": item, "code": "", "points": "2.50", "key_item": False, "state": state}
        units.execute(insert(Finding).values(**row, **values, created_at=NOW))
    found = gathered(units).facts["findings"]
    assert [(row["item"], row["status"], row["points"]) for row in found] == [
        ("A-1", "confirmed", "2.5"),
        ("A-3", "overturned", "2.5"),
    ]
    assert (found[0]["subject"], found[0]["date"], found[0]["source"]) == ("B101", "2026-05-04", "visit")


def test_answers_through_the_door_settle_to_their_own_sheet(units: Connection) -> None:
    firm = builders.create_firm(units)
    changes = {"programme": KEY, "instrument": "hall", "code": "H1"}
    builders.create_firm_wave(units, firm, **changes)
    wave = open_wave(units, FormShelf(), "H1", firm.id, now=NOW)
    subject = find_subjects(units, wave, ["B101"])["B101"]
    stored = []
    for stars in (4, 2):
        ask = ask_firm(wave, subject, door="api", now=NOW)
        prepared = prepare(Incoming(uuid4(), hall_answers(stars)), ask)
        assert isinstance(prepared, Prepared)
        record(units, [prepared], actor="firm:test", now=NOW)
        stored.append(prepared.sheet)
    measures = [{"name": "hall_score", "of": "outlet", "per": "visit", "scores": "hall"}]
    found = gathered(units, measures=measures, rules=[]).facts
    lines = [line for score in found["scores"] for line in score["sheet"]["lines"]]
    assert lines
    assert all(line["lost"] != "0" for line in lines)
    rows = settle(scheme(measures=measures, rules=[]), found).to_json()["measures"]
    assert isinstance(rows, list)
    assert sorted(row["published"] for row in rows) == sorted(str(each.published) for each in stored if each)


def test_the_same_database_gives_the_same_facts(units: Connection) -> None:
    wave_id = visit_wave(units)
    for code in builders.OUTLETS:
        builders.create_scored(units, wave_id, code, ["90", "91"])
    assert gathered(units) == gathered(units)


BASE = {
    "asOf": "2026-12-31",
    "subjects": [{"id": "a", "kind": "outlet", "attributes": {"rooms": 3}}],
    "scores": [{"id": "1", "state": "approved", "date": "2026-05-04"}],
    "waves": [{"name": "V1"}],
}


@pytest.mark.parametrize(
    ("extra", "name", "expected"),
    [
        (
            {"scores": [{"id": "1", "state": "overturned"}]},
            "scores",
            [{"id": "1", "state": "overturned", "date": "2026-05-04"}],
        ),
        ({"scores": [{"id": "2"}]}, "scores", [BASE["scores"][0], {"id": "2"}]),
        (
            {"scores": [{"id": "1"}, {"id": "1", "state": "x"}]},
            "scores",
            [BASE["scores"][0], {"id": "1", "state": "x"}],
        ),
        (
            {"subjects": [{"id": "a", "roles": {"manager": "p"}, "attributes": {"seats": 9}}]},
            "subjects",
            [
                {
                    "id": "a",
                    "kind": "outlet",
                    "attributes": {"rooms": 3, "seats": 9},
                    "roles": {"manager": "p"},
                }
            ],
        ),
        ({"waves": [{"name": "V2"}]}, "waves", [{"name": "V1"}, {"name": "V2"}]),
        ({"indicators": [{"name": "x"}]}, "indicators", [{"name": "x"}]),
        ({"parameters": {"x": 1}}, "parameters", {"x": 1}),
        ({"scores": "x"}, "scores", "x"),
        ({"scores": [3]}, "scores", [BASE["scores"][0], 3]),
    ],
)
def test_what_a_file_lays_over(extra: dict[str, Any], name: str, expected: object) -> None:
    before = repr(BASE)
    assert laid_over(BASE, extra)[name] == expected
    assert repr(BASE) == before
