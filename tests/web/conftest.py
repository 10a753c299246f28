"""A visit, and the phone of whoever goes: as it is signed in, and ready to leave."""

import pytest
from flask import Flask
from sqlalchemy import Engine, update

from server.keys import KeyRing
from server.models.waves import Wave
from tests.builders import CreatedTask, create_units, create_visit
from tests.fieldwork.forms_for_tests import published, scored, version_id
from tests.web.phones import PASSED, Phone


@pytest.fixture
def visit(engine: Engine, keys: KeyRing) -> CreatedTask:
    with engine.begin() as connection:
        create_units(connection)
        made = create_visit(connection, keys)
        number = published(connection, scored(100))
        connection.execute(update(Wave).values(form_version_id=version_id(connection, number)))
    return made


@pytest.fixture
def phone(app: Flask, visit: CreatedTask) -> Phone:
    """Signed in by the visit's link."""
    made = Phone(app.test_client())
    made.ask("POST", "/sign-in/link", {"token": visit.token})
    return made


@pytest.fixture
def ready(phone: Phone, visit: CreatedTask) -> Phone:
    """Briefed, examined, accepted, prepared."""
    at = f"/visits/{visit.id}"
    phone.ask("POST", f"{at}/briefed", {})
    phone.ask("POST", f"{at}/quiz", {"answers": [[name, value] for name, value in PASSED.items()]})
    phone.ask("POST", f"{at}/accept", {"no_ties": True})
    phone.prepare(visit.id)
    return phone
