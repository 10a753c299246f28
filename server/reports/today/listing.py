"""A reader's day: every source that the reader's roles open, within the scope in which they open it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from sqlalchemy import Connection

from server.accounts.identity import Identity
from server.reports.today import afterwards, desk, field, office, waves
from server.reports.today.items import URGENCIES, Asked, Item, urgency
from server.scope import Scope


@dataclass(frozen=True, slots=True)
class Source:
    """Where lines come from.

    Attributes:
        permission: without it nothing is asked; with it, within the scope in which it is held.
        find: takes the connection, that scope, and who asks when.
        kinds: of the lines that it can give.
    """

    permission: str
    find: Callable[[Connection, Scope, Asked], Iterable[Item]]
    kinds: tuple[str, ...]


SOURCES: Final[Mapping[str, Source]] = MappingProxyType(
    {
        "to_draw": Source("waves.plan", waves.to_draw, ("wave_over", "draw_sample", "plan_visits")),
        "infeasible": Source("waves.plan", waves.infeasible, ("infeasible",)),
        "to_approve": Source("waves.approve", waves.to_approve, ("approve",)),
        "to_launch": Source("waves.launch", waves.to_launch, ("assign_visits", "launch")),
        "standing_still": Source("waves.launch", waves.standing_still, ("paused",)),
        "closing_short": Source("waves.plan", waves.closing_short, ("closing_survey", "closing_visits")),
        "talk": Source("waves.plan", field.talk, ("thread_unread",)),
        "visits": Source("waves.plan", field.visits, (*field.VISITS.values(), "visits_back")),
        "unassigned": Source("waves.plan", field.unassigned, ("visits_unassigned",)),
        "undispatched": Source("visits.dispatch", field.undispatched, ("visits_undispatched",)),
        "lost_messages": Source("waves.plan", field.lost_messages, ("messages_lost",)),
        "calls": Source("callbacks.work", desk.calls, ("calls_late", "calls_open")),
        "attributions": Source(
            "callbacks.confirm", desk.words, ("attributions_confirm", "attributions_decide")
        ),
        "reviews": Source("reviews.decide", desk.reviews, ("reviews_open",)),
        "appeals": Source("appeals.decide", desk.appeals, ("appeals_open",)),
        "publications": Source("scores.publish", desk.publications, ("publications_waiting",)),
        "doubted": Source("doubts.decide", desk.doubted, ("doubts_open",)),
        "recordings": Source(
            "recordings.deliver", afterwards.own_recordings, ("recordings_late", "recordings_waiting")
        ),
        "late_recordings": Source("waves.follow", afterwards.late_recordings, ("recordings_overdue",)),
        "returns": Source("visits.return", afterwards.overdue_returns, ("returns_overdue",)),
        "pay": Source("pay.approve", afterwards.pay_to_decide, ("pay_waiting",)),
        "notices": Source("waves.read", office.notices, ("notice",)),
        "own_duties": Source("duties.do", office.own_duties, ("duties_late", "duties_today", "duties_open")),
        "missed_duties": Source("duties.read", office.missed_duties, ("duties_missed",)),
        "bad_imports": Source("contacts.import", office.bad_imports, ("import_rejected", "import_failed")),
        "failed_jobs": Source("jobs.read", office.failed_jobs, ("jobs_failed", "no_worker")),
    }
)
KINDS: Final = tuple(kind for source in SOURCES.values() for kind in source.kinds)


def waiting(connection: Connection, who: Identity, *, now: datetime) -> dict[str, Sequence[Item]]:
    """What waits for somebody, by urgency; in each, the next deadline first, and what has none last."""
    asked = Asked(who, now)
    found = [
        item
        for source in SOURCES.values()
        if who.may(source.permission)
        for item in source.find(connection, who.within(source.permission), asked)
    ]
    found.sort(key=lambda item: (item.due_at is None, item.due_at or now, KINDS.index(item.kind)))
    return {name: [item for item in found if urgency(item, now) == name] for name in URGENCIES}
