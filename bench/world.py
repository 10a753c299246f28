"""The small world that is measured: an outlet, a firm with a key and a wave, a customer with a link."""

import json
import secrets
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Column, Connection, DateTime, Engine, MetaData, String, Table, Uuid, insert, select

from bench import form, survey
from server import migrations
from server.accounts import register
from server.db import new_id
from server.fieldwork.definitions.shipping import publish_shipped
from server.fieldwork.links import new_token
from server.fieldwork.waves.planning import plan_wave
from server.fieldwork.waves.plans import NewWave
from server.fieldwork.waves.states import move_wave
from server.models.contacts import Contact
from server.models.organisation import Subject, Unit
from server.models.tasks import Invitation

BY = "system"
OUTLET = "B01"
INSTRUMENT = "survey"
FIRM_WAVE = "BENCH"
CUSTOMER_WAVE = "BENCH-CUSTOMERS"

# What the route that only inserts writes into.
bench_row = Table(
    "bench_row",
    MetaData(),
    Column("id", Uuid, primary_key=True),
    Column("body", String, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
)


@dataclass(frozen=True, slots=True)
class World:
    """What a client needs to know. `customer` is the path of an unused link."""

    wave: str
    subject: str
    firm_key: str
    customer: str


def build(engine: Engine) -> World:
    """Migrate an empty database and fill it."""
    now = datetime.now(UTC)
    migrations.upgrade(engine)
    bench_row.create(engine)
    with engine.begin() as connection:
        _publish(connection, now, form.KEY, form.definition())
        _publish(connection, now, survey.KEY, survey.definition())
        subject_id = _outlet(connection, now)
        firm_id = register.add_firm(connection, "bench", "测评公司", now=now)
        _launch(connection, now, programme=form.KEY, instrument=INSTRUMENT, code=FIRM_WAVE, firm_id=firm_id)
        token = _invite(connection, now, subject_id)
        return World(
            wave=FIRM_WAVE,
            subject=OUTLET,
            firm_key=register.add_api_key(connection, firm_id, by=BY, now=now),
            customer=f"/r/{token}",
        )


def _publish(connection: Connection, now: datetime, key: str, definition: dict[str, Any]) -> None:
    """A form and a programme that asks it, through the door of definitions that come as files."""
    instrument = {
        "name": INSTRUMENT,
        "kind": "survey",
        "title": {"default": "满意度"},
        "form": key,
        "version": 1,
    }
    programme = {"title": {"default": "满意度"}, "instruments": [instrument]}
    with tempfile.TemporaryDirectory() as folder:
        for kind, content in {"forms": definition, "programmes": programme}.items():
            file = Path(folder) / kind / key / "1.json"
            file.parent.mkdir(parents=True)
            file.write_text(json.dumps(content, ensure_ascii=False), "utf-8")
        publish_shipped(connection, now=now, root=Path(folder))


def _outlet(connection: Connection, now: datetime) -> UUID:
    """One outlet; returns the id of the subject it is."""
    unit_id, subject_id = new_id(), new_id()
    place = {"code": OUTLET, "name": "人民路支行", "level": "outlet", "path": f"{OUTLET}/"}
    connection.execute(insert(Unit).values(id=unit_id, created_at=now, **place))
    connection.execute(
        insert(Subject).values(id=subject_id, code=OUTLET, kind="unit", unit_id=unit_id, name=place["name"])
    )
    return subject_id


def _launch(connection: Connection, now: datetime, **decided: Any) -> UUID:
    new = NewWave(
        title="基准测试", opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=30), **decided
    )
    wave_id = plan_wave(connection, new, by=BY, now=now)
    move_wave(connection, wave_id, before="planned", after="launched", now=now)
    return wave_id


def _invite(connection: Connection, now: datetime, subject_id: UUID) -> str:
    """A customer's invitation to the survey of 20 questions; returns the token of the link."""
    wave_id = _launch(
        connection,
        now,
        programme=survey.KEY,
        instrument=INSTRUMENT,
        code=CUSTOMER_WAVE,
        message={"zh": "诚邀您评价我们的服务：{link}"},
    )
    unit_id = connection.execute(select(Unit.id).where(Unit.code == OUTLET)).scalar_one()
    contact_id, token = new_id(), new_token()
    connection.execute(
        insert(Contact).values(
            id=contact_id, external_id=secrets.token_hex(4), unit_id=unit_id, created_at=now
        )
    )
    connection.execute(
        insert(Invitation).values(
            id=new_id(),
            wave_id=wave_id,
            contact_id=contact_id,
            subject_id=subject_id,
            submission_id=uuid4(),
            token_hash=token.hash,
            locale="zh",
            created_at=now,
            expires_at=now + timedelta(days=30),
        )
    )
    return token.text
