"""Compiled forms at hand: compiled once per process and version, since a published version never changes.

Drafts do change, so they are compiled whenever somebody tries one out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from server.forms import CompiledForm, compile_form
from server.intake.own_words import OwnWords, own_words_of
from server.models.definitions import Form, FormVersion
from server.scoring.form_items import form_rules
from server.scoring.rules import ScoreRules


@dataclass(frozen=True, slots=True)
class ShelvedForm:
    """A form version ready for checking and scoring.

    Attributes:
        own_words: where answers are a person's own words, which can be emptied on request.
        answerable: questions that somebody answers, as opposed to values that follow from answers.
    """

    form_version_id: UUID
    key: str
    version: int
    form: CompiledForm
    rules: ScoreRules | None
    own_words: OwnWords
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
                shelved, final = _compile(connection, form_version_id)
                if final:
                    shelved = self._forms.setdefault(form_version_id, shelved)
        return shelved

    def find(self, connection: Connection, key: str, version: int) -> ShelvedForm | None:
        """The published or retired version of this number, or None when there is none."""
        for shelved in list(self._forms.values()):
            if (shelved.key, shelved.version) == (key, version):
                return shelved
        form_version_id = connection.scalar(
            select(FormVersion.id)
            .join(Form, Form.id == FormVersion.form_id)
            .where(Form.key == key, FormVersion.version == version, FormVersion.status != "draft")
        )
        return self.get(connection, form_version_id) if form_version_id else None


def _compile(connection: Connection, form_version_id: UUID) -> tuple[ShelvedForm, bool]:
    """The compiled form, and whether it will stay as it is."""
    row = connection.execute(
        select(FormVersion.content, FormVersion.version, FormVersion.status, Form.key)
        .join(Form, Form.id == FormVersion.form_id)
        .where(FormVersion.id == form_version_id)
    ).first()
    if row is None:
        raise LookupError(f"no form version {form_version_id}")
    return shelved_form(form_version_id, row.key, row.version, row.content), row.status != "draft"


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
        own_words=own_words_of(form),
        answerable=frozenset(answerable),
    )
