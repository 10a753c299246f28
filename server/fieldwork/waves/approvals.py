"""As many people agree to a wave as its programme asks, to exactly what will be sent.

An approval names the fingerprint of what was read: dates, texts, rules, and what was drawn. Whoever changes
any of it afterwards has to ask again, and nobody has to notice that they should.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from server import audit, wire
from server.db import AnyRow, new_id
from server.errors import Detail, Refusal
from server.fieldwork.waves.reading import find_wave, find_wave_to_run
from server.models.accounts import Account, Person
from server.models.draws import Draw
from server.models.waves import WaveApproval
from server.scope import Scope

READY = ("planned", "drawn")


@dataclass(frozen=True, slots=True)
class Approval:
    """Who agreed when; `current` unless the wave was changed afterwards."""

    name: str
    account_id: UUID
    at: datetime
    current: bool


@dataclass(frozen=True, slots=True)
class Approvals:
    """`needed` people besides the one who launches; `hash` is the fingerprint of the plan as it stands."""

    needed: int
    hash: str
    given: tuple[Approval, ...]

    def missing(self, launcher: UUID | None = None) -> int:
        """How many still have to agree before this account may launch."""
        agreed = {each.account_id for each in self.given if each.current} - {launcher}
        return max(0, self.needed - len(agreed))


@dataclass(frozen=True, slots=True)
class Agreed:
    """Whose agreement it is, by whom it was given where a deputy did, and to which fingerprint."""

    read: str
    account_id: UUID
    by: str


def approvals_of(connection: Connection, wave_id: UUID, scope: Scope) -> Approvals:
    """Who agreed so far, oldest first.

    Raises:
        Refusal: not_found.
    """
    wave = find_wave(connection, wave_id, scope)
    stands = plan_hash(connection, wave)
    rows = connection.execute(
        select(WaveApproval.account_id, WaveApproval.plan_hash, WaveApproval.at, Person.name)
        .join(Account, Account.id == WaveApproval.account_id)
        .join(Person, Person.id == Account.person_id)
        .where(WaveApproval.wave_id == wave_id)
        .order_by(WaveApproval.at)
    )
    given = tuple(Approval(row.name, row.account_id, row.at, row.plan_hash == stands) for row in rows)
    return Approvals(int(wave.settings.get("approvals", 0)), stands, given)


def approve(connection: Connection, wave_id: UUID, agreed: Agreed, scope: Scope, *, now: datetime) -> None:
    """Agree to the wave as it was shown.

    Raises:
        Refusal: not_found, forbidden when the wave reaches beyond the scope, wrong_state once it runs, or
            invalid_fields when the wave was changed since the page was read.
    """
    wave = find_wave_to_run(connection, wave_id, scope)
    if wave.state not in READY:
        raise Refusal("wrong_state", state=wave.state, needed="drawn")
    stands = plan_hash(connection, wave)
    if agreed.read != stands:
        raise Refusal("invalid_fields", details=[Detail("plan_changed_since", "/read")])
    given = connection.execute(
        insert_or_skip(WaveApproval)
        .values(id=new_id(), wave_id=wave_id, account_id=agreed.account_id, plan_hash=stands, at=now)
        .on_conflict_do_nothing()
        .returning(WaveApproval.id)
    ).first()
    if given is not None:
        entry = audit.Entry(agreed.by, "wave_approved", f"wave:{wave_id}", {"plan": stands})
        audit.record(connection, [entry], at=now)


def refuse_unapproved(connection: Connection, wave: AnyRow, scope: Scope, launcher: UUID | None) -> None:
    """Raises: Refusal: invalid_fields while people are missing who must agree."""
    missing = approvals_of(connection, wave.id, scope).missing(launcher)
    if missing:
        raise Refusal(
            "invalid_fields", details=[Detail("approvals_missing", "/approvals", {"count": missing})]
        )


def plan_hash(connection: Connection, wave: AnyRow) -> str:
    """SHA-256 of everything about a wave that decides whom it asks, when and with which words."""
    drawn = connection.scalars(select(Draw.result_fingerprint).where(Draw.wave_id == wave.id)).all()
    return plan_fingerprint(wave, drawn)


def plan_fingerprint(wave: AnyRow, drawn: Sequence[str]) -> str:
    """`plan_hash` of a wave whose draw, if there was one, has the result `drawn`."""
    return wire.fingerprint(
        {
            "form": str(wave.form_version_id),
            "unit": str(wave.unit_id),
            "opens": wave.opens_at.isoformat(),
            "closes": wave.closes_at.isoformat(),
            "settings": wave.settings,
            "drawn": list(drawn),
        }
    )
