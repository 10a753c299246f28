"""What a table of units would do to the tree: which rows hold, and what each of them changes.

Nothing here reads or writes the database. A row is judged on the tree as it would be with all good rows in
it, so parents may stand below their children in the file, and units may change places. When a row falls, the
others are judged again without it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

from server.fieldwork.organisation.columns import DEFAULT_TIMEZONE, FIELDS, NEEDED
from server.scope import Scope
from server.tables import TableProblem

# A path is indexed; PostgreSQL refuses an index entry beyond 2,704 bytes.
LONGEST_PATH = 2_000


@dataclass(frozen=True, slots=True)
class Known:
    """A unit as it stands.

    Attributes:
        values: by column, see `columns`.
        others: attributes that no column names.
        since: the first day of its newest version.
    """

    id: UUID
    path: str
    values: Mapping[str, Any]
    others: Mapping[str, Any]
    since: date


@dataclass(frozen=True, slots=True)
class Wish:
    """A readable row: the values of the columns it has, but the code."""

    row: int
    code: str
    given: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Settled:
    """A row that holds: the unit as it was and as it will be.

    Attributes:
        below: how many known units move along with it.
    """

    wish: Wish
    before: Known | None
    values: Mapping[str, Any]
    path: str
    below: int = 0

    @property
    def changes(self) -> bool:
        return self.before is None or any(
            self.before.values.get(name) != self.values.get(name) for name in FIELDS
        )

    @property
    def moves(self) -> bool:
        return self.before is not None and self.before.values["parent_code"] != self.values["parent_code"]

    @property
    def kind(self) -> str:
        """One of `importing.KINDS`; what weighs most where a row does several things."""
        if self.before is None:
            return "created"
        was, is_ = self.before.values["closed_on"], self.values["closed_on"]
        if (was is None) != (is_ is None):
            return "closed" if was is None else "reopened"
        return "moved" if self.moves else "changed"


@dataclass(slots=True)
class _Tree:
    """The tree with every wish in it that still stands. A wish that falls leaves its unit as it is known."""

    known: Mapping[str, Known]
    wishes: dict[str, Wish]
    day: date
    paths: dict[str, str] = field(default_factory=dict)

    def values(self, code: str) -> Mapping[str, Any]:
        return merged(self.known.get(code), self.wishes.get(code), self.day)

    def parent(self, code: str) -> str | None:
        wish = self.wishes.get(code)
        if wish is not None and "parent_code" in wish.given:
            return _text_or_none(wish.given["parent_code"])
        return self.known[code].values["parent_code"] if code in self.known else None

    def exists(self, code: str) -> bool:
        return code in self.wishes or code in self.known

    def replants(self, code: str) -> bool:
        """Whether a row gives this unit a place, or another one."""
        if code not in self.wishes:
            return False
        return code not in self.known or self.parent(code) != self.known[code].values["parent_code"]

    def closes(self, code: str) -> bool:
        """Whether a row closes this unit."""
        was_open = code not in self.known or self.known[code].values["closed_on"] is None
        return code in self.wishes and was_open and self.values(code)["closed_on"] is not None


Fallen = dict[str, tuple[str, str, Mapping[str, str | int]]]  # code of the unit -> column, code, params


def decide(
    known: Mapping[str, Known], wishes: list[Wish], scope: Scope, *, day: date, today: date
) -> tuple[list[Settled], list[TableProblem]]:
    """The rows that hold, parents before children, and what is wrong with the others.

    Args:
        day: from which the changes hold; a closing has its own.
        today: nothing can be closed later than this.
    """
    tree = _Tree(known, {wish.code: wish for wish in wishes}, day)
    problems: list[TableProblem] = []
    checks = (_incomplete, _misplaced, _elsewhere, _half_closed, _too_early)
    while fallen := next((found for check in checks if (found := check(tree, scope, day, today))), {}):
        for code, (column, problem, params) in fallen.items():
            wish = tree.wishes.pop(code)
            problems.append(TableProblem(wish.row, column, problem, params))
    return list(_settled(tree)), problems


def merged(before: Known | None, wish: Wish | None, day: date) -> Mapping[str, Any]:
    """A unit's values with what a row says of them; `state` alone closes on `day`."""
    old: Mapping[str, Any] = before.values if before else dict.fromkeys(FIELDS)
    if wish is None:
        return old
    new = {**old} | {name: value for name, value in wish.given.items() if name != "state"}
    is_open = wish.given.get("state")
    if is_open is True:
        new["closed_on"] = None
    elif is_open is False:
        new["closed_on"] = new["closed_on"] or old["closed_on"] or day
    if new["closed_on"] is None:
        new |= {"closed_reason": None, "successor_code": None}
    if new["longitude"] is None:
        new["datum"] = None
    new["timezone"] = new["timezone"] or DEFAULT_TIMEZONE
    return new


def _text_or_none(value: Any) -> str | None:
    return value or None


def _incomplete(tree: _Tree, _scope: Scope, _day: date, today: date) -> Fallen:
    """Rows that do not make a whole unit."""
    fallen: Fallen = {}
    for code, wish in tree.wishes.items():
        values = tree.values(code)
        missing = next((name for name in NEEDED if not values[name]), None)
        if missing is not None:
            fallen[code] = (missing, "cell_missing", {})
        elif (values["longitude"] is None) != (values["latitude"] is None):
            fallen[code] = (
                "longitude",
                "import_coordinate",
                {"value": str(wish.given.get("longitude") or "")},
            )
        elif values["longitude"] is not None and values["datum"] is None:
            fallen[code] = ("datum", "import_unknown_datum", {"value": ""})
        elif values["closed_on"] is not None and values["closed_on"] > today:
            fallen[code] = ("closed_on", "import_day_future", {"value": str(values["closed_on"])})
    return fallen


def _misplaced(tree: _Tree, _scope: Scope, _day: date, _today: date) -> Fallen:
    """Rows below a unit that does not exist, or below themselves. Fills in all paths when there are none."""
    places = _Places(tree)
    for code in (*tree.wishes, *tree.known):
        places.find(code)
    tree.paths = places.paths
    return places.fallen


class _Places:
    """Walks from each unit up to the nearest one whose place is known, and back down."""

    def __init__(self, tree: _Tree) -> None:
        self.paths: dict[str, str] = {}
        self.fallen: Fallen = {}
        self._tree = tree
        self._nowhere: set[str] = set()

    def find(self, code: str) -> None:
        chain: list[str] = []
        on_the_way: set[str] = set()
        at: str | None = code
        while at is not None and at not in self.paths and at not in self._nowhere:
            if at in on_the_way:
                self._circle(chain[chain.index(at) :])
                break
            if not self._tree.exists(at):
                self._missing(chain[-1], at)
                break
            chain.append(at)
            on_the_way.add(at)
            at = self._tree.parent(at)
        for each in reversed(chain):
            self._place(each)

    def _place(self, code: str) -> None:
        above = self._tree.parent(code)
        if code in self.fallen or (above is not None and above not in self.paths):
            self._nowhere.add(code)
            if above in self.fallen and code in self._tree.wishes and above not in self._tree.known:
                self._missing(code, str(above))
            return
        path = f"{self.paths[above] if above is not None else ''}{code}/"
        planted = self._planted(code) if len(path.encode()) > LONGEST_PATH else None
        if planted is None:
            self.paths[code] = path
        else:
            self._fall(planted, "import_too_deep", {"limit": LONGEST_PATH})
            self._nowhere.add(code)

    def _planted(self, code: str) -> str | None:
        """The nearest unit at or above this one that a row brought where it is."""
        at: str | None = code
        while at is not None and not self._tree.replants(at):
            at = self._tree.parent(at)
        return at

    def _missing(self, code: str, parent: str) -> None:
        self._fall(code, "import_unknown_parent", {"value": parent})

    def _circle(self, codes: list[str]) -> None:
        for code in codes:
            self._fall(code, "import_parent_cycle", {"value": self._tree.parent(code) or ""})

    def _fall(self, code: str, problem: str, params: Mapping[str, str | int]) -> None:
        if code in self._tree.wishes:
            self.fallen.setdefault(code, ("parent_code", problem, params))


def _elsewhere(tree: _Tree, scope: Scope, _day: date, _today: date) -> Fallen:
    """Rows outside the sender's part: nobody moves units in from elsewhere, or out."""
    return {
        code: ("code", "import_outside_scope", {"value": code})
        for code in tree.wishes
        if not scope.reaches(tree.paths[code])
        or (code in tree.known and not scope.reaches(tree.known[code].path))
    }


def _half_closed(tree: _Tree, _scope: Scope, _day: date, _today: date) -> Fallen:
    """Units that would be open below a closed one, and successors that are none."""
    fallen: Fallen = {}
    closed = {code for code in tree.paths if tree.values(code)["closed_on"] is not None}
    still_open: Counter[str] = Counter()
    for code in tree.paths.keys() - closed:
        above = tree.parent(code)
        if above is None or above not in closed:
            continue
        if tree.closes(above):
            still_open[above] += 1
        elif code in tree.wishes:
            fallen[code] = ("parent_code", "import_parent_closed", {"value": above})
    for code, count in still_open.items():
        fallen[code] = ("closed_on", "import_open_below", {"value": code, "count": count})
    for code in tree.wishes:
        successor = tree.values(code)["successor_code"]
        if successor is not None and (successor == code or not tree.exists(successor)):
            fallen[code] = ("successor_code", "import_unknown_successor", {"value": successor})
    return fallen


def _too_early(tree: _Tree, _scope: Scope, day: date, today: date) -> Fallen:
    """Rows that would change what a later change already built upon."""
    if day >= today:
        return {}
    fallen: Fallen = {}
    moved_by = _moved_by(tree)
    for code, unit in tree.known.items():
        if unit.since > day:
            wish = tree.wishes.get(moved_by.get(code, code))
            if wish is not None and _touches(tree, wish.code, code):
                fallen[wish.code] = _early(code, unit)
    for code in filter(tree.replants, tree.wishes):
        parent = tree.known.get(tree.parent(code) or "")
        if parent is not None and parent.since > day:
            fallen[code] = _early(tree.parent(code) or "", parent)
    return fallen


def _early(code: str, unit: Known) -> tuple[str, str, Mapping[str, str | int]]:
    return "code", "import_before_last_change", {"value": code, "day": str(unit.since)}


def _touches(tree: _Tree, wished: str, code: str) -> bool:
    """Whether the row of one unit changes the other, which is itself or stands below it."""
    return wished != code or any(tree.known[code].values[name] != tree.values(code)[name] for name in FIELDS)


def _moved_by(tree: _Tree) -> dict[str, str]:
    """Each known unit that gets another path -> the nearest row at or above it that moves."""
    found: dict[str, str] = {}
    for code in sorted(tree.known, key=lambda each: len(tree.paths[each])):
        if tree.paths[code] == tree.known[code].path:
            continue
        parent = tree.parent(code)
        found[code] = code if tree.replants(code) or parent is None else found.get(parent, code)
    return found


def _settled(tree: _Tree) -> Iterator[Settled]:
    below: defaultdict[str, int] = defaultdict(int)
    for code, mover in _moved_by(tree).items():
        below[mover] += code != mover
    for code in sorted(tree.wishes, key=lambda each: tree.paths[each].count("/")):
        settled = Settled(tree.wishes[code], tree.known.get(code), tree.values(code), tree.paths[code])
        yield replace(settled, below=below[code]) if below[code] else settled
