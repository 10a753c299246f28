"""A small scheme of paid visits: one scored item with a photo, and what its programme says about visits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, insert, select, update

from server.db import new_id
from server.fieldwork.definitions.programmes import NewProgramme, publish_programme
from server.intake.prepare import Ask, Incoming, Prepared, prepare
from server.intake.record import record
from server.intake.shelf import FormShelf
from server.keys import KeyRing
from server.models.submissions import Attachment, Submission
from server.models.tasks import Assignment
from server.models.visits import VisitRecord
from server.models.waves import Wave
from server.scope import EVERYTHING
from tests import builders
from tests.builders import BY, NOW, CreatedTask
from tests.fieldwork.forms_for_tests import published
from tests.followup.schemes_for_tests import scheme

KEY, FORM = "paid-visits", "short-visit"
VISITS: Mapping[str, Any] = {
    "pay": {"fee": "80", "attempt": "30.005", "expenses": "50"},
    "fine": {"least": "20", "most": "200"},
    "posts": [{"name": "counter", "title": "高柜"}, {"name": "lobby", "title": "大堂"}],
}


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit of somebody of ours."""

    task: CreatedTask
    person_id: UUID

    @property
    def id(self) -> UUID:
        return self.task.id


def form() -> dict[str, Any]:
    """A greeting worth a point, a remark, a photo."""
    choices = [{"value": "yes", "text": "有"}, {"value": "no", "text": "没有"}]
    greeting = {
        "type": "radiogroup", "name": "greeting", "title": {"default": "问候了吗？", "en": "Greeted?"},
        "choices": choices, "scoring": {"awards": {"yes": "1", "no": "0"}, "weight": "1", "code": "TEL-01"},
        "evidence": {"fixed": "onFail"},
    }  # fmt: skip
    queue = {
        "type": "radiogroup", "name": "queue", "title": {"default": "排队有序吗？", "en": "Orderly?"},
        "choices": choices, "scoring": {"awards": {"yes": "1", "no": "0"}, "weight": "1", "code": "LOB-01"},
    }  # fmt: skip
    words = {"type": "comment", "name": "words", "title": {"default": "说明", "en": "Words"}}
    photo = {"type": "file", "name": "photo", "title": {"default": "照片", "en": "Photo"}}
    return {
        "title": {"default": "短检查", "en": "Short visit"},
        "pages": [{"name": "all", "elements": [greeting, queue, words, photo]}],
        "scoring": {"method": "points", "scale": 100},
    }


def create_wave(
    connection: Connection,
    visits: Mapping[str, Any] = VISITS,
    kind: str = "visit",
    *,
    rules: Mapping[str, Any] | None = None,
    **changes: Any,
) -> UUID:
    """A launched wave of the scheme, with units.

    Args:
        visits: what the instrument says about its visits.
        rules: further parts of the programme, such as `review`.
    """
    builders.create_units(connection)
    published(connection, form(), key=FORM)
    instrument = {"name": "visit", "kind": kind, "form": FORM, "version": 1, "visits": dict(visits)}
    content = scheme(**{"instruments": [instrument], "measures": [], "rules": [], **(rules or {})})
    publish_programme(connection, NewProgramme(KEY, content), EVERYTHING, by=BY, now=NOW)
    values = {"programme": KEY, "instrument": "visit", "code": "V1", "state": "launched"}
    return builders.create_wave(connection, **{**values, **changes})


def create_visit(connection: Connection, keys: KeyRing, wave_id: UUID, unit_code: str = "B101") -> Visit:
    task = builders.create_visit(connection, keys, wave_id=wave_id, unit_code=unit_code)
    person_id = connection.scalar(select(Assignment.person_id).where(Assignment.id == task.id))
    assert person_id is not None
    return Visit(task, person_id)


def photo_of() -> dict[str, Any]:
    return {"id": str(uuid4()), "sha256": "a" * 64, "size": 1000, "type": "image/jpeg"}


def prepared(connection: Connection, visit: Visit, answers: Mapping[str, Any]) -> Prepared:
    version_id = connection.execute(
        select(Wave.form_version_id).where(Wave.id == visit.task.wave_id)
    ).scalar_one()
    ask = Ask(
        wave_id=visit.task.wave_id,
        subject_id=visit.task.subject_id,
        shelved=FormShelf().get(connection, version_id),
        variables={},
        today=NOW.date(),
        door="page",
        finds_faults=True,
    )
    found = prepare(Incoming(visit.task.submission_id, answers), ask)
    assert isinstance(found, Prepared), found
    return found


def hand_in(connection: Connection, visit: Visit, **answers: Any) -> UUID:
    """The report as the phone sends it; returns the inner id of the submission."""
    given = {"greeting": "no", "queue": "yes", "words": "没有人问候", **answers}
    record(connection, [prepared(connection, visit, given)], actor=f"assignment:{visit.id}", now=NOW)
    pk = connection.scalar(select(Submission.id).where(Submission.submission_id == visit.task.submission_id))
    assert pk is not None
    return pk


def tell(
    connection: Connection, visit: Visit, outcome: str | None, *, completed: datetime | None = NOW
) -> None:
    """How the visit ended, as the phone tells it."""
    connection.execute(
        insert(VisitRecord).values(
            submission_id=visit.task.submission_id, assignment_id=visit.id, outcome=outcome, updated_at=NOW
        )
    )
    connection.execute(update(Assignment).where(Assignment.id == visit.id).values(completed_at=completed))


def add_photo(connection: Connection, visit: Visit, *, state: str = "verified") -> UUID:
    """A photo of the visit; returns the phone's name for it."""
    attachment_id = uuid4()
    connection.execute(
        insert(Attachment).values(
            id=new_id(),
            submission_id=visit.task.submission_id,
            attachment_id=attachment_id,
            wave_id=visit.task.wave_id,
            question="receipt",
            object_key=f"photos/{attachment_id}",
            media_type="image/jpeg",
            size=1000,
            sha256="b" * 64,
            state=state,
            created_at=NOW,
        )
    )
    return attachment_id
