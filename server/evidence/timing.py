"""When a visit was made: its window, the opening hours, its length, the order of its moments, the clock.

Times are by our clock: the phone says with everything it sends what its own clock showed, so its error is
known and taken out before anything is judged. Cheap phones are minutes off; that alone is nobody's fault.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from server.evidence.positions import whole_minutes
from server.evidence.visit import MOMENTS, PAGE, Found, Rules, Visit

# A phone's clock may be so far off before it is said; its times are corrected all the same.
CLOCK: Final = timedelta(minutes=10)
# Who came before the door opened waited; who came just before it closed was let in.
DOOR: Final = timedelta(minutes=15)
TAPS: Final = timedelta(minutes=1)
# Nobody reads and answers faster; fewer answers or pages say nothing about haste.
MOST_A_SECOND, LEAST_ANSWERS, LEAST_PAGES = 2, 10, 3


def clock_apart(visit: Visit, rules: Rules) -> Iterator[Found]:
    """The phone's clock was wrong."""
    error = max((each.error for each in visit.moments), key=abs, default=timedelta(0))
    if abs(error) > CLOCK:
        yield Found("clock_apart", {"minutes": whole_minutes(abs(error))})


def moments_out_of_order(visit: Visit, rules: Rules) -> Iterator[Found]:
    """Somebody was served before being called, or noted a moment after sending it."""
    inside = visit.inside()
    told = [inside[kind] for kind in MOMENTS if kind in inside]
    swapped = [
        (later.kind, earlier.kind)
        for earlier, later in pairwise(told)
        if later.happened_at + TAPS < earlier.happened_at
    ]
    swapped += [("sent", each.kind) for each in told if each.at > each.asked_at + TAPS]
    if swapped:
        first, second = swapped[0]
        yield Found("moments_out_of_order", {"first": first, "second": second})


def stay_short(visit: Visit, rules: Rules) -> Iterator[Found]:
    """Nobody has looked at everything in so few minutes."""
    inside = visit.inside()
    if "entered" not in inside or "left" not in inside:
        return
    stayed = inside["left"].happened_at - inside["entered"].happened_at
    if timedelta(0) <= stayed < timedelta(minutes=rules.stay):
        yield Found("stay_short", {"minutes": int(stayed.total_seconds() // 60), "least": rules.stay})


def outside_window(visit: Visit, rules: Rules) -> Iterator[Found]:
    """The visit began before its window opened or after it had closed; the planned day only proposes."""
    span = visit.span()
    if span is None:
        return
    early, late = visit.opens_at - span[0], span[0] - visit.expires_at
    if max(early, late) > DOOR:
        yield Found("outside_window", {"minutes": whole_minutes(max(early, late))})


def outside_hours(visit: Visit, rules: Rules) -> Iterator[Found]:
    """The visit began while the outlet was closed, as far as its hours are known."""
    span = visit.span()
    if span is None or visit.hours is None:
        return
    came = span[0]
    if not any(start - DOOR <= came <= end + DOOR for start, end in visit.hours):
        yield Found("outside_hours", {"time": f"{came.astimezone(visit.zone):%H:%M}"})


def answers_hasty(visit: Visit, rules: Rules) -> Iterator[Found]:
    """The pages were left faster than anybody reads.

    One answer throughout is no doubt: where all is well, everything passes.
    """
    left = sorted(each.happened_at for each in visit.moments if each.kind == PAGE)
    if len(left) < LEAST_PAGES or visit.answers < LEAST_ANSWERS:
        return
    took = _seconds(left)
    if took * MOST_A_SECOND < visit.answers:
        yield Found("answers_hasty", {"seconds": round(took), "count": visit.answers})


def _seconds(times: list[datetime]) -> float:
    return (times[-1] - times[0]).total_seconds()
