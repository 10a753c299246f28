"""From answers to everything that will be stored, without I/O: check, score, fingerprint."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from server import wire
from server.errors import Detail
from server.forms import AttachmentRef, attachments, check
from server.intake.own_words import split
from server.intake.shelf import ShelvedForm
from server.scoring.score import score
from server.scoring.sheet import LostPoint, ScoreSheet, lost_points

Door = Literal["page", "api", "bulk", "sms"]


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked of whom: the wave, the subject, the form, what is known before the start.

    Attributes:
        finds_faults: whether a lost point is a finding (a visit) or an opinion (a survey).
        today: the day at the subject, which `today()` in expressions means.
    """

    wave_id: UUID
    subject_id: UUID
    shelved: ShelvedForm
    variables: Mapping[str, Any]
    today: date
    door: Door
    finds_faults: bool = False
    firm_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Incoming:
    """Answers as somebody sent them. `submission_id` is made by the client."""

    submission_id: UUID
    answers: Mapping[str, Any]
    external_id: str | None = None
    client_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A submission that may be stored."""

    ask: Ask
    incoming: Incoming
    content_hash: str
    answers: Mapping[str, Any]
    texts: Mapping[str, str]
    sheet: ScoreSheet | None
    lost: tuple[LostPoint, ...]
    attachments: tuple[AttachmentRef, ...]


@dataclass(frozen=True, slots=True)
class Rejected:
    """Answers that are not acceptable, with everything that is wrong with them."""

    submission_id: UUID
    errors: tuple[Detail, ...]


def prepare(incoming: Incoming, ask: Ask) -> Prepared | Rejected:
    """Check and score one submission. All errors at once, each with its pointer below `/answers`."""
    form, rules = ask.shelved.form, ask.shelved.rules
    checked = check(form, incoming.answers, variables=ask.variables, today=ask.today)
    if checked.errors:
        return Rejected(
            incoming.submission_id,
            tuple(
                Detail(error.code, f"/answers{error.pointer}", error.params, question=error.question)
                for error in checked.errors
            ),
        )
    values = checked.values
    sheet = score(rules, values, checked.visible) if rules else None
    answers, texts = split(values, ask.shelved.own_words)
    return Prepared(
        ask=ask,
        incoming=incoming,
        content_hash=_content_hash(
            ask, {name: values[name] for name in values if name in ask.shelved.answerable}
        ),
        answers=answers,
        texts=texts,
        sheet=sheet,
        lost=lost_points(sheet) if sheet and ask.finds_faults else (),
        attachments=attachments(form, values),
    )


def _content_hash(ask: Ask, answers: Mapping[str, Any]) -> str:
    """What "the same content" means: same form version, same subject, same answers after coercion.

    Calculated values stay out: they may depend on the day, and a phone may send again after midnight.
    """
    return wire.fingerprint(
        {
            "form_version": str(ask.shelved.form_version_id),
            "subject": str(ask.subject_id),
            "answers": dict(answers),
        }
    )
