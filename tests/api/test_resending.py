"""A wave moves to another version between two sendings of the same rows."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, func, select, update

from server.models.submissions import Submission
from server.models.waves import Wave
from tests.api.conftest import Sender
from tests.fieldwork.forms_for_tests import definition, published, version_id

ROW: dict[str, Any] = {"external_id": "row-1", "subject": "B101", "answers": {"stay": "yes", "words": "好"}}
NEXT = {
    "accepts the same": definition("yes", "no", "perhaps"),
    "accepts it no more": definition("certainly", "no"),
}


@pytest.fixture(params=NEXT)
def moving(request: pytest.FixtureRequest, engine: Engine, sender: Sender) -> Any:
    """Moves the firm's wave to the version of this number."""
    with engine.begin() as connection:
        for content in (definition("yes", "no"), NEXT[request.param]):
            published(connection, content)

    def move(number: int) -> None:
        with engine.begin() as connection:
            connection.execute(update(Wave).values(form_version_id=version_id(connection, number)))

    move(1)
    return move


def stored(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(Submission)).scalar_one()


def test_one_sent_again_gets_its_first_receipt(sender: Sender, engine: Engine, moving: Any) -> None:
    body = {name: ROW[name] for name in ("subject", "answers")} | {"wave": sender.wave}
    submission_id = uuid4()
    first = sender.put(body, submission_id)
    moving(2)
    again = sender.put(body, submission_id)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.get_json() == {**first.get_json(), "outcome": "replayed"}
    changed = sender.put({**body, "answers": {"stay": "no"}}, submission_id)
    assert changed.status_code == 409
    assert stored(engine) == 1


def test_many_sent_again_are_replayed(sender: Sender, engine: Engine, moving: Any) -> None:
    assert sender.bulk([ROW], wave=sender.wave).get_json()["created"] == 1
    moving(2)
    new = {**ROW, "external_id": "row-2", "answers": {"stay": "no"}}
    changed = {**ROW, "answers": {"stay": "no"}}
    report = sender.bulk([ROW, new, changed], wave=sender.wave).get_json()
    assert [row["outcome"] for row in report["rows"]] == ["replayed", "created", "conflict"]
    assert stored(engine) == 2


def test_what_neither_version_accepts_is_rejected(sender: Sender, moving: Any) -> None:
    sender.bulk([ROW], wave=sender.wave)
    moving(2)
    for external_id in ("row-1", "row-3"):
        wrong = {**ROW, "external_id": external_id, "answers": {"stay": "never"}}
        [row] = sender.bulk([wrong], wave=sender.wave).get_json()["rows"]
        assert (row["outcome"], row["errors"][0]["code"]) == ("rejected", "choice_unknown")
