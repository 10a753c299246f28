"""Waves that wait for somebody: to be drawn, agreed to, launched, taken up again, or brought home."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from math import ceil
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, case, func, select

from server.catalogue import percent
from server.db import AnyRow
from server.errors import Refusal
from server.fieldwork.organisation.units import reaches_all
from server.fieldwork.visits.covering import preview_visits
from server.fieldwork.waves.approvals import plan_fingerprint
from server.fieldwork.waves.audience import is_drawn
from server.fieldwork.waves.instruments import ASKED, ASSIGNED
from server.models.draws import Draw
from server.models.organisation import Unit
from server.models.tasks import Assignment
from server.models.waves import Wave, WaveApproval
from server.reports.progress import wave_progress
from server.reports.today.items import AHEAD, SOON, Asked, Item
from server.scope import Scope

# Each plan is made from all outlets: more of them would hold up the page.
MOST_PLANS: Final = 2
# What a plan expects when nobody said: as the form of a plan does.
EXPECTED_RESPONSE: Final = "0.1"


def to_draw(connection: Connection, scope: Scope, asked: Asked) -> Iterator[Item]:
    """Planned waves that open within a fortnight, and those whose time passed before anybody was asked."""
    for wave in run_by(connection, scope, ("planned", "drawn"), opening=asked.now + AHEAD):
        if wave.closes_at <= asked.now:
            yield Item("wave_over", due_at=wave.closes_at, wave=wave)
        elif wave.state == "planned" and wave.kind in ASKED and is_drawn(wave.settings):
            yield Item("draw_sample", due_at=wave.opens_at, wave=wave)
        elif wave.state == "planned" and wave.kind in ASSIGNED:
            yield Item("plan_visits", due_at=wave.opens_at, wave=wave)


def infeasible(connection: Connection, scope: Scope, asked: Asked) -> Iterator[Item]:
    """The next plans of visits that cannot keep what they promise."""
    planned = run_by(connection, scope, ("planned",), opening=asked.now + AHEAD)
    visits = [wave for wave in planned if wave.kind in ASSIGNED and wave.closes_at > asked.now]
    for wave in visits[:MOST_PLANS]:
        if problems := _conflicts(connection, wave, scope):
            yield Item("infeasible", problems, due_at=wave.opens_at, wave=wave)


def to_approve(connection: Connection, scope: Scope, asked: Asked) -> Iterator[Item]:
    """Waves ready to begin that still need somebody's consent, and this reader's is not there yet."""
    waves = _ready(connection, scope, asked.now)
    agreed = _agreed(connection, waves)
    for wave in waves:
        missing = int(wave.settings.get("approvals", 0)) - len(agreed[wave.id])
        if missing > 0 and asked.account_id not in agreed[wave.id]:
            yield Item("approve", missing, due_at=wave.opens_at, wave=wave)


def to_launch(connection: Connection, scope: Scope, asked: Asked) -> Iterator[Item]:
    """Waves ready to begin that nothing holds back any more, and those whose visits nobody was given."""
    waves = _ready(connection, scope, asked.now)
    agreed, given = _agreed(connection, waves), _assigned(connection, waves)
    for wave in waves:
        others = agreed[wave.id] - {asked.account_id}
        if wave.kind in ASSIGNED and not given.get(wave.id):
            yield Item("assign_visits", due_at=wave.opens_at, wave=wave)
        elif len(others) >= int(wave.settings.get("approvals", 0)):
            yield Item("launch", due_at=wave.opens_at, wave=wave)


def standing_still(connection: Connection, scope: Scope, asked: Asked) -> Iterator[Item]:
    """Paused waves: nothing is sent, and nobody can hand in."""
    for wave in run_by(connection, scope, ("paused",)):
        yield Item("paused", due_at=wave.closes_at, urgent=True, wave=wave)


def closing_short(connection: Connection, scope: Scope, asked: Asked) -> Iterator[Item]:
    """Running waves that close within three days below their target: all visits made, or as many answers as
    the plan expects."""
    for wave in run_by(connection, scope, ("launched",), closing=asked.now + SOON):
        if wave.closes_at <= asked.now or wave.kind not in ASKED | ASSIGNED:
            continue
        progress = wave_progress(connection, wave.id, wave.instrument, scope)
        share = progress.response_rate
        target = float(wave.settings.get("response", EXPECTED_RESPONSE)) if wave.kind in ASKED else 1.0
        if share is not None and share < target:
            kind = "closing_visits" if wave.kind in ASSIGNED else "closing_survey"
            missing = ceil(target * progress.asked) - progress.completed
            shares = {"share": percent(share), "target": percent(target, 0)}
            yield Item(kind, missing, due_at=wave.closes_at, wave=wave, params=shares)


def run_by(
    connection: Connection,
    scope: Scope,
    states: Sequence[str],
    *,
    opening: datetime | None = None,
    closing: datetime | None = None,
) -> list[AnyRow]:
    """Waves in these states that the scope decides about and not only reads, soonest first.

    Args:
        opening, closing: only those that open, or close, until then.
    """
    query = (
        select(
            Wave.id, Wave.code, Wave.title, Wave.title_en, Wave.state, Wave.instrument, Wave.opens_at,
            Wave.closes_at, Wave.settings, Wave.form_version_id, Wave.unit_id, Unit.path.label("unit_path"),
            case((Wave.firm_id.is_not(None), "firm"), else_=Wave.instrument).label("kind"),
        )
        .join(Unit, Unit.id == Wave.unit_id, isouter=True)
        .where(Wave.state.in_(states))
        .order_by(Wave.opens_at, Wave.id)
    )  # fmt: skip
    if opening is not None:
        query = query.where(Wave.opens_at <= opening)
    if closing is not None:
        query = query.where(Wave.closes_at <= closing)
    whole = reaches_all(connection, scope)
    rows = connection.execute(scope.waves(query)).all()
    return [row for row in rows if (scope.reaches(row.unit_path) if row.unit_path else whole)]


def _conflicts(connection: Connection, wave: AnyRow, scope: Scope) -> int:
    """How many promises of a plan contradict what there is; none where its page says more than a number."""
    try:
        return len(preview_visits(connection, wave.id, scope).plan.feasibility.problems)
    except Refusal:
        return 0


def _ready(connection: Connection, scope: Scope, now: datetime) -> list[AnyRow]:
    """Drawn waves, and those for which nothing is drawn beforehand."""
    waves = run_by(connection, scope, ("planned", "drawn"), opening=now + AHEAD)
    return [
        wave
        for wave in waves
        if wave.closes_at > now
        and (wave.state == "drawn" or (wave.kind in ASKED and not is_drawn(wave.settings)))
    ]


def _agreed(connection: Connection, waves: Sequence[AnyRow]) -> defaultdict[UUID, set[UUID]]:
    """The accounts that agreed to each wave as it stands now."""
    asking = [wave for wave in waves if wave.settings.get("approvals")]
    agreed: defaultdict[UUID, set[UUID]] = defaultdict(set)
    if not asking:
        return agreed
    ids = [wave.id for wave in asking]
    drawn = dict(
        connection.execute(select(Draw.wave_id, Draw.result_fingerprint).where(Draw.wave_id.in_(ids))).all()
    )
    stands = {
        wave.id: plan_fingerprint(wave, [drawn[wave.id]] if wave.id in drawn else []) for wave in asking
    }
    given: Any = select(WaveApproval.wave_id, WaveApproval.account_id, WaveApproval.plan_hash)
    for row in connection.execute(given.where(WaveApproval.wave_id.in_(ids))):
        if row.plan_hash == stands[row.wave_id]:
            agreed[row.wave_id].add(row.account_id)
    return agreed


def _assigned(connection: Connection, waves: Sequence[AnyRow]) -> dict[UUID, int]:
    ids = [wave.id for wave in waves if wave.kind in ASSIGNED]
    if not ids:
        return {}
    query = (
        select(Assignment.wave_id, func.count())
        .where(Assignment.wave_id.in_(ids), Assignment.cancelled_at.is_(None))
        .group_by(Assignment.wave_id)
    )
    return dict(connection.execute(query).all())
