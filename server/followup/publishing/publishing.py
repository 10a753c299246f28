"""Publishing a wave: previewed, proposed as a frozen snapshot, agreed to by somebody else; corrections after.

What was proposed is what is published: where anything changed in between, it has to be proposed again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select, update

from server import audit, wire
from server.db import AnyRow, new_id
from server.errors import Detail, Refusal
from server.fieldwork.definitions.compiled import programme_of
from server.fieldwork.organisation.units import reaches_all
from server.fieldwork.waves.reading import find_wave_to_run
from server.fieldwork.waves.running import checked_reason
from server.followup.publishing.gathering import Gathered, gather, name_reports
from server.followup.publishing.snapshot import Moved, as_read, moved
from server.followup.settlements import NewSettlement, make_settlement, preview_settlement
from server.followup.working_days import end_of_wave_after
from server.intake.shelf import FormShelf
from server.models.appeals import OBJECTION, Appeal
from server.models.publications import PROPOSED, PUBLISHED, WITHDRAWN, FactsCheck, Publication
from server.models.waves import Wave
from server.scope import EVERYTHING, Scope
from server.scoring.programmes.reviewing import Publication as Rules
from server.scoring.settling.contrast import Contrast


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who publishes when: the account, as audit lines name it, and what they may decide about."""

    account_id: UUID
    actor: str
    scope: Scope
    now: datetime


@dataclass(frozen=True, slots=True)
class NewPublication:
    """What somebody wants to publish.

    Attributes:
        visible_from: None for at once.
        reason: why a further version is needed.
        alone: why nobody else agrees, where the programme lets one person publish.
        read: the fingerprint of the snapshot that was previewed.
    """

    wave_id: UUID
    read: str
    visible_from: datetime | None = None
    reason: str = ""
    alone: str = ""


@dataclass(frozen=True, slots=True)
class Money:
    """What a settlement would change; `problems` say why there is none, `contrast` is None then."""

    contrast: Contrast | None
    problems: Sequence[Detail]


@dataclass(frozen=True, slots=True)
class Preview:
    """What publishing now would tell: the snapshot, who moves against the version before, who pays.

    Attributes:
        problems: what keeps the wave from being published.
    """

    gathered: Gathered
    hash: str
    number: int
    moved: Sequence[Moved]
    money: Money
    problems: Sequence[Detail]


def preview(
    connection: Connection, forms: FormShelf, wave_id: UUID, scope: Scope, *, now: datetime
) -> Preview:
    """Nothing is written.

    Raises:
        Refusal: not_found, or forbidden when the wave reaches beyond the scope.
    """
    wave = find_wave_to_run(connection, wave_id, scope)
    gathered = gather(connection, forms, wave)
    last = newest(connection, wave_id)
    return Preview(
        gathered=gathered,
        hash=as_read(gathered.snapshot),
        number=1 if last is None else last.number + 1,
        moved=moved(last.snapshot if last else None, gathered.snapshot),
        money=_money(connection, wave, scope, now),
        problems=list(_problems(connection, wave, gathered, now)),
    )


def propose(connection: Connection, forms: FormShelf, new: NewPublication, who: Publisher) -> UUID:
    """Freeze what would be published. It is published at once where the programme lets one person do that.

    Raises:
        Refusal: as `preview`; conflict when something changed since it was read; invalid_fields with what
            keeps the wave from being published, `publication_same`, `publication_waits` or `review_alone`.
    """
    wave = find_wave_to_run(connection, new.wave_id, who.scope)
    _lock(connection, new.wave_id)
    rules = programme_of(connection, wave.programme_version_id).publication
    name_reports(connection, wave)
    gathered = gather(connection, forms, wave)
    last = newest(connection, wave.id)
    if new.read != as_read(gathered.snapshot):
        raise Refusal("conflict")
    problems = [*_problems(connection, wave, gathered, who.now), *_refused(connection, new, rules)]
    if last is not None and last.snapshot == gathered.snapshot:
        problems.append(Detail("publication_same"))
    if problems:
        raise Refusal("invalid_fields", details=problems)
    reason = None if last is None else checked_reason(new.reason)
    publication_id = new_id()
    row = {
        "id": publication_id,
        "wave_id": wave.id,
        "number": 1 if last is None else last.number + 1,
        "state": PROPOSED,
        "snapshot": gathered.snapshot,
        "snapshot_hash": wire.fingerprint(gathered.snapshot),
        "reason": reason,
        "alone": new.alone.strip() or None,
        "visible_from": new.visible_from or who.now,
        "proposed_by": who.account_id,
        "proposed_at": who.now,
    }
    connection.execute(insert(Publication).values(**row))
    detail = {"number": row["number"], "snapshot": row["snapshot_hash"], "reason": reason or ""}
    entry = audit.Entry(who.actor, "publication_proposed", f"wave:{wave.id}", detail)
    audit.record(connection, [entry], at=who.now)
    if rules.eyes == 1 or row["alone"]:
        _publish(connection, wave, publication_id, who)
    return publication_id


def agree(connection: Connection, forms: FormShelf, publication_id: UUID, who: Publisher) -> UUID | None:
    """Publish what somebody else proposed; returns the settlement that was made with it.

    Raises:
        Refusal: not_found, forbidden, wrong_state; invalid_fields: `publication_other` for who proposed it,
            `publication_changed` when what counts is no longer what was proposed.
    """
    row = _proposed(connection, publication_id)
    wave = find_wave_to_run(connection, row.wave_id, who.scope)
    gathered = gather(connection, forms, wave)
    checks = (
        (row.proposed_by == who.account_id, Detail("publication_other")),
        (wire.fingerprint(gathered.snapshot) != row.snapshot_hash, Detail("publication_changed")),
    )
    problems = [detail for wrong, detail in checks if wrong]
    if problems:
        raise Refusal("invalid_fields", details=problems)
    return _publish(connection, wave, publication_id, who)


def withdraw(connection: Connection, publication_id: UUID, who: Publisher) -> None:
    """Take a proposal back.

    Raises:
        Refusal: not_found, forbidden, wrong_state once it is published.
    """
    row = _proposed(connection, publication_id)
    find_wave_to_run(connection, row.wave_id, who.scope)
    connection.execute(update(Publication).where(Publication.id == publication_id).values(state=WITHDRAWN))
    entry = audit.Entry(who.actor, "publication_withdrawn", f"wave:{row.wave_id}", {"number": row.number})
    audit.record(connection, [entry], at=who.now)


def correct(
    connection: Connection,
    forms: FormShelf,
    wave: AnyRow,
    reason: str,
    who: Publisher,
) -> UUID | None:
    """The next version, because of a decision that was taken already; None where nothing was published yet.

    The money follows in the same transaction, however far whoever decided reaches: nobody pays on for what
    was taken back because the one who took it back answers for a part only.
    """
    _lock(connection, wave.id)
    last = newest(connection, wave.id)
    if last is None:
        return None
    # A proposal of what is no longer so cannot be agreed to any more.
    stale = (Publication.wave_id == wave.id, Publication.state == PROPOSED)
    connection.execute(update(Publication).where(*stale).values(state=WITHDRAWN))
    name_reports(connection, wave)
    snapshot = gather(connection, forms, wave).snapshot
    publication_id = new_id()
    connection.execute(
        insert(Publication).values(
            id=publication_id,
            wave_id=wave.id,
            number=last.number + 1,
            state=PROPOSED,
            snapshot=snapshot,
            snapshot_hash=wire.fingerprint(snapshot),
            reason=reason,
            visible_from=max(who.now, last.visible_from),
            proposed_by=who.account_id,
            proposed_at=who.now,
        )
    )
    everywhere = replace(who, scope=EVERYTHING)
    _publish(connection, wave, publication_id, everywhere, appeals_until=last.appeals_until)
    return publication_id


def newest(connection: Connection, wave_id: UUID) -> AnyRow | None:
    """The version of a wave that stands, whether or not everybody sees it yet."""
    query = (
        select(*Publication.__table__.columns)
        .where(Publication.wave_id == wave_id, Publication.state == PUBLISHED)
        .order_by(Publication.number.desc())
        .limit(1)
    )
    return connection.execute(query).first()


def _publish(
    connection: Connection,
    wave: AnyRow,
    publication_id: UUID,
    who: Publisher,
    *,
    appeals_until: datetime | None = None,
) -> UUID | None:
    rules = programme_of(connection, wave.programme_version_id).publication
    settled = _settle_again(connection, wave, who.scope, by=who.actor, now=who.now)
    visible = connection.execute(
        select(Publication.visible_from).where(Publication.id == publication_id)
    ).scalar_one()
    until = appeals_until
    if until is None and rules.appeals:
        until = end_of_wave_after(connection, wave, rules.appeals, max(who.now, visible))
    connection.execute(
        update(Publication)
        .where(Publication.id == publication_id)
        .values(
            state=PUBLISHED,
            published_by=who.account_id,
            published_at=who.now,
            settlement_id=settled,
            appeals_until=until,
        )
    )
    row = connection.execute(
        select(Publication.number, Publication.snapshot_hash, Publication.alone).where(
            Publication.id == publication_id
        )
    ).one()
    detail = {"number": row.number, "snapshot": row.snapshot_hash, "settlement": settled and str(settled)}
    told = {"alone": row.alone} if row.alone else {}
    entry = audit.Entry(who.actor, "wave_published", f"wave:{wave.id}", {**detail, **told})
    audit.record(connection, [entry], at=who.now)
    return settled


def _settle_again(
    connection: Connection, wave: AnyRow, scope: Scope, *, by: str, now: datetime
) -> UUID | None:
    """The programme settled as of today; None where the scope is too small, or the facts do not settle."""
    if not reaches_all(connection, scope):
        return None
    new = NewSettlement(wave.programme, now.astimezone(ZoneInfo(wave.timezone)).date())
    try:
        with connection.begin_nested():
            return make_settlement(connection, new, scope, by=by, now=now).id
    except Refusal:
        return None


def _money(connection: Connection, wave: AnyRow, scope: Scope, now: datetime) -> Money:
    if not reaches_all(connection, scope):
        return Money(None, [Detail("settles_elsewhere")])
    new = NewSettlement(wave.programme, now.astimezone(ZoneInfo(wave.timezone)).date())
    try:
        return Money(preview_settlement(connection, new, scope), ())
    except Refusal as refusal:
        return Money(None, refusal.details or [Detail(refusal.code)])


def _problems(connection: Connection, wave: AnyRow, gathered: Gathered, now: datetime) -> Iterable[Detail]:
    rules = programme_of(connection, wave.programme_version_id).publication
    if wave.state != "closed":
        yield Detail("publication_not_closed")
    if gathered.open and not gathered.counts_all:
        yield Detail("publication_open_reports", "", {"count": gathered.open})
    if not gathered.snapshot["n"]:
        yield Detail("publication_empty")
    if rules.check:
        closes = connection.scalar(select(FactsCheck.closes_at).where(FactsCheck.wave_id == wave.id))
        if closes is None:
            yield Detail("publication_unchecked")
        elif closes > now:
            yield Detail("publication_check_open")
    waiting = select(Appeal.id).where(
        Appeal.wave_id == wave.id, Appeal.stage == OBJECTION, Appeal.state == "open"
    )
    if connection.scalar(waiting.limit(1)) is not None:
        yield Detail("publication_objections")


def _refused(connection: Connection, new: NewPublication, rules: Rules) -> Iterable[Detail]:
    waiting = select(Publication.id).where(Publication.wave_id == new.wave_id, Publication.state == PROPOSED)
    if connection.scalar(waiting) is not None:
        yield Detail("publication_waits")
    if new.alone.strip() and not rules.alone:
        yield Detail("review_alone", "/alone")


def _proposed(connection: Connection, publication_id: UUID) -> AnyRow:
    """A proposal, its wave locked first: a correction, which locks the wave, takes proposals back."""
    this = Publication.id == publication_id
    wave_id = connection.scalar(select(Publication.wave_id).where(this))
    if wave_id is None:
        raise Refusal("not_found")
    _lock(connection, wave_id)
    row = connection.execute(select(*Publication.__table__.columns).where(this).with_for_update()).first()
    if row is None:
        raise Refusal("not_found")
    if row.state != PROPOSED:
        raise Refusal("wrong_state", state=row.state, needed=PROPOSED)
    return row


def _lock(connection: Connection, wave_id: UUID) -> None:
    """Two people who publish at once take turns."""
    connection.execute(select(Wave.id).where(Wave.id == wave_id).with_for_update(key_share=True))
