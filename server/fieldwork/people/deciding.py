"""What a table of people would change: which rows hold, and what each person would be afterwards.

Nothing here reads or writes the database. The rows of one person stand or fall together: half of somebody's
roles is not what was meant.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from server.accounts.authority import FIRM_ROLES, may_give, may_manage
from server.accounts.identity import Holding, Identity
from server.fieldwork.people.columns import (
    CERTIFICATE_COLUMNS,
    FIELDS,
    HOME_COLUMNS,
    LINKED_ROLES,
    ROLE_COLUMNS,
    WHOLE,
)
from server.tables import Row, TableProblem


@dataclass(frozen=True, slots=True, order=True)
class Role:
    """A role and the code of the unit below which it is held: `WHOLE` for everything, "" for a firm's."""

    role: str
    scope: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate; `expires_on` is the last day on which it is valid."""

    name: str
    level: str | None = None
    score: Decimal | None = None
    passed_on: date | None = None
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """A person as they stand.

    Attributes:
        values: by field, see `columns.FIELDS`.
        held: every role of the account, also those for one programme, which no table says.
    """

    id: UUID
    account_id: UUID | None
    values: Mapping[str, Any]
    held: tuple[Holding, ...] = ()
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """What all rows of one person say together, by field."""

    row: int
    code: str
    given: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Settled:
    """A person as they were and as they will be."""

    wish: Wish
    before: Known | None
    values: Mapping[str, Any]

    @property
    def changed(self) -> tuple[str, ...]:
        """The fields that differ."""
        was: Mapping[str, Any] = self.before.values if self.before else EMPTY
        return tuple(name for name in FIELDS if was.get(name) != self.values[name])

    @property
    def changes(self) -> bool:
        return self.before is None or bool(self.changed)

    @property
    def kind(self) -> str:
        """One of `importing.KINDS`."""
        if self.before is None:
            return "created"
        return "leaving" if "left_on" in self.changed and self.values["left_on"] else "changed"


@dataclass(frozen=True, slots=True)
class Ground:
    """What a decision stands on besides the rows.

    Attributes:
        paths: of every unit, by code.
        firms: code or name of a firm -> its id and its code.
        logins: each login that is taken -> the code of who has it; "" for people without one.
    """

    who: Identity
    paths: Mapping[str, str]
    firms: Mapping[str, tuple[UUID, str]]
    logins: Mapping[str, str]
    today: date

    def path_of(self, role: Role) -> str | None:
        """The path that a role reaches; None is everything, and what belongs to a firm."""
        return None if role.scope in {"", WHOLE} else self.paths[role.scope]

    def firm_id(self, values: Mapping[str, Any]) -> UUID | None:
        return self.firms[values["firm_code"]][0] if values["firm_code"] else None


EMPTY: Mapping[str, Any] = {
    **dict.fromkeys(FIELDS),
    "kind": "staff",
    "locale": "zh",
    "judged": False,
    **dict.fromkeys(("languages", "territories", "weekdays", "absences", "conflicts", "identified"), ()),
    **dict.fromkeys(("roles", "certificates"), ()),
}
_Fault = tuple[str, str, Mapping[str, str | int]]  # column, code, parameters


def wishes(rows: Iterable[tuple[Row, Mapping[str, Any]]], problems: list[TableProblem]) -> Iterator[Wish]:
    """The rows of each person as one wish, in the order in which people first appear."""
    together: dict[str, list[tuple[Row, Mapping[str, Any]]]] = {}
    for row, values in rows:
        together.setdefault(values["code"], []).append((row, values))
    for code, of_one in together.items():
        faults = list(_disagreements(of_one))
        if faults:
            problems.extend(faults)
        else:
            yield Wish(of_one[0][0].number, code, _given([values for _, values in of_one]))


def decide(
    known: Mapping[str, Known], wished: Iterable[Wish], ground: Ground
) -> tuple[list[Settled], list[TableProblem]]:
    """The people whose rows hold, and what is wrong with the others, all of it at once."""
    settled, problems = [], []
    logins = dict(ground.logins)
    for wish in wished:
        before = known.get(wish.code)
        values, faults = _merged(before, wish, ground)
        if not faults:
            one = Settled(wish, before, values)
            faults = [fault for check in _CHECKS for fault in check(one, ground, logins)]
        if faults:
            problems += [TableProblem(wish.row, *fault) for fault in faults]
        else:
            settled.append(one)
            if values["login"]:
                logins[values["login"]] = wish.code
    return settled, problems


def _disagreements(of_one: Sequence[tuple[Row, Mapping[str, Any]]]) -> Iterator[TableProblem]:
    """Rows of one person that say different things of what there is only one of."""
    first: dict[str, Any] = {}
    for row, values in of_one:
        for column, value in values.items():
            if column in ROLE_COLUMNS or column in CERTIFICATE_COLUMNS or value is None:
                continue
            if first.setdefault(column, value) != value:
                yield TableProblem(row.number, column, "import_rows_differ", {"value": values["code"]})


def _given(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    columns = rows[0].keys() - {"code", *ROLE_COLUMNS, *CERTIFICATE_COLUMNS, *HOME_COLUMNS}
    given = {
        column: next((row[column] for row in rows if row[column] is not None), EMPTY[column])
        for column in columns
    }
    if "role" in rows[0]:
        given["role_rows"] = [(row["role"], row.get("role_scope")) for row in rows if row["role"]]
    if "certificate" in rows[0]:
        given["certificates"] = tuple(
            sorted((_certificate(row) for row in rows if row["certificate"]), key=lambda each: each.name)
        )
    if set(HOME_COLUMNS) <= rows[0].keys():
        parts = [next((row[name] for row in rows if row[name] is not None), None) for name in HOME_COLUMNS]
        given["home"] = (
            None if parts == [None] * 3 else ",".join("" if each is None else str(each) for each in parts)
        )
    return given


def _certificate(row: Mapping[str, Any]) -> Certificate:
    return Certificate(
        row["certificate"],
        row.get("certificate_level"),
        row.get("certificate_score"),
        row.get("passed_on"),
        row.get("expires_on"),
    )


def _merged(before: Known | None, wish: Wish, ground: Ground) -> tuple[dict[str, Any], list[_Fault]]:
    """A person's values with what the rows say of them; faults where that cannot be put together."""
    values = {**(before.values if before else EMPTY), **wish.given}
    role_rows = values.pop("role_rows", None)
    faults: list[_Fault] = []
    firm = values["firm_code"]
    if firm is not None:
        if firm not in ground.firms:
            return values, [("firm_code", "import_unknown_firm", {"value": firm})]
        values["firm_code"] = ground.firms[firm][1]
    if role_rows is not None:
        linked = [LINKED_ROLES[role] for role, _ in role_rows if role in LINKED_ROLES]
        if linked and "kind" not in wish.given:
            values["kind"] = linked[0]
        given = [(role, scope) for role, scope in role_rows if role not in LINKED_ROLES]
        values["roles"], faults = _roles(given, values, ground)
    if before is None and values["firm_code"] and not values["roles"] and "kind" not in wish.given:
        values["kind"] = "field_worker"
    # What is barred once stays barred: a table can only add to it.
    values["identified"] = tuple(
        sorted({*values["identified"], *(before.values["identified"] if before else ())})
    )
    if not values["conflicts"]:
        values["conflict_reason"] = None
    if values["roles"] and not values["login"]:
        values["login"] = wish.code.lower()
    return values, faults


def _roles(
    given: Sequence[tuple[str, str | None]], values: Mapping[str, Any], ground: Ground
) -> tuple[tuple[Role, ...], list[_Fault]]:
    """Roles with where they are held: below the own unit unless something else is said."""
    faults: list[_Fault] = []
    roles = set()
    for role, scope in given:
        where = "" if role in FIRM_ROLES or values["firm_code"] else scope or values["unit_code"]
        if where is None:
            faults.append(("role_scope", "import_role_scope", {"value": role}))
        elif where not in {"", WHOLE} and where not in ground.paths:
            faults.append(("role_scope", "import_unknown_unit", {"value": where}))
        else:
            roles.add(Role(role, where))
    return tuple(sorted(roles)), faults


def _whole(one: Settled, _ground: Ground, _logins: Mapping[str, str]) -> Iterator[_Fault]:
    """Whether it makes a person at all."""
    values = one.values
    if not values["name"]:
        yield "name", "cell_missing", {}
    if values["kind"] == "field_worker" and not values["firm_code"]:
        yield "firm_code", "import_worker_needs_firm", {}
    if values["firm_code"] and values["unit_code"]:
        yield "unit_code", "import_firm_and_unit", {"value": values["unit_code"]}
    for role in values["roles"]:
        if (role.role in FIRM_ROLES) != bool(values["firm_code"]):
            code = "import_role_needs_firm" if role.role in FIRM_ROLES else "import_role_of_firm"
            yield "role", code, {"value": role.role}
    names = [each.name for each in values["certificates"]]
    if len(set(names)) < len(names):
        yield (
            "certificate",
            "import_certificate_twice",
            {"value": next(n for n in names if names.count(n) > 1)},
        )
    home = one.wish.given.get("home")
    if home is not None and ("" in home.split(",") or len(home.split(",")) != len(HOME_COLUMNS)):
        yield "home_longitude", "import_coordinate", {"value": "…"}


def _places(one: Settled, ground: Ground, _logins: Mapping[str, str]) -> Iterator[_Fault]:
    """Units that do not exist, and people outside the reach of who sends them."""
    values = one.values
    unit, reach = values["unit_code"], ground.who.scope
    for column in ("territories", "conflicts", "identified"):
        for code in values[column]:
            if code not in ground.paths:
                yield column, "import_unknown_unit", {"value": code}
    if unit is not None and unit not in ground.paths:
        yield "unit_code", "import_unknown_unit", {"value": unit}
    elif not _within(values, ground):
        yield "unit_code", "import_outside_scope", {"value": unit or one.wish.code}
    if one.before is not None and not _within(one.before.values, ground):
        yield "code", "import_outside_scope", {"value": one.wish.code}
    if reach.firm_ids is not None and ground.firm_id(values) not in reach.firm_ids:
        yield "firm_code", "import_outside_scope", {"value": values["firm_code"] or one.wish.code}


def _within(values: Mapping[str, Any], ground: Ground) -> bool:
    """Whether somebody is the sender's to manage: by their unit, or else by all of their territories."""
    scope = ground.who.scope
    if scope.unit_paths is None:
        return True
    places = (values["unit_code"],) if values["unit_code"] else values["territories"]
    return (
        bool(places)
        and not values["firm_code"]
        and all(scope.reaches(ground.paths.get(code, "")) for code in places)
    )


def _authority(one: Settled, ground: Ground, _logins: Mapping[str, str]) -> Iterator[_Fault]:
    """Nobody hands on more than they hold, and nobody touches who holds more than they do."""
    values = one.values
    if one.before is not None and not may_manage(ground.who, one.before.held):
        yield "code", "import_beyond_own", {"value": one.wish.code}
    was = one.before.values["roles"] if one.before else ()
    for role in values["roles"]:
        if role not in was and not may_give(
            ground.who, role.role, ground.path_of(role), ground.firm_id(values)
        ):
            yield "role", "import_role_beyond_own", {"value": role.role}


def _login(one: Settled, _ground: Ground, logins: Mapping[str, str]) -> Iterator[_Fault]:
    login = one.values["login"]
    if login and logins.get(login, one.wish.code) != one.wish.code:
        yield "login", "import_login_taken", {"value": login}
    if one.before is not None and one.before.values["judged"] and not one.values["judged"]:
        yield "judged", "import_subject_stays", {"value": one.wish.code}


def _gone(one: Settled, ground: Ground, _logins: Mapping[str, str]) -> Iterator[_Fault]:
    """Whoever has left stays so whatever a table says: a feed must not undo what somebody did by hand."""
    left_on = one.values["left_on"]
    if one.before is not None and one.before.gone and one.changes:
        yield "code", "import_person_left", {"value": one.wish.code}
    if one.before is None and left_on is not None and left_on <= ground.today:
        yield "left_on", "import_person_left", {"value": one.wish.code}


_CHECKS: tuple[Callable[[Settled, Ground, Mapping[str, str]], Iterator[_Fault]], ...] = (
    _whole,
    _places,
    _authority,
    _login,
    _gone,
)
