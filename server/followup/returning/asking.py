"""Sending a report back to who made it: the questions, the deadline, a new link, a neutral message."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, update

from server import audit
from server.db import AnyRow, new_id
from server.errors import Detail, Refusal
from server.fieldwork.links import new_token, visit_link
from server.fieldwork.outreach.keys import Sender
from server.fieldwork.visiting.messages import Line, write_to_visitor
from server.followup.returning.deciding import Question, link_until, return_problems
from server.intake.shelf import FormShelf
from server.models.accounts import PersonPrivate
from server.models.organisation import Subject, Unit
from server.models.submissions import Submission
from server.models.tasks import Assignment
from server.models.visits import VisitReturn
from server.models.waves import Wave
from server.notify.texts import compose_visit_return
from server.scope import Scope


@dataclass(frozen=True, slots=True)
class NewReturn:
    """What somebody asks about a visit's report.

    Attributes:
        text: about the whole of it; may be empty where there are questions.
        due_at: the first moment that is too late.
    """

    assignment_id: UUID
    questions: Sequence[Question]
    text: str
    due_at: datetime
    by: str


def return_visit(
    connection: Connection, new: NewReturn, scope: Scope, tools: tuple[FormShelf, Sender], *, now: datetime
) -> UUID:
    """Send a report back; returns the return's id. The report itself stays as it is.

    The visit's link is made new and opens beyond the deadline; who made the visit is told by SMS, if they
    have a number. Whoever is signed in on a phone finds the questions there.

    Args:
        tools: the forms, and what messages are sent with.

    Raises:
        Refusal: not_found outside the scope; invalid_fields: `return_no_report` before anything was handed
            in, `return_open` while another return waits, `return_nobody` where a firm has not said who went,
            and what `return_problems` names.
    """
    forms, sender = tools
    visit = _locked(connection, new.assignment_id, scope)
    form = forms.get(connection, visit.form_version_id).form if visit.form_version_id else None
    problems = [
        *_standing_problems(connection, visit),
        *return_problems(new.questions, new.text, form.questions if form else (), due_at=new.due_at, now=now),
    ]
    if problems:
        raise Refusal("invalid_fields", details=problems)
    return_id, number = new_id(), visit.returns + 1
    connection.execute(
        insert(VisitReturn).values(
            id=return_id,
            assignment_id=visit.id,
            number=number,
            questions=[asdict(each) for each in new.questions],
            text=new.text,
            asked_by=new.by,
            asked_at=now,
            due_at=new.due_at,
        )
    )
    _tell(connection, visit, number, new.due_at, sender, now)
    asked = [each.question for each in new.questions]
    detail = {"number": number, "items": asked, "due": new.due_at.isoformat()}
    entry = audit.Entry(new.by, "visit_returned", f"assignment:{visit.id}", detail)
    audit.record(connection, [entry], at=now)
    return return_id


def assignment_of(connection: Connection, submission_pk: UUID, scope: Scope) -> UUID | None:
    """The assignment that a submission came from; None for what came another way."""
    query = (
        select(Assignment.id)
        .select_from(Submission)
        .join(
            Assignment,
            (Assignment.submission_id == Submission.submission_id)
            & (Assignment.wave_id == Submission.wave_id),
        )
        .where(Submission.id == submission_pk)
    )
    return connection.scalar(scope.submissions(query))


def _locked(connection: Connection, assignment_id: UUID, scope: Scope) -> AnyRow:
    """The visit with the version that its report was made with; two reviewers at once wait for each other."""
    found = scope.subjects(
        select(Assignment.id)
        .join(Subject, Subject.id == Assignment.subject_id)
        .where(Assignment.id == assignment_id)
    ).with_for_update(of=Assignment, key_share=True)
    if scope.firm_ids is not None or connection.scalar(found) is None:
        raise Refusal("not_found")
    returns = select(func.count()).where(VisitReturn.assignment_id == Assignment.id).scalar_subquery()
    return connection.execute(
        select(
            Assignment.id, Assignment.wave_id, Assignment.person_id, Assignment.expires_at,
            Assignment.extended_from, Assignment.cancelled_at, Submission.form_version_id,
            PersonPrivate.phone, Unit.name.label("unit_name"), Unit.timezone, Wave.settings,
            returns.label("returns"),
        )
        .join(Wave, Wave.id == Assignment.wave_id)
        .join(Subject, Subject.id == Assignment.subject_id)
        .join(Unit, Unit.id == Subject.unit_id)
        .join(
            Submission,
            (Submission.submission_id == Assignment.submission_id)
            & (Submission.wave_id == Assignment.wave_id),
            isouter=True,
        )
        .join(PersonPrivate, PersonPrivate.person_id == Assignment.person_id, isouter=True)
        .where(Assignment.id == assignment_id)
    ).one()  # fmt: skip


def _standing_problems(connection: Connection, visit: AnyRow) -> Sequence[Detail]:
    if visit.form_version_id is None:
        return [Detail("return_no_report")]
    if visit.person_id is None:
        return [Detail("return_nobody")]
    open_one = select(VisitReturn.id).where(
        VisitReturn.assignment_id == visit.id, VisitReturn.answered_at.is_(None)
    )
    return [Detail("return_open")] if connection.scalar(open_one) is not None else []


def _tell(
    connection: Connection, visit: AnyRow, number: int, due_at: datetime, sender: Sender, now: datetime
) -> None:
    token, until = new_token(), link_until(visit.expires_at, due_at)
    values = {"token_hash": token.hash, "expires_at": until}
    if until != visit.expires_at:
        values["extended_from"] = visit.extended_from or visit.expires_at
    connection.execute(update(Assignment).where(Assignment.id == visit.id).values(**values))
    text = compose_visit_return(
        organisation=visit.settings["organisation"]["zh"],
        unit=visit.unit_name,
        link=visit_link(sender.public_url, token.text),
    )
    write_to_visitor(connection, visit, Line(f"return:{number}", text, until), sender, now=now)
