"""What both imports share: their report, and the problems a row can have.

Good rows are kept, bad rows come back with row, column and reason: whoever sends 2,000 customers must not
start again because of three.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from server.scope import EVERYTHING, Scope
from server.tables import TableProblem

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
}

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file and who sends it. What lies outside the sender's scope is neither created nor changed."""

    data: bytes
    filename: str
    by: str
    scope: Scope = EVERYTHING


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Counts of rows, and everything that is wrong with the others, in the order of the file.

    `headers` has what the file calls each column.
    """

    created: int
    updated: int
    unchanged: int
    encoding: str
    ignored_columns: tuple[str, ...]
    problems: tuple[TableProblem, ...]
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def rejected(self) -> int:
        return len({problem.row for problem in self.problems if problem.row is not None})


def in_file_order(problems: Sequence[TableProblem]) -> tuple[TableProblem, ...]:
    return tuple(sorted(problems, key=lambda problem: (problem.row or 0, problem.column or "")))


def chunks(items: Sequence[Item], size: int) -> list[Sequence[Item]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
