"""Finding waves again within a scope."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, case, func, select

from server.db import AnyRow
from server.errors import Refusal
from server.fieldwork.organisation.units import reaches_all
from server.models.definitions import Programme, ProgrammeVersion
from server.models.organisation import Unit
from server.models.waves import Wave
from server.scope import Scope


def find_wave(connection: Connection, wave_id: UUID, scope: Scope) -> AnyRow:
    """The wave's row with `programme` (key), `programme_title`, and `kind`: `survey`, `visit`, or `firm`
    where a firm collects; of its unit `unit_code`, `unit_name`, `unit_name_en` and `unit_path`.

    Raises:
        Refusal: not_found when there is none within the scope.
    """
    row = connection.execute(scope.waves(_wave_query().where(Wave.id == wave_id))).first()
    if row is None:
        raise Refusal("not_found")
    return row


def find_wave_to_run(connection: Connection, wave_id: UUID, scope: Scope) -> AnyRow:
    """Like `find_wave`, for those who decide about the wave and not only read their part of it.

    Raises:
        Refusal: not_found, or forbidden when the wave also asks people outside the scope.
    """
    wave = find_wave(connection, wave_id, scope)
    if not may_run(connection, wave, scope):
        raise Refusal("forbidden")
    return wave


def may_run(connection: Connection, wave: AnyRow, scope: Scope) -> bool:
    """Whether a wave (its `unit_path` is enough) asks nobody outside the scope."""
    return scope.reaches(wave.unit_path) if wave.unit_path else reaches_all(connection, scope)


def newest_wave(connection: Connection, programme_id: UUID) -> UUID | None:
    """Where a programme keeps photos of no report. Says nothing of units, so it takes no scope."""
    return connection.scalar(
        select(Wave.id)
        .join(ProgrammeVersion, ProgrammeVersion.id == Wave.programme_version_id)
        .where(ProgrammeVersion.programme_id == programme_id, Wave.state != "cancelled")
        .order_by(Wave.opens_at.desc(), Wave.id)
        .limit(1)
    )


def list_waves(connection: Connection, scope: Scope) -> Sequence[AnyRow]:
    """The waves within the scope, newest first."""
    return connection.execute(scope.waves(_wave_query().order_by(Wave.opens_at.desc(), Wave.id))).all()


def _wave_query() -> Any:
    return (
        select(
            *Wave.__table__.columns,
            Programme.key.label("programme"),
            ProgrammeVersion.content["title"].label("programme_title"),
            case((Wave.firm_id.is_not(None), "firm"), else_=Wave.instrument).label("kind"),
            Unit.code.label("unit_code"),
            Unit.name.label("unit_name"),
            Unit.name_en.label("unit_name_en"),
            Unit.path.label("unit_path"),
        )
        .join(ProgrammeVersion, ProgrammeVersion.id == Wave.programme_version_id)
        .join(Programme, Programme.id == ProgrammeVersion.programme_id)
        .join(Unit, Unit.id == Wave.unit_id, isouter=True)
        # The record books of call-backs are no rounds that anybody plans, follows or closes.
        .where(Wave.instrument != "log")
    )


def count_by_state(connection: Connection, scope: Scope) -> dict[str, int]:
    rounds = select(Wave.state, func.count()).where(Wave.instrument != "log").group_by(Wave.state)
    query = scope.waves(rounds)
    return dict(connection.execute(query).all())
