"""Twilio's codes as data: what each means to us and whether trying again could help.

Numbers come from Twilio's error dictionary. A code that is not listed is a permanent refusal with our word
`refused`: a message that was not taken for an unknown reason is shown to people, not repeated.
"""

from dataclasses import dataclass
from typing import Final

from server.notify.protocol import DeliveryState, RefusalCode


@dataclass(frozen=True, slots=True)
class Meaning:
    code: RefusalCode
    permanent: bool


TWILIO: Final[dict[int, Meaning]] = {
    20003: Meaning("misconfigured", permanent=False),  # authentication failed
    20404: Meaning("misconfigured", permanent=False),  # no such account or messaging service
    20429: Meaning("throttled", permanent=False),  # too many requests
    21211: Meaning("invalid_number", permanent=True),  # not a phone number
    21212: Meaning("misconfigured", permanent=False),  # the sender is no number
    21408: Meaning("blocked_country", permanent=True),  # region not enabled
    21601: Meaning("misconfigured", permanent=False),  # the sender cannot send SMS
    21603: Meaning("misconfigured", permanent=False),  # no sender given
    21606: Meaning("misconfigured", permanent=False),  # the sender is not ours
    21609: Meaning("misconfigured", permanent=False),  # the status callback is no public address
    21610: Meaning("opted_out", permanent=True),  # the recipient replied STOP
    21611: Meaning("throttled", permanent=False),  # the sender's queue is full
    21612: Meaning("invalid_number", permanent=True),  # cannot be reached from this sender
    21614: Meaning("invalid_number", permanent=True),  # not a mobile number
    21617: Meaning("blocked_content", permanent=True),  # longer than 1,600 characters
    30001: Meaning("throttled", permanent=False),  # queue overflow
    30002: Meaning("misconfigured", permanent=False),  # account suspended
    30003: Meaning("unreachable", permanent=True),  # handset off or out of reach
    30004: Meaning("opted_out", permanent=True),  # blocked by the recipient
    30005: Meaning("invalid_number", permanent=True),  # unknown handset
    30006: Meaning("invalid_number", permanent=True),  # landline or unreachable carrier
    30007: Meaning("blocked_content", permanent=True),  # filtered by a carrier
    30008: Meaning("unreachable", permanent=True),  # no reason given
    63038: Meaning("throttled", permanent=False),  # daily limit of the account
}
# A refusal without a code came from something in between, a proxy for instance: mend that and try again.
WITHOUT_CODE: Final = Meaning("misconfigured", permanent=False)
UNLISTED: Final = Meaning("refused", permanent=True)

TWILIO_STATES: Final[dict[str, DeliveryState]] = {
    "accepted": "accepted",
    "scheduled": "accepted",
    "queued": "accepted",
    "sending": "accepted",
    "sent": "accepted",
    "delivered": "delivered",
    "read": "delivered",
    "undelivered": "undelivered",
    "failed": "failed",
    "canceled": "failed",
}


def twilio_meaning(code: int | None) -> Meaning:
    """What a refusal's code means."""
    return WITHOUT_CODE if code is None else TWILIO.get(code, UNLISTED)


def is_bad_number(code: str | None) -> bool:
    """Whether a provider's code says that no message will ever reach the number."""
    return code is not None and code.isdecimal() and twilio_meaning(int(code)).code == "invalid_number"
