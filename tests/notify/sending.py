"""Rules and carriers for tests of sending: everything may leave unless a test says otherwise."""

from sqlalchemy import Engine

from server.clock import Clock
from server.keys import KeyRing
from server.notify.outbox.claiming import Policy
from server.notify.outbox.delivery import Carriers, DeliveryCount, deliver_due, follow_accepted
from server.notify.protocol import SmsGateway
from server.notify.respect.hours import DecentHours
from server.notify.respect.rules import SendingRules

ANY_HOUR = DecentHours(None, None)
FREE = SendingRules(hours=ANY_HOUR, monthly_cap=None, asked_per_day=100)
POLICY = Policy(FREE)


def carriers(gateway: SmsGateway, keys: KeyRing) -> Carriers:
    return Carriers({"sms": gateway}, keys)


def send(engine: Engine, gateway: SmsGateway, keys: KeyRing, clock: Clock, limit: int) -> DeliveryCount:
    """One round of a worker."""
    return deliver_due(engine, carriers(gateway, keys), POLICY, clock, limit)


def follow(engine: Engine, gateway: SmsGateway, keys: KeyRing, clock: Clock, limit: int) -> int:
    """Ask one gateway what became of its messages."""
    return follow_accepted(engine, carriers(gateway, keys), clock, limit)
