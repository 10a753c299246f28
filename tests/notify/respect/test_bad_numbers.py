"""Numbers that no message can reach are noted, and nobody else is."""

import pytest
from sqlalchemy import Engine, select

from server.clock import SetClock
from server.keys import KeyRing
from server.models.contacts import BadNumber
from server.models.messages import Message
from server.notify.protocol import DeliveryReport, DeliveryState, SendRefused
from tests.notify.outbox.test_delivery import NOW, Provider, phone, queue, raising
from tests.notify.sending import follow, send


def marked(engine: Engine) -> list[tuple[bytes, str]]:
    with engine.connect() as connection:
        return [
            (row.phone_hash, row.code) for row in connection.execute(select(*BadNumber.__table__.columns))
        ]


@pytest.mark.parametrize(
    ("refused", "expected"),
    [
        (SendRefused("invalid_number", permanent=True, provider_code="21211"), ["21211"]),
        (SendRefused("invalid_number", permanent=True), ["invalid_number"]),
        (SendRefused("unreachable", permanent=True, provider_code="30003"), []),
        (SendRefused("blocked_content", permanent=True), []),
        (SendRefused("throttled", permanent=False), []),
    ],
)
def test_a_refusal_marks_the_number_when_it_is_the_numbers_fault(
    engine: Engine, keys: KeyRing, refused: SendRefused, expected: list[str]
) -> None:
    queue(engine, keys, 1)
    send(engine, Provider(raising(refused)), keys, SetClock(NOW), 10)
    assert marked(engine) == [(keys.lookup_hash(phone(0)), code) for code in expected]


@pytest.mark.parametrize(
    ("state", "code", "bad"),
    [
        ("undelivered", "30005", True),
        ("failed", "30006", True),
        ("undelivered", "30003", False),
        ("undelivered", None, False),
        ("undelivered", "no number", False),
        ("delivered", "30005", False),
    ],
)
def test_a_report_marks_it_too(
    engine: Engine, keys: KeyRing, state: DeliveryState, code: str | None, bad: bool
) -> None:
    queue(engine, keys, 1)
    provider = Provider()
    clock = SetClock(NOW)
    send(engine, provider, keys, clock, 10)
    with engine.connect() as connection:
        provider_id = str(connection.scalar(select(Message.provider_id)))
    provider.reports = [DeliveryReport(provider_id, state, code), DeliveryReport("SM-other", state, code)]
    for _ in range(2):
        follow(engine, provider, keys, clock, 10)
    assert marked(engine) == ([(keys.lookup_hash(phone(0)), code)] if bad else [])
