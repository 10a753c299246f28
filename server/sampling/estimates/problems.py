"""What can be wrong with a sampling design and with the data it is laid over; sentences live at the edge."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import NamedTuple, NoReturn

from server.forms.problems import Problem, Report
from server.tables import TableProblem

# code -> names of its parameters; the catalogue has a sentence for each, and a test compares the two.
CODES: dict[str, tuple[str, ...]] = {
    "design_asks_nothing": (),
    "design_two_of": ("options",),
    "design_one_of": ("options",),
    "design_not_for_kind": ("property", "kind"),
    "design_name_twice": ("name",),
    "design_not_positive": (),
    "design_margins_differ": ("sum", "expected"),
    "design_same_wave": ("wave",),
    "data_without_rows": (),
    "data_not_csv": (),
    "data_not_number": ("text",),
    "data_not_positive": ("text",),
    "data_out_of_range": ("text", "least", "most"),
    "data_state_unknown": ("state", "known"),
    "data_too_many_rows": ("limit",),
    "stratum_absent": ("stratum",),
    "stratum_population_missing": ("stratum",),
    "stratum_population_differs": ("stratum",),
    "stratum_population_small": ("stratum", "population", "units"),
    "stratum_single_unit": ("stratum",),
    "cluster_in_two_strata": ("cluster", "strata"),
    "margin_value_unknown": ("value",),
    "margin_value_absent": ("value",),
    "raking_unsettled": ("rounds", "difference"),
    "trimming_unsettled": ("rounds", "low", "high"),
    "wave_without_values": ("wave", "name"),
}
# Of a column with the same slip in every row, so many are told.
MOST_ALIKE = 20


class DesignInvalid(ValueError):
    """A design that cannot be used, with everything that is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(", ".join(f"{each.code} at {each.pointer or '/'}" for each in problems[:5]))
        self.problems = tuple(problems)


class DataInvalid(ValueError):
    """Data that the design cannot be laid over; rows count as in a spreadsheet, the header is 1."""

    def __init__(self, problems: Sequence[TableProblem]) -> None:
        super().__init__(", ".join(f"{each.code} in row {each.row}" for each in problems[:5]))
        self.problems = tuple(problems)


class DesignReport(Report):
    """Problems of a design; its properties are not those of forms, so no hints about forms are given."""

    def unknown_property(self, pointer: str, name: str, known: Collection[str]) -> None:
        """Report it with the nearest known name."""
        near = self.suggest(name, known)
        self.error(pointer, "property_unknown", property=name[:64], suggestion=near)


class Place(NamedTuple):
    """Where in a file: its row, the header being 1, and the name of a column."""

    row: int | None = None
    column: str | None = None


NOWHERE = Place()


class Complaints:
    """Problems of data, of each kind the first few."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str | None, str]] = Counter()
        self._problems: list[TableProblem] = []

    def add(self, code: str, place: Place = NOWHERE, /, **params: str | int) -> None:
        """Record one problem."""
        self._counts[place.column, code] += 1
        if self._counts[place.column, code] <= MOST_ALIKE:
            self._problems.append(TableProblem(place.row, place.column, code, params))

    @property
    def problems(self) -> tuple[TableProblem, ...]:
        """In the order of the rows, what concerns no row last."""
        return tuple(sorted(self._problems, key=lambda each: (each.row is None, each.row or 0)))

    def settle(self) -> None:
        """Go no further with data that are wrong.

        Raises:
            DataInvalid: when anything was recorded.
        """
        if self._problems:
            self.stop()

    def stop(self) -> NoReturn:
        """Go no further.

        Raises:
            DataInvalid: always.
        """
        raise DataInvalid(self.problems)
