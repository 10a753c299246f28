"""Whether a message may leave now: a table over what is known, and once against the database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from server.notify.outbox.claiming import ClaimedMessage, Policy
from server.notify.outbox.permits import Asking, Standing, decide
from server.notify.outbox.settling import Outcome
from server.notify.respect.rules import SendingRules

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
NIGHT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
MORNING = datetime(2026, 3, 3, 1, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
INVITATION = ClaimedMessage(
    uuid4(), "invitation", "sms", b"", b"", 1, "Asia/Shanghai", uuid4(), NOON + DAY, NOON
)
TWICE = {"fatigue": {"times": 2, "days": 90, "gap_days": 30}}
OWN_TWICE = {"fatigue": {"times": 2, "days": 90, "scope": "programme"}}


def asked(days: int, kind: str = "invitation", *, wave: bool = False, programme: bool = False) -> Asking:
    return Asking(NOON - days * DAY, kind, wave, programme)


@pytest.mark.parametrize(
    ("kind", "standing", "now", "outcome"),
    [
        ("invitation", Standing(), NOON, None),
        ("invitation", Standing(opted_out=True), NOON, Outcome("skipped", "opt_out")),
        ("alert", Standing(opted_out=True), NOON, Outcome("skipped", "opt_out")),
        ("invitation", Standing(bad_number=True), NOON, Outcome("skipped", "bad_number")),
        ("reminder", Standing(settled=True), NOON, Outcome("skipped", "settled")),
        ("invitation", Standing(wave_state="closed"), NOON, Outcome("cancelled", "wave_closed")),
        ("thanks", Standing(wave_state="closed"), NOON, None),
        ("alert", Standing(stopped=True), NOON, Outcome("queued", "stopped")),
        ("invitation", Standing(wave_state="paused"), NOON, Outcome("queued", "wave_paused")),
        ("invitation", Standing(), NIGHT, Outcome("queued", "held_until_decent", retry_at=MORNING)),
        ("visit", Standing(), NIGHT, Outcome("queued", "held_until_decent", retry_at=MORNING)),
        ("set_up", Standing(), NIGHT, None),
        ("thanks", Standing(), NIGHT, None),
        (
            "invitation",
            Standing(askings=[Asking(NOON - HOUR, "invitation", False, False)]),
            NOON,
            Outcome("queued", "asked_today", retry_at=NOON + 23 * HOUR),
        ),
        ("invitation", Standing(askings=[asked(1)]), NOON, None),
        (
            "reminder",
            Standing(askings=[asked(d, wave=True) for d in (9, 6, 3)]),
            NOON,
            Outcome("skipped", "asked_too_often", rule="wave:3"),
        ),
        (
            "invitation",
            Standing(fatigue=TWICE, askings=[asked(40), asked(80)]),
            NOON,
            Outcome("skipped", "contacted_recently", rule="2/90d+30d:global"),
        ),
        (
            "invitation",
            Standing(fatigue=TWICE, askings=[asked(29)]),
            NOON,
            Outcome("skipped", "contacted_recently", rule="2/90d+30d:global"),
        ),
        ("invitation", Standing(fatigue=TWICE, askings=[asked(31), asked(91)]), NOON, None),
        ("invitation", Standing(fatigue=TWICE, askings=[asked(40, "reminder"), asked(50)]), NOON, None),
        ("invitation", Standing(fatigue=OWN_TWICE, askings=[asked(2), asked(3)]), NOON, None),
        (
            "invitation",
            Standing(fatigue=OWN_TWICE, askings=[asked(2, programme=True), asked(3, programme=True)]),
            NOON,
            Outcome("skipped", "contacted_recently", rule="2/90d+0d:programme"),
        ),
        ("reminder", Standing(fatigue=TWICE, askings=[asked(3, wave=True)]), NOON, None),
    ],
)
def test_what_is_known_decides(kind: str, standing: Standing, now: datetime, outcome: Outcome | None) -> None:
    message = replace(INVITATION, kind=kind)
    assert decide(message, standing, Policy(SendingRules()), now) == outcome
