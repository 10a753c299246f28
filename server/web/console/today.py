"""The first page after signing in: what waits for the reader now, and what the reader did today."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from flask import Blueprint, url_for
from werkzeug.wrappers import Response

from server import queue
from server.db import AnyRow, connection
from server.followup import announcing, critical
from server.followup.callbacks import bulletins, overdue
from server.followup.finding_log import recording
from server.followup.orders import acting, reminding
from server.http.access import identity, requires
from server.reports.jobs import failed_jobs
from server.reports.today.items import Item
from server.reports.today.listing import waiting
from server.reports.today.office import start_of_day
from server.reports.trail.reading import done_since
from server.services import services
from server.web.console.trail_lines import shown_lines
from server.web.presenting import page

blueprint = Blueprint("today", __name__)


@blueprint.get("/console")
@requires("console.enter")
def show() -> Response:
    who, now = identity(), services().clock.now()
    items = waiting(connection(), who, now=now)
    own = f"account:{who.account_id}"
    done = done_since(connection(), own, who.scope, start=start_of_day(now))
    return page(
        "console/today.html",
        groups=[(name, [(item, address(item)) for item in found]) for name, found in items.items() if found],
        done=shown_lines(connection(), done, who.within("people.read")),
        own=own,
        now=now,
    )


@blueprint.get("/console/jobs")
@requires("jobs.read")
def jobs() -> Response:
    scope = identity().scope
    return page(
        "console/jobs.html",
        rows=failed_jobs(connection(), scope),
        waiting=queue.depth(connection()),
        worker=queue.has_worker(connection()),
        names=queue.JOBS,
    )


def address(item: Item) -> str:
    """Where the act is that takes the line away."""
    return ADDRESSES[item.kind](item)


def _wave(endpoint: str, state: str | None = None) -> Callable[[Item], str]:
    def link(item: Item) -> str:
        return url_for(endpoint, wave_id=item.wave.id if item.wave else None, state=state)

    return link


def _given_up(item: Item) -> str:
    return _wave("console.visits.grid", item.params["state"])(item)


def _page(endpoint: str) -> Callable[[Item], str]:
    return lambda _item: url_for(endpoint)


def _run(item: Item) -> str:
    return url_for("console.contacts.show_run", run_id=item.row.id if item.row else None)


# What a notice asks for is done where the wave's results stand.
WITH_RESULTS: Final = frozenset({"review", "facts_check", "publication", "bulletin"})


def _bulletin(row: AnyRow) -> str:
    return url_for("console.callback_weeks.bulletin", unit=row.params["unit"], week=row.params["week"])


def _late_case(row: AnyRow) -> str:
    return url_for("console.callbacks.show", case_id=overdue.case_of(row.key))


def _critical(row: AnyRow) -> str:
    """The sheet, for who may read it; branches have the wave's results."""
    if identity().may("sheets.read"):
        return url_for("console.results.show_submission", pk=critical.submission_of(row.key))
    return url_for("console.results.show", wave_id=row.wave_id)


def _own_scores(_row: AnyRow) -> str:
    return url_for("console.scorecards.index")


def _order(row: AnyRow) -> str:
    return url_for("console.orders.show", order_id=row.key.split(":")[1])


def _finding(row: AnyRow) -> str:
    return url_for("console.findings.show", finding_id=row.key.split(":")[1])


# Notices about something of its own.
ABOUT: Final[Mapping[str, Callable[[AnyRow], str]]] = MappingProxyType(
    {
        bulletins.NOTICE: _bulletin,
        overdue.KIND: _late_case,
        critical.KIND: _critical,
        **dict.fromkeys(announcing.KINDS, _own_scores),
        **dict.fromkeys((*reminding.KINDS, acting.GIVEN_BACK), _order),
        recording.NOTICE: _finding,
    }
)


def _notice(item: Item) -> str:
    row = item.row
    if row is not None and row.kind in ABOUT:
        return ABOUT[row.kind](row)
    if row is None or row.wave_id is None:
        return url_for("console.timetable.index")
    page = "console.results.show" if row.kind in WITH_RESULTS else "console.timetable.wave"
    return url_for(page, wave_id=row.wave_id)


ADDRESSES: Final[Mapping[str, Callable[[Item], str]]] = MappingProxyType(
    {
        "wave_over": _wave("console.waves.show"),
        "draw_sample": _wave("console.waves.show"),
        "plan_visits": _wave("console.coverage.show"),
        "infeasible": _wave("console.coverage.show"),
        "approve": _wave("console.waves.show"),
        "assign_visits": _wave("console.visits.roster"),
        "launch": _wave("console.waves.show"),
        "paused": _wave("console.waves.show"),
        "closing_survey": _wave("console.results.show"),
        "closing_visits": _wave("console.visits.grid"),
        "visits_late": _wave("console.visits.grid", state="late"),
        "visits_at_risk": _wave("console.visits.grid", state="at_risk"),
        "visits_back": _given_up,
        "thread_unread": _wave("console.visits.grid", state="unread"),
        "visits_undelivered": _wave("console.visits.grid", state="undelivered"),
        "visits_unassigned": _wave("console.visits.roster"),
        "visits_undispatched": _page("console.dispatch.index"),
        "messages_lost": _wave("console.results.show"),
        "calls_late": _page("console.callbacks.index"),
        "calls_open": _page("console.callbacks.index"),
        "attributions_confirm": _page("console.callback_people.waiting"),
        "attributions_decide": _page("console.callback_people.waiting"),
        "reviews_open": _page("console.reviews.index"),
        "appeals_open": _page("console.appeals.index"),
        "publications_waiting": _page("console.home.show"),
        "doubts_open": _page("console.doubts.index"),
        "recordings_waiting": _page("console.recordings.index"),
        "recordings_late": _page("console.recordings.index"),
        "recordings_overdue": _page("console.recordings.overdue"),
        "returns_overdue": _page("console.returns.index"),
        "pay_waiting": _page("console.pay.index"),
        "notice": _notice,
        "duties_late": _page("console.duties.mine"),
        "duties_today": _page("console.duties.mine"),
        "duties_open": _page("console.duties.mine"),
        "duties_missed": _page("console.duties.week"),
        "import_rejected": _run,
        "import_failed": _run,
        "jobs_failed": _page("console.today.jobs"),
        "no_worker": _page("console.today.jobs"),
    }
)
