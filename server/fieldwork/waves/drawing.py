"""Drawing a wave's sample: gather the frame, draw purely, write frame and record once.

The wave keeps a copy of its frame, so the draw can be repeated from its record to identical ids however
much the contacts change afterwards.
"""

from collections.abc import Container, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, insert, select, update

from server import audit, queue
from server.db import AnyRow, new_id
from server.errors import Refusal
from server.fieldwork.waves.audience import is_drawn
from server.fieldwork.waves.choices import Sampling, detail_of
from server.fieldwork.waves.frames import Drawable, customer_frame, is_large
from server.fieldwork.waves.reading import find_wave_to_run
from server.fieldwork.waves.states import move_wave, refuse_over, refuse_while_drawn
from server.models.contacts import Contact
from server.models.draws import Draw, FrameMember
from server.models.waves import Wave
from server.sampling.draws import DrawResult, draw
from server.sampling.frame import FrameMember as Candidate
from server.sampling.frame import SamplingError
from server.sampling.verification import Difference, verify
from server.scope import Scope

INSERT_BATCH = 5_000


def drawn_from(frame: Sequence[Candidate], wave: Drawable) -> DrawResult:
    """The draw that a wave's choices make of a frame.

    Raises:
        Refusal: invalid_fields where the choices do not fit the frame, such as minima above the size.
    """
    try:
        plan = Sampling.from_json(wave.settings).plan()
        return draw(frame, plan, wave.prn_key)
    except SamplingError as error:
        raise Refusal("invalid_fields", details=[detail_of(each) for each in error.every]) from error


def start_draw(connection: Connection, wave_id: UUID, scope: Scope, *, by: str, now: datetime) -> None:
    """Draw and record, or leave both to the worker where the frame is large.

    Raises:
        Refusal: as `draw_wave`; wrong_state as well while the worker is at it.
    """
    wave = find_wave_to_run(connection, wave_id, scope)
    if not is_large(connection, wave):
        draw_wave(connection, wave_id, scope, by=by, now=now)
        return
    _refuse_unless_drawable(wave)
    refuse_over(wave, now)
    refuse_while_drawn(wave, now)
    begun = update(Wave).where(Wave.id == wave_id, Wave.state == "planned").values(drawing_since=now)
    if connection.execute(begun).rowcount != 1:
        raise Refusal("wrong_state", state=wave.state, needed="planned")
    queue.defer(connection, "draw_wave", wave_id=str(wave_id), by=by)


def end_draw(connection: Connection, wave_id: UUID) -> None:
    """The worker has drawn, or found that it must not."""
    connection.execute(update(Wave).where(Wave.id == wave_id).values(drawing_since=None))


def draw_wave(connection: Connection, wave_id: UUID, scope: Scope, *, by: str, now: datetime) -> DrawResult:
    """Draw and record.

    Raises:
        Refusal: not_found, forbidden when the wave reaches beyond the scope, invalid_fields when its time is
            over, or wrong_state when it is not `planned`: a draw is made once, and only where we ask
            customers ourselves.
    """
    wave = find_wave_to_run(connection, wave_id, scope)
    _refuse_unless_drawable(wave)
    move_wave(connection, wave_id, before="planned", after="drawn", now=now)
    # Read again under the lock that moving took: somebody may have edited the plan since.
    wave = find_wave_to_run(connection, wave_id, scope)
    refuse_over(wave, now)
    frame = customer_frame(connection, wave, now=now)
    result = drawn_from(frame, wave)
    _store(connection, wave_id, frame, result)
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


def _refuse_unless_drawable(wave: AnyRow) -> None:
    """Customers drawn for anything else would be sent a shopper's checklist, or be asked twice."""
    if wave.kind != "survey" or not is_drawn(wave.settings):
        raise Refusal("wrong_state", state=wave.state, needed="survey")


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
            FrameMember.member_id, FrameMember.stratum, FrameMember.excluded, FrameMember.list_order,
            FrameMember.outcome, FrameMember.position,
        ).where(FrameMember.wave_id == wave_id)
    ).all()  # fmt: skip
    members = [Candidate(row.member_id, row.stratum, row.excluded, row.list_order or "") for row in rows]
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


def _store(connection: Connection, wave_id: UUID, frame: Sequence[Candidate], result: DrawResult) -> None:
    selected = {member_id: position for position, member_id in enumerate(result.selected)}
    reserves = {member_id: position for position, member_id in enumerate(result.reserves)}
    inclusions = {stratum.name: str(stratum.inclusion) for stratum in result.strata}
    connection.execute(delete(FrameMember).where(FrameMember.wave_id == wave_id))
    for start in range(0, len(frame), INSERT_BATCH):
        batch = frame[start : start + INSERT_BATCH]
        places = _places(connection, [each.id for each in batch])
        rows = [
            {
                "wave_id": wave_id,
                "member_id": each.id,
                "contact_id": places[each.id].id,
                "unit_id": places[each.id].unit_id,
                "stratum": each.stratum,
                "list_order": each.order or None,
                "excluded": each.excluded,
                "outcome": _outcome(each, selected),
                "position": selected.get(each.id, reserves.get(each.id)),
                "inclusion": None if each.excluded else inclusions[each.stratum],
            }
            for each in batch
        ]
        connection.execute(insert(FrameMember), rows)


def _places(connection: Connection, members: Sequence[str]) -> dict[str, AnyRow]:
    query = select(Contact.external_id, Contact.id, Contact.unit_id)
    rows = connection.execute(query.where(Contact.external_id.in_(members)))
    return {row.external_id: row for row in rows}


def _outcome(candidate: Candidate, selected: Container[str]) -> str:
    if candidate.excluded:
        return "excluded"
    return "selected" if candidate.id in selected else "reserve"
