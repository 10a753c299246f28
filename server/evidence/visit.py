"""What is known of a visit when it is weighed, as values: whoever gathers them reads, nobody here does."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final, Protocol
from zoneinfo import ZoneInfo

# The moments of a visit in their order; a phone may tell other things, such as photos and pages, as well.
MOMENTS: Final = ("entered", "ticket", "called", "served", "left")
PAGE: Final = "page"


class Rules(Protocol):
    """What a programme says about doubts; `scoring.programmes.visiting.EvidenceRules` does."""

    @property
    def radius(self) -> int: ...
    @property
    def stay(self) -> int: ...
    @property
    def narrative(self) -> int: ...
    @property
    def weights(self) -> Mapping[str, Fraction]: ...


@dataclass(frozen=True, slots=True)
class Place:
    """Degrees in a datum of `server.coordinates`."""

    longitude: float
    latitude: float
    datum: str


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that a phone noted during a visit.

    Attributes:
        at: by the phone's clock.
        asked_at: when the phone sent it, by its own clock; `received_at` is when that arrived, by ours.
        fix: where the phone was, until that is emptied; None where it was not told.
        accuracy: metres, as the phone says; None where it does not.
        distance: metres from the outlet, which stays when the position is emptied.
    """

    id: str
    kind: str
    at: datetime
    asked_at: datetime
    received_at: datetime
    fix: Place | None = None
    accuracy: int | None = None
    distance: int | None = None

    @property
    def error(self) -> timedelta:
        """How far the phone's clock was behind ours: positive when it was slow."""
        return self.received_at - self.asked_at

    @property
    def happened_at(self) -> datetime:
        """`at`, by our clock."""
        return self.at + self.error


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo of the visit.

    Attributes:
        taken: by the camera's clock, without a zone, as the file says it; None is no reason for doubt.
        difference_hash: of 64 bits; None until the photo was looked at.
        detail: how much there is to be seen, 0 to 100.
    """

    id: str
    sha256: str
    taken: datetime | None = None
    difference_hash: int | None = None
    detail: int | None = None


@dataclass(frozen=True, slots=True)
class EarlierPhoto:
    """A photo of another submission.

    Attributes:
        visit: whose it is.
        same_task: the same person at the same place in the same wave: another try, such as on a new phone.
        same_person, same_place: as they say.
    """

    id: str
    visit: str
    sha256: str
    difference_hash: int | None = None
    detail: int | None = None
    same_task: bool = False
    same_person: bool = False
    same_place: bool = False


@dataclass(frozen=True, slots=True)
class Narrative:
    """Something said in own words, at a question."""

    question: str
    text: str


@dataclass(frozen=True, slots=True)
class EarlierNarrative:
    """What was said in another visit of the same person, firm or wave."""

    visit: str
    text: str


@dataclass(frozen=True, slots=True)
class OtherVisit:
    """Where the same person was before or afterwards, by our clock."""

    visit: str
    place: Place
    came: datetime
    went: datetime


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit, and what it is compared with. What is unknown is None or empty, and never doubted.

    Attributes:
        zone: on whose clocks cameras and opening hours are read.
        opens_at, expires_at: the window in which the visit was to be made.
        handed_in_at: when the report arrived.
        hours: when the outlet was open around that time: () where it was closed all the while.
        answers: how many questions were answered.
    """

    zone: ZoneInfo
    opens_at: datetime
    expires_at: datetime
    handed_in_at: datetime
    place: Place | None = None
    hours: tuple[tuple[datetime, datetime], ...] | None = None
    moments: tuple[Moment, ...] = ()
    photos: tuple[Photo, ...] = ()
    narratives: tuple[Narrative, ...] = ()
    answers: int = 0
    earlier_photos: tuple[EarlierPhoto, ...] = ()
    earlier_narratives: tuple[EarlierNarrative, ...] = ()
    other_visits: tuple[OtherVisit, ...] = ()

    def inside(self) -> dict[str, Moment]:
        """The moments by their kinds; where one was noted twice, the later noting counts."""
        told = sorted(self.moments, key=lambda each: (each.received_at, each.at))
        return {each.kind: each for each in told if each.kind in MOMENTS}

    def span(self) -> tuple[datetime, datetime] | None:
        """From the first moment to the last, by our clock."""
        times = [each.happened_at for each in self.inside().values()]
        return (min(times), max(times)) if times else None


@dataclass(frozen=True, slots=True)
class Doubt:
    """One reason to look twice.

    Attributes:
        code: of `doubts.DOUBTS`.
        weight: of a hundred.
        params: of its sentence: numbers and short texts.
        where: what it is about, such as `{"photo": id}`: the same code at the same place is the same doubt.
    """

    code: str
    weight: Fraction
    params: Mapping[str, int | str] = field(default_factory=dict)
    where: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule found: a doubt without its weight."""

    code: str
    params: Mapping[str, int | str] = field(default_factory=dict)
    where: Mapping[str, str] = field(default_factory=dict)
