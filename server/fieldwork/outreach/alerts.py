"""Notices that also leave as messages: to whoever sees them in the inbox and wants to be told.

Unasked, people are told of what cannot wait, where that costs nothing (`DEFAULTS`). The words name the place
and no more, with the way to the console: a message may be read over somebody's shoulder. One cause is one
message for each person and channel, whatever roles they see it by.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    func,
    literal,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from server import catalogue
from server.db import AnyRow, AnySelect
from server.fieldwork.timetable.notices import NewNotice, raise_notices
from server.fieldwork.waves.plans import organisation_names
from server.keys import KeyLost, KeyRing
from server.models.accounts import Account, Person, PersonPrivate, RoleGrant
from server.models.definitions import ProgrammeVersion
from server.models.deployment import DeploymentFact
from server.models.messages import SendingStop
from server.models.notices import AlertWish, Notice
from server.models.organisation import Unit
from server.models.waves import Wave
from server.notify.outbox.queueing import NewMessage, enqueue
from server.notify.texts import compose_alert

# What people choose -> the kinds of notices that it is about.
KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "critical": ("critical_failure",),
    "orders": ("order_issued", "order_due", "order_overdue", "order_returned"),
    "scores": ("facts_to_check", "scores_published", "appeal_decided", "finding_confirmed"),
    "callbacks": ("call_back_overdue",),
    "bulletin": ("call_back_bulletin",),
    "sending": ("sending_stopped",),
    "deadlines": (
        "reminder", "field_deadline", "submission_deadline", "feedback", "delivery", "delivery_reminder",
    ),
}  # fmt: skip
# What holds for who has never chosen, as kind and channel. Whoever chose nothing is left in peace.
DEFAULTS: Final = (("critical", "email"),)
CHOSEN_BY: Final = {notice: kind for kind, notices in KINDS.items() for notice in notices}
PORTION: Final = 100
# Older news is in the inbox; a clock that was down for a week must not ring a week's alarms.
FRESH: Final = timedelta(days=1)
# Chat groups by role, `{"coordinator": {"webhook": "quality", "kinds": ["critical"]}}`.
GROUPS_FACT: Final = "alert_groups"
STOP_ROLES: Final = ("coordinator", "administrator")


def raise_stops(connection: Connection, *, now: datetime) -> int:
    """A notice for each stop of sending that stands; returns how many are new."""
    standing = (
        select(SendingStop.id, SendingStop.wave_id, SendingStop.at, Wave.unit_id)
        .join(Wave, Wave.id == SendingStop.wave_id, isouter=True)
        .where(SendingStop.lifted_at.is_(None), SendingStop.reason != "by_hand")
    )
    notices = [
        NewNotice(
            key=f"sending_stopped:{stop.id}:{role}",
            kind="sending_stopped",
            role=role,
            at=stop.at,
            unit_id=stop.unit_id,
            wave_id=stop.wave_id,
        )
        for stop in connection.execute(standing).all()
        for role in STOP_ROLES
    ]
    return raise_notices(connection, notices, now=now)


def choose_group(connection: Connection, role: str, webhook: str, kinds: Sequence[str]) -> None:
    """Let a chat group be told of what a role is told of; without kinds no more."""
    groups = connection.scalar(select(DeploymentFact.value).where(DeploymentFact.key == GROUPS_FACT)) or {}
    value = {name: group for name, group in groups.items() if name != role}
    if kinds:
        value[role] = {"webhook": webhook, "kinds": list(kinds)}
    connection.execute(
        insert(DeploymentFact)
        .values(key=GROUPS_FACT, value=value)
        .on_conflict_do_update(index_elements=["key"], set_={"value": value})
    )


def tell(connection: Connection, keys: KeyRing, public_url: str, *, now: datetime) -> int:
    """Queue messages about at most `PORTION` notices that nobody was told of yet; returns how many."""
    new = connection.execute(
        select(Notice.id, Notice.key, Notice.kind, Notice.role, Unit.name, Unit.name_en, Wave.title)
        .add_columns(Wave.title_en, Notice.at, Notice.done_at, Notice.superseded_at)
        .join(Unit, Unit.id == Notice.unit_id, isouter=True)
        .join(Wave, Wave.id == Notice.wave_id, isouter=True)
        .where(Notice.alerted_at.is_(None))
        .order_by(Notice.at)
        .limit(PORTION)
        .with_for_update(of=Notice, skip_locked=True)
    ).all()
    if not new:
        return 0
    seen = update(Notice).where(Notice.id.in_([notice.id for notice in new]))
    connection.execute(seen.values(alerted_at=now))
    fresh = [
        notice
        for notice in new
        if notice.kind in CHOSEN_BY
        and notice.at > now - FRESH
        and notice.done_at is None
        and notice.superseded_at is None
    ]
    if fresh:
        enqueue(connection, list(_messages(connection, fresh, keys, public_url, now)), keys, now)
    return len(new)


def _messages(
    connection: Connection, notices: Sequence[AnyRow], keys: KeyRing, public_url: str, now: datetime
) -> Iterator[NewMessage]:
    organisation, by_id = organisation_names(connection), {notice.id: notice for notice in notices}
    for row in connection.execute(_listeners(list(by_id))).all():
        notice, sealed = by_id[row.notice_id], row.phone if row.channel == "sms" else row.email
        if row.kind != CHOSEN_BY[notice.kind] or sealed is None:
            continue
        try:
            recipient = keys.decrypt(sealed)
        except KeyLost:
            continue
        text = _text(notice, row.locale, organisation[row.locale], public_url)
        yield _message(notice, f"{row.channel}:{row.account_id}", row.channel, recipient, text, now)
    groups = connection.scalar(select(DeploymentFact.value).where(DeploymentFact.key == GROUPS_FACT)) or {}
    for notice in notices:
        group = groups.get(notice.role)
        if group is not None and CHOSEN_BY[notice.kind] in group["kinds"]:
            text = _text(notice, "zh", organisation["zh"], public_url)
            # Several units' notices of one kind are several messages, as they are several lines of an inbox.
            yield _message(notice, f"webhook:{group['webhook']}", "webhook", group["webhook"], text, now)


def _message(notice: AnyRow, to: str, channel: str, recipient: str, text: str, now: datetime) -> NewMessage:
    return NewMessage(
        dedupe_key=f"notice:{notice.key.removesuffix(f':{notice.role}')}:{to}",
        kind="bulletin" if CHOSEN_BY[notice.kind] == "bulletin" else "alert",
        recipient=recipient,
        text=text,
        not_before=now,
        expires_at=now + FRESH,
        channel=channel,
    )


def _text(notice: AnyRow, locale: str, organisation: str, public_url: str) -> str:
    names = (notice.name, notice.title) if locale == "zh" else (
        notice.name_en or notice.name, notice.title_en or notice.title
    )  # fmt: skip
    place = next((name for name in names if name), catalogue.text("alerts.everywhere", locale))
    words = catalogue.text(f"alerts.text.{CHOSEN_BY[notice.kind]}", locale, place=place)
    return compose_alert(f"{words} {public_url}/console", organisation=organisation, locale=locale)


def _listeners(notice_ids: Sequence[object]) -> AnySelect:
    """Who sees each notice by a role of their own and wants to be told: one row for each channel.

    The same rule as the inbox's: the role, held above the unit; for a firm or a programme only its own.
    """
    held, version, wanted = aliased(Unit), aliased(ProgrammeVersion), _wanted().subquery()
    below = or_(RoleGrant.unit_id.is_(None), func.starts_with(Unit.path, held.path))
    programme = or_(RoleGrant.programme_id.is_(None), RoleGrant.programme_id == version.programme_id)
    return (
        select(
            Notice.id.label("notice_id"),
            wanted.c.kind,
            wanted.c.channel,
            wanted.c.account_id,
            Account.locale,
            PersonPrivate.phone,
            PersonPrivate.email,
        )
        .distinct()
        .select_from(Notice)
        .join(RoleGrant, RoleGrant.role == Notice.role)
        .join(Account, Account.id == RoleGrant.account_id)
        .join(Person, Person.id == Account.person_id)
        .join(PersonPrivate, PersonPrivate.person_id == Person.id)
        .join(wanted, wanted.c.account_id == Account.id)
        .join(Unit, Unit.id == Notice.unit_id, isouter=True)
        .join(held, held.id == RoleGrant.unit_id, isouter=True)
        .join(Wave, Wave.id == Notice.wave_id, isouter=True)
        .join(
            version,
            version.id == func.coalesce(Notice.programme_version_id, Wave.programme_version_id),
            isouter=True,
        )
        .where(
            Notice.id.in_(notice_ids),
            Account.disabled_at.is_(None),
            Person.left_at.is_(None),
            below,
            programme,
            or_(RoleGrant.firm_id.is_(None), RoleGrant.firm_id == Notice.firm_id),
        )
    )


def _wanted() -> CompoundSelect[UUID, str, str]:
    """`account_id`, `kind` and `channel` of what people chose, and of what holds for those who never did."""
    chosen = select(AlertWish.account_id, AlertWish.kind, AlertWish.channel)
    defaults = [
        select(Account.id, literal(kind), literal(channel)).where(~has_chosen()) for kind, channel in DEFAULTS
    ]
    return union_all(chosen, *defaults)


def has_chosen() -> ColumnElement[bool]:
    """Whether an account's person ever chose; a choice of the days before that was kept has its wishes."""
    return or_(
        Account.alerts_chosen_at.is_not(None),
        select(AlertWish.id).where(AlertWish.account_id == Account.id).correlate(Account).exists(),
    )
