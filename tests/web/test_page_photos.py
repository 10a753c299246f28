"""Photos on a visit's pages: a bad one costs no answer, and none counts before somebody has looked."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import Engine, select, update
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from server.intake.uploads import LARGEST_PHOTO
from server.keys import KeyRing
from server.models.submissions import Attachment, Submission
from server.models.tasks import Draft
from server.models.waves import Wave
from server.services import EXTENSION
from server.storage.memory import MemoryStore
from server.web.page_photos import LARGEST_PAGE
from tests.builders import create_units, create_visit
from tests.fieldwork.forms_for_tests import published, version_id
from tests.storage.making_videos import mp4, webm

FIRST = {
    "page": "0", "entered": "10:05", "ticket": "10:06", "called": "10:20",
    "served": "10:31", "left": "10:33", "business": "cash",
}  # fmt: skip
NOT_A_PHOTO, TOO_LARGE = "这不是照片", "文件太大"


def photo() -> bytes:
    stream = BytesIO()
    Image.new("RGB", (64, 48), "navy").save(stream, "JPEG")
    return stream.getvalue()


@pytest.fixture
def memory(app: Flask) -> MemoryStore:
    store = MemoryStore()
    app.extensions[EXTENSION] = replace(app.extensions[EXTENSION], store=store)
    return store


@pytest.fixture
def filming(memory: MemoryStore, engine: Engine, keys: KeyRing) -> Callable[[str], str]:
    """From what a form takes to the link of a visit that asks for it."""

    def link(accepted: str) -> str:
        asked = {
            "type": "file", "name": "hall", "title": "大堂", "acceptedTypes": accepted, "maxSize": 9_000_000,
        }  # fmt: skip
        with engine.begin() as connection:
            create_units(connection)
            visit = create_visit(connection, keys, accepted=True)
            number = published(connection, {"title": "走访", "pages": [{"name": "one", "elements": [asked]}]})
            connection.execute(update(Wave).values(form_version_id=version_id(connection, number)))
        return f"/v/{visit.token}"

    return link


@pytest.fixture
def page(memory: MemoryStore, client: FlaskClient, engine: Engine, keys: KeyRing) -> str:
    """The address of a visit's second page, where photos are asked for."""
    with engine.begin() as connection:
        create_units(connection)
        link = f"/v/{create_visit(connection, keys, accepted=True).token}"
    return client.post(link, data={**FIRST, "go": "next"}).location


def sent(client: FlaskClient, page: str, data: bytes, **fields: str) -> str:
    """Post the second page with a file for its first item; where the browser is sent."""
    form = {"page": "1", "go": "next", "OUT-01": "yes", "OUT-02": "no", **fields}
    return post(client, page, form, {"OUT-01-photo-file": data}).location


def post(
    client: FlaskClient, address: str, form: Mapping[str, str], files: Mapping[str, bytes]
) -> TestResponse:
    """Post a form with files. The client's own encoder would leave a temporary file open for large ones."""
    parts = {name: FileStorage(BytesIO(data), "a.jpg", name, "image/jpeg") for name, data in files.items()}
    boundary, body = encode_multipart({**form, **parts})
    return client.post(address, data=body, content_type=f"multipart/form-data; boundary={boundary}")


def words(answer: TestResponse) -> str:
    """What can be read on a page: no attribute, no script."""
    return re.sub(r"<(style|script)>.*?</\1>|<[^>]*>", " ", answer.text, flags=re.DOTALL)


def draft(engine: Engine) -> Any:
    with engine.connect() as connection:
        return connection.execute(select(Draft.answers)).scalar_one()


def judge(engine: Engine, problem: str | None) -> UUID:
    """What the worker does once it has looked."""
    state = {"state": "refused" if problem else "verified", "problem": problem}
    with engine.begin() as connection:
        connection.execute(update(Attachment).values(**state))
        return connection.execute(select(Attachment.attachment_id)).scalar_one()


@pytest.mark.parametrize("go", ["next", "back"])
@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"Dear diary", NOT_A_PHOTO),
        (b"<svg onload=alert(1)>", NOT_A_PHOTO),
        (b"GIF89a" + bytes(20), "请换成 JPEG、PNG、WebP 或 HEIC"),
        (b"\xff\xd8\xff" + bytes(LARGEST_PHOTO), TOO_LARGE),
    ],
    ids=["text", "markup", "gif", "large"],
)
def test_a_bad_file_costs_no_answer(
    client: FlaskClient, page: str, engine: Engine, data: bytes, says: str, go: str
) -> None:
    told = client.get(sent(client, page, data, go=go))
    assert told.request.path == page
    assert says in words(told)
    assert {name: draft(engine).get(name) for name in ("OUT-01", "OUT-02", "OUT-01-photo")} == {
        "OUT-01": "yes", "OUT-02": "no", "OUT-01-photo": None,
    }  # fmt: skip
    assert says not in words(client.get(page))


@pytest.mark.parametrize(
    ("accepted", "sends", "says"),
    [
        ("video/*", mp4(), ""),
        ("image/*,video/*", photo(), ""),
        ("video/mp4", webm(), "这不是视频"),
        ("video/*", photo(), "这不是视频"),
        ("image/*", mp4(), "请换成 JPEG、PNG、WebP 或 HEIC"),
        (".png,video/*", photo(), NOT_A_PHOTO),
    ],
)
def test_a_short_video_comes_where_the_form_takes_one(
    filming: Callable[[str], str], client: FlaskClient, engine: Engine, accepted: str, sends: bytes, says: str
) -> None:
    page = filming(accepted)
    assert ("视频最大 8 MB" in words(client.get(page))) == ("video" in accepted)
    told = client.get(post(client, page, {"page": "0", "go": "finish"}, {"hall-file": sends}).location)
    assert says in words(told)
    with engine.connect() as connection:
        assert len(connection.execute(select(Attachment.id)).all()) == (not says)


def test_a_file_for_another_page_is_nobodys(client: FlaskClient, page: str, engine: Engine) -> None:
    first = page.removesuffix("2") + "1"
    answered = post(client, first, {**FIRST, "go": "next"}, {"OUT-01-photo-file": photo()})
    assert answered.location == page
    with engine.connect() as connection:
        assert connection.execute(select(Attachment.id)).all() == []


def test_a_page_full_of_large_files_is_still_read(client: FlaskClient, page: str, engine: Engine) -> None:
    files = {f"OUT-0{number}-photo-file": bytes(15_000_000) for number in (1, 2, 3)}
    answered = post(client, page, {"page": "1", "go": "next", "OUT-01": "yes"}, files)
    assert answered.location.count(":not_an_image") == 3
    assert draft(engine)["OUT-01"] == "yes"


def test_a_page_beyond_reading_is_refused_in_the_respondents_words(client: FlaskClient, page: str) -> None:
    length = {"CONTENT_LENGTH": str(LARGEST_PAGE + 1)}
    answered = client.post(page, environ_overrides=length)
    assert answered.status_code == 413
    assert "暗访" not in answered.text


def test_a_store_that_is_away_costs_no_answer(
    client: FlaskClient, page: str, engine: Engine, memory: MemoryStore
) -> None:
    memory.available = False
    assert "照片暂时存不进去" in words(client.get(sent(client, page, photo())))
    assert draft(engine)["OUT-02"] == "no"


@pytest.mark.parametrize(
    "forged", ["OUT-01-photo:<b>", "OUT-01:not_an_image", "none:not_an_image", ":", "not_an_image"]
)
def test_an_address_can_claim_no_other_refusals(client: FlaskClient, page: str, forged: str) -> None:
    shown = client.get(page, query_string={"refused": forged})
    assert shown.status_code == 200
    assert 'class="error"' not in shown.text


def test_a_photo_is_being_checked_until_it_was_looked_at(
    client: FlaskClient, page: str, engine: Engine
) -> None:
    sent(client, page, photo())
    assert "核对中" in words(client.get(page))
    judge(engine, None)
    shown = words(client.get(page))
    assert "核对中" not in shown
    assert "已存" in shown


def test_a_refused_photo_is_shown_as_such_and_backs_nothing_up(
    client: FlaskClient, page: str, engine: Engine
) -> None:
    sent(client, page, photo())
    judge(engine, "broken")
    shown = client.get(page)
    assert shown.status_code == 200
    assert "照片已损坏" in words(shown)
    reference = draft(engine)["OUT-01-photo"][0]
    kept = ";".join(str(reference[part]) for part in ("id", "sha256", "size", "type"))
    again = {"page": "1", "go": "next", "OUT-01": "yes", "OUT-01-photo": kept}
    stayed = client.get(client.post(page, data=again).location)
    assert stayed.status_code == 422
    assert '<a href="#q1">' in stayed.text
    del again["OUT-01-photo"]
    assert "照片已损坏" not in words(client.get(client.post(page, data=again).location))


def test_a_visit_with_a_refused_photo_is_not_handed_in(
    client: FlaskClient, page: str, engine: Engine
) -> None:
    sent(client, page, photo())
    judge(engine, "broken")
    last = page.removesuffix("2") + "11"
    answered = client.post(last, data={"page": "10", "go": "finish", "declaration": "true_and_own"})
    assert "check=1" in answered.location
    with engine.connect() as connection:
        assert connection.execute(select(Submission.id)).all() == []


@pytest.mark.parametrize(
    ("problem", "state", "says"),
    [(None, "verified", "已存"), ("not_an_image", "refused", "这不是照片，请重新选择。")],
)
def test_the_page_can_ask_what_became_of_its_photo(
    client: FlaskClient, page: str, engine: Engine, problem: str | None, state: str, says: str
) -> None:
    sent(client, page, photo())
    photos = page.removesuffix("/2") + "/photos"
    attachment_id = judge(engine, problem)
    assert client.get(f"{photos}/{attachment_id}").json == {"state": state, "says": says}
    assert client.get(f"{photos}/{uuid4()}").status_code == 404
    client.delete_cookie("answer", path=page.removesuffix("/2"))
    assert client.get(f"{photos}/{attachment_id}").status_code == 404
