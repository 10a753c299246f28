import io
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import openpyxl
import pytest
from sqlalchemy import Connection, func, select

from server.errors import Refusal
from server.fieldwork.definitions.programmes import NewProgramme, publish_programme
from server.fieldwork.history.files import file_rows, find_file, list_files, withdraw_file
from server.fieldwork.history.history_import import import_history
from server.fieldwork.history.standing import standing
from server.fieldwork.importing import ImportReport, SentFile
from server.fieldwork.organisation.subject_import import import_subjects
from server.models.audit import AuditLine
from server.models.definitions import Programme
from server.models.opening_history import HistoryFile, HistoryResult
from server.scope import EVERYTHING, Scope
from tests import builders
from tests.builders import BY, NOW
from tests.fieldwork.history.results_for_tests import file_id, load, scheme_with_past
from tests.followup.schemes_for_tests import KEY

EAST = Scope(unit_paths=("C01/D1/",))
HEADER = "机构编号,期间,项目,得分,等级,名次"
FIRST = f"{HEADER}\nB101,2025,year_score,91.5,good,1\nB102,2025,year_score,88,poor,2\n"
CORRECTED = f"{HEADER}\nB101,2025,year_score,92,good,1\nB102,2025,year_score,88,poor,2\n"


@pytest.fixture
def desk(connection: Connection) -> Connection:
    builders.create_units(connection)
    publish_programme(connection, NewProgramme(KEY, scheme_with_past()), EVERYTHING, by=BY, now=NOW)
    return connection


def standing_now(connection: Connection) -> dict[tuple[str, str, str, str], Decimal | str | None]:
    programme_id = connection.execute(select(Programme.id).where(Programme.key == KEY)).scalar_one()
    return {
        (row.code, row.kind, row.name, row.period or row.ends_on.isoformat()): (
            row.word if row.value is None else row.value
        )
        for row in connection.execute(standing(programme_id))
    }


def counts(connection: Connection, scope: Scope = EVERYTHING) -> dict[str, tuple[int, int, int, bool]]:
    """File -> results, counted, superseded, withdrawn."""
    return {
        row.name: (row.results, row.counted, row.superseded, row.withdrawn_at is not None)
        for row in list_files(connection, scope)
    }


def problems(report: ImportReport) -> list[tuple[int | None, str | None, str]]:
    return [(each.row, each.column, each.code) for each in report.problems]


def withdraw(connection: Connection, name: str, scope: Scope = EVERYTHING, reason: str = "口径不对") -> None:
    withdraw_file(connection, file_id(connection, name), scope, reason=reason, by=BY, now=NOW)


def stored(connection: Connection) -> Sequence[int]:
    tables = (HistoryFile, HistoryResult)
    return [connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


def test_a_row_may_say_several_things_of_one_measure(desk: Connection) -> None:
    report = load(desk, FIRST)
    assert (report.created, report.updated, report.unchanged, problems(report)) == (2, 0, 0, [])
    assert standing_now(desk) == {
        ("B101", "score", "year_score", "2025"): Decimal("91.5"),
        ("B101", "grade", "year_score", "2025"): "good",
        ("B101", "rank", "place", "2025"): Decimal(1),
        ("B102", "score", "year_score", "2025"): Decimal(88),
        ("B102", "grade", "year_score", "2025"): "poor",
        ("B102", "rank", "place", "2025"): Decimal(2),
    }


def test_a_title_that_two_measures_have_is_told_apart_by_the_period(desk: Connection) -> None:
    load(desk, "code,period,measure,score\nB101,2025,平均得分,91\nB101,2025年第四季度,Mean,87.5\n")
    assert standing_now(desk) == {
        ("B101", "score", "year_score", "2025"): Decimal(91),
        ("B101", "score", "quarter_score", "2025Q4"): Decimal("87.5"),
    }


def test_visits_are_scores_and_items_of_a_day(desk: Connection) -> None:
    text = (
        "机构编号,日期,得分,扣分项,扣分\n"
        "B101,2025-11-20,91.5,OUT-01、out-02,\n"
        "B101,2026/2/3,,门头店招干净，没有污渍,1.5\n"
    )
    assert problems(load(desk, text)) == []
    assert standing_now(desk)["B101", "failed_item", "OUT-01", "2026-02-03"] == Decimal("1.5")
    assert standing_now(desk)["B101", "score", "", "2025-11-20"] == Decimal("91.5")
    assert standing_now(desk)["B101", "failed_item", "OUT-01", "2025-11-20"] is None


def test_base_rates_and_imported_words(desk: Connection) -> None:
    text = "机构编号,期间,项目,基数,等级\nD1,2025,complaint_base,0.35,\nB101,2025,class,,A\n"
    assert problems(load(desk, text)) == []
    assert standing_now(desk) == {
        ("D1", "base_rate", "complaint_base", "2025"): Decimal("0.35"),
        ("B101", "grade", "branch_class", "2025"): "A",
    }


def test_a_dry_run_writes_nothing_and_applying_does_what_it_showed(desk: Connection) -> None:
    shown = load(desk, FIRST, dry_run=True)
    assert stored(desk) == [0, 0]
    done = load(desk, FIRST)
    assert (shown.fingerprint, shown.changes) == (done.fingerprint, done.changes)
    assert stored(desk) == [1, 6]


def test_the_same_file_twice_changes_nothing(desk: Connection) -> None:
    load(desk, FIRST)
    again = load(desk, FIRST)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2)
    assert stored(desk) == [1, 6]


def test_a_corrected_file_supersedes_and_shows_old_and_new(desk: Connection) -> None:
    load(desk, FIRST)
    report = load(desk, CORRECTED, name="corrected.csv")
    [change] = report.changes
    assert (change.kind, change.key, change.fields) == (
        "changed",
        "B101 2025 year_score place",
        (("score", "91.5", "92"),),
    )
    assert standing_now(desk)["B101", "score", "year_score", "2025"] == Decimal(92)
    assert counts(desk) == {"corrected.csv": (6, 6, 0, False), "2025.csv": (6, 0, 6, False)}


def test_a_withdrawn_file_stops_counting_and_what_it_superseded_counts_again(desk: Connection) -> None:
    load(desk, FIRST)
    load(desk, CORRECTED, name="corrected.csv")
    withdraw(desk, "corrected.csv")
    assert standing_now(desk)["B101", "score", "year_score", "2025"] == Decimal("91.5")
    assert counts(desk) == {"corrected.csv": (6, 0, 0, True), "2025.csv": (6, 6, 0, False)}
    states = {row.state for row in file_rows(desk, file_id(desk, "corrected.csv"), EVERYTHING).rows}
    assert states == {"withdrawn"}
    withdraw(desk, "2025.csv")
    assert standing_now(desk) == {}
    assert stored(desk) == [2, 12]


def test_what_two_files_say_survives_the_withdrawal_of_either(desk: Connection) -> None:
    load(desk, FIRST)
    load(desk, CORRECTED, name="corrected.csv")
    withdraw(desk, "2025.csv")
    assert standing_now(desk)["B102", "score", "year_score", "2025"] == Decimal(88)


def test_withdrawing_asks_for_a_reason_and_happens_once(desk: Connection) -> None:
    load(desk, FIRST)
    with pytest.raises(Refusal) as refused:
        withdraw(desk, "2025.csv", reason="  ")
    assert [each.code for each in refused.value.details] == ["field_required"]
    withdraw(desk, "2025.csv")
    with pytest.raises(Refusal, match="conflict"):
        withdraw(desk, "2025.csv")


def test_both_deeds_leave_audit_lines(desk: Connection) -> None:
    load(desk, FIRST)
    withdraw(desk, "2025.csv")
    lines = {
        row.action: row.detail
        for row in desk.execute(
            select(AuditLine.action, AuditLine.detail).where(AuditLine.action.startswith("history"))
        )
    }
    imported, withdrawn = lines["history_imported"], lines["history_withdrawn"]
    assert (imported["file"], imported["created"], imported["programme"]) == ("2025.csv", 2, KEY)
    assert len(imported["sha256"]) == 64
    assert withdrawn["reason"] == "口径不对"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("B999,2025,year_score,91,,", ("code", "import_unknown_subject")),
        ("D1,2025,year_score,91,,", ("measure", "import_other_kind")),
        ("B101,2025,yaer_score,91,,", ("measure", "import_unknown_measure")),
        ("B101,2025Q7,year_score,91,,", ("period", "import_period")),
        ("B101,,year_score,91,,", ("period", "cell_missing")),
        ("B101,2026,year_score,91,,", ("period", "import_history_open")),
        ("B101,2025,visit_score,91,,", ("measure", "import_no_periods")),
        ("B101,2025,year_score,85%,,", ("score", "import_number")),
        ("B101,2025,year_score,,great,", ("grade", "import_unknown_grade")),
        ("B101,2025Q4,quarter_score,,good,", ("grade", "import_no_grades")),
        ("B101,2025,year_score,,,1.5", ("rank", "import_rank")),
        ("B101,2025Q4,quarter_score,,,3", ("rank", "import_no_rank")),
        ("B101,2025,year_score,,,", (None, "import_history_empty")),
        ("B101,2025,,91,,", ("score", "import_score_of_what")),
        ("B101,2025,,,good,", ("measure", "cell_missing")),
    ],
)
def test_a_wrong_row_says_why_and_the_others_are_kept(
    desk: Connection, row: str, expected: tuple[str | None, str]
) -> None:
    report = load(desk, f"{HEADER}\n{row}\nB102,2025,year_score,88,,\n")
    assert problems(report) == [(2, *expected)]
    assert report.created == 1


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("B101,,,OUT-99,", ("item", "import_unknown_item")),
        ("B101,2026-05-05,,OUT-01,", ("day", "import_history_open")),
        ("B101,yesterday,,OUT-01,", ("day", "import_date")),
        ("B101,2025-11-20,,OUT-01、OUT-02,3", ("points", "import_points_of_several")),
        ("B101,2025-11-20,,,3", ("item", "cell_missing")),
        ("B101,2025-11-20,spot check,OUT-01,", ("instrument", "import_unknown_instrument")),
    ],
)
def test_a_wrong_item_says_why(desk: Connection, row: str, expected: tuple[str, str]) -> None:
    report = load(desk, f"code,day,instrument,item,points\n{row}\n")
    assert (2, *expected) in problems(report)
    assert stored(desk) == [0, 0]


def test_everything_wrong_with_a_row_is_said_at_once(desk: Connection) -> None:
    report = load(desk, f"{HEADER}\nB999,2025Q7,year_score,x,,\nB101,2025,year_score,x,great,0\n")
    assert problems(report) == [
        (2, "code", "import_unknown_subject"),
        (2, "period", "import_period"),
        (3, "grade", "import_unknown_grade"),
        (3, "rank", "import_rank"),
        (3, "score", "import_number"),
    ]


def test_a_result_stands_once_in_a_file(desk: Connection) -> None:
    report = load(desk, f"{HEADER}\nB101,2025,year_score,91,,\nB101,2025年度,平均得分,92,,\n")
    assert problems(report) == [(3, "score", "import_duplicate")]
    assert standing_now(desk)["B101", "score", "year_score", "2025"] == Decimal(91)


def test_several_instruments_for_visits_have_to_be_told_apart(desk: Connection) -> None:
    instruments = [{"name": name, "kind": "visit"} for name in ("visit", "hall")]
    content = scheme_with_past(instruments=[*instruments, {"name": "log", "kind": "log"}])
    publish_programme(desk, NewProgramme(KEY, content), EVERYTHING, by=BY, now=NOW)
    report = load(
        desk, "code,day,item,instrument\nB101,2025-11-20,anything,\nB101,2025-11-20,anything,hall\n"
    )
    assert problems(report) == [(2, "instrument", "import_which_instrument")]
    assert ("B101", "failed_item", "anything", "2025-11-20") in standing_now(desk)


def test_a_district_imports_and_sees_its_own(desk: Connection) -> None:
    load(desk, FIRST)
    report = load(
        desk, f"{HEADER}\nB101,2024,year_score,80,,\nB201,2024,year_score,81,,\n", name="east.csv", scope=EAST
    )
    assert problems(report) == [(3, "code", "import_unknown_subject")]
    load(desk, f"{HEADER}\nB201,2024,year_score,81,,\n", name="west.csv")
    assert counts(desk, EAST).keys() == {"east.csv", "2025.csv"}
    with pytest.raises(Refusal, match="not_found"):
        find_file(desk, file_id(desk, "west.csv"), EAST)
    withdraw(desk, "east.csv", EAST)
    firm = Scope(firm_ids=(builders.create_firm(desk).id,))
    assert list_files(desk, firm) == []


def test_a_file_beyond_the_scope_is_not_withdrawn(desk: Connection) -> None:
    load(desk, f"{HEADER}\nB101,2025,year_score,91,,\nB201,2025,year_score,81,,\n")
    assert counts(desk, EAST) == {"2025.csv": (1, 1, 0, False)}
    with pytest.raises(Refusal, match="forbidden"):
        withdraw(desk, "2025.csv", EAST)


def test_banks_have_a_history_too(desk: Connection) -> None:
    banks = SentFile("code,name,kind\nabc,农业银行,bank\n".encode(), "banks.csv", BY)
    import_subjects(desk, banks, now=NOW)
    text = "编号,期间,项目,等级\nabc,2025年,annual,基本合格\n"
    assert problems(load(desk, text, key="treasury-agent-banks")) == []


def test_a_long_file_is_read_page_by_page(desk: Connection) -> None:
    rows = "".join(f"B101,{1800 + number},year_score,{number},,\n" for number in range(130))
    load(desk, f"{HEADER}\n{rows}")
    found = file_id(desk, "2025.csv")
    first = file_rows(desk, found, EVERYTHING)
    second = file_rows(desk, found, EVERYTHING, after=first.next)
    assert (len(first.rows), len(second.rows), second.next) == (100, 30, None)


def test_a_workbook_holds_years_and_months_as_numbers_and_days(desk: Connection) -> None:
    book, stream = openpyxl.Workbook(), io.BytesIO()
    assert book.active is not None
    for row in (
        ("code", "period", "measure", "score", "day"),
        ("B101", 2025, "year_score", 91.5, None),
        ("B102", None, None, 88, date(2025, 11, 20)),
    ):
        book.active.append(row)
    book.save(stream)
    sent = SentFile(stream.getvalue(), "2025.xlsx", BY)
    assert problems(import_history(desk, sent, KEY, now=NOW)) == []
    assert set(standing_now(desk).values()) == {Decimal("91.5"), Decimal(88)}


def test_an_unknown_programme_is_not_found(desk: Connection) -> None:
    with pytest.raises(Refusal, match="not_found"):
        load(desk, FIRST, key="no-such")
