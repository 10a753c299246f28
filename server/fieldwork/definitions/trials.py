"""Trying a form out: a walk through its pages whose answers are no submission and never become one.

A trial has a row of its own for a day. It has no wave, no person and no unit; nothing that counts, seals or
sends ever looks at it. Whoever has its address may walk on, on a phone too: the address is the key.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, insert, select, update

from server.db import AnyRow, new_id
from server.fieldwork.carrying import PageAnswers
from server.fieldwork.responding import Kind, Task
from server.models.definitions import FormTrial

LIFETIME = timedelta(days=1)
REF_BYTES = 16
MAX_REF_LENGTH = 32
UNIT_NAMES = ("示例网点", "Sample branch")
TIMEZONE = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class Trial:
    """`task` stands in for an invitation or an assignment, so that the pages are those of real ones."""

    ref: str
    task: Task
    answers: dict[str, Any]


def start(
    connection: Connection, form_version_id: UUID, kind: Kind, variables: Mapping[str, str], *, now: datetime
) -> str:
    """Begin a trial and return the `ref` of its address.

    Args:
        kind: whose pages to walk through, a customer's ("invitation") or a shopper's ("assignment").
        variables: what the form is to know before the start.
    """
    ref = secrets.token_urlsafe(REF_BYTES)
    connection.execute(
        insert(FormTrial).values(
            id=new_id(),
            ref=ref,
            form_version_id=form_version_id,
            kind=kind,
            variables=dict(variables),
            answers={},
            created_at=now,
            expires_at=now + LIFETIME,
        )
    )
    return ref


def sweep(connection: Connection, *, now: datetime) -> int:
    """Remove the trials that are over: what was typed may be about people. Returns how many there were."""
    return connection.execute(delete(FormTrial).where(FormTrial.expires_at <= now)).rowcount


def find(connection: Connection, ref: str, *, now: datetime) -> Trial | None:
    """The trial of an address, or None when there is none or it is over."""
    if len(ref) > MAX_REF_LENGTH:
        return None
    row = connection.execute(
        select(*FormTrial.__table__.columns).where(FormTrial.ref == ref, FormTrial.expires_at > now)
    ).first()
    return Trial(ref, _task(row), row.answers) if row else None


def save(connection: Connection, trial: Trial, page: PageAnswers) -> dict[str, Any]:
    """Lay one page's answers over the trial's; returns all of them."""
    answers = page.laid_over(trial.answers)
    connection.execute(update(FormTrial).where(FormTrial.ref == trial.ref).values(answers=answers))
    return answers


def _task(row: AnyRow) -> Task:
    return Task(
        kind=row.kind,
        id=row.id,
        wave_id=row.id,
        wave_state="launched",
        form_version_id=row.form_version_id,
        subject_id=row.id,
        unit_name=UNIT_NAMES[0],
        unit_name_en=UNIT_NAMES[1],
        timezone=TIMEZONE,
        submission_id=row.id,
        variables=row.variables,
        locale="zh",
        large_type=False,
        opens_at=row.created_at,
        expires_at=row.expires_at,
        started_at=row.created_at,
        completed_at=None,
    )
