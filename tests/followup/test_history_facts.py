"""Imported history in settlements: streaks, repeats, comparisons with last year, and what explains them."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

from server import catalogue, wire
from server.fieldwork.definitions.programmes import NewProgramme, find_programme, publish_programme
from server.fieldwork.history.files import withdraw_file
from server.fieldwork.importing import SentFile
from server.fieldwork.organisation.subject_import import import_subjects
from server.fieldwork.organisation.unit_import import import_units
from server.fieldwork.visits.earlier import LastVisit, last_visits
from server.followup.facts import Gathered, Span, gather
from server.followup.settlements import Made, NewSettlement, make_settlement, result_of
from server.models.waves import Wave
from server.scope import EVERYTHING
from server.scoring.programmes.compiling import compile_programme
from server.scoring.settling.explaining import explain_number
from server.scoring.settling.settlement import settle
from tests import builders
from tests.builders import BY, DAY, NOW
from tests.fieldwork.history.results_for_tests import file_id, load, scheme_with_past
from tests.followup.schemes_for_tests import AS_OF, KEY, visit_wave

SAMPLES = Path(__file__).parents[1] / "schemes"
E1 = "treasury-agent-banks"
E2 = "postal-service-upgrade"
Row = Mapping[str, Any]


@pytest.fixture
def desk(connection: Connection) -> Connection:
    builders.create_units(connection)
    publish_programme(connection, NewProgramme(KEY, scheme_with_past()), EVERYTHING, by=BY, now=NOW)
    return connection


def gathered(connection: Connection, *, year: int = 2026, since: date = date.min) -> Gathered:
    version = find_programme(connection, KEY, EVERYTHING)
    span = Span(year, date(year, 1, 1), AS_OF.replace(year=year), since)
    return gather(connection, compile_programme(version.content), version.programme_id, span)


def settled(connection: Connection, key: str, as_of: date, **extra: Any) -> Made:
    new = NewSettlement(key, as_of, extra=extra)
    return make_settlement(connection, new, EVERYTHING, by=BY, now=NOW)


def rows_of(connection: Connection, made: Made, listing: str, **wanted: str) -> list[Row]:
    found = result_of(connection, made.id, EVERYTHING)[listing]
    return [row for row in found if all(row.get(name) == value for name, value in wanted.items())]


def bank_sample(connection: Connection) -> dict[str, Any]:
    """The sample of E1 on the last day of its year, without its history; its banks are subjects here."""
    facts: dict[str, Any] = wire.loads((SAMPLES / E1 / "facts.json").read_bytes())
    text = "code,name,kind\n" + "".join(
        f"{each['id']},{each['name']},bank\n" for each in facts["subjects"] if each["kind"] == "bank"
    )
    import_subjects(connection, SentFile(text.encode(), "banks.csv", BY), now=NOW)
    for name in ("asOf", "year", "history"):
        del facts[name]
    facts["deliveries"] = [each for each in facts["deliveries"] if each["at"] < "2027"]
    facts["findings"] = [each for each in facts["findings"] if each["date"] < "2027"]
    facts["scores"] = [each for each in facts["scores"] if each["date"] < "2027"]
    return facts


def test_a_second_year_in_the_third_grade_ends_the_agreement(connection: Connection) -> None:
    facts = bank_sample(connection)
    day = date(2026, 12, 31)
    alone = settled(connection, E1, day, **facts)
    assert rows_of(connection, alone, "actions", do="terminate", subject="post") == []
    load(connection, "编号,期间,项目,等级\npost,2025年度,annual,基本合格\n", key=E1, name="2025年考核.csv")
    made = settled(connection, E1, day, **facts)
    [years] = rows_of(connection, made, "measures", measure="basic_years", subject="post", period="2026")
    assert years["published"] == "2"
    [ended] = rows_of(connection, made, "actions", do="terminate", subject="post")
    assert ended["rule"] == "terminate_basic"
    withdraw_file(
        connection, file_id(connection, "2025年考核.csv"), EVERYTHING, reason="口径不对", by=BY, now=NOW
    )
    again = settled(connection, E1, day, **facts)
    assert rows_of(connection, again, "actions", do="terminate", subject="post") == []


def test_what_was_settled_here_is_the_history_of_the_next_year(connection: Connection) -> None:
    facts = bank_sample(connection)
    first = settled(connection, E1, date(2026, 12, 31), **facts)
    [grade] = rows_of(connection, first, "measures", measure="annual", subject="post", period="2026")
    assert grade["grade"] == "基本合格"
    assert rows_of(connection, first, "actions", do="terminate", subject="post") == []
    # A file that says otherwise of a year that was settled here says nothing.
    load(connection, "编号,期间,项目,等级\npost,2026年度,annual,优秀\n", key=E1, name="2026年考核.csv")
    a_year_on = json.dumps(facts).replace("2026", "2027").replace("2025", "2026")
    again = wire.loads(a_year_on.encode())
    second = settled(connection, E1, date(2027, 12, 31), **again)
    [years] = rows_of(connection, second, "measures", measure="basic_years", subject="post", period="2027")
    assert years["published"] == "2"
    [ended] = rows_of(connection, second, "actions", do="terminate", subject="post")
    assert ended["rule"] == "terminate_basic"


@pytest.mark.parametrize(
    ("raw", "exact"), [("400/6", "200/3"), ("-1/7", "-1/7"), ("66.5", "66.5"), ("1/0", "1/0")]
)
def test_a_settled_number_stays_exact(raw: str, exact: str) -> None:
    content = scheme_with_past()
    facts = {
        "asOf": "2026-12-31", "subjects": [{"id": "a", "kind": "outlet"}],
        "history": [{"measure": "quarter_score", "subject": "a", "period": "2025Q4", "value": raw}],
    }  # fmt: skip
    before = [row for row in settle(content, facts).to_json()["measures"] if row["measure"] == "before"]
    assert (before[0]["period"], before[0]["raw"]) == ("2026Q1", exact)


def outlets(connection: Connection) -> None:
    """Units of E2: a county with a sub-branch and an outlet."""
    text = (
        "code,name,parent_code,level,kind\n"
        "X,县支行,,district,county\n"
        "S,二级支行,X,sub_branch,sub_branch\n"
        "O,网点,S,outlet,outlet\n"
    )
    report = import_units(connection, SentFile(text.encode(), "units.csv", BY), now=NOW)
    assert report.created == 3


def visit(day: str, item: str) -> dict[str, Any]:
    return {
        "id": day, "instrument": "mystery", "subject": "O", "date": day, "wave": day, "score": "90",
        "lines": [{"item": item, "code": item, "lost": "2", "onScale": "2"}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("when", "doubled"),
    [("日期,2026-02-10", "2.00"), ("期间,2026年第一季度", "2.00"), ("日期,2025-12-20", "0.00")],
)
def test_an_imported_failed_item_of_the_same_year_is_repeated(
    connection: Connection, when: str, doubled: str
) -> None:
    outlets(connection)
    column, cell = when.split(",")
    load(connection, f"网点编号,{column},扣分项\nO,{cell},TEL-07\n", key=E2)
    made = settled(
        connection, E2, AS_OF, parameters={"missing_items": "150"}, scores=[visit("2026-06-10", "TEL-07")]
    )
    phase = {"subject": "O", "period": "2026/comply"}
    [row] = rows_of(connection, made, "measures", measure="phase_doubled", **phase)
    assert row["published"] == doubled
    fines = rows_of(connection, made, "ledger", subject="O", period="2026/rectify")
    assert fines == []


@pytest.mark.parametrize(("rate", "reached"), [("0.06", "1"), ("0.07", "0")])
def test_a_complaint_rate_is_measured_against_the_imported_base(
    connection: Connection, rate: str, reached: str
) -> None:
    outlets(connection)
    load(connection, "网点编号,期间,项目,基数\nO,2025,complaint_base,0.10\n", key=E2)
    own = [{"name": "complaint_rate", "subject": "O", "period": "2026", "value": rate}]
    made = settled(connection, E2, AS_OF, parameters={"missing_items": "150"}, indicators=own)
    [goal] = rows_of(connection, made, "measures", measure="goal_complaints", subject="O", period="2026")
    assert goal["published"] == reached


def test_a_rate_that_a_measure_looks_back_at_stays_in_its_own_year(connection: Connection) -> None:
    version = find_programme(connection, "complaint-handling", EVERYTHING)
    builders.create_units(connection, [("B", "支行", "Branch", "", "sub_branch")])
    kinds = SentFile(b"code,kind\nB,branch\n", "kinds.csv", BY)
    import_units(connection, kinds, now=NOW)
    text = "编号,期间,项目,基数\nB,2025,complaint_rate,0.5\n"
    assert load(connection, text, key="complaint-handling").problems == ()
    span = Span(2026, date(2026, 1, 1), AS_OF, date(2026, 1, 1))
    facts = gather(connection, compile_programme(version.content), version.programme_id, span).facts
    assert [each["value"] for each in facts["history"]] == ["0.5"]
    assert "indicators" not in facts


def test_numbers_grades_and_ranks_are_history_with_their_file(desk: Connection) -> None:
    load(desk, "code,period,measure,score,grade,rank\nB101,2025,year_score,91.50,good,1\n")
    assert gathered(desk).facts["history"] == [
        {
            "measure": "year_score", "subject": "B101", "period": "2025", "value": "91.5", "grade": "good",
            "source": "2025.csv",
        },
        {"measure": "place", "subject": "B101", "period": "2025", "value": "1", "source": "2025.csv"},
    ]  # fmt: skip


def test_a_base_stands_until_a_newer_one(desk: Connection) -> None:
    header = "code,period,measure,base,value\n"
    bases = "D1,2023,complaint_base,0.4,\nD1,2025,complaint_base,0.3,\n"
    load(desk, f"{header}{bases}D10,2026,complaint_rate,,0.2\n")
    by_year = {year: gathered(desk, year=year).facts.get("indicators", []) for year in (2022, 2024, 2026)}
    found = {
        year: [(row["name"], row["subject"], row["value"]) for row in rows] for year, rows in by_year.items()
    }
    assert found == {
        2022: [],
        2024: [("complaint_base", "D1", "0.4")],
        2026: [("complaint_rate", "D10", "0.2"), ("complaint_base", "D1", "0.3")],
    }


def test_what_a_file_of_facts_says_stands_instead(desk: Connection) -> None:
    load(desk, "code,period,measure,base\nD1,2025,complaint_base,0.4\n")
    load(desk, "code,period,measure,grade\nB101,2025,year_score,good\n", name="b.csv")
    own = {"name": "complaint_base", "subject": "D1", "period": "2026", "value": "0.5"}
    past = {"measure": "year_score", "subject": "B101", "period": "2025", "grade": "poor"}
    made = settled(desk, KEY, AS_OF, indicators=[own], history=[past])
    [base] = rows_of(desk, made, "measures", measure="complaint_base", subject="D1")
    assert base["published"] == "0.5000"


def test_visits_before_the_year_count_only_where_repeats_reach_back(desk: Connection) -> None:
    load(desk, "code,day,score,item,points\nB101,2025-11-20,91,OUT-01,1\nB101,2026-02-10,88,OUT-01,2\n")
    found = gathered(desk, since=date(2026, 1, 1)).facts["scores"]
    assert found == [
        {
            "id": "imported/B101/visit/2026-02-10", "instrument": "visit", "subject": "B101",
            "date": "2026-02-10", "score": "88", "lines": [{"item": "OUT-01", "lost": "2"}],
            "fields": {"imported": "2025.csv"},
        }
    ]  # fmt: skip
    assert len(gathered(desk).facts["scores"]) == 2


def test_items_without_points_cost_an_imported_visit_nothing(desk: Connection) -> None:
    load(desk, "code,day,score,item\nB101,2026-02-10,88,OUT-01、OUT-02\n")
    whole, items = gathered(desk).facts["scores"]
    assert (whole["score"], whole["lines"]) == ("88", [])
    assert (items["score"], [each["item"] for each in items["lines"]]) == (None, ["OUT-01", "OUT-02"])


def test_items_of_a_log_are_findings(desk: Connection) -> None:
    load(desk, "code,day,instrument,item,points\nB101,2026-02-10,log,greeting,1\n")
    [finding] = gathered(desk).facts["findings"]
    assert (finding["item"], finding["points"], finding["source"]) == ("greeting", "1", "log")


def test_what_a_later_version_no_longer_has_is_left_out_and_counted(desk: Connection) -> None:
    load(desk, "code,period,measure,score\nB101,2025,year_score,91\nB101,2025Q4,quarter_score,92\n")
    measures = [each for each in scheme_with_past()["measures"] if each["name"] in ("year_score", "place")]
    content = scheme_with_past(measures=measures)
    publish_programme(desk, NewProgramme(KEY, content), EVERYTHING, by=BY, now=NOW)
    found = gathered(desk)
    assert [each["measure"] for each in found.facts["history"]] == ["year_score"]
    assert found.left_out == {"history": 1}


def test_an_explanation_names_the_file(desk: Connection) -> None:
    load(desk, "code,period,measure,score\nB101,2025Q4,quarter_score,92\n", name="成绩.csv")
    content = find_programme(desk, KEY, EVERYTHING).content
    explained = explain_number(settle(content, gathered(desk).facts), "quarter_score", "B101", "2025Q4")
    assert [(part.code, part.params) for part in explained.parts] == [("from_file", {"source": "成绩.csv"})]
    assert "成绩.csv" in catalogue.text("explain.from_file", "zh", source="成绩.csv")


def test_outlets_not_seen_here_yet_were_last_seen_in_a_file(desk: Connection) -> None:
    wave_id = visit_wave(desk, "Q1", opens_at=NOW - 40 * DAY, closes_at=NOW - 20 * DAY)
    builders.create_scored(desk, wave_id, "B201", ["95"])
    load(desk, (
        "code,day,period,measure,score,item\n"
        "B101,,2025Q4,quarter_score,84.5,\n"
        "B101,,2025,year_score,90,\n"
        "B102,2025-12-03,,,,OUT-01\n"
        "B102,2025-11-01,,,70,\n"
        "B201,2025-12-03,,,70,\n"
    ))  # fmt: skip
    later = visit_wave(desk, "Q2")
    wave = desk.execute(select(*Wave.__table__.columns).where(Wave.id == later)).one()
    found = last_visits(desk, wave)
    subjects = {code: builders.subject_of(desk, code) for code in builders.OUTLETS}
    assert found[subjects["B101"]].day == date(2025, 12, 31)
    assert str(found[subjects["B101"]].score) == "84.5"
    assert found[subjects["B102"]] == LastVisit(date(2025, 12, 3), None)
    assert found[subjects["B201"]].day == NOW.date()
