"""Receipts and replies out of what a gateway brought or kept."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from server import phones
from server.notify.gateways.declarative.calls import moment_of
from server.notify.gateways.declarative.description import Description, Listing
from server.notify.gateways.declarative.trees import text_at
from server.notify.gateways.meanings import Meaning, dialect, meant
from server.notify.protocol import DeliveryReport, Inbound, Receipt
from server.wire import Json

LONGEST_ID: Final = 128
LONGEST_TEXT: Final = 2_000


@dataclass(slots=True)
class Portion:
    """What one body held; `lost` counts entries without what they need."""

    receipts: list[Receipt] = field(default_factory=list)
    replies: list[Inbound] = field(default_factory=list)
    lost: int = 0

    def add_receipt(self, receipt: Receipt | None) -> None:
        if receipt is None:
            self.lost += 1
        else:
            self.receipts.append(receipt)

    def add_reply(self, reply: Inbound | None) -> None:
        if reply is None:
            self.lost += 1
        else:
            self.replies.append(reply)


def meaning(code: str, description: Description) -> Meaning:
    """What a code means: by the gateway's own list, else in its dialect."""
    if code in description.codes:
        return meant(description.codes[code])
    return dialect(description.dialect).meaning(code)


def receipt_in(item: Json, listing: Listing, description: Description) -> Receipt | None:
    """An entry as a receipt; None when it names no message or has no code."""
    reference, provider_id = _id(item, listing, "reference"), _id(item, listing, "id")
    report = report_in(item, listing, description)
    return Receipt(reference, report) if report is not None and (reference or provider_id) else None


def report_in(item: Json, listing: Listing, description: Description) -> DeliveryReport | None:
    """What became of a message. A code that nobody listed is a bounce; delivered is what is said to be."""
    code = _id(item, listing, "code")
    if code is None:
        return None
    states = dialect(description.dialect).states
    state = description.states.get(code) or states.get(code, "undelivered")
    provider_id = _id(item, listing, "id") or _id(item, listing, "reference") or ""
    return DeliveryReport(provider_id, state, code, meaning(code, description).code)


def reply_in(item: Json, listing: Listing, now: datetime) -> Inbound | None:
    """An entry as a reply; None when it has no sender. One without an id gets that of its content."""
    sender, text = _id(item, listing, "sender"), text_at(item, listing.fields["text"])
    if sender is None:
        return None
    written_at = text_at(item, listing.fields.get("at")) or ""
    content = "\0".join((sender, text or "", written_at)).encode("utf-8", "replace")
    provider_id = _id(item, listing, "id") or f"content-{hashlib.sha256(content).hexdigest()[:32]}"
    at = moment_of(written_at, listing.at) or now
    return Inbound(provider_id, phones.as_sender(sender), (text or "")[:LONGEST_TEXT], at)


def _id(item: Json, listing: Listing, name: str) -> str | None:
    """A short value; what cannot be stored or is too long is none."""
    text = text_at(item, listing.fields.get(name))
    usable = text and len(text) <= LONGEST_ID and text.isprintable()
    return text if usable else None
