"""What every SMS gateway offers, and the three ways in which sending ends.

`Accepted`: the provider has it. `SendRefused`: the provider has it not, for certain. `SendUnknown`: the
request may have arrived. Only the second may ever be tried again; the third is looked up, and what stays
unknown goes to a person (trust.md 0.1: sending again after a lost answer reached 117 people twice).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

# Our words for what a provider's code means; `server.notify.gateways.meanings` holds the table.
RefusalCode = Literal[
    "invalid_number",
    "opted_out",
    "blocked_content",
    "blocked_country",
    "misconfigured",
    "throttled",
    "unreachable",
    "refused",
]
DeliveryState = Literal["accepted", "delivered", "undelivered", "failed"]


@dataclass(frozen=True, slots=True)
class OutgoingSms:
    """One message to hand over.

    Attributes:
        reference: our message id, by which callbacks and look-ups find the row.
        recipient: E.164.
        text: ready to send.
    """

    reference: str
    recipient: str
    text: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took the message under its own id."""

    provider_id: str


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What became of an accepted message, with the provider's own code where it gave one."""

    provider_id: str
    state: DeliveryState
    provider_code: str | None = None


class SendRefused(Exception):
    """The message was not taken. `permanent` refusals are not tried again."""

    def __init__(self, code: RefusalCode, *, permanent: bool, provider_code: str | None = None) -> None:
        super().__init__(code)
        self.code: RefusalCode = code
        self.permanent = permanent
        self.provider_code = provider_code


class SendUnknown(Exception):
    """The request may have arrived and its answer was lost: never send again blindly."""


class SmsGateway(Protocol):
    """Carries messages. Nothing of the database is held while these calls wait."""

    @property
    def name(self) -> str:
        """What messages keep of who carried them."""
        ...

    def send(self, sms: OutgoingSms) -> Accepted:
        """Hand over one message. Raises SendRefused or SendUnknown."""
        ...

    def poll(self, provider_ids: Sequence[str]) -> list[DeliveryReport]:
        """What is known about accepted messages; those that cannot be asked about now are left out."""
        ...
