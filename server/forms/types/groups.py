"""Questions that hold questions: `paneldynamic`, `matrixdropdown`, `multipletext`.

Here are their shapes. What is inside is compiled like any question (questions.py) and walked with a scope
of its own (walking.py).
"""

from collections.abc import Iterable

from server.forms.elements import Element
from server.forms.problems import Fault, Refused, Report, pointer_to, refusal
from server.forms.properties import Property
from server.forms.types.behaviour import (
    Behaviour,
    Check,
    Choices,
    Control,
    Parts,
    QuestionType,
    decode_nothing,
    display_plain,
)
from server.forms.types.grids import charge_cells

MAX_PANELS = 100
_SHOWN = 40
_CELLS = ("dropdown", "radiogroup", "checkbox", "text", "comment", "boolean", "rating", "expression")


def count_field(name: str) -> str:
    """The hidden field that says how many panels a list shows."""
    return f"{name}-count"


def _panels_check(most: int) -> Check:
    def check(raw: object) -> object:
        if not isinstance(raw, list):
            raise refusal("answer_type", expected="list")
        if len(raw) > most:
            raise refusal("panel_count_max", limit=most)
        _objects_only((pointer_to(index), item) for index, item in enumerate(raw))
        return raw

    return check


def _rows_check(rows: Choices) -> Check:
    def check(raw: object) -> object:
        if not isinstance(raw, dict):
            raise refusal("answer_type", expected="rows")
        strangers = [str(row)[:_SHOWN] for row in raw if row not in rows.by_text]
        if strangers:
            raise Refused(*(Fault("row_unknown", {"row": row}, pointer_to(row)) for row in strangers[:20]))
        _objects_only((pointer_to(row), item) for row, item in raw.items())
        return raw

    return check


def _object_check(raw: object) -> object:
    if not isinstance(raw, dict):
        raise refusal("answer_type", expected="object")
    return raw


def _objects_only(items: Iterable[tuple[str, object]]) -> None:
    """Every panel and row is an object, or null where it is blank."""
    wrong = [pointer for pointer, item in items if item is not None and not isinstance(item, dict)]
    if wrong:
        raise Refused(*(Fault("answer_type", {"expected": "object"}, pointer) for pointer in wrong[:20]))


def _build_panels(element: Element, report: Report) -> Behaviour:
    most = element.get("maxPanelCount", int, MAX_PANELS)
    charge_cells(element, report, most * len(element.children), 0)
    return Behaviour(Control("paneldynamic"), _panels_check(most), decode_nothing, display_plain)


def _build_rows(element: Element, report: Report) -> Behaviour:
    rows = Choices(element.choices("rows"))
    _check_size(element, report)
    control = Control("matrixdropdown", rows=rows.rows)
    return Behaviour(control, _rows_check(rows), decode_nothing, display_plain)


def _check_size(element: Element, report: Report) -> None:
    """Every row draws the choices of every column."""
    rows, shared = len(element.choices("rows")), len(element.choices("choices"))
    drawn = sum(len(column.choices("choices")) or shared or 1 for column in element.children)
    charge_cells(element, report, rows * len(element.children), rows * drawn)


def _build_items(_element: Element, _report: Report) -> Behaviour:
    return Behaviour(Control("multipletext"), _object_check, decode_nothing, display_plain)


PANELDYNAMIC = QuestionType(
    "paneldynamic",
    (
        Property("templateElements", "list", required=True),
        Property("templateTitle", "text"),
        Property("panelCount", "whole", most=MAX_PANELS),
        Property("minPanelCount", "whole", most=MAX_PANELS),
        Property("maxPanelCount", "whole", least=1, most=MAX_PANELS),
        Property("keyName", "string"),
        Property("panelAddText", "text"),
        Property("panelRemoveText", "text"),
    ),
    _build_panels,
    Parts("templateElements", "panel", "list"),
)
MATRIXDROPDOWN = QuestionType(
    "matrixdropdown",
    (
        Property("rows", "choices", required=True),
        Property("columns", "list", required=True),
        Property("choices", "choices"),
        Property("cellType", "word", allowed=_CELLS),
    ),
    _build_rows,
    Parts("columns", "row", "rows", kind_property="cellType"),
)
MULTIPLETEXT = QuestionType(
    "multipletext",
    (Property("items", "list", required=True),),
    _build_items,
    Parts("items", "", "one", kind_property="", kind="text"),
)
