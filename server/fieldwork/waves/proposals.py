"""What a programme asks for in a period, as waves that could be planned with one press.

A coordinator should not have to read the scheme again each quarter to know that it asks for a visit wave, a
survey and six video checks, and how many outlets each must reach.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from server.errors import Refusal
from server.fieldwork.definitions.compiled import programme_of
from server.fieldwork.definitions.programmes import find_programme
from server.fieldwork.waves.choices import Coverage, Roster, Sampling
from server.fieldwork.waves.instruments import ASKED, PLANNED_KINDS
from server.fieldwork.waves.periods import called
from server.fieldwork.waves.plans import NewWave
from server.forms.expressions import Names
from server.models.waves import Wave
from server.scope import Scope
from server.scoring.arithmetic import Value, compile_formula, exact_value
from server.scoring.calendar import PERIODS, Calendar, Period
from server.scoring.programmes.definition import Programme

PLACES = Decimal("0.0001")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONGEST_CODE = 32
# A round that comes every day or week is one wave of the period: its duties have the days.
CONTINUOUS = frozenset({"day", "week"})


@dataclass(frozen=True, slots=True)
class Proposal:
    """One round that the programme asks for.

    Attributes:
        new: the wave as it would be planned.
        kind: of its instrument.
        open_values: what the programme leaves to the coordinator (`ratio`, `share` …).
        planned: the code of a wave of this instrument that already covers the same days.
    """

    new: NewWave
    kind: str
    open_values: tuple[str, ...]
    planned: str | None


def proposed_waves(
    connection: Connection, programme_key: str, kind: str, day: date, scope: Scope
) -> tuple[Period, list[Proposal]]:
    """The waves that a programme asks for in its period of a kind (`quarter`, `year` …) around a day.

    Raises:
        Refusal: not_found for an unknown programme, or a day that lies in no such period.
    """
    row = find_programme(connection, programme_key, scope)
    programme = programme_of(connection, row.id)
    period = programme.calendar.containing(kind, day) if kind in PERIODS else None
    if period is None:
        raise Refusal("not_found")
    planned = connection.execute(
        scope.waves(
            select(Wave.code, Wave.instrument_name, Wave.opens_at, Wave.closes_at).where(
                Wave.programme_version_id == row.id, Wave.state != "cancelled"
            )
        )
    ).all()
    proposals = []
    for each in row.content.get("waves", ()):
        instrument = _instrument(row.content, each["instrument"])
        if instrument["kind"] in PLANNED_KINDS and "form" in instrument:
            for round_ in rounds(programme.calendar, each["every"], period):
                proposal = _proposal(programme_key, programme, each, instrument, round_)
                proposals.append(_with_planned(proposal, planned))
    return period, proposals


def rounds(calendar: Calendar, every: str, period: Period) -> Iterator[Period]:
    """The rounds that fall into a period: those inside it, and longer ones that end with it."""
    if every in CONTINUOUS:
        yield period
        return
    year = calendar.year_of(period.ends)
    kind = "month" if every == "two_months" else every
    found = [each for each in calendar.periods(kind, year) if period.starts <= each.ends <= period.ends]
    yield from (each for each in found if every != "two_months" or each.number % 2 == 0)


def _instrument(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(each for each in content["instruments"] if each["name"] == name)
    return found


def _proposal(
    key: str,
    programme: Programme,
    wave: Mapping[str, Any],
    instrument: Mapping[str, Any],
    round_: Period,
) -> Proposal:
    settings = _Settings(programme)
    # The round's own title says "quarterly" once more.
    title = instrument.get("title") or wave.get("title", instrument["name"])
    words = {"default": title} if isinstance(title, str) else title
    period = called(round_)
    sampled = wave.get("sampling", {})
    covered = wave.get("coverage")
    opens, closes = _window(round_, programme.zone)
    new = NewWave(
        programme=key,
        instrument=instrument["name"],
        code=code_for(round_.id, instrument["name"], key),
        title=f"{period['zh']}{words['default']}"[:80],
        title_en=f"{words.get('en', words['default'])}, {period['en']}"[:120],
        opens_at=opens,
        closes_at=closes,
        sampling=_sampling(sampled, settings),
        coverage=None if instrument["kind"] in ASKED else _coverage(covered or {}, settings),
        roster=Roster(weekdays=tuple(WEEKDAYS.index(each) for each in wave.get("weekdays", ()))),
        approvals=int(wave.get("approvals", 0)),
    )
    return Proposal(new, instrument["kind"], tuple(settings.open), None)


def code_for(period: str, instrument: str, programme: str) -> str:
    """A code that people can read and files can carry: `2026Q4-visit`."""
    text = f"{period}-{instrument}".replace("/", "-").replace("_", "-")
    plain = "".join(each if each.isascii() and (each.isalnum() or each in "-.") else "-" for each in text)
    return plain[:LONGEST_CODE] or programme[:LONGEST_CODE]


def _window(round_: Period, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From the first moment of the first day to the first one after the last."""
    opens = datetime.combine(round_.starts, time.min, zone)
    return opens, datetime.combine(round_.ends + timedelta(days=1), time.min, zone)


def _sampling(sampled: Mapping[str, Any], settings: "_Settings") -> Sampling:
    method = sampled.get("method", "stratified")
    ratio = settings.share("ratio", sampled["ratio"]) if "ratio" in sampled else None
    size = settings.number("size", sampled["size"]) if "size" in sampled else None
    if method == "all":
        return Sampling(method="all", ratio=None, minimum=0)
    if ratio is None and size is None:
        return Sampling(method=method)
    return Sampling(method=method, ratio=ratio, size=int(size) if size is not None else None)


def _coverage(covered: Mapping[str, Any], settings: "_Settings") -> Coverage:
    share = settings.share("share", covered["share"]) if "share" in covered else None
    return Coverage(
        share=Decimal(1) if share is None else share,
        per_parent=int(covered.get("perParent", 1)),
        recheck_at_most=settings.number("recheckAtMost", covered["recheckAtMost"])
        if "recheckAtMost" in covered
        else None,
        exclusive=settings.readings.get("A30") == "exclusive",
        yearly=settings.share("yearly", covered["yearly"]) if "yearly" in covered else None,
        video=int(covered.get("video", 0)),
    )


def _with_planned(proposal: Proposal, waves: Any) -> Proposal:
    new = proposal.new
    planned = next(
        (
            wave.code
            for wave in waves
            if wave.instrument_name == new.instrument
            and wave.opens_at < new.closes_at
            and wave.closes_at > new.opens_at
        ),
        None,
    )
    return Proposal(new, proposal.kind, proposal.open_values, planned)


class _Settings:
    """The programme's parameters at their defaults; remembers what has none."""

    def __init__(self, programme: Programme) -> None:
        self._programme = programme
        self.readings = programme.policies
        self.open: list[str] = []

    def get(self, name: str, path: tuple[Any, ...], /) -> Value:
        parameter = self._programme.parameters.get(name)
        return exact_value(self.readings.get(name) if parameter is None else parameter.default)

    def number(self, name: str, source: str) -> Decimal | None:
        value = compile_formula(str(source), Names(self._names())).value(self)
        if not isinstance(value, int | Fraction) or isinstance(value, bool):
            self.open.append(name)
            return None
        exact = Fraction(value)
        return (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(PLACES).normalize()

    def share(self, name: str, source: str) -> Decimal | None:
        """A percentage as a share of one."""
        percent = self.number(name, source)
        return None if percent is None else percent / 100

    def _names(self) -> Iterator[str]:
        yield from self._programme.parameters
        yield from self._programme.policies
