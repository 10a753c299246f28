"""Compiled forms at hand: compiled once per process and version, since a published version never changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from server.forms import CompiledForm, Question, compile_form
from server.models.definitions import Form, FormVersion
from server.scoring.form_items import form_rules
from server.scoring.rules import ScoreRules

# Input types of `text` whose answers may say who somebody is.
OWN_WORDS = frozenset({"text", "tel", "email", "url"})


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
    return shelved_form(form_version_id, row.key, row.version, row.content)


def shelved_form(form_version_id: UUID, key: str, version: int, content: Mapping[str, Any]) -> ShelvedForm:
    """Raises server.forms.FormInvalid."""
    form = compile_form(content)
    answerable = {question.name: question for question in form.questions.values() if question.compute is None}
    return ShelvedForm(
        form_version_id=form_version_id,
        key=key,
        version=version,
        form=form,
        rules=form_rules(content),
        free_text=frozenset(name for name, question in answerable.items() if _is_free_text(question)),
        answerable=frozenset(answerable),
    )


def _is_free_text(question: Question) -> bool:
    """Whether a person writes here what they like: notes and the text beside "other" too, dates not."""
    if question.type == "text":
        return question.behaviour.control.attributes.get("type", "text") in OWN_WORDS
    return question.type == "comment"
