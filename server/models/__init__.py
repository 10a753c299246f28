"""Tables only, one file per aggregate. Importing the package registers every table on `Base.metadata`."""

from server.models import (
    accounts,
    audit,
    contacts,
    definitions,
    deployment,
    draws,
    messages,
    organisation,
    settlements,
    submissions,
    tasks,
    timetable,
    waves,
)

__all__ = [
    "accounts",
    "audit",
    "contacts",
    "definitions",
    "deployment",
    "draws",
    "messages",
    "organisation",
    "settlements",
    "submissions",
    "tasks",
    "timetable",
    "waves",
]
