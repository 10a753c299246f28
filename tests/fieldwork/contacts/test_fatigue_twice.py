"""Who was asked lately is judged at the draw by the database and at sending by Python: they must agree."""

import random
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, insert, select

from server.db import new_id
from server.fieldwork.contacts.eligibility import exclusions
from server.fieldwork.waves.reading import find_wave
from server.keys import KeyRing
from server.models.contacts import Contact, ContactPrivate
from server.models.messages import Message
from server.notify.respect.fatigue import FatigueRule
from server.scope import EVERYTHING
from tests import builders
from tests.builders import NOW

RULES = (
    FatigueRule(1, 30), FatigueRule(2, 90, 30), FatigueRule(3, 90), FatigueRule(2, 7, 60),
    FatigueRule(1, 1, 1), FatigueRule(4, 365, 14),
)  # fmt: skip
# Days ago: at the edges of the rules, just inside and just outside of them.
MOMENTS = tuple(
    timedelta(days=days) + aside
    for days in (0, 1, 7, 14, 30, 60, 90, 365)
    for aside in (timedelta(0), timedelta(microseconds=1), -timedelta(microseconds=1))
    if days or aside >= timedelta(0)
)


@pytest.fixture
def askings(connection: Connection, keys: KeyRing) -> dict[str, list[datetime]]:
    """120 people, each asked up to five times."""
    chance = random.Random(7)
    builders.create_units(connection)
    builders.create_contacts(connection, keys, each=40)
    people = connection.execute(
        select(Contact.external_id, ContactPrivate.phone_hash)
        .join(ContactPrivate, ContactPrivate.contact_id == Contact.id)
        .order_by(Contact.external_id)
    ).all()
    asked = {
        row.external_id: [NOW - ago for ago in chance.choices(MOMENTS, k=chance.randrange(6))]
        for row in people
    }
    rows = [
        {
            "id": new_id(), "dedupe_key": f"{row.external_id}:{number}", "kind": "invitation",
            "recipient": b"", "recipient_hash": row.phone_hash, "text": b"", "segments": 1,
            "state": "delivered", "accepted_at": at, "not_before": at,
            "expires_at": at, "created_at": at,
        }
        for row in people
        for number, at in enumerate(asked[row.external_id])
    ]  # fmt: skip
    connection.execute(insert(Message), rows)
    return asked


def test_the_draw_leaves_out_whom_sending_would_skip(
    connection: Connection, askings: dict[str, list[datetime]]
) -> None:
    for number, rule in enumerate(RULES):
        fatigue = {"times": rule.times, "days": rule.days, "gap_days": rule.gap_days}
        wave_id = builders.create_wave(connection, code=f"W{number}", others={"fatigue": fatigue})
        wave = find_wave(connection, wave_id, EVERYTHING)
        left_out = {
            each.member_id
            for each in exclusions(connection, wave, now=NOW)
            if each.excluded == "contacted_recently"
        }
        tired = {name for name, times in askings.items() if rule.is_tired(times, NOW)}
        assert left_out == tired, rule
        assert 0 < len(tired) < len(askings)
