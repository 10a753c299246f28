"""What the tests of the API share: a firm with an open wave, committed, and a client that speaks JSON."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from tests import builders
from tests.builders import CreatedFirm

WAVE = "2026-05-HALL"


@dataclass(frozen=True, slots=True)
class Sender:
    """A firm's system."""

    client: FlaskClient
    firm: CreatedFirm
    wave: str = WAVE

    def put(
        self, body: Any, submission_id: UUID | str | None = None, headers: dict[str, str] | None = None
    ) -> TestResponse:
        """`body`: JSON, or bytes as they are."""
        return self.client.put(
            f"/api/v1/submissions/{submission_id or uuid4()}",
            data=body if isinstance(body, bytes) else json.dumps(body),
            headers={**self.firm.headers, "Content-Type": "application/json", **(headers or {})},
        )

    def bulk(
        self, lines: bytes | Sequence[Any], wave: str | None = WAVE, headers: dict[str, str] | None = None
    ) -> TestResponse:
        data = lines if isinstance(lines, bytes) else b"".join(json.dumps(x).encode() + b"\n" for x in lines)
        return self.client.post(
            "/api/v1/submissions/bulk",
            query_string={} if wave is None else {"wave": wave},
            data=data,
            headers={**self.firm.headers, "Content-Type": "application/x-ndjson", **(headers or {})},
        )


def submission(**changes: Any) -> dict[str, Any]:
    return {"wave": WAVE, "subject": "B101", "answers": builders.hall_answers(), **changes}


def line(number: int, **changes: Any) -> dict[str, Any]:
    return {"external_id": f"row-{number}", "subject": "B101", "answers": builders.hall_answers(), **changes}


@pytest.fixture
def sender(engine: Engine, client: FlaskClient) -> Sender:
    with engine.begin() as connection:
        builders.create_units(connection)
        firm = builders.create_firm(connection)
        builders.create_firm_wave(connection, firm)
    return Sender(client, firm)


@pytest.fixture
def another(engine: Engine, client: FlaskClient) -> Callable[..., Sender]:
    """Makes a second firm with a wave of its own; needs units."""

    def make(wave: str = "2026-05-OTHER") -> Sender:
        with engine.begin() as connection:
            firm = builders.create_firm(connection, "other")
            builders.create_firm_wave(connection, firm, code=wave)
        return Sender(client, firm)

    return make
