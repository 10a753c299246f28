"""The worker's round: claim what is due, send each message, settle each, and ask what became of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection, Engine, func, select

from server.clock import Clock
from server.keys import KeyLost, KeyRing
from server.models.messages import Message
from server.notify.outbox.claiming import ClaimedMessage, Policy, claim, hand_over
from server.notify.outbox.permits import permit
from server.notify.outbox.settling import Outcome, expire, settle, take_back
from server.notify.protocol import OutgoingSms, SendRefused, SendUnknown, SmsGateway
from server.notify.receiving import take_report
from server.notify.respect.bad_numbers import mark_bad
from server.notify.respect.opt_outs import opt_out
from server.notify.respect.stops import stop

PAUSE: Final = timedelta(minutes=1)
# A mail server that does not know us yet refuses for a quarter of an hour.
NOT_NOW: Final = timedelta(minutes=15)
# Well below the age at which `reconcile` takes a claim for a crashed worker's.
CLAIM_HELD: Final = timedelta(minutes=5)
# Providers keep no news of a delivery that came later than this.
FOLLOWED: Final = timedelta(days=3)


# Outcomes after which the provider has the message, or may have it.
LEFT: Final = ("accepted", "unknown")
COUNTED_AS: Final = {"queued": "deferred", "retry_wait": "deferred", "cancelled": "skipped"}


@dataclass(frozen=True, slots=True)
class Carriers:
    """Who carries what: a gateway for each channel, and the keys to read what is to be carried."""

    by_channel: Mapping[str, SmsGateway]
    keys: KeyRing


@dataclass(frozen=True, slots=True)
class DeliveryCount:
    """One round in numbers; `claimed` is the sum of all but `expired`, which also counts unclaimed ones."""

    claimed: int = 0
    accepted: int = 0
    failed: int = 0
    unknown: int = 0
    skipped: int = 0
    deferred: int = 0
    expired: int = 0


def deliver_due(
    engine: Engine, carriers: Carriers, policy: Policy, clock: Clock, limit: int
) -> DeliveryCount:
    """Send at most `limit` due messages.

    When a provider refuses for a reason of its own (throttled, out of order), the rest of its channel goes
    back to the queue for a minute; when the SMS provider does not know us, all sending stops until somebody
    has mended that. Whatever else is raised leaves the rest in the queue, too.
    """
    with engine.begin() as connection:
        late = expire(connection, clock.now())
        waiting = claim(connection, policy, clock.now(), limit)
    courier = _Courier(engine, carriers, policy, clock)
    counts = Counter(claimed=len(waiting), expired=late)
    try:
        while waiting:
            message = waiting.pop(0)
            if message.channel in courier.paused:
                counts["deferred"] += courier.put_back([message])
            else:
                counts[courier.deliver(message)] += 1
    finally:
        counts["deferred"] += courier.put_back(waiting)
    return DeliveryCount(**counts)


def follow_accepted(engine: Engine, carriers: Carriers, clock: Clock, limit: int) -> int:
    """Ask each provider about at most `limit` accepted messages, and note the answers.

    Returns:
        How many moved on. The choice is random: a message without news must not stand before the others.
    """
    return sum(
        _follow(engine, channel, gateway, clock, limit) for channel, gateway in carriers.by_channel.items()
    )


def _follow(engine: Engine, channel: str, gateway: SmsGateway, clock: Clock, limit: int) -> int:
    recent = Message.accepted_at > clock.now() - FOLLOWED
    chosen = (
        select(Message.provider_id, Message.id)
        .where(
            Message.state == "accepted",
            Message.channel == channel,
            # Another gateway, of the days before this one, gave its ids their meaning.
            Message.gateway == gateway.name,
            Message.provider_id.is_not(None),
            recent,
        )
        .order_by(func.random())
        .limit(limit)
    )
    with engine.begin() as connection:
        ids = {str(row.provider_id): row.id for row in connection.execute(chosen)}
    reports = gateway.poll(list(ids)) if ids else []
    news = [report for report in reports if report.provider_id in ids and report.state != "accepted"]
    with engine.begin() as connection:
        for report in news:
            reference = str(ids[report.provider_id])
            take_report(connection, reference=reference, report=report, gateway=gateway.name, now=clock.now())
    return len(news)


class _Courier:
    """Carries one claim's messages. `paused` holds the channels whose provider wants no more for now."""

    def __init__(self, engine: Engine, carriers: Carriers, policy: Policy, clock: Clock) -> None:
        self._engine = engine
        self._carriers = carriers
        self._policy = policy
        self._clock = clock
        self.paused: set[str] = set()

    def deliver(self, message: ClaimedMessage) -> str:
        """Bring one message to its outcome and settle it; the outcome's name in `DeliveryCount`."""
        if self._clock.now() >= message.claimed_at + CLAIM_HELD:
            self.paused.update(self._carriers.by_channel)
            outcome = Outcome("queued", "claim_too_old")
        elif self._clock.now() >= message.expires_at:
            outcome = Outcome("expired", "too_late")
        else:
            outcome = self._send(message)
        with self._engine.begin() as connection:
            if outcome.state in LEFT:
                settle(connection, message.id, outcome, self._clock.now())
            else:
                self._take_back(connection, message, outcome)
        return COUNTED_AS.get(outcome.state, outcome.state)

    def put_back(self, messages: Sequence[ClaimedMessage]) -> int:
        """Return unsent messages to the queue."""
        with self._engine.begin() as connection:
            return sum(self._take_back(connection, message, self._held(message)) for message in messages)

    def _held(self, message: ClaimedMessage) -> Outcome:
        until = self._clock.now() + PAUSE if message.channel in self.paused else None
        return Outcome("queued", "paused", retry_at=until)

    def _take_back(self, connection: Connection, message: ClaimedMessage, outcome: Outcome) -> bool:
        now = self._clock.now()
        return take_back(connection, message.id, outcome, now, claimed_at=message.claimed_at)

    def _send(self, message: ClaimedMessage) -> Outcome:
        keys = self._carriers.keys
        try:
            recipient, text = keys.decrypt(message.recipient), keys.decrypt(message.text)
        except KeyLost:
            return Outcome("failed", "key_lost")
        gateway = self._carriers.by_channel.get(message.channel)
        if gateway is None:
            return Outcome("failed", "no_carrier")
        if message.channel == "sms" and not self._policy.rules.may_reach(recipient):
            return Outcome("skipped", "country_not_allowed", rule="countries")
        with self._engine.begin() as connection:
            # Asked again for each: a wish to stop holds within the second, also for what is claimed already.
            hindrance = permit(
                connection, message, keys.lookup_hashes(recipient), self._policy, self._clock.now()
            )
            if hindrance is None and not hand_over(connection, message, gateway.name):
                return Outcome("queued", "claim_lost")
        return hindrance or self._call(message, gateway, OutgoingSms(str(message.id), recipient, text))

    def _call(self, message: ClaimedMessage, gateway: SmsGateway, sms: OutgoingSms) -> Outcome:
        try:
            accepted = gateway.send(sms)
        except SendRefused as refused:
            outcome = self._refused(refused, message, sms.recipient)
            return replace(outcome, provider_code=refused.provider_code, gateway=gateway.name)
        except SendUnknown:
            return Outcome("unknown", "no_answer", gateway=gateway.name)
        return Outcome("accepted", provider_id=accepted.provider_id, gateway=gateway.name)

    def _refused(self, refused: SendRefused, message: ClaimedMessage, recipient: str) -> Outcome:
        code = refused.provider_code
        if not refused.permanent:
            wait = NOT_NOW if refused.code == "unreachable" else PAUSE
            # What is wrong with one recipient must not hold up the others.
            if refused.code != "unreachable":
                self.paused.add(message.channel)
            if refused.code == "misconfigured" and code is not None and message.channel == "sms":
                self._stop_all(code)
            return Outcome("retry_wait", refused.code, retry_at=self._clock.now() + wait)
        with self._engine.begin() as connection:
            if refused.code == "opted_out":
                hashes = self._carriers.keys.lookup_hashes(recipient)
                opt_out(connection, hashes, "provider", self._clock.now())
            if refused.code == "invalid_number":
                mark_bad(connection, [(message.id, code or refused.code)], self._clock.now())
        return Outcome("failed", refused.code)

    def _stop_all(self, provider_code: str) -> None:
        with self._engine.begin() as connection:
            stop(connection, None, "misconfigured", self._clock.now(), {"code": provider_code})
