"""Drafts: rows of an invitation or an assignment, merged under a lock, carried over to a new version."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_merge

from server import audit
from server.db import AnyRow, AnySelect
from server.errors import Refusal
from server.fieldwork.carrying import Carried, PageAnswers, carried
from server.fieldwork.responding import Task
from server.intake.shelf import FormShelf
from server.models.tasks import Assignment, Draft, Invitation
from server.models.waves import Wave


class HandedIn(Refusal):
    """Somebody with the same link was faster."""


class DraftChanged(Exception):
    """Another device has saved meanwhile; `revision` is what stands now."""

    def __init__(self, revision: int) -> None:
        super().__init__(revision)
        self.revision = revision


@dataclass(frozen=True, slots=True)
class SavedDraft:
    """Answers not yet handed in. `revision` counts the savings."""

    answers: dict[str, Any]
    page: int
    revision: int


def load_draft(connection: Connection, task: Task, forms: FormShelf, *, now: datetime) -> SavedDraft | None:
    """The answers so far, carried over when the wave has got another version of its form since.

    Writes nothing: the next saving keeps what was carried over.
    """
    row = connection.execute(_draft_of(task)).first()
    if row is None:
        return None
    if row.form_version_id == task.form_version_id:
        return SavedDraft(row.answers, row.page, row.revision)
    moved = _carried(connection, task, row, forms, now)
    return SavedDraft(moved.answers, moved.page, row.revision)


def save_draft(
    connection: Connection,
    task: Task,
    page: PageAnswers,
    forms: FormShelf,
    *,
    now: datetime,
    base: int | None = None,
) -> SavedDraft:
    """Merge one page's answers into the draft.

    Task and draft are locked while merging: two devices saving different pages lose nothing, and a late
    autosave cannot leave a draft behind a submission.

    Args:
        base: the revision that a device's answers began from; None for a page that says only what it says.

    Raises:
        DraftChanged: when the draft is another than `base` and would become a different one.
        HandedIn: when the answers were handed in meanwhile.
        Refusal: conflict when the wave has got another version of its form since the task was read.
    """
    _lock_open_task(connection, task)
    connection.execute(
        insert_or_merge(Draft)
        .values(
            submission_id=task.submission_id,
            form_version_id=task.form_version_id,
            answers={},
            page=page.index,
            revision=0,
            updated_at=now,
        )
        .on_conflict_do_nothing(index_elements=["submission_id"])
    )
    row = connection.execute(_draft_of(task).with_for_update()).one()
    if base is not None and base != row.revision and page.laid_over(row.answers) != row.answers:
        raise DraftChanged(row.revision)
    left_behind, answers, index = row.left_behind, row.answers, page.index
    if row.form_version_id != task.form_version_id:
        moved = _carried(connection, task, row, forms, now)
        answers = moved.answers
        if moved.left_behind:
            left_behind = [*left_behind, moved.left_behind]
            index = min(index, moved.page)
        _witness_carrying(connection, task, row, moved, now)
    if page.left_behind:
        left_behind = [*left_behind, page.left_behind]
    merged = page.laid_over(answers)
    values = {
        "form_version_id": task.form_version_id,
        "answers": merged,
        "left_behind": left_behind,
        "page": index,
        "revision": row.revision + 1,
        "updated_at": now,
    }
    connection.execute(update(Draft).where(Draft.submission_id == task.submission_id).values(**values))
    return SavedDraft(merged, index, row.revision + 1)


def _draft_of(task: Task) -> AnySelect:
    columns = (Draft.form_version_id, Draft.answers, Draft.left_behind, Draft.page, Draft.revision)
    return select(*columns).where(Draft.submission_id == task.submission_id)


def _lock_open_task(connection: Connection, task: Task) -> None:
    table = Invitation if task.kind == "invitation" else Assignment
    # NO KEY UPDATE: the session row that redeeming inserted holds a KEY SHARE on the task, and so do those of
    # everybody who pressed the button at the same moment; a plain FOR UPDATE would wait for them in a circle.
    row = connection.execute(
        select(table.completed_at, Wave.form_version_id)
        .join(Wave, Wave.id == table.wave_id)
        .where(table.id == task.id)
        .with_for_update(of=table, key_share=True)
    ).one()
    if row.completed_at is not None:
        raise HandedIn("link_finished")
    if row.form_version_id != task.form_version_id:
        raise Refusal("conflict")


def _carried(connection: Connection, task: Task, row: AnyRow, forms: FormShelf, now: datetime) -> Carried:
    old = forms.get(connection, row.form_version_id)
    new = forms.get(connection, task.form_version_id)
    return carried(old, new, row.answers, row.page, now=now)


def _witness_carrying(connection: Connection, task: Task, row: AnyRow, moved: Carried, now: datetime) -> None:
    detail = {
        "from": str(row.form_version_id),
        "to": str(task.form_version_id),
        "asked_again": moved.left_behind["asked_again"] if moved.left_behind else [],
    }
    audit.record(connection, [audit.Entry(task.actor, "draft_carried_over", task.actor, detail)], at=now)
