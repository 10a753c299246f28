"""What every SMS gateway offers, and the three ways in which sending ends.

`Accepted`: the provider has it. `SendRefused`: the provider has it not, for certain. `SendUnknown`: the
request may have arrived. Only the second may ever be tried again; the third is looked up, and what stays
unknown goes to a person (trust.md 0.1: sending again after a lost answer reached 117 people twice).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeAlias, runtime_checkable

# Our words for what a provider's code means; `server.notify.gateways.meanings` holds the tables.
RefusalCode = Literal[
    "misconfigured",
    "throttled",
    "retry",
    "invalid_number",
    "opted_out",
    "blocked_content",
    "blocked_country",
    "unreachable",
    "refused",
    "unknown",
]
# What a provider that knows words for it has taken a reply for.
AlreadyTaken = Literal["stop", "start", "help"]
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
    """What became of an accepted message, with the provider's own code where it gave one.

    `means` is our word for the code where the gateway knows more than its dialect's table.
    """

    provider_id: str
    state: DeliveryState
    provider_code: str | None = None
    means: RefusalCode | None = None


@dataclass(frozen=True, slots=True)
class Absent:
    """The provider is certain that it does not have the message."""


# What a look-up says; None when the provider cannot tell.
Found: TypeAlias = DeliveryReport | Absent | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A report as a gateway brings it by itself; `reference` is ours, where the gateway repeats it."""

    reference: str | None
    report: DeliveryReport


@dataclass(frozen=True, slots=True)
class Inbound:
    """What somebody sent us.

    Attributes:
        provider_id: the gateway's own id of the message.
        sender: E.164, or what the gateway calls a sender that has no number.
        at: when it arrived.
        meaning: what the gateway itself took it for (`stop`, `start`, `help`) and has acted upon.
    """

    provider_id: str
    sender: str
    text: str
    at: datetime
    meaning: AlreadyTaken | None = None


@dataclass(frozen=True, slots=True)
class Collected:
    """What a gateway has for us. `done` is called once it is committed: then the gateway may forget it."""

    receipts: Sequence[Receipt] = ()
    replies: Sequence[Inbound] = ()
    done: Callable[[], None] = lambda: None


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
        """What is noted of a message: who carried it."""
        ...

    def send(self, sms: OutgoingSms) -> Accepted:
        """Hand over one message. Raises SendRefused or SendUnknown."""
        ...

    def poll(self, provider_ids: Sequence[str]) -> list[DeliveryReport]:
        """What is known about accepted messages; those that cannot be asked about now are left out."""
        ...

    def find(self, sms: OutgoingSms, since: datetime) -> Found:
        """Look up a message whose sending, begun at `since`, ended without an answer."""
        ...


@runtime_checkable
class Collecting(Protocol):
    """A gateway that keeps receipts and replies until they are fetched."""

    def collect(self) -> Iterator[Collected]:
        """What it keeps, in portions; a portion that was not `done` comes again where the gateway can."""
        ...
