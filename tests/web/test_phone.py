"""The visits app's server: who gets in, what is said before going, what a phone may send and how often."""

import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
import requests
from flask import Flask
from sqlalchemy import Engine, delete, func, select, update

from server.accounts import register
from server.clock import SetClock
from server.config import S3Settings
from server.fieldwork.outreach.keys import Sender
from server.fieldwork.visiting import devices
from server.followup.returning.asking import NewReturn, return_visit
from server.followup.returning.deciding import Question
from server.intake.shelf import FormShelf
from server.keys import KeyRing
from server.models.audit import AuditLine
from server.models.messages import Message
from server.models.submissions import Attachment, Submission, SubmissionRevision
from server.models.tasks import Assignment, Draft
from server.models.visits import DeviceKey, VisitEvent, VisitRecord
from server.models.waves import Wave
from server.scope import EVERYTHING
from server.services import EXTENSION
from server.storage.memory import MemoryStore
from server.storage.objects import S3Store
from server.storage.protocol import PART_BYTES
from tests.builders import BY, NOW, PUBLIC_URL, CreatedTask, create_units, create_visit
from tests.fieldwork.forms_for_tests import published, scored, version_id
from tests.storage.making_videos import mp4
from tests.web.phones import JSON, PASSED, Phone, record, report

NUMBER = "139 0013 9000"


def test_a_code_signs_a_phone_in_once(app: Flask, visit: CreatedTask, engine: Engine, keys: KeyRing) -> None:
    phone = Phone(app.test_client())
    assert phone.ask("POST", "/sign-in/code", {"number": NUMBER}) == {}
    with engine.connect() as connection:
        text = keys.decrypt(connection.scalar(select(Message.text).where(Message.kind == "sign_in")))
    code = "".join(each for each in text if each.isdigit())[:6]
    wrong = f"{(int(code) + 1) % 10**6:06}"
    said = {"number": NUMBER, "code": wrong}
    assert phone.ask("POST", "/sign-in/number", said, status=401)["code"] == "sign_in_failed"
    assert phone.ask("POST", "/sign-in/number", {**said, "code": code}) == {"name": "小周"}
    assert phone.ask("GET", "/visits")["name"] == "小周"
    phone.ask("POST", "/sign-in/number", {**said, "code": code}, status=401)


def test_five_wrong_tries_end_a_code(app: Flask, visit: CreatedTask, engine: Engine, keys: KeyRing) -> None:
    phone = Phone(app.test_client())
    phone.ask("POST", "/sign-in/code", {"number": NUMBER})
    with engine.connect() as connection:
        text = keys.decrypt(connection.scalar(select(Message.text).where(Message.kind == "sign_in")))
    code = "".join(each for each in text if each.isdigit())[:6]
    for step in range(1, 6):
        wrong = f"{(int(code) + step) % 10**6:06}"
        phone.ask("POST", "/sign-in/number", {"number": NUMBER, "code": wrong}, status=401)
    phone.ask("POST", "/sign-in/number", {"number": NUMBER, "code": code}, status=401)


def test_an_unknown_number_gets_the_same_answer_and_no_message(
    app: Flask, visit: CreatedTask, engine: Engine
) -> None:
    assert Phone(app.test_client()).ask("POST", "/sign-in/code", {"number": "13700000000"}) == {}
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).where(Message.kind == "sign_in")) == 0


def test_a_visits_link_signs_one_phone_in(app: Flask, phone: Phone, visit: CreatedTask) -> None:
    other = Phone(app.test_client())
    other.ask("POST", "/sign-in/link", {"token": visit.token}, status=401)
    other.ask("GET", "/visits", status=401)
    assert [each["id"] for each in phone.ask("GET", "/visits")["visits"]] == [str(visit.id)]


def test_after_a_phone_was_lost_no_link_of_a_visit_signs_one_in(
    ready: Phone, app: Flask, engine: Engine, visit: CreatedTask
) -> None:
    with engine.begin() as connection:
        person_id = connection.scalars(select(Assignment.person_id)).one()
        # As if the visit's link had not been opened yet.
        connection.execute(delete(DeviceKey))
        devices.end_devices(connection, person_id, now=NOW)
        devices.end_visit_links(connection, person_id, now=NOW)
    found = Phone(app.test_client())
    assert found.ask("POST", "/sign-in/link", {"token": visit.token}, status=401)["code"] == "sign_in_failed"
    ready.ask("GET", "/visits", status=401)
    # What was prepared before has a key of its own.
    ready.ask("POST", "/sent/{ref}/report", report(), status=201)


@pytest.mark.parametrize("days", [13, 15])
def test_a_phone_stays_signed_in_for_two_weeks(phone: Phone, clock: SetClock, days: int) -> None:
    clock.advance(timedelta(days=days))
    phone.ask("GET", "/visits", status=200 if days < 14 else 401)


def test_a_foreign_form_cannot_post_here(phone: Phone, visit: CreatedTask) -> None:
    response = phone.client.post(f"/t/visits/{visit.id}/accept", data={"no_ties": "true"})
    assert response.status_code == 415


def test_acceptance_takes_briefing_quiz_and_declaration(phone: Phone, visit: CreatedTask) -> None:
    at = f"/visits/{visit.id}"
    refused = phone.ask("POST", f"{at}/accept", {"no_ties": False}, status=422)
    assert {each["code"] for each in refused["errors"]} == {
        "ties_undeclared", "briefing_unread", "quiz_unpassed",
    }  # fmt: skip
    phone.ask("POST", f"{at}/prepare", {}, status=409)
    phone.ask("POST", f"{at}/briefed", {})
    assert "faces" in phone.ask("GET", f"{at}/quiz")["html"]
    # 4 of 6 are 67 percent, and one module has nothing.
    half = {**PASSED, "faces": "close", "ties": "go"}
    judged = phone.ask("POST", f"{at}/quiz", {"answers": [list(each) for each in half.items()]})
    assert judged == {
        "percent": "66.67",
        "modules": {"unnoticed": "100.00", "truth": "100.00", "people": "0.00"},
        "passed": False,
    }
    phone.ask("POST", f"{at}/accept", {"no_ties": True}, status=422)
    assert phone.ask("POST", f"{at}/quiz", {"answers": [["notes", "phone"]]}, status=422)["missing"]
    phone.ask("POST", f"{at}/quiz", {"answers": [list(each) for each in PASSED.items()]})
    assert phone.ask("POST", f"{at}/accept", {"no_ties": True})["state"] == "accepted"


def test_whoever_guesses_a_quiz_has_five_tries_a_day(
    phone: Phone, visit: CreatedTask, clock: SetClock
) -> None:
    answers = {"answers": [list(each) for each in {**PASSED, "ties": "go"}.items()]}
    for _ in range(5):
        phone.ask("POST", f"/visits/{visit.id}/quiz", answers)
    phone.ask("POST", f"/visits/{visit.id}/quiz", answers, status=429)
    clock.advance(timedelta(days=1, minutes=1))
    phone.ask("POST", f"/visits/{visit.id}/quiz", answers)


def test_a_visit_is_given_back_with_a_reason(ready: Phone, visit: CreatedTask, engine: Engine) -> None:
    at = f"/visits/{visit.id}"
    ready.ask("POST", f"{at}/give-back", {"reason": "  "}, status=422)
    ready.ask("POST", f"{at}/give-back", {"reason": "家里有事"})
    assert ready.ask("GET", "/visits")["visits"] == []
    ready.ask("POST", "/sent/{ref}/report", report(), status=410)
    with engine.connect() as connection:
        assert connection.scalar(select(Assignment.given_back_reason)) == "家里有事"


def test_the_talk_has_two_sides(ready: Phone, visit: CreatedTask) -> None:
    at = f"/visits/{visit.id}/thread"
    ready.ask("POST", at, {"said": " "}, status=422)
    [line] = ready.ask("POST", at, {"said": "可以带孩子去吗？"})["lines"]
    assert (line["mine"], line["said"]) == (True, "可以带孩子去吗？")


def test_nobody_reaches_anothers_visit(
    app: Flask, ready: Phone, visit: CreatedTask, engine: Engine, keys: KeyRing
) -> None:
    with engine.begin() as connection:
        register.add_person(connection, "别人", now=NOW, phone=("+8613700137000", keys))
    other = Phone(app.test_client())
    other.ask("POST", "/sign-in/code", {"number": "13700137000"})
    with engine.connect() as connection:
        text = keys.decrypt(connection.scalar(select(Message.text).where(Message.kind == "sign_in")))
    code = "".join(each for each in text if each.isdigit())[:6]
    other.ask("POST", "/sign-in/number", {"number": "13700137000", "code": code})
    assert other.ask("GET", "/visits")["visits"] == []
    for method, path in (("GET", ""), ("GET", "/thread"), ("POST", "/prepare"), ("GET", "/quiz")):
        other.ask(method, f"/visits/{visit.id}{path}", {} if method == "POST" else None, status=404)
    other.key = (ready.key[0], "x" * 22)
    other.ask("POST", "/sent/{ref}/report", report(), status=404)


def test_twenty_reports_at_once_are_one_submission(ready: Phone, app: Flask, engine: Engine) -> None:
    def send(_: int) -> tuple[int, JSON]:
        ref, secret = ready.key
        response = app.test_client().post(
            f"/t/sent/{ref}/report", json=report(), headers={"Authorization": f"Visit {secret}"}
        )
        return response.status_code, dict(response.get_json())

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(20)))
    assert sorted(status for status, _ in answers) == [200] * 19 + [201]
    assert len({answer["received"] for _, answer in answers}) == 1
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(Submission)) == 1
        assert connection.scalar(select(VisitRecord.declared_name)) == "小周"


def test_another_report_under_the_same_visit_is_a_conflict(ready: Phone) -> None:
    ready.ask("POST", "/sent/{ref}/report", report(), status=201)
    assert ready.ask("POST", "/sent/{ref}/report", report("no"), status=409)["code"] == "submission_differs"


def test_what_is_missing_is_said_all_at_once_with_its_page(ready: Phone, engine: Engine) -> None:
    body = {**report(), "answers": urlencode({"stay": "maybe"})}
    said = ready.ask("POST", "/sent/{ref}/report", body, status=422)
    assert [(each["question"], each["page"]) for each in said["errors"]] == [("stay", 0)]
    assert said["errors"][0]["detail"]
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(Submission)) == 0


@pytest.mark.parametrize(("days", "status"), [(10, 201), (15, 404)])
def test_a_report_may_be_late_and_the_sign_in_over(
    ready: Phone, clock: SetClock, engine: Engine, days: int, status: int
) -> None:
    """The window ends after seven days; a phone without network has seven more."""
    ready.client.delete_cookie("phone", path="/t")
    clock.advance(timedelta(days=days))
    ready.ask("POST", "/sent/{ref}/report", report(), status=status)
    if status == 201:
        with engine.connect() as connection:
            [detail] = connection.scalars(
                select(AuditLine.detail).where(AuditLine.action == "visit_declared")
            )
            assert detail["late"] is True


def test_two_phones_do_not_overwrite_each_other(ready: Phone, app: Flask, visit: CreatedTask) -> None:
    def draft(base: int, stay: str) -> JSON:
        return {"version": 1, "base": base, "answers": urlencode({"stay": stay, "words": ""})}

    assert ready.ask("PUT", "/sent/{ref}/draft", draft(0, "yes")) == {"revision": 1}
    # The answer was lost on the way, and the same comes again from the same base.
    assert ready.ask("PUT", "/sent/{ref}/draft", draft(0, "yes"))["revision"] == 2
    said = ready.ask("PUT", "/sent/{ref}/draft", draft(1, "no"), status=409)
    assert said == {"code": "draft_changed", "revision": 2}
    assert ready.ask("PUT", "/sent/{ref}/draft", draft(2, "no")) == {"revision": 3}


def test_a_draft_from_an_older_version_is_carried_over(
    ready: Phone, visit: CreatedTask, engine: Engine
) -> None:
    with engine.begin() as connection:
        changed = scored(100, yes="1", no="0")
        changed["title"] = "改过的问卷"
        number = published(connection, changed)
        connection.execute(update(Wave).values(form_version_id=version_id(connection, number)))
    said = ready.ask("POST", "/sent/{ref}/report", report(), status=409)
    assert said["code"] == "form_changed"
    with engine.connect() as connection:
        assert connection.scalar(select(Draft.answers)) == {"stay": "yes", "words": "很好"}
    ready.ask("POST", "/sent/{ref}/report", report(version=number), status=201)


FIX = {"longitude": 116.397, "latitude": 39.909, "accuracy": 20}


def event(**said: Any) -> JSON:
    return {"id": str(uuid4()), "kind": "entered", "at": NOW.isoformat(), **said}


@pytest.mark.parametrize("consented", [True, False])
def test_a_position_is_kept_with_consent_only_and_events_once(
    ready: Phone, engine: Engine, *, consented: bool
) -> None:
    body = record(events=[event(fix=FIX)], consented_at=NOW.isoformat() if consented else None)
    for _ in range(3):
        ready.ask("PUT", "/sent/{ref}/record", body)
    with engine.connect() as connection:
        [row] = connection.execute(select(VisitEvent.longitude, VisitEvent.distance)).all()
        assert (row.longitude is not None) is consented
        assert connection.scalar(select(Assignment.started_at)) is not None


@pytest.mark.parametrize(
    "body",
    [
        {"sent_at": "2026-05-12T10:00:00"},
        record(events=[{"id": "x", "kind": "entered", "at": NOW.isoformat()}]),
        record(events=[{"id": str(uuid4()), "kind": "flew", "at": NOW.isoformat()}]),
        record(
            events=[
                {"id": str(uuid4()), "kind": "left", "at": NOW.isoformat(), "fix": {**FIX, "latitude": 91}}
            ]
        ),
        record(notes=[{"id": str(uuid4()), "text": "x" * 2_001, "at": NOW.isoformat()}]),
        record(more="?"),
    ],
)
def test_nonsense_is_refused(ready: Phone, body: JSON) -> None:
    assert ready.ask("PUT", "/sent/{ref}/record", body, status=422)["code"] == "invalid_fields"


def test_a_visit_that_cannot_be_made_is_reported_with_its_proof(ready: Phone, engine: Engine) -> None:
    photo = {"id": str(uuid4()), "question": "", "size": 3, "sha256": "a" * 64, "type": "image/jpeg"}
    target = ready.ask("POST", "/sent/{ref}/photos", photo, status=201)
    assert target["fields"]["Content-Type"] == "image/jpeg"
    body = {
        "outcome": "closed",
        "note": "卷帘门关着，贴了停业告示",
        "declaration": {"name": "小周", "at": NOW.isoformat()},
        "record": record(tray=[photo["id"]]),
    }
    ready.ask("POST", "/sent/{ref}/attempt", {**body, "note": ""}, status=422)
    for _ in range(2):
        ready.ask("POST", "/sent/{ref}/attempt", body)
    ready.ask("POST", "/sent/{ref}/report", report(), status=201)
    with engine.connect() as connection:
        kept = connection.execute(select(VisitRecord.outcome, VisitRecord.attempted_at)).one()
        assert kept.attempted_at is not None
        assert connection.scalar(select(Attachment.named)) is True


def test_a_report_that_came_back_is_answered_once_as_a_revision(
    ready: Phone, visit: CreatedTask, engine: Engine, keys: KeyRing
) -> None:
    first = report("yes")
    ready.ask("POST", "/sent/{ref}/report", first, status=201)
    asked = NewReturn(visit.id, [Question("stay", "真的还来吗？")], "请再看一遍", NOW + timedelta(days=2), BY)
    with engine.begin() as connection:
        return_visit(connection, asked, EVERYTHING, (FormShelf(), Sender(keys, PUBLIC_URL)), now=NOW)
    [listed] = ready.ask("GET", "/visits")["visits"]
    assert (listed["state"], listed["back"]["number"]) == ("returned", 1)
    page = ready.client.get(f"/t/v/{visit.id}").get_data(as_text=True)
    assert "很好" in page
    assert "请再看一遍" in page
    ready.prepare(visit.id)
    answered = {**report("no"), "back": 1}
    received = ready.ask("POST", "/sent/{ref}/report", answered)["received"]
    assert ready.ask("POST", "/sent/{ref}/report", answered)["received"] == received
    ready.ask("POST", "/sent/{ref}/report", {**report("yes"), "back": 1}, status=409)
    ready.ask("POST", "/sent/{ref}/report", {**answered, "back": 2}, status=404)
    # A slow phone sends the first report once more: it is still itself.
    ready.ask("POST", "/sent/{ref}/report", first)
    with engine.connect() as connection:
        revisions = select(SubmissionRevision.answers).order_by(SubmissionRevision.number)
        assert [each["stay"] for each in connection.scalars(revisions)] == ["yes", "no"]
    assert ready.ask("GET", "/visits")["visits"][0]["state"] == "done"


def announcement(data: bytes, media_type: str) -> JSON:
    digest = hashlib.sha256(data).hexdigest()
    return {"id": str(uuid4()), "question": "", "size": len(data), "sha256": digest, "type": media_type}


def test_a_phone_that_does_not_reach_the_store_hands_the_bytes_to_us(ready: Phone, store: S3Store) -> None:
    data = b"\xff\xd8\xff not much of a photo"
    announced = announcement(data, "image/jpeg")
    ready.ask("POST", "/sent/{ref}/photos", announced, status=201)
    address = f"/t/sent/{ready.key[0]}/photos/{announced['id']}"
    key = {"Authorization": f"Visit {ready.key[1]}"}
    assert ready.client.put(address, data=b"others", headers=key).status_code == 409
    assert ready.client.put(address, data=data, headers=key).status_code == 200
    assert ready.client.put(address, data=data).status_code == 404


def test_a_video_comes_in_parts_whoever_carries_them(ready: Phone, store: S3Store, engine: Engine) -> None:
    film = mp4(media=bytes(PART_BYTES))
    announced = announcement(film, "video/mp4")
    ready.ask("POST", "/sent/{ref}/photos", announced, status=422)
    said = ready.ask("POST", "/sent/{ref}/videos", announced, status=201)
    assert said == {"missing": [1, 2]}
    parts = f"/sent/{{ref}}/videos/{announced['id']}/parts"
    target = ready.ask("POST", f"{parts}/2", {}, status=201)["url"]
    assert requests.put(target, film[PART_BYTES:], timeout=30).status_code == 200
    assert ready.ask("POST", "/sent/{ref}/videos", announced, status=201)["missing"] == [1]
    assert ready.ask("POST", f"{parts}/3", {}, status=404)["code"] == "not_found"
    ended = f"/sent/{{ref}}/videos/{announced['id']}/sent"
    assert ready.ask("POST", ended, {}, status=409)["code"] == "parts_missing"
    first = f"/t{parts}/1".format(ref=ready.key[0])
    key = {"Authorization": f"Visit {ready.key[1]}"}
    for data, headers, status in (
        (film[:PART_BYTES], {}, 404),
        (film[: PART_BYTES - 1], key, 409),
        (film[: PART_BYTES + 2], key, 413),
        (film[:PART_BYTES], key, 200),
    ):
        assert ready.client.put(first, data=data, headers=headers).status_code == status
    ready.ask("POST", ended, {})
    with engine.connect() as connection:
        assert store.stat(connection.scalars(select(Attachment.object_key)).one()) is not None
    assert ready.ask("POST", "/sent/{ref}/videos", announced, status=201)["missing"] == []


def test_a_store_that_is_away_is_said_to_be(app: Flask, ready: Phone) -> None:
    memory = MemoryStore()
    memory.available = False
    app.extensions[EXTENSION] = replace(app.extensions[EXTENSION], store=memory)
    film = announcement(b"film", "video/webm")
    assert ready.ask("POST", "/sent/{ref}/videos", film, status=503)["code"] == "store_unavailable"


def test_a_letter_is_confirmed_by_its_code(ready: Phone, app: Flask, visit: CreatedTask) -> None:
    code = ready.prepare(visit.id)["letter"]["code"]
    assert ready.prepare(visit.id)["letter"]["code"] == code
    client = app.test_client()
    page = client.post(
        "/t/letter", data={"code": f"{code[:5]} {code[5:]}"}, headers={"Accept-Language": "zh"}
    )
    assert "有效" in page.get_data(as_text=True)
    wrong = f"{(int(code) + 1) % 10**10:010}"
    assert client.post("/t/letter", data={"code": wrong}).status_code == 422


def test_all_of_it_fits_into_sixty_kilobytes(app: Flask, engine: Engine, keys: KeyRing) -> None:
    """The shell, its scripts and a bank's whole checklist, compressed as they travel."""
    with engine.begin() as connection:
        create_units(connection)
        visit = create_visit(connection, keys)
        connection.execute(update(Assignment).values(accepted_at=NOW))
    phone = Phone(app.test_client())
    phone.ask("POST", "/sign-in/link", {"token": visit.token})
    files = phone.prepare(visit.id)["files"]
    pages = ("/t/", "/t/worker.js", "/t/icon.svg", f"/t/v/{visit.id}", *files)
    found = [phone.client.get(page, headers={"Accept-Encoding": "br"}) for page in pages]
    assert {response.status_code for response in found} == {200}
    assert sum(len(response.get_data()) for response in found) <= 60_000


def test_a_worker_that_is_woken_sends_the_queue_itself(app: Flask, s3_settings: S3Settings) -> None:
    client = app.test_client()
    plain, waking = (client.get(f"/t/worker.js{asked}") for asked in ("", "?waking"))
    assert "import" not in plain.text
    [sender] = re.findall(r"^import '(.+)';$", waking.text, re.MULTILINE)
    assert "addEventListener('sync'" in client.get(sender).text
    for answered in (waking, client.get("/t/")):
        assert (
            f"connect-src 'self' {s3_settings.public_endpoint_url}"
            in answered.headers["Content-Security-Policy"]
        )


def test_the_shell_says_nothing_of_what_it_is_for(app: Flask, visit: CreatedTask) -> None:
    client = app.test_client()
    for path in ("/t/", "/t/app.webmanifest", "/t/icon.svg", "/t/worker.js"):
        text = client.get(path, headers={"Accept-Language": "zh"}).get_data(as_text=True)
        assert "暗访" not in text
        assert "神秘" not in text
        assert "Anfang" not in text
