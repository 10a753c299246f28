"""Releasing reserves of a running wave: the draw's own order decides who stands in for a number that is dead.

Silence releases nobody, and a refusal only where the programme allows it: `server.sampling.reserves`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from uuid import UUID

from sqlalchemy import Connection, select, update

from server import audit, queue
from server.db import AnyRow
from server.fieldwork.outreach.pricing import IN_SAMPLE
from server.models.contacts import BadNumber, ContactPrivate, OptOut
from server.models.draws import Draw, FrameMember
from server.models.tasks import Invitation
from server.models.waves import Wave
from server.sampling.reserves import Cause, Pool, release

BY = "system:reserves"


@dataclass(frozen=True, slots=True)
class Released:
    """How many reserves of a wave were released, and how many losses nobody stands in for."""

    wave_id: UUID
    released: int
    unreplaced: int


def release_reserves(connection: Connection, *, now: datetime) -> list[Released]:
    """Release what is due in every wave that asks customers now; running it again releases nothing twice."""
    waves = connection.execute(
        select(Wave.id, Wave.settings, Draw.method)
        .join(Draw, Draw.wave_id == Wave.id)
        .where(Wave.state == "launched", Wave.instrument == "survey", Wave.closes_at > now)
        .order_by(Wave.id)
    ).all()
    return [_of_wave(connection, wave, now) for wave in waves]


def _of_wave(connection: Connection, wave: AnyRow, now: datetime) -> Released:
    # Two workers at once would both release the next reserve for the same loss.
    connection.execute(select(Wave.id).where(Wave.id == wave.id).with_for_update(key_share=True))
    refusals = bool(wave.settings.get("replace_refusals", False))
    losses = _losses(connection, wave.id)
    if not losses:
        return Released(wave.id, 0, 0)
    unavailable = _unavailable(connection, wave.id)
    earlier = _earlier(connection, wave.id)
    released = unreplaced = 0
    for pool in _pools(connection, wave):
        mine = {member: cause for member, cause in losses.items() if member in _members(pool)}
        decision = release(pool, mine, earlier, refusals=refusals, unavailable=unavailable)
        for each in decision.releases:
            connection.execute(
                update(FrameMember)
                .where(FrameMember.wave_id == wave.id, FrameMember.member_id == each.reserve)
                .values(
                    outcome="released",
                    released_at=now,
                    release_cause=each.cause,
                    stands_for=each.replaces,
                )
            )
        released += len(decision.releases)
        unreplaced += len(decision.unreplaced)
    if released:
        detail = {"released": released, "unreplaced": unreplaced}
        audit.record(connection, [audit.Entry(BY, "reserves_released", f"wave:{wave.id}", detail)], at=now)
        queue.defer(connection, "launch_invitations", wave_id=str(wave.id))
    return Released(wave.id, released, unreplaced)


def _losses(connection: Connection, wave_id: UUID) -> dict[str, Cause]:
    """Members of the sample who cannot be reached or refused, and have not answered."""
    rows = connection.execute(
        select(FrameMember.member_id, BadNumber.phone_hash.label("dead"), OptOut.source)
        .join(
            Invitation,
            (Invitation.wave_id == FrameMember.wave_id) & (Invitation.contact_id == FrameMember.contact_id),
        )
        .join(ContactPrivate, ContactPrivate.contact_id == FrameMember.contact_id)
        .join(BadNumber, BadNumber.phone_hash == ContactPrivate.phone_hash, isouter=True)
        .join(OptOut, OptOut.phone_hash == ContactPrivate.phone_hash, isouter=True)
        .where(
            FrameMember.wave_id == wave_id,
            FrameMember.outcome.in_(IN_SAMPLE),
            Invitation.completed_at.is_(None),
            BadNumber.phone_hash.is_not(None) | OptOut.phone_hash.is_not(None),
        )
    )
    return {
        row.member_id: "hard_bounce" if row.dead or row.source == "provider" else "refusal" for row in rows
    }


def _unavailable(connection: Connection, wave_id: UUID) -> dict[str, str]:
    """Reserves who may not be asked any more, with the reason."""
    rows = connection.execute(
        select(FrameMember.member_id, BadNumber.phone_hash.label("dead"))
        .join(ContactPrivate, ContactPrivate.contact_id == FrameMember.contact_id)
        .join(BadNumber, BadNumber.phone_hash == ContactPrivate.phone_hash, isouter=True)
        .join(OptOut, OptOut.phone_hash == ContactPrivate.phone_hash, isouter=True)
        .where(
            FrameMember.wave_id == wave_id,
            FrameMember.outcome == "reserve",
            BadNumber.phone_hash.is_not(None) | OptOut.phone_hash.is_not(None),
        )
    )
    return {row.member_id: "bad_number" if row.dead else "opted_out" for row in rows}


def _earlier(connection: Connection, wave_id: UUID) -> dict[str, str]:
    rows = connection.execute(
        select(FrameMember.stands_for, FrameMember.member_id).where(
            FrameMember.wave_id == wave_id, FrameMember.outcome == "released"
        )
    )
    return {row.stands_for: row.member_id for row in rows}


def _pools(connection: Connection, wave: AnyRow) -> Sequence[Pool]:
    """The pools as the draw made them: its strata, or the whole frame where it drew without any."""
    rows = connection.execute(
        select(FrameMember.member_id, FrameMember.stratum, FrameMember.outcome, FrameMember.inclusion)
        .where(FrameMember.wave_id == wave.id, FrameMember.outcome != "excluded")
        .order_by(FrameMember.position)
    ).all()
    strata: dict[str, list[AnyRow]] = {}
    for row in rows:
        strata.setdefault("" if wave.method.startswith("simple-") else row.stratum, []).append(row)
    return [_pool(name, members) for name, members in sorted(strata.items())]


def _pool(name: str, members: Sequence[AnyRow]) -> Pool:
    selected = [row.member_id for row in members if row.outcome == "selected"]
    reserves = [row.member_id for row in members if row.outcome != "selected"]
    return Pool(name, selected, reserves, len(members), Fraction(members[0].inclusion or 0))


def _members(pool: Pool) -> Mapping[str, None]:
    return dict.fromkeys([*pool.selected, *pool.reserves])
