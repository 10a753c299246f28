"""Drawing a wave's sample: gather the frame, draw purely, write frame and record once.

The wave keeps a copy of its frame, so the draw can be repeated from its record to identical ids however
much the contacts change afterwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.orm import aliased

from server import audit
from server.db import AnyRow, new_id
from server.errors import Refusal
from server.fieldwork.waves.planning import find_wave, find_wave_to_run, may_run, move_wave, refuse_over
from server.models.contacts import Contact, ContactPrivate, OptOut
from server.models.draws import Draw, FrameMember
from server.models.organisation import Unit
from server.sampling.draws import DrawResult, StratifiedPlan, draw
from server.sampling.frame import FrameMember as Candidate
from server.sampling.frame import SamplingError
from server.sampling.verification import Difference, verify
from server.scope import Scope

INSERT_BATCH = 5_000


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a frame member belongs, beside what the sampling knows of it."""

    contact_id: UUID
    unit_id: UUID


@dataclass(frozen=True, slots=True)
class ShownDraw:
    """A draw as one reader may see it.

    Attributes:
        record: as recorded, with the strata of the reader's own outlets.
        exclusions: reason -> people. The record counts them over the whole wave, so None for readers who see
            a part of it.
        drawn_at: None for a preview.
    """

    record: dict[str, Any]
    exclusions: dict[str, int] | None
    drawn_at: datetime | None

    @property
    def whole(self) -> bool:
        return self.exclusions is not None


def preview_draw(connection: Connection, wave_id: UUID, scope: Scope) -> DrawResult:
    """What drawing now would give; writes nothing."""
    wave = find_wave(connection, wave_id, scope)
    candidates, _ = _frame(connection, wave)
    return draw(candidates, _plan(wave), wave.prn_key)


def draw_wave(connection: Connection, wave_id: UUID, scope: Scope, *, by: str, now: datetime) -> DrawResult:
    """Draw and record.

    Raises:
        Refusal: not_found, forbidden when the wave reaches beyond the scope, invalid_fields when its time is
            over, or wrong_state when it is not `planned`: a draw is made once, and only where we ask
            customers ourselves.
    """
    wave = find_wave_to_run(connection, wave_id, scope)
    if wave.kind != "survey":
        # Customers drawn for it would be sent a shopper's checklist, or be asked twice.
        raise Refusal("wrong_state", state=wave.state, needed="survey")
    move_wave(connection, wave_id, before="planned", after="drawn", now=now)
    # Read again under the lock that moving took: somebody may have edited the plan since.
    wave = find_wave_to_run(connection, wave_id, scope)
    refuse_over(wave, now)
    candidates, places = _frame(connection, wave)
    result = draw(candidates, _plan(wave), wave.prn_key)
    _store(connection, wave_id, candidates, places, result)
    connection.execute(
        insert(Draw).values(
            id=new_id(),
            wave_id=wave_id,
            method=result.method,
            record=result.to_json(),
            frame_fingerprint=result.frame_fingerprint,
            result_fingerprint=result.result_fingerprint,
            drawn_at=now,
        )
    )
    detail = {"frame": result.frame_fingerprint, "result": result.result_fingerprint}
    audit.record(connection, [audit.Entry(by, "sample_drawn", f"wave:{wave_id}", detail)], at=now)
    return result


def verify_draw(connection: Connection, wave_id: UUID, scope: Scope) -> list[Difference]:
    """Draw again from the stored frame; the differences to the record, none when it repeats exactly.

    Raises:
        Refusal: not_found, forbidden when the wave reaches beyond the scope (a difference names members of
            any outlet), or wrong_state when nothing was drawn yet.
    """
    wave = find_wave_to_run(connection, wave_id, scope)
    record = connection.scalar(select(Draw.record).where(Draw.wave_id == wave_id))
    if record is None:
        raise Refusal("wrong_state", state=wave.state, needed="drawn")
    rows = connection.execute(
        select(
            FrameMember.member_id, FrameMember.stratum, FrameMember.excluded,
            FrameMember.outcome, FrameMember.position,
        ).where(FrameMember.wave_id == wave_id)
    ).all()  # fmt: skip
    members = [Candidate(row.member_id, row.stratum, row.excluded) for row in rows]
    try:
        return [*verify(record, members, wave.prn_key), *_changed_selection(record, rows)]
    except SamplingError as error:
        return [Difference(f"/{error.params.get('field', '')}", error.code, None)]


def _changed_selection(record: dict[str, Any], rows: Sequence[AnyRow]) -> list[Difference]:
    """What was launched are the stored outcomes: they must be the recorded ones, in the recorded order."""
    recorded = [member for stratum in record.get("strata", ()) for member in stratum["selected"]]
    chosen = sorted((row for row in rows if row.outcome == "selected"), key=lambda row: row.position)
    stored = [row.member_id for row in chosen]
    return [] if stored == recorded else [Difference("/selected", recorded, stored)]


def stored_draw(connection: Connection, wave_id: UUID) -> AnyRow | None:
    """The draw's row, or None before the draw."""
    return connection.execute(select(*Draw.__table__.columns).where(Draw.wave_id == wave_id)).first()


def shown_draw(connection: Connection, wave_id: UUID, scope: Scope) -> ShownDraw | None:
    """What a reader sees of the draw, or of its preview while the wave is planned; None where there is none.

    Raises:
        Refusal: not_found when there is no such wave within the scope.
    """
    wave = find_wave(connection, wave_id, scope)
    stored = stored_draw(connection, wave_id)
    if stored is not None:
        record, drawn_at = stored.record, stored.drawn_at
    elif wave.kind == "survey" and wave.state == "planned":
        record, drawn_at = preview_draw(connection, wave_id, scope).to_json(), None
    else:
        return None
    if may_run(connection, wave, scope):
        return ShownDraw(record, record["exclusions"], drawn_at)
    mine = set(connection.scalars(scope.units(select(Unit.code))))
    strata = [stratum for stratum in record["strata"] if stratum["stratum"] in mine]
    return ShownDraw({**record, "strata": strata}, None, drawn_at)


def _plan(wave: AnyRow) -> StratifiedPlan:
    return StratifiedPlan(ratio=Decimal(wave.settings["ratio"]), minimum=wave.settings["minimum"])


def _frame(connection: Connection, wave: AnyRow) -> tuple[list[Candidate], dict[str, _Place]]:
    """Contacts of the outlets in the wave's subtree, each outlet a stratum, with reasons for exclusion."""
    opted_out = aliased(OptOut)
    query = (
        select(
            Contact.id, Contact.external_id, Contact.unit_id, Unit.code,
            ContactPrivate.phone_hash, opted_out.phone_hash.label("opted_out"),
        )
        .join(Unit, Unit.id == Contact.unit_id)
        .join(ContactPrivate, ContactPrivate.contact_id == Contact.id)
        .join(opted_out, opted_out.phone_hash == ContactPrivate.phone_hash, isouter=True)
        .where(Unit.closed_at.is_(None))
        .order_by(Contact.external_id)
    )  # fmt: skip
    if wave.unit_path is not None:
        query = query.where(Unit.path.startswith(wave.unit_path, autoescape=True))
    candidates, places, seen = [], {}, set()
    for row in connection.execute(query):
        excluded = "opted_out" if row.opted_out else "duplicate_phone" if row.phone_hash in seen else None
        seen.add(row.phone_hash)
        candidates.append(Candidate(row.external_id, row.code, excluded))
        places[row.external_id] = _Place(row.id, row.unit_id)
    return candidates, places


def _store(
    connection: Connection,
    wave_id: UUID,
    candidates: Sequence[Candidate],
    places: dict[str, _Place],
    result: DrawResult,
) -> None:
    selected = {member_id: position for position, member_id in enumerate(result.selected)}
    reserves = {member_id: position for position, member_id in enumerate(result.reserves)}
    rows = [
        {
            "wave_id": wave_id,
            "member_id": each.id,
            "contact_id": places[each.id].contact_id,
            "unit_id": places[each.id].unit_id,
            "stratum": each.stratum,
            "excluded": each.excluded,
            "outcome": "excluded" if each.excluded else "selected" if each.id in selected else "reserve",
            "position": selected.get(each.id, reserves.get(each.id)),
        }
        for each in candidates
    ]
    connection.execute(delete(FrameMember).where(FrameMember.wave_id == wave_id))
    for start in range(0, len(rows), INSERT_BATCH):
        connection.execute(insert(FrameMember), rows[start : start + INSERT_BATCH])
