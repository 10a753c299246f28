"""Forms by API: the published ones of a firm's own waves, each with a tag that says whether it is known."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, update
from werkzeug.test import TestResponse

from server import wire
from server.fieldwork.definitions.shipping import shipped
from server.models.waves import Wave
from tests.api.conftest import Sender
from tests.fieldwork.forms_for_tests import KEY, definition, drafted, published, version_id

HALL = next(file for file in shipped("forms") if file.key == "hall-satisfaction")


def get(sender: Sender, path: str = "", **headers: str) -> TestResponse:
    return sender.client.get(f"/api/v1/forms{path}", headers={**sender.firm.headers, **headers})


def body(response: TestResponse) -> Any:
    assert response.status_code == 200
    return response.get_json()


def test_a_firm_reads_the_definition_that_its_answers_are_to_fit(sender: Sender) -> None:
    response = get(sender, "/hall-satisfaction/1")
    assert body(response) == HALL.content
    assert response.headers["ETag"] == f'"{wire.fingerprint(HALL.content)}"'


def test_what_is_known_is_not_sent_again(sender: Sender) -> None:
    tag = get(sender, "/hall-satisfaction/1").headers["ETag"]
    again = get(sender, "/hall-satisfaction/1", **{"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    assert get(sender, "/hall-satisfaction/1", **{"If-None-Match": '"other"'}).status_code == 200


def test_the_list_names_each_version_with_its_tag(sender: Sender) -> None:
    [form] = body(get(sender))["forms"]
    assert form["key"] == "hall-satisfaction"
    [version] = form["versions"]
    assert (version["version"], version["status"], version["retired_at"]) == (1, "published", None)
    assert version["content_hash"] == wire.fingerprint(HALL.content)
    assert body(get(sender, "/hall-satisfaction")) == form


def test_drafts_and_forms_of_others_do_not_exist(
    sender: Sender, another: Callable[..., Sender], engine: Engine
) -> None:
    with engine.begin() as connection:
        published(connection, definition())
        drafted(connection, definition("a"))
    other = another()
    with engine.begin() as connection:
        moved = update(Wave).where(Wave.firm_id == other.firm.id)
        connection.execute(moved.values(form_version_id=version_id(connection, 1)))
    for path in (f"/{KEY}", f"/{KEY}/1", f"/{KEY}/2", "/nothing", "/hall-satisfaction/2"):
        assert get(sender, path).status_code == 404, path
    assert body(get(other, f"/{KEY}/1")) == definition()
    assert get(other, f"/{KEY}/2").status_code == 404
    assert [form["key"] for form in body(get(other))["forms"]] == [KEY]


@pytest.mark.parametrize("path", ["/hall-satisfaction/0", "/hall-satisfaction/x", "/%00", "/a/b/c"])
def test_an_address_that_makes_no_sense(sender: Sender, path: str) -> None:
    assert get(sender, path).status_code in {400, 404}


def test_a_number_beyond_the_database_is_no_fault_of_ours(sender: Sender) -> None:
    assert get(sender, f"/hall-satisfaction/{10**30}").status_code in {400, 404}


def test_without_a_key_nothing_is_read(sender: Sender) -> None:
    response = sender.client.get("/api/v1/forms/hall-satisfaction/1")
    assert (response.status_code, response.get_json()["code"]) == (401, "bad_api_key")
