"""What all imports share: their report, what they would change, and the problems a row can have.

Good rows are kept, bad rows come back with row, column and reason: whoever sends 2,000 customers must not
start again because of three. The same decisions are made with `dry_run`, and nothing is written; a report's
fingerprint then tells whether applying the file does exactly what was shown.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from server.scope import EVERYTHING, Scope
from server.tables import Table, TableProblem

# code -> names of its parameters; the catalogue has a sentence for each, and a test compares the two.
CODES: dict[str, tuple[str, ...]] = {
    "import_duplicate": ("value", "first_row"),
    "import_unknown_level": ("value",),
    "import_unknown_parent": ("value",),
    "import_parent_cycle": ("value",),
    "import_code_characters": ("value",),
    "import_coordinate": ("value",),
    "import_unknown_datum": ("value",),
    "import_unknown_timezone": ("value",),
    "import_unknown_unit": ("value",),
    "import_outside_scope": ("value",),
    "import_phone": ("value",),
    "import_date": ("value",),
    "import_yes_no": ("value",),
    "import_unknown_language": ("value",),
    "import_text": ("value",),
    "import_number": ("value",),
    "import_opening_hours": ("value",),
    "import_tags": ("value",),
    "import_unit_state": ("value",),
    "import_unknown_successor": ("value",),
    "import_day_future": ("value",),
    "import_too_deep": ("limit",),
    "import_parent_closed": ("value",),
    "import_open_below": ("value", "count"),
    "import_before_last_change": ("value", "day"),
    "import_unknown_subject_kind": ("value",),
    "import_code_taken": ("value",),
    "import_unknown_channel": ("value",),
    "import_email": ("value",),
    "import_unknown_contact": ("value",),
    "import_moment": ("value",),
    "import_in_future": ("value",),
    "import_minutes": ("value",),
    "import_text_long": ("value",),
    "import_unknown_firm": ("value",),
    "import_unknown_role": ("value",),
    "import_unknown_person_kind": ("value",),
    "import_login": ("value",),
    "import_login_taken": ("value",),
    "import_weekdays": ("value",),
    "import_rows_differ": ("value",),
    "import_role_needs_firm": ("value",),
    "import_role_of_firm": ("value",),
    "import_role_scope": ("value",),
    "import_worker_needs_firm": (),
    "import_firm_and_unit": ("value",),
    "import_certificate_twice": ("value",),
    "import_beyond_own": ("value",),
    "import_role_beyond_own": ("value",),
    "import_subject_stays": ("value",),
    "import_person_left": ("value",),
    "import_ambiguous": ("value", "names"),
    "import_history_empty": (),
    "import_history_open": ("value",),
    "import_no_grades": ("value",),
    "import_no_periods": ("value",),
    "import_no_rank": ("value", "names"),
    "import_not_imported": ("value",),
    "import_not_judged": ("value",),
    "import_other_kind": ("value",),
    "import_period": ("value", "example"),
    "import_points_of_several": ("value",),
    "import_rank": ("value",),
    "import_rank_of_which": ("value", "names"),
    "import_score_of_what": ("value",),
    "import_unknown_grade": ("value", "names"),
    "import_unknown_instrument": ("value", "names"),
    "import_unknown_item": ("value", "suggestion"),
    "import_unknown_measure": ("value", "suggestion"),
    "import_unknown_subject": ("value",),
    "import_which_instrument": ("value", "names"),
}

# What a row does; one that does several things counts as the last of them in this order.
KINDS = ("created", "changed", "moved", "reopened", "leaving", "closed")
# So many changes are kept to be looked at; all are counted, and all are in the fingerprint.
MOST_CHANGES = 1_000

Item = TypeVar("Item")
# Name of a column, what stood there, what will: as people read it, None for an empty one.
FieldChange = tuple[str, str | None, str | None]


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file and who sends it. What lies outside the sender's scope is neither created nor changed."""

    data: bytes
    filename: str
    by: str
    scope: Scope = EVERYTHING

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class Change:
    """What one row does.

    Attributes:
        row: as Excel counts.
        key: what names the thing in the file: a unit's code, a contact's external id.
        kind: one of `KINDS`.
        fields: what differs, in the order of the columns. Of personal data only that it differs: `…`.
        below: how many others move along with this one.
    """

    row: int
    key: str
    kind: str
    fields: tuple[FieldChange, ...] = ()
    below: int = 0


class ChangeLog:
    """Takes in changes one by one, however many: counts and fingerprints all, keeps the first."""

    def __init__(self, most: int = MOST_CHANGES) -> None:
        self.kinds: Counter[str] = Counter()
        self._most = most
        self._kept: list[Change] = []
        self._hash = hashlib.sha256()

    def add(self, change: Change) -> None:
        self.kinds[change.kind] += 1
        self._hash.update(_canonical(change.row, change.key, change.kind, change.fields, change.below))
        if len(self._kept) < self._most:
            self._kept.append(change)

    @property
    def kept(self) -> tuple[Change, ...]:
        return tuple(self._kept)

    @property
    def created(self) -> int:
        return self.kinds["created"]

    @property
    def updated(self) -> int:
        return self.kinds.total() - self.created

    def fingerprint(self, problems: Iterable[TableProblem] = ()) -> str:
        """SHA-256 over every change and every row that is left out."""
        whole = self._hash.copy()
        for each in problems:
            whole.update(_canonical(each.row, each.column, each.code))
        return whole.hexdigest()


def _canonical(*values: object) -> bytes:
    return json.dumps(values).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Counts of rows, what they change, and everything that is wrong with the others, in the file's order.

    Attributes:
        updated: every row that changes something known: changed, moved, reopened and closed.
        headers: what the file calls each column.
        changes: the first `MOST_CHANGES`.
        kinds: how many changes there are of each kind, all of them counted.
        dry_run: nothing was written.
        fingerprint: of all changes and problems; the same again means that nothing else happens.
    """

    created: int
    updated: int
    unchanged: int
    encoding: str
    ignored_columns: tuple[str, ...]
    problems: tuple[TableProblem, ...]
    headers: Mapping[str, str] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    kinds: Mapping[str, int] = field(default_factory=dict)
    dry_run: bool = False
    fingerprint: str = ""

    @property
    def rejected(self) -> int:
        return len({problem.row for problem in self.problems if problem.row is not None})


def report_of(
    log: ChangeLog, table: Table, problems: Sequence[TableProblem], *, unchanged: int, dry_run: bool
) -> ImportReport:
    """The report of a file that was passed over.

    Args:
        problems: in the file's order.
    """
    return ImportReport(
        created=log.created,
        updated=log.updated,
        unchanged=unchanged,
        encoding=table.encoding,
        ignored_columns=table.ignored,
        problems=tuple(problems),
        headers=table.headers,
        changes=log.kept,
        kinds=dict(log.kinds),
        dry_run=dry_run,
        fingerprint=log.fingerprint(problems),
    )


def field_changes(
    before: Mapping[str, object], after: Mapping[str, object], names: Iterable[str]
) -> tuple[FieldChange, ...]:
    """What differs between two rows, of the columns named."""
    return tuple(
        (name, _shown(before.get(name)), _shown(after.get(name)))
        for name in names
        if before.get(name) != after.get(name)
    )


def _shown(value: object) -> str | None:
    return None if value is None or value == "" else str(value)


def in_file_order(problems: Sequence[TableProblem]) -> tuple[TableProblem, ...]:
    return tuple(sorted(problems, key=lambda problem: (problem.row or 0, problem.column or "")))


def chunks(items: Sequence[Item], size: int) -> list[Sequence[Item]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
