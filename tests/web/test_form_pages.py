"""Forms in the console: saving, publishing, retiring, moving waves, and what becomes of open pages."""

import io
import json
import re
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, select, update
from werkzeug.test import TestResponse

from server import catalogue
from server.fieldwork.definitions import trials
from server.keys import KeyRing
from server.models.audit import AuditLine
from server.models.definitions import FormTrial, FormVersion
from server.models.submissions import Attachment, ScoreSheet, Submission
from server.models.tasks import Draft
from server.models.waves import Wave
from tests import builders
from tests.fieldwork.forms_for_tests import KEY, definition, drafted, published, scored, version_id
from tests.http.staff import signed_in
from tests.web.test_respondent_pages import Page

SCRIPT = "</title><script>alert(1)</script>"
HERE = f"/console/forms/{KEY}"


class Desk:
    """Somebody at the console."""

    def __init__(self, client: FlaskClient, csrf: str) -> None:
        self.client, self.csrf = client, csrf

    def get(self, address: str = HERE) -> str:
        response = self.client.get(address)
        assert response.status_code == 200, response.text
        return response.text

    def post(self, address: str, **fields: Any) -> TestResponse:
        return self.client.post(address, data={"csrf": self.csrf, **fields})

    def upload(self, content: object, **fields: str) -> TestResponse:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        fields = {"key": KEY, **fields}
        return self.post("/console/forms", file=(io.BytesIO(data), "form.json"), **fields)


@pytest.fixture
def desk(app: Flask, engine: Engine) -> Desk:
    return Desk(*signed_in(app, engine, "coordinator"))


def saved(engine: Engine, *contents: dict[str, Any], draft: object = None) -> None:
    with engine.begin() as connection:
        for content in contents:
            published(connection, content)
        if draft is not None:
            drafted(connection, draft)


def zh(code: str, **params: object) -> str:
    return catalogue.sentence(code, "zh", **params)


def test_a_file_becomes_a_draft_that_is_checked_tried_and_published(desk: Desk) -> None:
    response = desk.upload(definition(), note="第一版")
    assert (response.status_code, response.location) == (303, f"{HERE}/1")
    shown = desk.get(f"{HERE}/1")
    assert "没有发现问题" in shown
    assert "第一版" in shown
    [digest] = set(Page(shown).fields.getlist("hash"))
    done = desk.post(f"{HERE}/1/publish", hash=digest, confirmed="yes")
    assert (done.status_code, done.location) == (303, f"{HERE}/1")
    assert "已发布" in desk.get()
    assert "短问卷" in desk.get("/console/forms")


def test_a_draft_with_problems_lists_them_all_and_offers_no_button(desk: Desk) -> None:
    wrong = definition()
    wrong["pages"][0]["elements"][0]["type"] = "radiogrup"
    wrong["pages"][1]["elements"][0]["maxLenght"] = 3
    assert desk.upload(wrong).status_code == 303
    shown = desk.get(f"{HERE}/1")
    for pointer in ("/pages/0/elements/0/type", "/pages/1/elements/0/maxLenght"):
        assert pointer in shown
    assert f"{HERE}/1/publish" not in shown
    assert f"{HERE}/1/try" not in shown
    digest = Page(shown).fields["hash"]
    refused = desk.post(f"{HERE}/1/publish", hash=digest, confirmed="yes")
    assert refused.status_code == 422
    assert desk.post(f"{HERE}/1/try").status_code == 422


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "json_syntax"),
        (b"[]", "definition_not_object"),
        (b'{"a": "\\ud800"}', "json_text"),
        (b"[" * 5_000, "json_depth"),
        (b'{"a":' * 100 + b"1" + b"}" * 100, "json_depth"),
        (b"\x89PNG\r\n", "json_encoding"),
    ],
)
def test_a_hostile_file_gets_a_sentence_beside_the_field(desk: Desk, data: bytes, code: str) -> None:
    response = desk.upload(data)
    assert response.status_code == 422
    assert 'id="file-error"' in response.text
    params = {"limit": 32, "line": 1, "column": 1}
    assert zh(code, **params) in response.text


def test_a_definition_of_nothing_but_scripts_is_text(desk: Desk) -> None:
    hostile = {"title": SCRIPT, "variables": [{"name": SCRIPT}], SCRIPT: {}, "pages": [{"name": SCRIPT}]}
    assert desk.upload(hostile, note=SCRIPT).status_code == 303
    for address in ("/console/forms", HERE, f"{HERE}/1"):
        assert "<script>alert" not in desk.get(address)


@pytest.mark.parametrize("title", [None, 5, [], {}, {"zh": 5}, "", "x" * 100_000])
def test_a_title_may_be_anything_in_a_draft(desk: Desk, title: object) -> None:
    assert desk.upload({"title": title}).status_code == 303
    for address in ("/console/forms", HERE, f"{HERE}/1"):
        assert len(desk.get(address)) < 50_000


def test_no_file_and_no_key(desk: Desk) -> None:
    assert zh("file_absent") in desk.post("/console/forms", key=KEY).text
    assert zh("form_key_characters") in desk.upload(definition(), key="A b").text


def test_a_file_that_is_refused_leaves_one_on_the_forms_own_page(desk: Desk, engine: Engine) -> None:
    saved(engine, definition())
    response = desk.upload(definition(), replaces="")
    assert response.status_code == 422
    assert zh("definition_published_before", version=1) in response.text
    assert f'name="key" value="{KEY}"' in response.text


def test_a_colleagues_draft_is_not_written_over(desk: Desk, engine: Engine) -> None:
    saved(engine, draft=definition("a"))
    assert desk.upload(definition("b")).status_code == 409
    seen = Page(desk.get()).fields["replaces"]
    assert desk.upload(definition("b"), replaces=seen).status_code == 303
    assert desk.upload(definition("c"), replaces=seen).status_code == 409
    assert desk.post(f"{HERE}/1/publish", hash=seen, confirmed="yes").status_code == 409


@pytest.mark.parametrize("act", ["publish", "retire", "delete"])
def test_nothing_for_good_happens_without_the_tick(desk: Desk, engine: Engine, act: str) -> None:
    saved(engine, *([definition()] if act == "retire" else []), draft=definition("a"))
    response = desk.post(f"{HERE}/1/{act}")
    assert response.status_code == 422
    assert zh("confirmation_needed") in response.text


def test_a_version_in_use_says_which_waves_keep_it(desk: Desk, engine: Engine) -> None:
    wave_in(engine, "launched")
    response = desk.post(f"{HERE}/1/retire", confirmed="yes")
    assert response.status_code == 422
    assert zh("form_in_use", waves="2026-05-SAT") in response.text


def test_a_deleted_draft_leads_back_to_the_list(desk: Desk, engine: Engine) -> None:
    saved(engine, draft=definition())
    response = desk.post(f"{HERE}/1/delete", confirmed="yes")
    assert (response.status_code, response.location) == (303, "/console/forms")
    assert desk.client.get(HERE).status_code == 404


def test_a_new_version_says_what_it_changes(desk: Desk, engine: Engine) -> None:
    saved(engine, definition("yes", "no"), draft=definition("certainly", "no"))
    shown = desk.get(f"{HERE}/2")
    assert "与第 1 版相比" in shown
    assert "certainly" in shown


def test_a_definition_is_downloaded_as_it_was_saved(desk: Desk, engine: Engine) -> None:
    saved(engine, draft=definition())
    response = desk.client.get(f"{HERE}/1/definition")
    assert json.loads(response.data) == definition()
    assert response.headers["Content-Disposition"] == f'attachment; filename="{KEY}-1.json"'


@pytest.mark.parametrize("role", ["auditor", "owner"])
def test_readers_see_forms_and_change_nothing(app: Flask, engine: Engine, role: str) -> None:
    saved(engine, definition(), draft=definition("a"))
    reader = Desk(*signed_in(app, engine, role))
    for address in ("/console/forms", HERE, f"{HERE}/1", f"{HERE}/2"):
        found = Page(reader.get(address)).values("action")
        changing = [each for each in found if "/try" not in each and each != "/console/search"]
        assert changing == ["/sign-out"]
    assert reader.post(f"{HERE}/2/publish", confirmed="yes").status_code == 403


def wave_in(engine: Engine, state: str) -> UUID:
    """A wave that asks by version 1 of two."""
    saved(engine, definition("yes", "no"), definition("certainly", "no"))
    with engine.begin() as connection:
        builders.create_units(connection)
        wave_id = builders.create_wave(connection)
        values = {"form_version_id": version_id(connection, 1), "state": state}
        connection.execute(update(Wave).where(Wave.id == wave_id).values(**values))
    return wave_id


@pytest.mark.parametrize("state", ["planned", "launched"])
def test_a_wave_is_moved_from_the_page_of_the_version(desk: Desk, engine: Engine, state: str) -> None:
    wave_id = wave_in(engine, state)
    address = f"{HERE}/2/waves/{wave_id}"
    assert address in Page(desk.get(f"{HERE}/2")).values("action")
    assert address.replace("/2/", "/1/") not in desk.get(f"{HERE}/1")
    assert desk.post(address).status_code == 422
    assert desk.post(address, confirmed="yes").status_code == 303
    assert address not in desk.get(f"{HERE}/2")
    with engine.connect() as connection:
        assert connection.scalar(select(Wave.form_version_id)) == version_id(connection, 2)


def try_out(desk: Desk, number: int = 1, **fields: str) -> str:
    begun = desk.post(f"{HERE}/{number}/try", **fields)
    assert begun.status_code == 303
    first = desk.client.get(begun.location)
    assert first.status_code == 303
    return str(first.location)


def counts(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        tables = (Submission, ScoreSheet, Attachment, Draft, AuditLine)
        return [connection.execute(select(func.count()).select_from(each)).scalar_one() for each in tables]


@pytest.mark.parametrize("kind", ["survey", "visit"])
@pytest.mark.parametrize("state", ["draft", "published"])
def test_a_trial_walks_the_real_pages_and_leaves_nothing(
    desk: Desk, app: Flask, engine: Engine, kind: str, state: str
) -> None:
    content = scored(100)
    saved(
        engine, *([content] if state == "published" else []), draft=None if state == "published" else content
    )
    before = counts(engine)
    address = try_out(desk, **{"as": kind})
    anybody = app.test_client()
    page = anybody.get(address)
    assert page.status_code == 200
    assert catalogue.text("respond.trial", "zh") in page.text
    second = anybody.post(address, data={"page": "0", "version": "1", "stay": "yes", "go": "next"})
    assert second.status_code == 303
    assert second.location == address[:-1] + "2"
    end = anybody.post(second.location, data={"page": "1", "version": "1", "words": "好", "go": "finish"})
    done = anybody.get(end.location)
    assert done.status_code == 200
    assert "100.00" in done.text
    assert "好" in done.text
    assert counts(engine) == before


def test_a_trial_says_what_is_missing_and_goes_back(desk: Desk, engine: Engine) -> None:
    content = definition()
    content["pages"][0]["elements"][0]["isRequired"] = True
    saved(engine, draft=content)
    address = try_out(desk)
    stayed = desk.client.post(address, data={"page": "0", "go": "next"})
    assert stayed.location == f"{address}?check=1"
    assert desk.client.get(stayed.location).status_code == 422
    early = desk.client.get(f"{address.rpartition('/')[0]}/done")
    assert early.location == f"{address}?check=1"
    further = desk.client.post(address, data={"page": "0", "stay": "no", "go": "next"}).location
    assert desk.client.post(further, data={"page": "1", "go": "back"}).location == address


def test_a_trial_follows_the_draft_as_it_changes(desk: Desk, engine: Engine) -> None:
    saved(engine, draft=definition("first"))
    address = try_out(desk)
    assert "first" in desk.client.get(address).text
    seen = Page(desk.get()).fields["replaces"]
    desk.upload(definition("second"), replaces=seen)
    assert "second" in desk.client.get(address).text


def test_a_trial_knows_what_it_was_told(desk: Desk, engine: Engine) -> None:
    told = definition(variables=[{"name": "scenario"}, {"name": "unit"}])
    told["pages"][0]["title"] = "{scenario} @ {unit}"
    saved(engine, draft=told)
    address = try_out(desk, **{"variable-scenario": "咨询存款", "variable-other": "x"})
    assert "咨询存款 @ 示例网点" in desk.client.get(address).text


def test_a_trial_without_any_page_to_show_is_over_at_once(desk: Desk, engine: Engine) -> None:
    content = definition(variables=[{"name": "scenario"}])
    for each in content["pages"]:
        each["visibleIf"] = "{scenario} = 'loan'"
    saved(engine, draft=content)
    assert try_out(desk).endswith("/done")
    assert try_out(desk, **{"variable-scenario": "loan"}).endswith("/1")


def test_a_photo_of_a_trial_is_not_kept(desk: Desk, engine: Engine) -> None:
    photo = {"type": "file", "name": "photo", "title": "Photo", "isRequired": True}
    saved(engine, draft={"title": "T", "pages": [{"name": "p", "elements": [photo]}]})
    address = try_out(desk, **{"as": "visit"})
    jpeg = (io.BytesIO(b"\xff\xd8\xff\xe0" + b"0" * 64), "a.jpg")
    ended = desk.client.post(address, data={"page": "0", "go": "finish", "photo-file": jpeg})
    assert ended.location.endswith("/done")
    assert desk.client.get(ended.location).status_code == 200
    assert counts(engine)[2] == 0


@pytest.mark.parametrize("ref", ["x", "x" * 500, "%00", "é"])
def test_a_trial_that_never_was(client: FlaskClient, ref: str) -> None:
    for address in (f"/try/{ref}", f"/try/{ref}/1", f"/try/{ref}/done", f"/try/{ref}/1/decline"):
        assert client.get(address).status_code in {400, 404}


def test_declining_in_a_trial_declines_nothing(desk: Desk, engine: Engine) -> None:
    saved(engine, draft=definition())
    address = f"{try_out(desk)}/decline"
    before = counts(engine)
    assert desk.client.get(address).status_code == desk.client.post(address).status_code == 200
    assert counts(engine) == before


def test_trials_are_swept_out(desk: Desk, engine: Engine) -> None:
    saved(engine, draft=definition())
    address = try_out(desk)
    with engine.begin() as connection:
        connection.execute(update(FormTrial).values(expires_at=builders.NOW))
    assert desk.client.get(address).status_code == 404
    try_out(desk)
    with engine.begin() as connection:
        assert trials.sweep(connection, now=builders.NOW) == 1
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(FormTrial)) == 1


def redeemed(client: FlaskClient, engine: Engine, keys: KeyRing) -> tuple[str, UUID]:
    """The address of the first page of somebody who has answered `yes` by version 1."""
    saved(engine, definition("yes", "no"), definition("certainly", "no"))
    with engine.begin() as connection:
        invitation = builders.create_invitation(connection, keys)
        connection.execute(update(Wave).values(form_version_id=version_id(connection, 1)))
    answer = {"page": "0", "version": "1", "stay": "yes", "go": "next"}
    second = client.post(f"/r/{invitation.token}", data=answer).location
    return re.sub(r"/2$", "/1", second), invitation.wave_id


def move_all(engine: Engine, number: int) -> None:
    with engine.begin() as connection:
        connection.execute(update(Wave).values(form_version_id=version_id(connection, number)))


def left_behind(engine: Engine) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        rows = connection.execute(select(Draft.left_behind)).scalar_one()
    return [each["answers"] for each in rows]


def test_a_respondent_goes_on_in_the_new_version(client: FlaskClient, engine: Engine, keys: KeyRing) -> None:
    first, _ = redeemed(client, engine, keys)
    move_all(engine, 2)
    page = client.get(first)
    assert 'value="certainly"' in page.text
    assert not [given for _, given in Page(page.text).tags if "checked" in given]
    second = client.post(
        first, data={"page": "0", "version": "2", "stay": "certainly", "go": "next"}
    ).location
    done = client.post(second, data={"page": "1", "version": "2", "words": "好", "go": "finish"})
    assert done.location.endswith("/done")
    with engine.connect() as connection:
        assert connection.scalar(select(Submission.form_version_id)) == version_id(connection, 2)


def test_a_page_drawn_before_the_move_is_read_as_it_was_drawn(
    client: FlaskClient, engine: Engine, keys: KeyRing
) -> None:
    first, _ = redeemed(client, engine, keys)
    second = re.sub(r"/1$", "/2", first)
    move_all(engine, 2)
    typed = {"page": "1", "version": "1", "words": "typed meanwhile", "go": "finish"}
    answered = client.post(second, data=typed)
    assert answered.location == f"{first}?check=1"
    assert "typed meanwhile" in client.get(second).text
    assert left_behind(engine) == [{"stay": "yes"}]


def test_what_a_page_drawn_before_the_move_says_is_put_aside(
    client: FlaskClient, engine: Engine, keys: KeyRing
) -> None:
    first, _ = redeemed(client, engine, keys)
    move_all(engine, 2)
    typed = {"page": "0", "version": "1", "stay": "yes", "go": "next"}
    assert client.post(first, data=typed).location == f"{first}?check=1"
    assert client.post(f"{first}/draft", data=typed).status_code == 204
    assert left_behind(engine)[-1] == {"stay": "yes"}
    assert not [given for _, given in Page(client.get(first).text).tags if "checked" in given]


def test_a_page_that_is_gone_in_the_new_version_leads_on(
    client: FlaskClient, engine: Engine, keys: KeyRing
) -> None:
    first, _ = redeemed(client, engine, keys)
    shorter = definition("yes", "no")
    del shorter["pages"][1]
    saved(engine, shorter)
    move_all(engine, 3)
    second = re.sub(r"/1$", "/2", first)
    answered = client.post(second, data={"page": "1", "version": "1", "words": "gone", "go": "finish"})
    assert answered.location == f"{first}?check=1"
    assert left_behind(engine) == [{"words": "gone"}]
    assert client.post(second, data={"page": "1", "version": "3", "go": "finish"}).status_code == 404


def test_the_thanks_stay_those_of_the_version_that_was_answered(
    client: FlaskClient, engine: Engine, keys: KeyRing
) -> None:
    with engine.begin() as connection:
        published(connection, definition(completedHtml="Thanks, said the first."))
        published(connection, definition(completedHtml="Thanks, said the second."))
        invitation = builders.create_invitation(connection, keys)
    move_all(engine, 1)
    second = client.post(f"/r/{invitation.token}", data={"page": "0", "go": "next"}).location
    done = client.post(second, data={"page": "1", "go": "finish"}).location
    move_all(engine, 2)
    assert "said the first" in client.get(done).text


@pytest.mark.parametrize("version", ["", "0", "x", "99", "1" * 50, "１"])
def test_a_version_that_makes_no_sense_is_the_current_one(
    client: FlaskClient, engine: Engine, keys: KeyRing, version: str
) -> None:
    first, _ = redeemed(client, engine, keys)
    answered = client.post(first, data={"page": "0", "version": version, "stay": "no", "go": "next"})
    assert answered.status_code == 303
    with engine.connect() as connection:
        assert connection.execute(select(Draft.answers)).scalar_one()["stay"] == "no"


def test_a_trial_of_a_draft_that_has_errors_now_says_so(desk: Desk, engine: Engine) -> None:
    saved(engine, draft=definition())
    address = try_out(desk)
    with engine.begin() as connection:
        draft = FormVersion.status == "draft"
        connection.execute(update(FormVersion).where(draft).values(content={"pages": []}))
    answered = desk.client.get(address)
    assert (answered.status_code, "草稿现在有错误" in answered.text) == (409, True)
