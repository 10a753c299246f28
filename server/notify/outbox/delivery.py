"""The worker's round: claim what is due, send each message, settle each, and ask what became of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Engine, func, select

from server.clock import Clock
from server.keys import KeyLost, KeyRing
from server.models.messages import Message
from server.notify.gateways.meanings import is_bad_number
from server.notify.outbox.claiming import ClaimedMessage, claim
from server.notify.outbox.settling import Outcome, expire, settle
from server.notify.protocol import OutgoingSms, SendRefused, SendUnknown, SmsGateway
from server.notify.respect.bad_numbers import mark_bad
from server.notify.respect.opt_outs import has_opted_out, opt_out

PAUSE: Final = timedelta(minutes=1)
# Well below the age at which `reconcile` takes a claim for a crashed worker's.
CLAIM_HELD: Final = timedelta(minutes=5)
# Providers keep no news of a delivery that came later than this.
FOLLOWED: Final = timedelta(days=3)


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
    engine: Engine, gateway: SmsGateway, keys: KeyRing, clock: Clock, limit: int
) -> DeliveryCount:
    """Send at most `limit` due messages.

    When the provider refuses for a reason of its own (throttled, unreachable, misconfigured), the rest of the
    claim goes back to the queue for a minute. Whatever else is raised leaves the rest in the queue, too.
    """
    with engine.begin() as connection:
        late = expire(connection, clock.now())
        waiting = claim(connection, clock.now(), limit)
    courier = _Courier(engine, gateway, keys, clock)
    counts = Counter(claimed=len(waiting), expired=late)
    try:
        while waiting and not courier.paused:
            counts[courier.deliver(waiting.pop(0))] += 1
    finally:
        counts["deferred"] += courier.put_back(waiting)
    return DeliveryCount(**counts)


def follow_accepted(engine: Engine, gateway: SmsGateway, clock: Clock, limit: int) -> int:
    """Ask the provider about at most `limit` accepted messages, and note the answers.

    Returns:
        How many moved on. The choice is random: a message without news must not stand before the others.
    """
    recent = Message.accepted_at > clock.now() - FOLLOWED
    chosen = (
        select(Message.provider_id, Message.id)
        .where(Message.state == "accepted", Message.provider_id.is_not(None), recent)
        .order_by(func.random())
        .limit(limit)
    )
    with engine.begin() as connection:
        ids = {str(row.provider_id): row.id for row in connection.execute(chosen)}
    reports = [report for report in (gateway.poll(list(ids)) if ids else []) if report.provider_id in ids]
    bounced = [
        (ids[report.provider_id], str(report.provider_code))
        for report in reports
        if report.state in {"undelivered", "failed"} and is_bad_number(report.provider_code)
    ]
    with engine.begin() as connection:
        mark_bad(connection, bounced, clock.now())
        return sum(
            settle(
                connection, ids[report.provider_id], Outcome(report.state, report.provider_code), clock.now()
            )
            for report in reports
        )


class _Courier:
    """Carries one claim's messages. `paused` once the provider wants no more for now."""

    def __init__(self, engine: Engine, gateway: SmsGateway, keys: KeyRing, clock: Clock) -> None:
        self._engine = engine
        self._gateway = gateway
        self._keys = keys
        self._clock = clock
        self.paused = False

    def deliver(self, message: ClaimedMessage) -> str:
        """Bring one message to its outcome and settle it; the outcome's name in `DeliveryCount`."""
        if self._clock.now() >= message.claimed_at + CLAIM_HELD:
            self.paused = True
            outcome = Outcome("queued", "claim_too_old")
        elif self._clock.now() >= message.expires_at:
            outcome = Outcome("expired", "too_late")
        else:
            outcome = self._send(message)
        with self._engine.begin() as connection:
            settle(connection, message.id, outcome, self._clock.now())
        return "deferred" if outcome.state == "queued" else outcome.state

    def put_back(self, messages: Sequence[ClaimedMessage]) -> int:
        """Return unsent messages to the queue."""
        now = self._clock.now()
        back = Outcome("queued", "paused", retry_at=now + PAUSE if self.paused else None)
        with self._engine.begin() as connection:
            return sum(settle(connection, message.id, back, now) for message in messages)

    def _send(self, message: ClaimedMessage) -> Outcome:
        try:
            recipient, text = self._keys.decrypt(message.recipient), self._keys.decrypt(message.text)
        except KeyLost:
            return Outcome("failed", "key_lost")
        with self._engine.begin() as connection:
            # Asked again for each: a wish to stop holds within the second, also for what is claimed already.
            if has_opted_out(connection, self._keys.lookup_hashes(recipient)):
                return Outcome("skipped", "opt_out")
        try:
            accepted = self._gateway.send(OutgoingSms(str(message.id), recipient, text))
        except SendRefused as refused:
            return self._refused(refused, message.id, recipient)
        except SendUnknown:
            return Outcome("unknown", "no_answer")
        return Outcome("accepted", provider_id=accepted.provider_id)

    def _refused(self, refused: SendRefused, message_id: UUID, recipient: str) -> Outcome:
        if not refused.permanent:
            self.paused = True
            return Outcome("queued", refused.code, retry_at=self._clock.now() + PAUSE)
        if refused.code == "opted_out":
            with self._engine.begin() as connection:
                opt_out(connection, self._keys.lookup_hashes(recipient), "provider", self._clock.now())
        if refused.code == "invalid_number":
            with self._engine.begin() as connection:
                code = refused.provider_code or refused.code
                mark_bad(connection, [(message_id, code)], self._clock.now())
        return Outcome("failed", refused.code)
