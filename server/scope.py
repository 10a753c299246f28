"""What a person may see: a subtree of units, programmes, a firm. The one module that applies it.

Every read for people goes through `Scope.units`, `.waves` or `.submissions`; a structural test finds a
query in a page or the API that does not. Foreign rows are absent, never forbidden, so ids tell nothing.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, false, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, aliased

from server.db import AnySelect
from server.models.accounts import Person
from server.models.organisation import Subject, Unit, UnitVersion
from server.models.people import PersonTerritory
from server.models.submissions import Submission
from server.models.waves import Wave

Query = TypeVar("Query", bound=AnySelect)


@dataclass(frozen=True, slots=True)
class Scope:
    """None means no limit of that kind; an empty tuple means nothing at all.

    Attributes:
        unit_paths: paths of the units whose subtrees are visible.
        firm_ids: firms whose waves and submissions are visible.
    """

    unit_paths: tuple[str, ...] | None = None
    firm_ids: tuple[UUID, ...] | None = None

    @property
    def whole(self) -> bool:
        """Whether everything is visible."""
        return self.unit_paths is None and self.firm_ids is None

    def reaches(self, path: str) -> bool:
        """Whether the unit of this path is visible; "" stands for the whole organisation."""
        return self.unit_paths is None or any(path.startswith(each) for each in self.unit_paths)

    def units(self, query: Query) -> Query:
        """Limit a query that selects from or joins `Unit`."""
        return query.where(self._unit())

    def subjects(self, query: Query) -> Query:
        """Limit a query that selects from or joins `Subject` to units in the subtree."""
        if self.unit_paths is None:
            return query
        return query.where(Subject.unit_id.in_(select(Unit.id).where(self._unit())))

    def waves(self, query: Query) -> Query:
        """Limit a query on `Wave`: waves of my firms, and waves that reach into my subtree or above it."""
        if self.firm_ids is not None:
            query = query.where(Wave.firm_id.in_(self.firm_ids))
        if self.unit_paths is None:
            return query
        # An alias and an explicit correlation: the query itself may join `Unit` for its name.
        place = aliased(Unit)
        wave_unit = select(place.path).where(place.id == Wave.unit_id).correlate(Wave).scalar_subquery()
        reached: list[ColumnElement[bool]] = [Wave.unit_id.is_(None) if self.unit_paths else false()]
        for path in self.unit_paths:
            reached.append(wave_unit.startswith(path, autoescape=True))
            reached.append(wave_unit.in_(ancestors(path)))
        return query.where(or_(*reached))

    def people(self, query: Query) -> Query:
        """Limit a query on `Person`: who belongs below my units, or only goes there; those of my firms.

        Who belongs to no unit, such as a shopper of the pool, is seen from the top of the organisation.
        """
        if self.firm_ids is not None:
            query = query.where(Person.firm_id.in_(self.firm_ids))
        if self.unit_paths is None:
            return query
        mine = select(Unit.id).where(self._unit())
        going = select(PersonTerritory.person_id).where(PersonTerritory.unit_id.in_(mine))
        roaming = and_(Person.unit_id.is_(None), Person.firm_id.is_(None), Person.id.in_(going))
        if any(path.count("/") == 1 for path in self.unit_paths):
            roaming = Person.unit_id.is_(None)
        return query.where(or_(Person.unit_id.in_(mine), roaming))

    def submissions(self, query: Query) -> Query:
        """Limit a query on `Submission`."""
        if self.firm_ids is not None:
            query = query.where(Submission.firm_id.in_(self.firm_ids))
        if self.unit_paths is None:
            return query
        visible = select(Subject.id).join(Unit, Unit.id == Subject.unit_id).where(self._unit())
        return query.where(Submission.subject_id.in_(visible))

    def on(self, connection: Connection, day: date) -> "Scope":
        """The same units' subtrees by the paths that they had on `day`, for `versions`."""
        if self.unit_paths is None:
            return self
        then = (
            select(UnitVersion.path)
            .join(Unit, Unit.id == UnitVersion.unit_id)
            .where(Unit.path.in_(self.unit_paths), UnitVersion.valid_from <= day)
            .where(or_(UnitVersion.valid_to.is_(None), UnitVersion.valid_to > day))
        )
        return replace(self, unit_paths=tuple(connection.scalars(then)))

    def versions(self, query: Query) -> Query:
        """Limit a query on `UnitVersion`; take the scope `on` the day it asks for."""
        return query if self.unit_paths is None else query.where(self._below(UnitVersion.path))

    def _unit(self) -> ColumnElement[bool]:
        if self.unit_paths is None:
            return true()
        return self._below(Unit.path)

    def _below(self, column: InstrumentedAttribute[str]) -> ColumnElement[bool]:
        paths = self.unit_paths or ()
        return or_(false(), *(column.startswith(path, autoescape=True) for path in paths))


EVERYTHING = Scope()


def ancestors(path: str) -> list[str]:
    """The paths above and including a unit: `C/D/` -> [`C/`, `C/D/`]."""
    codes = path.removesuffix("/").split("/")
    return ["/".join(codes[: end + 1]) + "/" for end in range(len(codes))]
