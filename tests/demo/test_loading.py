import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, Engine, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from server import audit
from server.accounts.register import add_firm
from server.db import Base, db
from server.demo import loading
from server.demo.showing import show
from server.fieldwork.waves.reading import list_waves
from server.intake.uploads import SMALL
from server.models.audit import AuditLine
from server.models.deployment import DeploymentFact
from server.models.messages import Message
from server.models.organisation import Unit
from server.models.submissions import Attachment, Finding, Submission
from server.models.tasks import Assignment, Invitation
from server.models.waves import Wave
from server.reports.progress import wave_progress
from server.reports.results import wave_result
from server.scope import EVERYTHING
from server.services import Services, services
from server.storage.objects import S3Store
from tests import builders
from tests.builders import NOW, hall_answers

DOCS = Path(__file__).resolve().parents[2] / "docs" / "api.md"
# What is left when a demo is gone: the shipped definitions and timetable.
SHIPPED = {"form", "form_version", "programme", "programme_version", "timetable_entry"}


def run(app: Flask, *arguments: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=["demo", *arguments])
    return result.exit_code, result.output


def count(connection: Connection, table: Any) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0


def shown(connection: Connection, given: Services) -> dict[str, Any]:
    return show(connection, given.keys, given.settings.public_url)


def filled(connection: Connection) -> set[str]:
    """Tables with rows in them."""
    tables = Base.metadata.tables
    return {name for name in tables if connection.scalar(text(f'SELECT true FROM "{name}" LIMIT 1'))}


def assert_the_times_make_sense(connection: Connection) -> None:
    """Nobody answers before being asked or after the end, and nothing lies in the future."""
    for task in (Invitation, Assignment):
        rows = connection.execute(
            select(
                task.created_at, task.started_at, task.completed_at, task.expires_at, Submission.received_at
            ).join(Submission, Submission.submission_id == task.submission_id)
        ).all()
        assert rows
        for row in rows:
            assert row.created_at <= row.started_at <= row.received_at <= row.expires_at
            assert row.completed_at == row.received_at <= NOW


def assert_there_is_something_to_look_at(connection: Connection) -> None:
    waves = list_waves(connection, EVERYTHING)
    assert sorted((wave.instrument, wave.state) for wave in waves) == [
        ("survey", "launched"), ("survey", "launched"), ("visit", "closed"), ("visit", "closed"),
        ("visit", "launched"), ("visit", "planned"),
    ]  # fmt: skip
    for wave in waves:
        progress = wave_progress(connection, wave.id, wave.instrument, EVERYTHING)
        if wave.firm_id is None and wave.state != "planned":
            assert progress.asked
            assert progress.delivered == progress.asked
    finished = next(wave for wave in waves if wave.state == "closed")
    result = wave_result(connection, finished.id, EVERYTHING, suppress_small=False)
    assert result.mean is not None
    assert len(result.units) == result.n > 10
    assert result.units[0].mean > result.units[-1].mean
    assert count(connection, Finding) > 10
    assert count(connection, Attachment) > 10
    assert connection.scalar(select(func.count()).where(Message.state == "queued")) == 0


def assert_it_can_be_tried(client: FlaskClient, links: dict[str, Any]) -> None:
    for link in (links["customer"], links["visit"]):
        assert client.get(urlsplit(link).path).status_code == 200
    row = {"wave": links["firm_wave"], "subject": an_outlet(client), "answers": hall_answers()}
    headers = {"Authorization": f"Bearer {links['firm_key']}"}
    sent = client.put(f"/api/v1/submissions/{uuid4()}", json=row, headers=headers)
    assert sent.status_code == 201, sent.get_json()
    assert set(links["signin"]) >= {"administrator", "coordinator"}


def assert_the_documented_examples_fit(client: FlaskClient, links: dict[str, Any]) -> None:
    """docs/api.md sends to this wave and these outlets, in the month of the tests."""
    said = DOCS.read_text("utf-8")
    assert set(re.findall(r'"wave": "([^"]+)"', said)) == {links["firm_wave"]}
    subjects = set(re.findall(r'"subject": "([^"]+)"', said))
    with client.application.app_context(), db.engine.connect() as connection:
        outlets = select(Unit.code).where(Unit.level == "outlet", Unit.code.in_(subjects))
        assert set(connection.scalars(outlets)) == subjects


def an_outlet(client: FlaskClient) -> str:
    with client.application.app_context(), db.engine.connect() as connection:
        return connection.execute(select(Unit.code).where(Unit.level == "outlet").limit(1)).scalar_one()


def test_a_demo_from_its_loading_to_its_end(
    app: Flask, client: FlaskClient, engine: Engine, store: S3Store
) -> None:
    """One load for all that is to be seen of it: it takes seconds."""
    assert run(app, "load") == (0, "The demo is loaded.\n")
    with engine.connect() as connection:
        assert_the_times_make_sense(connection)
        assert_there_is_something_to_look_at(connection)
        keys = [key for (key,) in connection.execute(select(Attachment.object_key))]
        before = count(connection, Submission)
    assert all(store.stat(key) for key in keys[:5])
    code, said = run(app, "load")
    assert (code, "not empty" in said) == (1, True)
    assert run(app, "load", "--if-empty") == (0, "")
    code, said = run(app, "links", "--json")
    assert code == 0
    assert_it_can_be_tried(client, json.loads(said))
    assert_the_documented_examples_fit(client, json.loads(said))
    with engine.connect() as connection:
        assert count(connection, Submission) == before + 1

    store.put(keys[0] + SMALL, b"x", "image/jpeg")
    assert run(app, "reset", "--yes") == (0, "The demo is gone.\n")
    assert not any(store.stat(key) for key in [*keys, keys[0] + SMALL])
    with engine.connect() as connection:
        assert filled(connection) == SHIPPED | {"audit_line"}
        assert set(connection.scalars(select(AuditLine.action))) == {"definition_published"}
        with pytest.raises(DBAPIError, match="audit"):
            connection.execute(text("DELETE FROM audit_line"))
    assert run(app, "links")[0] == 1


def test_links_that_were_used_are_not_shown(app: Flask, engine: Engine) -> None:
    with engine.begin() as connection, app.app_context():
        given = services()
        builders.create_invitation(connection, given.keys)
        fact = {name: given.keys.encrypt("x").decode() for name in ("password", "firm_key")}
        connection.execute(insert(DeploymentFact).values(key="demo", value=fact))
        first = shown(connection, given)["customer"]
        used = select(Message.invitation_id).order_by(Message.id).limit(1).scalar_subquery()
        connection.execute(update(Invitation).where(Invitation.id == used).values(started_at=NOW))
        second = shown(connection, given)["customer"]
        connection.execute(update(Invitation).values(started_at=NOW))
        assert first != second
        assert shown(connection, given)["customer"] is None


@pytest.mark.parametrize("there", ["unit", "firm"])
def test_it_never_mixes_with_real_data(app: Flask, engine: Engine, there: str) -> None:
    with engine.begin() as connection:
        if there == "unit":
            builders.create_units(connection)
        else:
            add_firm(connection, "real", "Real Research", now=NOW)
    with app.app_context(), pytest.raises(loading.NotEmpty):
        loading.load(services())
    assert run(app, "load")[0] == 1
    assert run(app, "load", "--if-empty") == (0, "")


def test_it_never_sends_to_real_phones(app: Flask, engine: Engine) -> None:
    with app.app_context():
        given = services()
        real = replace(given, settings=replace(given.settings, gateway="twilio"))
        with pytest.raises(loading.RealGateway):
            loading.load(real)
    with engine.connect() as connection:
        assert "unit" not in filled(connection)


def test_a_reset_leaves_real_data_alone(app: Flask, engine: Engine) -> None:
    with engine.begin() as connection:
        builders.create_units(connection)
        wave_id = builders.create_wave(connection)
        audit.seal(connection, at=NOW)
    code, said = run(app, "reset", "--yes")
    assert (code, "nothing was deleted" in said) == (1, True)
    assert run(app, "links")[0] == 1
    with engine.connect() as connection:
        assert count(connection, Unit) == 6
        assert connection.scalar(select(Wave.id)) == wave_id


def test_a_reset_asks_first(app: Flask, engine: Engine) -> None:
    with engine.begin() as connection:
        builders.create_units(connection)
    assert run(app, "reset")[0] == 1
    with engine.connect() as connection:
        assert count(connection, Unit) == 6
