"""What a gateway brings at one time, receipts and replies: taken in one transaction with all they ask for."""

from datetime import datetime

from sqlalchemy import Connection

from server.fieldwork.outreach.keys import Sender
from server.fieldwork.outreach.replies import take_reply
from server.intake.shelf import FormShelf
from server.notify.protocol import Collected
from server.notify.receiving import store_inbound, take_report


def take_portion(
    connection: Connection,
    gateway: str,
    portion: Collected,
    *,
    sender: Sender,
    forms: FormShelf,
    now: datetime,
) -> int:
    """Take receipts and replies that came together, each wish to stop in the same transaction.

    Returns:
        How many receipts were of messages that we do not have.
    """
    # In one order, so that two portions at once do not wait for each other.
    ordered = sorted(portion.receipts, key=lambda each: (each.reference or "", each.report.provider_id))
    known = [
        take_report(connection, reference=each.reference, report=each.report, gateway=gateway, now=now)
        for each in ordered
    ]
    for inbound in portion.replies:
        stored = store_inbound(connection, gateway, inbound, sender.keys, now)
        if stored is not None:
            take_reply(connection, stored, sender, now, forms=forms)
    return known.count(False)
