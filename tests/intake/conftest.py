"""What the tests of intake share: an open wave, and submissions made for it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine

from server.forms import AttachmentRef
from server.intake.asking import OpenWave, ask_firm, find_subjects, open_wave
from server.intake.prepare import Incoming, Prepared, prepare
from server.intake.shelf import FormShelf
from tests import builders

Making = Callable[..., Prepared]
PHOTO = AttachmentRef("OUT-01-photo", str(uuid4()), "a" * 64, 1000, "image/jpeg")


def with_photo(prepared: Prepared) -> Prepared:
    return replace(prepared, attachments=(PHOTO,))


@pytest.fixture
def firm_wave(engine: Engine) -> OpenWave:
    """A firm's open wave, committed."""
    with engine.begin() as connection:
        builders.create_units(connection)
        firm = builders.create_firm(connection)
        builders.create_firm_wave(connection, firm)
    with engine.connect() as connection:
        return open_wave(connection, FormShelf(), "2026-05-HALL", firm.id, now=builders.NOW)


@pytest.fixture
def made(engine: Engine, firm_wave: OpenWave) -> Making:
    """Makes prepared submissions for B101 out of answers to `hall-satisfaction`."""
    with engine.connect() as connection:
        subject = find_subjects(connection, firm_wave, ["B101"])["B101"]

    def make(answers: dict[str, Any] | None = None, submission_id: UUID | None = None) -> Prepared:
        ask = ask_firm(firm_wave, subject, door="api", now=builders.NOW)
        given = builders.hall_answers() if answers is None else answers
        prepared = prepare(Incoming(submission_id or uuid4(), given), ask)
        assert isinstance(prepared, Prepared), prepared
        return prepared

    return make
