"""Writing findings down, with photos; confirming and rejecting them."""

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select, update

from server import audit, catalogue
from server.accounts.actors import selves_in
from server.db import AnyRow, new_id
from server.errors import Detail, Refusal
from server.fieldwork.definitions.compiled import programme_of
from server.fieldwork.timetable.notices import NewNotice, raise_notice
from server.fieldwork.waves.reading import newest_wave
from server.followup.evidence_photos import keep_photo
from server.followup.finding_log.deciding import NewFinding, problems_of, verdict_problems, words_of
from server.intake.uploads import Place
from server.models.definitions import ProgrammeVersion
from server.models.finding_log import CONFIRMED, LoggedFinding
from server.models.organisation import Subject, Unit
from server.photo_rules import PhotoRules
from server.scope import Scope
from server.storage.protocol import ObjectStore

NOTICE = "finding_confirmed"


def record(
    connection: Connection, version: AnyRow, new: NewFinding, scope: Scope, *, by: str, now: datetime
) -> UUID:
    """Write an entry down; it counts once somebody else confirmed it.

    Args:
        version: of the programme: `programme_id` and `content`.

    Raises:
        Refusal: not_found for a subject outside the scope; invalid_fields: what `problems_of` names.
    """
    today = now.astimezone(ZoneInfo(catalogue.ZONE)).date()
    if problems := list(problems_of(new, words_of(version.content), today)):
        raise Refusal("invalid_fields", details=problems)
    subject_id = connection.scalar(scope.subjects(select(Subject.id).where(Subject.code == new.subject)))
    if subject_id is None:
        raise Refusal("not_found")
    finding_id = new_id()
    words = ("kind", "section", "item", "person", "source", "said")
    values: dict[str, Any] = {name: getattr(new, name).strip() for name in words}
    connection.execute(
        insert(LoggedFinding).values(
            id=finding_id,
            programme_id=version.programme_id,
            subject_id=subject_id,
            wave_id=newest_wave(connection, version.programme_id),
            day=new.day,
            points=new.points,
            amount=new.amount,
            due=new.due,
            recorded_by=by,
            recorded_at=now,
            **values,
        )
    )
    detail = {
        "subject": new.subject,
        "kind": new.kind,
        "points": None if new.points is None else str(new.points),
    }
    audit.record(connection, [audit.Entry(by, "finding_recorded", f"finding:{finding_id}", detail)], at=now)
    return finding_id


def add_proof(
    connection: Connection,
    store: ObjectStore,
    finding_id: UUID,
    data: bytes,
    *,
    rules: PhotoRules,
    now: datetime,
) -> None:
    """A photo of it.

    Raises:
        Refusal: invalid_fields: `order_no_photos` where nothing keeps them.
        PhotoRefused: as `keep_photo`.
    """
    query = select(LoggedFinding.wave_id).where(LoggedFinding.id == finding_id)
    wave_id = connection.execute(query).scalar_one()
    if wave_id is None:
        raise Refusal("invalid_fields", details=[Detail("order_no_photos", "/photos")])
    keep_photo(connection, store, Place(finding_id, wave_id, "finding"), data, rules=rules, now=now)


def decide(
    connection: Connection,
    finding_id: UUID,
    verdict: tuple[str, str],
    scope: Scope,
    *,
    by: str,
    now: datetime,
) -> None:
    """Confirm an entry, reject it, or change one's mind about it; always by somebody else.

    Args:
        verdict: `confirmed` or `rejected`, and why.

    Raises:
        Refusal: not_found; invalid_fields: what `verdict_problems` names.
    """
    said, reason = verdict
    row = _locked(connection, finding_id, scope)
    eyes = programme_of(connection, _version_id(connection, row.programme_id)).review.eyes
    selves = selves_in(by)
    if problems := list(verdict_problems(row.state, row.recorded_by, selves, said, reason, eyes=eyes)):
        raise Refusal("invalid_fields", details=problems)
    decided = {"decided_by": by, "decided_at": now, "reason": reason.strip() or None}
    connection.execute(
        update(LoggedFinding).where(LoggedFinding.id == finding_id).values(state=said, **decided)
    )
    detail = {"verdict": said, "before": row.state, "reason": reason.strip()}
    audit.record(connection, [audit.Entry(by, "finding_decided", f"finding:{finding_id}", detail)], at=now)
    if said == CONFIRMED and row.unit_id is not None:
        notice = NewNotice(
            key=f"{NOTICE}:{finding_id}",
            kind=NOTICE,
            role="branch_manager",
            at=now,
            unit_id=row.unit_id,
            params={"place": {"zh": row.name, "en": row.name_en or row.name}, "day": row.day.isoformat()},
            replaces=False,
        )
        raise_notice(connection, notice, now=now)


def _version_id(connection: Connection, programme_id: UUID) -> UUID:
    """The newest published version."""
    query = (
        select(ProgrammeVersion.id)
        .where(ProgrammeVersion.programme_id == programme_id, ProgrammeVersion.published_at.is_not(None))
        .order_by(ProgrammeVersion.version.desc())
        .limit(1)
    )
    return UUID(str(connection.execute(query).scalar_one()))


def _locked(connection: Connection, finding_id: UUID, scope: Scope) -> AnyRow:
    query = (
        select(*LoggedFinding.__table__.columns, Unit.id.label("unit_id"), Unit.name, Unit.name_en)
        .join(Subject, Subject.id == LoggedFinding.subject_id)
        .join(Unit, Unit.id == Subject.unit_id, isouter=True)
        .where(LoggedFinding.id == finding_id)
        .with_for_update(of=LoggedFinding)
    )
    row = connection.execute(scope.subjects(query)).first()
    if row is None:
        raise Refusal("not_found")
    return row
