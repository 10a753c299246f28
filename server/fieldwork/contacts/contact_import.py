"""Importing contacts and service events from a file in one transaction; what differs may be shown first."""

from datetime import datetime

from sqlalchemy import Connection

from server import audit
from server.fieldwork.contacts.imports.contact_rows import ContactRows
from server.fieldwork.contacts.imports.event_rows import EventRows
from server.fieldwork.contacts.imports.passing import RowKind, Tally, open_table, passing
from server.fieldwork.contacts.imports.places import places
from server.fieldwork.importing import ImportReport, SentFile, in_file_order, report_of
from server.keys import KeyRing


def import_contacts(
    connection: Connection, keys: KeyRing, sent: SentFile, *, now: datetime, dry_run: bool = False
) -> ImportReport:
    """Create and update contacts; `external_id` is a contact's identity."""
    kind = ContactRows(keys, places(connection, sent.scope), now)
    return _imported(connection, kind, "contact", sent, now, dry_run)


def import_events(
    connection: Connection, sent: SentFile, *, now: datetime, dry_run: bool = False
) -> ImportReport:
    """Create and correct service events; `external_id` is an event's identity."""
    kind = EventRows(places(connection, sent.scope), now)
    return _imported(connection, kind, "event", sent, now, dry_run)


def _imported(
    connection: Connection, kind: RowKind, what: str, sent: SentFile, now: datetime, dry_run: bool
) -> ImportReport:
    table, tally = open_table(kind, sent.data, sent.filename), Tally()
    for _ in passing(connection, kind, table, tally, dry_run=dry_run):
        pass
    report = report_of(
        tally.log, table, in_file_order(tally.problems), unchanged=tally.unchanged, dry_run=dry_run
    )
    if not dry_run:
        detail = {
            "created": report.created,
            "updated": report.updated,
            "rejected": report.rejected,
            "file": sent.filename,
            "sha256": sent.sha256,
        }
        audit.record(connection, [audit.Entry(sent.by, f"{what}s_imported", f"{what}:*", detail)], at=now)
    return report
