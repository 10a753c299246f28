"""Compiled forms at hand: compiled once per process and version, since a published version never changes."""

from dataclasses import dataclass
from threading import Lock
from uuid import UUID

from sqlalchemy import Connection, select

from server.forms import CompiledForm, Question, compile_form
from server.models.definitions import Form, FormVersion
from server.scoring.form_items import form_rules
from server.scoring.rules import ScoreRules


@dataclass(frozen=True, slots=True)
class ShelvedForm:
    """A form version ready for checking and scoring.

    Attributes:
        free_text: questions whose answers are a person's own words and can be emptied on request.
        answerable: questions that somebody answers, as opposed to values that follow from answers.
    """

    form_version_id: UUID
    key: str
    version: int
    form: CompiledForm
    rules: ScoreRules | None
    free_text: frozenset[str]
    answerable: frozenset[str]


class FormShelf:
    """Looks a version up in the database once and keeps what was compiled from it."""

    def __init__(self) -> None:
        self._forms: dict[UUID, ShelvedForm] = {}
        self._lock = Lock()

    def get(self, connection: Connection, form_version_id: UUID) -> ShelvedForm:
        """Raises LookupError for a version that does not exist."""
        shelved = self._forms.get(form_version_id)
        if shelved is None:
            with self._lock:
                shelved = self._forms.setdefault(form_version_id, _compile(connection, form_version_id))
        return shelved


def _compile(connection: Connection, form_version_id: UUID) -> ShelvedForm:
    row = connection.execute(
        select(FormVersion.content, FormVersion.version, Form.key)
        .join(Form, Form.id == FormVersion.form_id)
        .where(FormVersion.id == form_version_id)
    ).first()
    if row is None:
        raise LookupError(f"no form version {form_version_id}")
    form = compile_form(row.content)
    answerable = {question.name: question for question in form.questions.values() if question.compute is None}
    return ShelvedForm(
        form_version_id=form_version_id,
        key=row.key,
        version=row.version,
        form=form,
        rules=form_rules(row.content),
        free_text=frozenset(name for name, question in answerable.items() if _is_free_text(question)),
        answerable=frozenset(answerable),
    )


def _is_free_text(question: Question) -> bool:
    if question.companion is not None:
        return question.companion.role in {"note", "nophoto"}
    return question.type in {"text", "comment"}
