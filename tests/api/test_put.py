import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, func, select, text, update
from werkzeug.test import TestResponse

from server.clock import SetClock
from server.models.accounts import ApiKey
from server.models.submissions import Submission
from tests import builders
from tests.api.conftest import WAVE, Sender, submission
from tests.builders import DAY, hall_answers

ID = UUID("0b7c1e0e-6c0f-4d8e-9a3b-2f1d5c7a9e10")


def stored(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(Submission)) or 0


def refused(response: TestResponse, status: int, code: str) -> dict[str, Any]:
    body: dict[str, Any] = response.get_json()
    assert (response.status_code, body["code"], body["status"]) == (status, code, status)
    assert response.mimetype == "application/problem+json"
    assert body["request_id"] == response.headers["X-Request-Id"]
    return body


def test_stored_then_the_same_again_then_other_content(sender: Sender, engine: Engine) -> None:
    first = sender.put(submission(), ID)
    assert first.status_code == 201
    assert first.get_json() == {
        "submission_id": str(ID), "outcome": "created", "received_at": "2026-05-04T02:00:00+00:00",
        "missing_attachments": [],
    }  # fmt: skip
    again = sender.put(submission(client_time="2026-05-04T09:00:00+08:00"), ID)
    assert (again.status_code, again.get_json()["outcome"]) == (200, "replayed")
    refused(sender.put(submission(answers=hall_answers(3)), ID), 409, "submission_differs")
    assert stored(engine) == 1


def test_wrong_answers_are_pointed_at(sender: Sender, engine: Engine) -> None:
    answers = {**hall_answers(speed=9), "overal": 1}
    body = refused(sender.put(submission(answers=answers)), 422, "invalid_answers")
    assert [(each["pointer"], each["code"]) for each in body["errors"]] == [
        ("/answers/speed", "choice_unknown"),
        ("/answers/overal", "unknown_question"),
    ]
    assert body["errors"][0]["question"] == "speed"
    assert all(each["detail"] for each in body["errors"])
    assert stored(engine) == 0


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"wave": None}, "/wave", "field_invalid"),
        ({"subject": 7}, "/subject", "field_invalid"),
        ({"subject": ""}, "/subject", "field_invalid"),
        ({"subject": "x" * 101}, "/subject", "field_invalid"),
        ({"answers": []}, "/answers", "field_invalid"),
        ({"score": 100}, "/score", "field_unknown"),
        ({"client_time": "yesterday"}, "/client_time", "field_invalid"),
        ({"client_time": "2026-05-04T09:00:00"}, "/client_time", "field_invalid"),
        ({"client_time": "0001-01-01T00:00:00+14:00"}, "/client_time", "field_invalid"),
        ({"client_time": "9999-12-31T23:59:59-12:00"}, "/client_time", "field_invalid"),
        ({"subject": "nowhere"}, "/subject", "unknown_subject"),
        ({"subject": "' OR 1=1 --"}, "/subject", "unknown_subject"),
    ],
)
def test_wrong_envelopes_are_pointed_at(
    sender: Sender, change: dict[str, Any], pointer: str, code: str
) -> None:
    body = refused(sender.put(submission(**change)), 422, "invalid_fields")
    assert [(each["pointer"], each["code"]) for each in body["errors"]] == [(pointer, code)]


def test_every_missing_field_is_named(sender: Sender) -> None:
    body = refused(sender.put({}), 422, "invalid_fields")
    assert {(each["pointer"], each["code"]) for each in body["errors"]} == {
        (f"/{name}", "field_required") for name in ("wave", "subject", "answers")
    }


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"7", b"null", b"true"])
def test_a_body_that_is_no_object(sender: Sender, body: bytes) -> None:
    refused(sender.put(body), 422, "invalid_fields")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "json_syntax"),
        (b"{", "json_syntax"),
        (b'{"wave": "\xff"}', "json_encoding"),
        (b'{"wave": "a", "wave": "b"}', "json_duplicate_key"),
        (b'{"wave": NaN}', "json_number"),
        (b'{"wave": 1e999}', "json_number"),
        (b'{"wave": ' + b"9" * 4000 + b"}", "json_number"),
        (b'{"wave": "a\\u0000"}', "json_text"),
        (b'{"wave": "\\ud800"}', "json_text"),
        (b"[" * 100_000, "json_depth"),
        (b'{"answers":' * 40 + b"1" + b"}" * 40, "json_depth"),
    ],
)
def test_hostile_json_is_refused_with_its_reason(sender: Sender, body: bytes, code: str) -> None:
    problem = refused(sender.put(body), 400, "unreadable_body")
    assert [each["code"] for each in problem["errors"]] == [code]


@pytest.mark.parametrize("mimetype", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_other_content_types_are_refused(sender: Sender, mimetype: str) -> None:
    response = sender.put(submission(), headers={"Content-Type": mimetype})
    refused(response, 415, "wrong_content_type")


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer ak_wrong", "Basic YTpi", "Bearer \xe9"])
def test_without_a_key_there_is_nothing(sender: Sender, engine: Engine, authorization: str) -> None:
    response = sender.put(submission(), headers={"Authorization": authorization})
    refused(response, 401, "bad_api_key")
    assert stored(engine) == 0


@pytest.mark.parametrize("change", ["expires_at", "revoked_at"])
def test_a_key_that_is_over(sender: Sender, engine: Engine, change: str) -> None:
    with engine.begin() as connection:
        connection.execute(update(ApiKey).values({change: builders.NOW}))
    refused(sender.put(submission()), 401, "bad_api_key")


def test_a_key_without_the_permission(sender: Sender, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE api_key SET permissions = '[]'"))
    refused(sender.put(submission()), 403, "forbidden")


def test_another_firms_wave_is_as_absent_as_none(sender: Sender, another: Callable[..., Sender]) -> None:
    other = another()
    foreign = refused(other.put(submission()), 404, "unknown_wave")
    nothing = refused(other.put(submission(wave="no-such")), 404, "unknown_wave")
    assert [(each["pointer"], each["code"]) for each in nothing["errors"]] == [("/wave", "unknown_wave")]
    assert "no-such" in nothing["title"]
    for field in ("title", "errors"):
        assert str(foreign[field]).replace(WAVE, "no-such") == str(nothing[field])


@pytest.mark.parametrize(
    ("state", "opens", "closes", "status"),
    [
        ("planned", -1, 1, 409),
        ("closed", -1, 1, 409),
        ("launched", 1, 2, 409),
        ("launched", -2, 0, 409),
        ("launched", 0, 1, 201),
    ],
)
def test_a_wave_takes_rows_while_it_is_open(
    sender: Sender, engine: Engine, state: str, opens: int, closes: int, status: int
) -> None:
    window = {"opens_at": builders.NOW + opens * DAY, "closes_at": builders.NOW + closes * DAY}
    with engine.begin() as connection:
        builders.create_firm_wave(connection, sender.firm, code="W", state=state, **window)
    response = sender.put(submission(wave="W"))
    assert response.status_code == status
    if status == 409:
        problem = refused(response, 409, "wave_not_open")
        assert [each["pointer"] for each in problem["errors"]] == ["/wave"]


def test_a_wave_closes_by_the_clock(sender: Sender, clock: SetClock) -> None:
    clock.advance(14 * DAY)
    refused(sender.put(submission()), 409, "wave_not_open")


def test_subjects_outside_the_waves_subtree_are_unknown(sender: Sender, engine: Engine) -> None:
    with engine.begin() as connection:
        builders.create_firm_wave(connection, sender.firm, code="EAST", unit_code="D1")
    assert sender.put(submission(wave="EAST", subject="B102")).status_code == 201
    # B201 lies below D10, whose path begins like that of D1.
    body = refused(sender.put(submission(wave="EAST", subject="B201")), 422, "invalid_fields")
    assert [each["code"] for each in body["errors"]] == ["unknown_subject"]


def test_an_id_that_is_no_uuid_is_no_address(sender: Sender) -> None:
    refused(sender.put(submission(), "7"), 404, "not_found")


def test_only_put_is_understood(sender: Sender) -> None:
    response = sender.client.get(f"/api/v1/submissions/{uuid4()}", headers=sender.firm.headers)
    refused(response, 405, "method_not_allowed")


@pytest.mark.parametrize("language", ["zh-CN,zh;q=0.9", "en-GB,en;q=0.8", "fr"])
def test_sentences_come_in_the_readers_language(sender: Sender, language: str) -> None:
    response = sender.put(submission(answers={}), headers={"Accept-Language": language})
    body = response.get_json()
    chinese = any("\u4e00" <= char <= "\u9fff" for char in body["title"] + body["errors"][0]["detail"])
    assert chinese is not language.startswith("en")


def test_a_body_beyond_the_limit(sender: Sender) -> None:
    padding = json.dumps(submission()).encode() + b" " * (32 * 1024 * 1024)
    refused(sender.put(padding), 413, "too_large")


def test_what_is_stored_names_the_door_and_the_firm(sender: Sender, engine: Engine) -> None:
    sender.put(submission(external_id="A-17"), ID)
    with engine.connect() as connection:
        row = connection.execute(select(Submission.door, Submission.firm_id, Submission.external_id)).one()
    assert row == ("api", sender.firm.id, "A-17")
