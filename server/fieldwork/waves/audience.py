"""Who a survey asks: customers who are drawn, people who work here, or whoever scans a poster.

Each has waves of its own. Whoever scans a poster chose to answer, and colleagues are all asked: neither has a
probability of having been drawn, and answers of one kind must not change a mean that stands for the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Self, TypeAlias, get_args

from sqlalchemy import ColumnElement, Connection, Label, func, select

from server.db import AnyRow, AnySelect
from server.errors import Detail
from server.intake import known
from server.models.accounts import Account, Person, PersonPrivate
from server.models.organisation import Subject, Unit
from server.models.tasks import Invitation

Kind: TypeAlias = Literal["customers", "people", "counter"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
LONGEST_TITLE: Final = 40
MOST_TITLES: Final = 20


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a wave asks.

    Attributes:
        titles: of the people asked, as they stand with each person (大堂经理); none is everybody.
    """

    kind: Kind = "customers"
    titles: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        stored = settings.get("audience", {})
        return cls(stored.get("kind", "customers"), tuple(stored.get("titles", ())))

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "titles": list(self.titles)}

    def problems(self) -> list[Detail]:
        """Everything that is wrong with it."""
        if self.kind not in KINDS:
            return [Detail("field_invalid", "/audience")]
        long = len(self.titles) > MOST_TITLES or any(len(title) > LONGEST_TITLE for title in self.titles)
        return [Detail("field_invalid", "/titles")] if long else []


@dataclass(frozen=True, slots=True)
class Reached:
    """How many people a wave would ask, and how many of them no message can reach."""

    people: int
    unreachable: int


def is_drawn(settings: Mapping[str, Any]) -> bool:
    """Whether a survey's sample is drawn before it begins; others ask whom there is, or night by night."""
    return not settings.get("rolling") and Audience.of(settings).kind == "customers"


def known_titles(connection: Connection) -> list[str]:
    """The titles of those who work here, the frequent ones first."""
    query = (
        select(Person.title)
        .where(_works_here(), Person.title.is_not(None))
        .group_by(Person.title)
        .order_by(func.count().desc(), Person.title)
        .limit(MOST_TITLES)
    )
    return [title for title in connection.scalars(query) if title]


def count_people(connection: Connection, wave: AnyRow) -> Reached:
    """Whom a planned wave of people would ask now.

    Args:
        wave: with `unit_path` and `settings`.
    """
    silent = PersonPrivate.phone.is_(None) & PersonPrivate.email.is_(None)
    query = _chosen(wave).with_only_columns(func.count(), func.count().filter(silent))
    people, unreachable = connection.execute(query).one()
    return Reached(people, unreachable)


def people_by_text(wave: AnyRow) -> AnySelect:
    """How many of a wave of people read each text: by `name` and `name_en` of the unit and `locale`.

    Args:
        wave: with `unit_path` and `settings`.
    """
    locale = _locale()
    return (
        _chosen(wave)
        .add_columns(Unit.name, Unit.name_en, locale, func.count().label("people"))
        .where(PersonPrivate.phone.is_not(None))
        .group_by(Unit.name, Unit.name_en, locale)
    )


def uninvited_people(wave: AnyRow, limit: int) -> AnySelect:
    """Those of a wave of people who have no invitation yet.

    Args:
        wave: with `id`, `unit_path` and `settings`.
    """
    invited = select(Invitation.id).where(Invitation.wave_id == wave.id, Invitation.person_id == Person.id)
    return (
        _chosen(wave)
        .add_columns(
            Person.id.label("person_id"), Subject.id.label("subject_id"), PersonPrivate.phone,
            PersonPrivate.email, _locale(), Unit.timezone, *known.COLUMNS,
        )
        .where(~invited.correlate(Person).exists())
        .order_by(Person.id)
        .limit(limit)
    )  # fmt: skip


def _chosen(wave: AnyRow) -> AnySelect:
    titles = Audience.of(wave.settings).titles
    query = (
        select()
        .select_from(Person)
        .join(Unit, Unit.id == Person.unit_id)
        .join(Subject, Subject.unit_id == Unit.id)
        .join(PersonPrivate, PersonPrivate.person_id == Person.id, isouter=True)
        .where(_works_here(), Unit.path.startswith(wave.unit_path or "", autoescape=True))
    )
    return query.where(Person.title.in_(titles)) if titles else query


def _locale() -> Label[str]:
    """In which language somebody uses the console."""
    spoken = select(func.min(Account.locale)).where(Account.person_id == Person.id).scalar_subquery()
    return func.coalesce(spoken, "zh").label("locale")


def _works_here() -> ColumnElement[bool]:
    return (Person.kind == "staff") & Person.left_at.is_(None) & Person.firm_id.is_(None)
