"""Visits for tests: one on which nothing is to be doubted, and what changes it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from server.evidence.doubts import DOUBTS
from server.evidence.visit import MOMENTS, Moment, Narrative, Photo, Place, Visit
from server.evidence.weighing import weigh
from server.scoring.programmes.visiting import EvidenceRules

ZONE = ZoneInfo("Asia/Shanghai")
# Ten in the morning in Shanghai.
CAME = datetime(2026, 5, 12, 2, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OUTLET = Place(121.4737, 31.2304, "GCJ-02")
RULES = EvidenceRules()
# Minutes after entering.
USUAL = (0, 1, 9, 16, 22)
SAID = "大堂经理主动迎接并询问办理什么业务，随后引导到取号机前，等候期间送了一杯水。"


def moments(*minutes: int, slow: timedelta = timedelta(0), later: timedelta = HOUR) -> tuple[Moment, ...]:
    """The moments in their order, so many minutes after entering, sent `later` by a clock that is `slow`."""
    times = [CAME + each * MINUTE for each in minutes]
    sent = max(times) + later
    return tuple(
        Moment(kind, kind, at - slow, sent - slow, sent) for kind, at in zip(MOMENTS, times, strict=False)
    )


def local(at: datetime) -> datetime:
    """A moment as the camera writes it."""
    return at.astimezone(ZONE).replace(tzinfo=None)


HOURS = ((CAME - HOUR, CAME + 7 * HOUR),)
HONEST = Visit(
    zone=ZONE,
    opens_at=CAME - 2 * DAY,
    expires_at=CAME + 5 * DAY,
    handed_in_at=CAME + 4 * HOUR,
    place=OUTLET,
    hours=HOURS,
    moments=moments(*USUAL),
    photos=(Photo("front", "aa", local(CAME - 5 * MINUTE), 0x0F0F_3C3C_5A5A_9999, 40),),
    narratives=(Narrative("hall", SAID),),
    answers=40,
)


def codes(visit: Visit, rules: EvidenceRules = RULES) -> list[str]:
    """What is doubted, in the order of the table."""
    found = [doubt.code for doubt in weigh(visit, rules).doubts]
    return sorted(found, key=list(DOUBTS).index)


def with_fixes(visit: Visit, *fixes: Place, accuracy: int | None = 30) -> Visit:
    """The visit with a position for each of its first moments."""
    told = [
        replace(moment, fix=fix, accuracy=accuracy) for moment, fix in zip(visit.moments, fixes, strict=False)
    ]
    return replace(visit, moments=(*told, *visit.moments[len(told) :]))
