"""The log of findings at the console: written down by one, confirmed by another; a unit's history."""

import io
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, select

from server.models.finding_log import LoggedFinding
from server.models.submissions import Attachment
from server.services import services
from tests.conftest import START
from tests.followup.finding_log.test_finding_log import CHANGES
from tests.followup.publishing.waves_for_tests import Closed, create_closed, published
from tests.followup.visits_for_tests import KEY
from tests.http.staff import signed_in
from tests.storage.test_inspection import photo
from tests.web.test_wave_pages import Desk

NEW = f"/console/findings/new/{KEY}"
ENTRY = {"subject": "B101", "day": "2026-05-01", "said": "客户来信表扬", "kind": "praise", "points": "100"}


@pytest.fixture
def closed(app: Flask, engine: Engine) -> Closed:
    with app.app_context(), engine.begin() as connection:
        made = create_closed(connection, services().keys, **CHANGES)
        published(connection, made, now=START)
    return made


@pytest.fixture
def coordinator(app: Flask, engine: Engine) -> Desk:
    return Desk(*signed_in(app, engine, "coordinator"))


@pytest.fixture
def manager(app: Flask, engine: Engine) -> Desk:
    return Desk(*signed_in(app, engine, "branch_manager", "B101"))


def test_written_down_by_the_manager_and_confirmed_by_the_coordinator(
    engine: Engine, closed: Closed, coordinator: Desk, manager: Desk
) -> None:
    assert KEY in manager.get("/console/findings")
    assert "表扬加分" in manager.get(NEW), "kinds are called by the rule that looks for them"
    made = manager.post(NEW, **ENTRY, photos=(io.BytesIO(photo(40, 30)), "a.jpg"))
    assert made.status_code == 303
    address = made.headers["Location"]
    with engine.connect() as connection:
        assert connection.scalars(select(Attachment.question).where(Attachment.named)).all() == ["finding"]
    assert manager.post(address, verdict="confirmed").status_code == 403
    assert "客户来信表扬" in coordinator.get("/console/findings")
    assert coordinator.post(address, verdict="rejected").status_code == 422
    assert coordinator.post(address, verdict="confirmed").status_code == 303
    assert "已确认" in manager.get(address)
    assert address in manager.get("/console"), "the branch is told"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"subject": "none"}, "none"),
        ({"subject": "B102"}, "B102"),
        ({"day": "x"}, "日期"),
        ({"day": "2099-01-01"}, "今天之后"),
        ({"points": "viele"}, "数"),
        ({"kind": "prize"}, "没有这个类别"),
    ],
)
def test_a_slip_loses_nothing(
    engine: Engine, closed: Closed, manager: Desk, changes: dict[str, Any], said: str
) -> None:
    refused = manager.post(NEW, **{**ENTRY, **changes})
    assert (refused.status_code, said in refused.text) == (422, True)
    assert "客户来信表扬" in refused.text
    with engine.connect() as connection:
        assert connection.scalars(select(LoggedFinding.id)).all() == []


def test_a_photo_that_is_none_writes_nothing(engine: Engine, closed: Closed, manager: Desk) -> None:
    refused = manager.post(NEW, **ENTRY, photos=(io.BytesIO(b"none"), "a.jpg"))
    assert refused.status_code == 422
    with engine.connect() as connection:
        assert connection.scalars(select(LoggedFinding.id)).all() == []


def test_a_units_history_names_rounds_and_no_days_of_visits(
    app: Flask, engine: Engine, closed: Closed, manager: Desk
) -> None:
    page = manager.get("/console/findings/history/B101")
    assert "问候了吗" in page
    assert "TEL-01" in page
    assert manager.client.get("/console/findings/history/B102").status_code == 404
    assert manager.client.get(f"{NEW}x").status_code == 404
