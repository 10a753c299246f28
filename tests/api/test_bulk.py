import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from server.api.submissions import LONGEST_LINE, MOST_LINES
from server.models.submissions import Submission
from tests import builders
from tests.api.conftest import WAVE, Sender, line, submission
from tests.builders import hall_answers

COUNTS = ("created", "replayed", "conflict", "rejected")

# What is wrong with a line, and where and how it is told.
BAD: tuple[tuple[bytes | dict[str, Any], str, str], ...] = (
    (b'{"external_id": ', "", "json_syntax"),
    (b'{"external_id": "x", "external_id": "x"}', "", "json_duplicate_key"),
    (b'{"external_id": "caf\xe9"}', "", "json_encoding"),
    (b'{"external_id": NaN}', "", "json_number"),
    (line(5, answers=hall_answers(speed=6)), "/answers/speed", "choice_unknown"),
    (line(6, answers={**hall_answers(), "typo": 1}), "/answers/typo", "unknown_question"),
    (line(7, subject="nowhere"), "/subject", "unknown_subject"),
    (line(8, wave="nowhere"), "/wave", "unknown_wave"),
    ({"subject": "B101", "answers": hall_answers()}, "/external_id", "field_required"),
    (line(10, points=100), "/points", "field_unknown"),
)


def counts(body: dict[str, Any]) -> dict[str, int]:
    return {name: body[name] for name in COUNTS if body[name]}


def encoded(lines: list[bytes | dict[str, Any]]) -> bytes:
    return b"\n".join(each if isinstance(each, bytes) else json.dumps(each).encode() for each in lines)


def stored(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(Submission)) or 0


def test_of_a_hundred_lines_the_ten_bad_ones_come_back(sender: Sender, engine: Engine) -> None:
    lines: list[bytes | dict[str, Any]] = [line(100 + number) for number in range(100)]
    for place, (bad, _, _) in enumerate(BAD):
        lines[place * 10 + 3] = bad
    data = encoded(lines)
    body = sender.bulk(data).get_json()
    assert counts(body) == {"created": 90, "rejected": 10}
    assert [row["row"] for row in body["rows"]] == list(range(1, 101))
    rejected = [row for row in body["rows"] if row["outcome"] == "rejected"]
    assert [row["row"] for row in rejected] == [place * 10 + 4 for place in range(10)]
    for row, (_, pointer, code) in zip(rejected, BAD, strict=True):
        [error] = row["errors"]
        assert (error["pointer"], error["code"], error["row"]) == (pointer, code, row["row"])
        assert error["detail"]
    assert stored(engine) == 90
    for _ in range(3):
        assert counts(sender.bulk(data).get_json()) == {"replayed": 90, "rejected": 10}
    assert stored(engine) == 90


def test_a_line_that_is_no_object(sender: Sender) -> None:
    body = sender.bulk(b'[1]\n"text"\nnull\n').get_json()
    assert counts(body) == {"rejected": 3}
    assert {row["errors"][0]["code"] for row in body["rows"]} == {"field_invalid"}


def test_other_content_under_a_known_row_is_a_conflict(sender: Sender, engine: Engine) -> None:
    sender.bulk([line(1)])
    body = sender.bulk([line(1, answers=hall_answers(3)), line(2), line(2, subject="B102")]).get_json()
    assert counts(body) == {"created": 1, "conflict": 2}
    assert [row["outcome"] for row in body["rows"]] == ["conflict", "created", "conflict"]
    assert body["rows"][0]["errors"][0]["code"] == "submission_differs"
    assert stored(engine) == 2


def test_firms_and_waves_do_not_share_row_names(
    sender: Sender, another: Callable[..., Sender], engine: Engine
) -> None:
    with engine.begin() as connection:
        builders.create_firm_wave(connection, sender.firm, code="SECOND")
    bodies = [
        sender.bulk([line(1)]).get_json(),
        sender.bulk([line(1)], wave="SECOND").get_json(),
        another().bulk([line(1)], wave="2026-05-OTHER").get_json(),
    ]
    assert [counts(body) for body in bodies] == [{"created": 1}] * 3
    assert len({body["rows"][0]["submission_id"] for body in bodies}) == 3


def test_another_firms_wave_is_unknown(sender: Sender, another: Callable[..., Sender]) -> None:
    body = another().bulk([line(1)], wave=WAVE).get_json()
    assert body["rows"][0]["errors"][0]["code"] == "unknown_wave"


def test_a_wave_that_is_over_rejects_its_rows_only(sender: Sender, engine: Engine) -> None:
    with engine.begin() as connection:
        builders.create_firm_wave(connection, sender.firm, code="OVER", state="closed")
    body = sender.bulk([line(1, wave="OVER"), line(1, wave=WAVE)], wave=None).get_json()
    assert [row["outcome"] for row in body["rows"]] == ["rejected", "created"]
    assert body["rows"][0]["errors"][0]["code"] == "wave_not_open"


@pytest.mark.parametrize("wave", [None, "", "a\x00b", "x" * 5000])
def test_an_address_without_a_usable_wave(sender: Sender, wave: str | None) -> None:
    body = sender.bulk([line(1)], wave=wave).get_json()
    assert counts(body) == {"rejected": 1}
    assert body["rows"][0]["errors"][0]["pointer"] == "/wave"


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (encoded([line(1), line(2)]).replace(b"\n", b"\r\n") + b"\r\n", [1, 2]),
        (b"\n\r\n" + encoded([line(1), b"", b"   ", line(2)]), [3, 6]),
        (b"\xef\xbb\xbf" + encoded([line(1)]), [1]),
        (encoded([line(1, answers=hall_answers(comment="谢谢\u2028你"))]), [1]),
        (b"", []),
        (b"\n\n", []),
    ],
)
def test_rows_are_counted_as_an_editor_counts(sender: Sender, data: bytes, rows: list[int]) -> None:
    body = sender.bulk(data).get_json()
    assert [(row["row"], row["outcome"]) for row in body["rows"]] == [(row, "created") for row in rows]


def test_a_line_that_is_too_long_takes_out_itself_only(sender: Sender) -> None:
    long = line(1, answers=hall_answers(comment="x" * LONGEST_LINE))
    body = sender.bulk([long, line(2)]).get_json()
    assert [row["outcome"] for row in body["rows"]] == ["rejected", "created"]
    assert body["rows"][0]["errors"][0]["code"] == "row_too_long"


def test_too_many_lines_are_refused_before_the_first_is_stored(sender: Sender, engine: Engine) -> None:
    response = sender.bulk(b"\n".join([b"{}"] * (MOST_LINES + 1)))
    assert (response.status_code, response.get_json()["code"]) == (413, "too_many_rows")
    data = encoded([json.dumps(line(1)).encode(), *[b""] * (MOST_LINES + 1)])
    assert counts(sender.bulk(data).get_json()) == {"created": 1}
    assert stored(engine) == 1


def test_rows_beyond_one_transaction_keep_their_order(sender: Sender, engine: Engine) -> None:
    body = sender.bulk([line(number) for number in range(1100)]).get_json()
    assert counts(body) == {"created": 1100}
    assert [row["external_id"] for row in body["rows"]] == [f"row-{number}" for number in range(1100)]
    assert stored(engine) == 1100


@pytest.mark.parametrize("mimetype", ["application/json", "text/csv", ""])
def test_other_content_types_are_refused(sender: Sender, mimetype: str) -> None:
    response = sender.bulk([line(1)], headers={"Content-Type": mimetype})
    assert (response.status_code, response.get_json()["code"]) == (415, "wrong_content_type")


def test_nobody_sends_without_a_key(sender: Sender, engine: Engine) -> None:
    response = sender.bulk([line(1)], headers={"Authorization": ""})
    assert (response.status_code, stored(engine)) == (401, 0)


@pytest.mark.parametrize(("language", "chinese"), [("zh-CN", True), ("en", False)])
def test_sentences_come_in_the_readers_language(sender: Sender, language: str, chinese: bool) -> None:
    rows = sender.bulk([line(1, subject="?")], headers={"Accept-Language": language}).get_json()["rows"]
    assert any("\u4e00" <= char <= "\u9fff" for char in rows[0]["errors"][0]["detail"]) is chinese


def test_one_row_and_many_rows_are_scored_alike(sender: Sender, engine: Engine) -> None:
    sender.put(submission(answers=hall_answers(4)))
    sender.bulk([line(1, answers=hall_answers(4))])
    with engine.connect() as connection:
        doors = connection.execute(select(Submission.door, Submission.content_hash)).all()
    assert {row.door for row in doors} == {"api", "bulk"}
    assert len({row.content_hash for row in doors}) == 1
