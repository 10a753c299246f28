"""A stored report read once more with some of its answers changed: by a reviewer, or by whoever decides an
appeal. Nothing is written here."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from server.db import AnyRow
from server.errors import Refusal
from server.intake import known
from server.intake.own_words import joined
from server.intake.prepare import Ask, Incoming, Prepared, Rejected, prepare
from server.intake.revising import newest_revision
from server.intake.shelf import FormShelf
from server.models.organisation import Subject, Unit
from server.models.submissions import Submission, SubmissionText
from server.models.tasks import Assignment
from server.models.waves import Wave


def corrected(
    connection: Connection, forms: FormShelf, submission_pk: UUID, changes: Mapping[str, Any]
) -> Prepared | Rejected:
    """The report with other answers, checked and scored by the version of the form it was made with.

    Args:
        changes: question -> its answer from now on; None takes an answer away.

    Raises:
        Refusal: not_found.
    """
    row = _report(connection, submission_pk)
    newest = newest_revision(connection, submission_pk)
    texts = dict(
        connection.execute(
            select(SubmissionText.question, SubmissionText.text).where(
                SubmissionText.revision_id == newest.id
            )
        ).all()
    )
    answers = {**joined(newest.answers, texts), **changes}
    given = {name: value for name, value in answers.items() if value is not None}
    shelved = forms.get(connection, row.form_version_id)
    known_before = row.variables if row.variables is not None else {**known.of_unit(row, row.name)}
    ask = Ask(
        wave_id=row.wave_id,
        subject_id=row.subject_id,
        shelved=shelved,
        variables={"served_on": None, **known_before, "unit": row.unit_name},
        # `today()` means the day of the report, whenever it is read again.
        today=row.received_at.astimezone(ZoneInfo(row.zone)).date(),
        door=row.door,
        finds_faults=row.variables is not None or row.instrument == "visit",
        firm_id=row.firm_id,
    )
    # What hidden questions were computed to is computed again.
    answerable = {name: value for name, value in given.items() if name in shelved.answerable}
    return prepare(Incoming(row.submission_id, answerable), ask)


def _report(connection: Connection, submission_pk: UUID) -> AnyRow:
    row = connection.execute(
        select(
            Submission.wave_id, Submission.subject_id, Submission.submission_id, Submission.door,
            Submission.form_version_id, Submission.firm_id, Submission.received_at, Wave.instrument,
            Subject.name, Assignment.variables, Wave.timezone.label("zone"), *known.COLUMNS,
        )
        .join(Wave, Wave.id == Submission.wave_id)
        .join(Subject, Subject.id == Submission.subject_id)
        .join(Unit, Unit.id == Subject.unit_id, isouter=True)
        .join(
            Assignment,
            (Assignment.submission_id == Submission.submission_id)
            & (Assignment.wave_id == Submission.wave_id),
            isouter=True,
        )
        .where(Submission.id == submission_pk)
    ).first()  # fmt: skip
    if row is None:
        raise Refusal("not_found")
    return row
