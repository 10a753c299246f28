"""The least number of visits, or the least money, that keeps all promises."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from server.sampling.coverage.choosing.cheapest import Market
from server.sampling.coverage.choosing.room import Room
from server.sampling.coverage.choosing.selection import (
    Choice,
    Frame,
    Promises,
    by_id,
    choose,
    frame_of,
    ground,
    promises_of,
)
from server.sampling.coverage.inputs import Firm, Requirement, Statement, Wave, state
from server.sampling.coverage.outlook import Outlook, outlook_of

# The clauses in the order in which their costs are told, each with what gives it up.
CLAUSES: dict[str, Callable[[Requirement], Requirement]] = {
    "recheck": lambda requirement: replace(requirement, recheck_at_most=None),
    "parent": lambda requirement: replace(requirement, per_parent=0),
    "share": lambda requirement: replace(requirement, share=Fraction(0), share_in_each=False, at_least=0),
    "year": lambda requirement: replace(requirement, yearly=None),
}


@dataclass(frozen=True, slots=True)
class Need:
    """The least that keeps all promises.

    Attributes:
        visits: how many visits, whoever makes them.
        money: what they cost at least, in the frame's smallest unit.
        shortages: promises that the firms have no room for, or the year no time.
    """

    frame: Frame
    promises: Promises
    outlook: Outlook
    visits: int
    money: int
    shortages: tuple[Statement, ...]


def need_of(wave: Wave) -> Need:
    """The least that keeps the promises; where firms have no room, told as if they had."""
    frame, outlook = frame_of(wave), outlook_of(wave)
    promises = promises_of(frame, wave.requirement)
    shortages = Room(wave.capacity.firms).shortages(promises.reserved(frame))
    firms = () if shortages else wave.capacity.firms
    choice = _least(frame, promises, firms)
    if wave.requirement.yearly is not None:
        new = outlook.least_new(len(choice.reasons), choice.new, frame.wanted)
        reachable = outlook.at_the_end(new, len(choice.reasons) + max(0, new - choice.new))
        if reachable < outlook.target:
            shortages.append(_out_of_reach(outlook, reachable))
        promises = replace(promises, new=new)
        choice = _least(frame, promises, firms)
    if choice.short and firms:
        shortages += _no_room(firms, promises, choice)
        firms = ()
        choice = _least(frame, promises, firms)
    visits = len(choice.reasons)
    money = _least_money(wave, frame, promises, visits, firms)
    return Need(frame, promises, outlook, visits, money, tuple(shortages))


def over_budget(wave: Wave, need: Need) -> list[Statement]:
    """By how much the need goes beyond the budget; empty where it does not."""
    found = []
    most, money = wave.capacity.visits, wave.capacity.money
    if most is not None and need.visits > most:
        over = need.visits - most
        found.append(state("coverage_over_visits", over=over, needed=need.visits, budget=most))
    if money is not None and need.money > visit_budget(wave, need.frame):
        needed = amount(need.money, need.frame) + wave.video_money
        found.append(
            state(
                "coverage_over_money",
                over=written(needed - money),
                needed=written(needed),
                budget=written(money),
            )
        )
    return found


def fits(wave: Wave) -> bool:
    """Whether budget, firms and the year carry the requirement."""
    need = need_of(wave)
    return not need.shortages and not over_budget(wave, need)


def visit_budget(wave: Wave, frame: Frame) -> int:
    """Money for visits, in the frame's smallest unit; below nothing when video checks use up more."""
    return int(((wave.capacity.money or Decimal(0)) - wave.video_money).scaleb(frame.places))


def amount(units: int, frame: Frame) -> Decimal:
    """Smallest units of money as money."""
    return Decimal(units).scaleb(-frame.places)


def written(money: Decimal) -> str:
    """Money as people write it."""
    return f"{money:,f}"


def without(requirement: Requirement, *clauses: str) -> Requirement:
    """The requirement with these clauses given up."""
    for clause in clauses:
        requirement = CLAUSES[clause](requirement)
    return requirement


def _least(frame: Frame, promises: Promises, firms: tuple[Firm, ...]) -> Choice:
    return choose(frame, promises, ground(frame, promises, firms), by_id(frame))


def _least_money(wave: Wave, frame: Frame, promises: Promises, visits: int, firms: tuple[Firm, ...]) -> int:
    fees = {one.fee for one in frame.candidates}
    if len(fees) <= 1 or not wave.in_money:
        return visits * next(iter(fees), 0)
    most = wave.capacity.visits
    market = Market(frame, promises, firms, None if most is None or most < visits else most, {})
    bought = market.cheapest()
    # None only when more is promised than there are outlets, which is a problem of its own.
    return bought.cost if bought else visits * max(fees)


def _out_of_reach(outlook: Outlook, reachable: int) -> Statement:
    return state(
        "coverage_year_out_of_reach", target=outlook.target, reachable=reachable, outlets=outlook.total
    )


def _no_room(firms: tuple[Firm, ...], promises: Promises, choice: Choice) -> list[Statement]:
    found = []
    made = len(choice.reasons)
    if made < promises.size:
        names = tuple(sorted(firm.id for firm in firms))
        found.append(state("coverage_firms_too_small", firms=names, room=made, needed=promises.size))
    if choice.new < promises.new:
        found.append(state("coverage_firms_new", needed=promises.new, reachable=choice.new))
    return found
