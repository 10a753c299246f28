"""Frames too large for a request: previews and draws that the worker makes."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, func, select, text

from server.clock import SetClock
from server.db import AnyRow
from server.errors import Refusal
from server.fieldwork.waves import together
from server.fieldwork.waves.changing import cancel_wave, edit_wave
from server.fieldwork.waves.choices import Sampling
from server.fieldwork.waves.drawing import start_draw, verify_draw
from server.fieldwork.waves.frames import AT_ONCE
from server.fieldwork.waves.plans import plan_of
from server.fieldwork.waves.previews import FRESH, ask_preview, preview, work_preview
from server.fieldwork.waves.reading import find_wave
from server.jobs import rounds
from server.models.draws import DrawPreview, FrameMember
from server.models.waves import Wave
from server.scope import EVERYTHING
from tests import builders
from tests.builders import BY, NOW

MANY = AT_ONCE + 1
CONTACTS = """
WITH made AS (
    INSERT INTO contact (id, external_id, unit_id, locale, large_type, attributes, created_at)
    SELECT gen_random_uuid(), 'K' || i, unit.id, 'zh', false, '{}', now()
    FROM generate_series(1, :many) AS i, unit WHERE code = 'B101' RETURNING id, external_id
)
INSERT INTO contact_private (contact_id, phone, phone_hash)
SELECT id, '', sha256(external_id::bytea) FROM made
"""
WAITING = text("SELECT task_name, args FROM procrastinate_jobs WHERE status = 'todo' ORDER BY id")


@pytest.fixture
def wave_id(engine: Engine) -> UUID:
    """A planned wave that takes a tenth of one outlet's many contacts."""
    with engine.begin() as connection:
        builders.create_units(connection)
        connection.execute(text(CONTACTS.replace("::", r"\:\:")), {"many": MANY})
        return builders.create_wave(connection)


@pytest.fixture
def bank(engine: Engine, wave_id: UUID) -> Iterator[Connection]:
    with engine.connect() as connection:
        yield connection
        connection.rollback()


def stored(connection: Connection, wave_id: UUID) -> AnyRow:
    return find_wave(connection, wave_id, EVERYTHING)


def test_the_worker_works_out_what_a_page_cannot(bank: Connection, wave_id: UUID) -> None:
    wave = stored(bank, wave_id)
    ahead = preview(bank, wave, now=NOW)
    assert (ahead.waiting, ahead.wanted) == (True, True)
    ask_preview(bank, wave_id, wave.settings, now=NOW)
    assert not preview(bank, wave, now=NOW).wanted
    [(task, arguments)] = bank.execute(WAITING).all()
    assert task == "preview_draw"
    work_preview(bank, wave_id, arguments["choices"], now=NOW)
    found = preview(bank, wave, now=NOW)
    assert (found.waiting, found.wanted, found.made_at) == (False, False, NOW)
    assert found.summary is not None
    assert (found.summary["population"], found.summary["selected"]) == (MANY, MANY)


def test_what_is_old_is_shown_and_wanted_anew(bank: Connection, wave_id: UUID) -> None:
    wave = worked_out(bank, wave_id, NOW)
    later = NOW + FRESH + timedelta(seconds=1)
    found = preview(bank, wave, now=later)
    assert (found.waiting, found.wanted, found.made_at) == (False, True, NOW)
    worked_out(bank, wave_id, later)
    assert preview(bank, wave, now=later).made_at == later


def worked_out(connection: Connection, wave_id: UUID, now: datetime) -> AnyRow:
    wave = stored(connection, wave_id)
    ask_preview(connection, wave_id, wave.settings, now=now)
    for choices in connection.scalars(select(DrawPreview.choices)).all():
        work_preview(connection, wave_id, choices, now=now)
        work_preview(connection, wave_id, choices, now=now)
    return wave


def test_other_choices_are_another_preview(bank: Connection, wave_id: UUID) -> None:
    wave = worked_out(bank, wave_id, NOW)
    half = {**wave.settings, "sampling": {**wave.settings["sampling"], "ratio": "0.5"}}
    assert preview(bank, wave, now=NOW, settings=half).waiting
    # What decides nothing about the draw needs no new one.
    dearer = {**wave.settings, "price": "9", "message": {"zh": "{unit}：{link}"}}
    assert not preview(bank, wave, now=NOW, settings=dearer).waiting


def test_choices_that_do_not_fit_are_told_with_the_reason(bank: Connection, wave_id: UUID) -> None:
    wave = stored(bank, wave_id)
    sampling = Sampling(ratio=None, size=5, minimum=9)
    tight = {**wave.settings, "sampling": sampling.to_json()}
    ask_preview(bank, wave_id, tight, now=NOW)
    [choices] = bank.scalars(select(DrawPreview.choices)).all()
    work_preview(bank, wave_id, choices, now=NOW)
    found = preview(bank, wave, now=NOW, settings=tight)
    assert [each.code for each in found.problems] == ["plan_minima_exceed_size"]
    assert not found.waiting


def test_the_worker_draws_and_nothing_changes_under_it(
    app: Flask, engine: Engine, wave_id: UUID, clock: SetClock
) -> None:
    now = clock.now()
    with engine.begin() as connection:
        start_draw(connection, wave_id, EVERYTHING, by=BY, now=now)
    with engine.begin() as connection:
        wave = stored(connection, wave_id)
        assert (wave.state, wave.drawing_since) == ("planned", now)
        for refused in (
            lambda: start_draw(connection, wave_id, EVERYTHING, by=BY, now=now),
            lambda: edit_wave(connection, wave_id, plan_of(wave), EVERYTHING, by=BY, now=now),
            lambda: cancel_wave(connection, wave_id, "改期", EVERYTHING, by=BY, now=now),
        ):
            with pytest.raises(Refusal, match="wrong_state"):
                refused()
        jobs_waiting = dict(connection.execute(WAITING).all())
    with app.app_context():
        rounds.draw_wave(**jobs_waiting["draw_wave"])
        rounds.draw_wave(**jobs_waiting["draw_wave"])
    with engine.connect() as connection:
        wave = stored(connection, wave_id)
        assert (wave.state, wave.drawing_since) == ("drawn", None)
        members = select(func.count()).select_from(FrameMember).where(FrameMember.outcome == "selected")
        assert connection.scalar(members) == MANY
        assert verify_draw(connection, wave_id, EVERYTHING) == []


def test_a_wave_that_cannot_be_drawn_any_more_is_let_go(
    app: Flask, engine: Engine, wave_id: UUID, clock: SetClock
) -> None:
    with engine.begin() as connection:
        start_draw(connection, wave_id, EVERYTHING, by=BY, now=clock.now())
    clock.advance(timedelta(days=60))
    with app.app_context():
        rounds.draw_wave(str(wave_id), BY)
    with engine.connect() as connection:
        wave = stored(connection, wave_id)
        assert (wave.state, wave.drawing_since) == ("planned", None)


def test_several_at_once_say_what_they_cannot_know(bank: Connection, wave_id: UUID) -> None:
    order = together.Order(BY, uuid4(), NOW, "")
    [effect] = together.preview(bank, [wave_id], "draw", EVERYTHING, order)
    assert (effect.kind, effect.refused) == ("draw_unseen", None)
    together.carry_out(bank, wave_id, "draw", EVERYTHING, order, read="")
    assert bank.scalar(select(Wave.drawing_since).where(Wave.id == wave_id)) == NOW
