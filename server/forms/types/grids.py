"""Rows by columns: `matrix`, one choice in each row."""

from server.forms.elements import Element
from server.forms.problems import Fault, Refused, Report, pointer_to, refusal
from server.forms.properties import Property
from server.forms.types.behaviour import (
    Behaviour,
    Check,
    Choices,
    Complete,
    Control,
    Decode,
    Fields,
    QuestionType,
    decode_single,
)
from server.forms.types.selections import picked

# A page draws a button for each; an answer may fill them all.
MAX_CELLS = 10_000
MAX_CELLS_OF_FORM = 20_000


def charge_cells(element: Element, report: Report, cells: int, drawn: int) -> None:
    """Report a grid that is too large, and the one with which the form has too many.

    `cells` are the places for an answer, `drawn` the choices that a page draws in all of them.
    """
    if drawn > MAX_CELLS:
        report.error(element.pointer, "grid_too_large", limit=MAX_CELLS)
    report.charge(element.pointer, "form_too_many_cells", cells, MAX_CELLS_OF_FORM)


def _build(element: Element, report: Report) -> Behaviour:
    rows, columns = Choices(element.choices("rows")), Choices(element.choices("columns"))
    buttons = len(rows.rows) * len(columns.rows)
    charge_cells(element, report, buttons, buttons)
    every = element.get("eachRowRequired", bool, default=False)

    def display(value: object, locale: str) -> str:
        if not isinstance(value, dict):
            return ""
        return "; ".join(
            f"{rows.label(rows.by_text.get(row, row), locale)}: {columns.label(column, locale)}"
            for row, column in value.items()
        )

    return Behaviour(
        Control("matrix", rows=rows.rows, columns=columns.rows),
        _check(rows, columns),
        _decode(rows, columns),
        display,
        complete=_complete(rows) if every else None,
    )


def _check(rows: Choices, columns: Choices) -> Check:
    """`{row: column}` in the order of the form's rows, with the faults of all rows at once."""
    one = picked(columns)

    def check(raw: object) -> object:
        if not isinstance(raw, dict):
            raise refusal("answer_type", expected="rows")
        faults = [
            Fault("row_unknown", {"row": str(row)[:40]}, pointer_to(str(row)[:40]))
            for row in raw
            if row not in rows.by_text
        ]
        values: dict[str, object] = {}
        for row in rows.by_text:
            if raw.get(row) in (None, ""):
                continue
            try:
                values[row] = one(raw[row])
            except Refused as refused:
                faults += [Fault(fault.code, fault.params, pointer_to(row)) for fault in refused.faults]
        if faults:
            raise Refused(*faults)
        return values or None

    return check


def _complete(rows: Choices) -> Complete:
    def complete(value: object) -> tuple[Fault, ...]:
        answered = value if isinstance(value, dict) else {}
        return tuple(
            Fault("row_required", {"row": row}, pointer_to(row))
            for row in rows.by_text
            if row not in answered
        )

    return complete


def field_of(name: str, row: str) -> str:
    """The form field of one row."""
    return f"{name}[{row}]"


def _decode(rows: Choices, columns: Choices) -> Decode:
    def decode(fields: Fields, name: str) -> object:
        values = {row: decode_single(fields, field_of(name, row)) for row in rows.by_text}
        return {
            row: columns.by_text.get(raw, raw) for row, raw in values.items() if isinstance(raw, str)
        } or None

    return decode


MATRIX = QuestionType(
    "matrix",
    (
        Property("rows", "choices", required=True),
        Property("columns", "choices", required=True),
        Property("eachRowRequired", "flag"),
    ),
    _build,
)
