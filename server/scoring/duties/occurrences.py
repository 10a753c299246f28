"""Who owes what: the slots of a duty for each subject, each person of a role, or each unit below."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from server.scoring.duties.slots import Agenda, Slot, slots
from server.scoring.programmes.definition import Duty
from server.scoring.programmes.duties import PERSON


@dataclass(frozen=True, slots=True)
class Member:
    """A subject. `above` are its ancestors by kind; `person` is set where it is somebody.

    `ends` is the last day on which it was there.
    """

    id: str
    kind: str
    above: Mapping[str, str] = field(default_factory=dict)
    person: str = ""
    starts: date = date.min
    ends: date = date.max

    def there(self, slot: Slot) -> bool:
        """Whether the slot falls due while it is there: who closes on Wednesday owes nothing on Friday."""
        return self.starts <= slot.due <= self.ends


@dataclass(frozen=True, slots=True)
class Roll:
    """Subjects and people. `holders` are persons by subject and role, `roles` the roles of each person."""

    members: tuple[Member, ...]
    holders: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    roles: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def of_kind(self, kind: str) -> tuple[Member, ...]:
        """The subjects of a kind, in the order of the roll."""
        return tuple(member for member in self.members if member.kind == kind)

    def below(self, member: Member, kind: str) -> tuple[Member, ...]:
        """Those of a kind below a subject."""
        return tuple(each for each in self.of_kind(kind) if each.above.get(member.kind) == member.id)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One duty of one subject in one period. `about` is the unit below that it is about, "" without one.

    `person` must do it where one is named, else whoever holds `role`. With `times` above 1 it is done when it
    was noted that often; `number` counts those of one period that stand apart.
    """

    duty: str
    subject: str
    about: str
    role: str
    person: str
    period: str
    number: int
    times: int
    opens: date
    due: date
    closes: date

    @property
    def key(self) -> tuple[str, str, str, str, str, int]:
        """What makes two occurrences the same one, whenever they are generated."""
        return self.duty, self.subject, self.about, self.person, self.period, self.number


def occurrences(duty: Duty, agenda: Agenda, roll: Roll, first: date, last: date) -> Iterator[Occurrence]:
    """What is owed in slots that touch these days, by slot, then in the order of the roll."""
    times = agenda.times(duty)
    apart = min(times, 1) if duty.counted else times
    owed = [
        (member, about, person)
        for member in roll.of_kind(duty.of)
        for about in _abouts(duty, roll, member)
        for person in _persons(duty, roll, member)
    ]
    for slot in slots(duty, agenda, first, last):
        for member, about, person in owed:
            if member.there(slot) and (about is None or about.there(slot)):
                for number in range(1, apart + 1):
                    yield Occurrence(
                        duty=duty.name,
                        subject=member.id,
                        about=about.id if about else "",
                        role=duty.by,
                        person=person,
                        period=slot.period,
                        number=number,
                        times=times if duty.counted else 1,
                        opens=slot.opens,
                        due=slot.due,
                        closes=slot.closes,
                    )


def _abouts(duty: Duty, roll: Roll, member: Member) -> tuple[Member | None, ...]:
    return (None,) if duty.each in ("", PERSON) else roll.below(member, duty.each)


def _persons(duty: Duty, roll: Roll, member: Member) -> tuple[str, ...]:
    """Somebody who is judged does it alone, where the role is theirs; a role of nobody leaves it open."""
    if member.person:
        mine = not duty.by or duty.by in roll.roles.get(member.person, frozenset())
        return (member.person,) if mine else ()
    return roll.holders.get((member.id, duty.by), ()) if duty.each == PERSON else ("",)
