"""Visits that whoever was to make them will not make any more: given back, or attempted in vain.

They stand until the desk decides: their link is closed and nobody is late with them, but the outlet still
waits for somebody else.
"""

from sqlalchemy import ColumnElement, exists, or_

from server.models.tasks import Assignment
from server.models.visits import VisitRecord


def attempted() -> ColumnElement[bool]:
    """Whether it was reported that a visit could not be made."""
    return (
        exists()
        .where(VisitRecord.assignment_id == Assignment.id, VisitRecord.attempted_at.is_not(None))
        .correlate(Assignment)
    )


def given_up() -> ColumnElement[bool]:
    """Whether a visit was given back, or could not be made."""
    return or_(Assignment.given_back_at.is_not(None), attempted())
