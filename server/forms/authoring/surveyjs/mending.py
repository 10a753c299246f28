"""What linting still finds wrong with an imported definition is rewritten where that is safe, else left out.

Expressions of SurveyJS may use what ours refuse, titles may pipe what no question is. After each round the
form is linted again, since what is left out may be what something else referred to.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from server.forms.authoring.surveyjs.objects import Json, Notebook
from server.forms.compiling.definition import lint
from server.forms.problems import Problem
from server.wire import pointer_part, shortened

MAX_ROUNDS = 12
# Without these an object is nothing; it is left out as a whole.
_NEEDED = frozenset((
    "choices", "columns", "elements", "expression", "gotoName", "html", "imageLink", "items", "name", "pages",
    "regex", "rows", "setToName", "setValue", "templateElements", "title", "type", "value",
))  # fmt: skip
# Names that SurveyJS itself knows and we do not; they are no values known before the start.
_OWN_NAMES = frozenset((
    "correctanswers", "item", "locale", "nextpanel", "no", "pagecount", "pageno", "panel", "panelindex",
    "parentpanel", "prevpanel", "require", "row", "rowindex", "rowname", "rowtitle", "rowvalue", "self",
    "survey", "title", "totalrow", "visibleindex", "visiblepanelindex", "visiblerowindex",
))  # fmt: skip
_PLAIN = re.compile(r"[^\W\d_][\w-]{0,62}")


@dataclass(frozen=True, slots=True)
class _Spot:
    """A problem with the objects on the way to it: (container, key) from the definition down."""

    problem: Problem
    way: tuple[tuple[Any, Any], ...]

    @property
    def text(self) -> str:
        """The text or expression at the pointer, "" when there is none."""
        value = _get(*self.way[-1]) if self.way else None
        return value if isinstance(value, str) else ""

    def put(self, value: str) -> None:
        """Write another text in its place."""
        container, key = self.way[-1]
        container[key] = value


def mend(book: Notebook, definition: Json) -> None:
    """Make the definition lint without errors as far as leaving out can do that, in place."""
    for _ in range(MAX_ROUNDS):
        problems = [problem for problem in lint(definition) if problem.severity == "error"]
        spots = [_Spot(problem, _way(definition, problem.pointer)) for problem in problems]
        mended = [_mend_one(book, definition, spot) for spot in spots]
        _sweep(definition)
        if not any(mended):
            return


def _mend_one(book: Notebook, definition: Json, spot: _Spot) -> bool:
    rewrite = _REWRITES.get(spot.problem.code)
    return (rewrite is not None and rewrite(book, definition, spot)) or _leave_out(book, spot)


def _sweep(value: Any) -> None:
    """Close the gaps that `_leave_out` made in lists."""
    if isinstance(value, list):
        value[:] = [item for item in value if item is not None]
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _sweep(item)


def _way(definition: Json, pointer: str) -> tuple[tuple[Any, Any], ...]:
    way: list[tuple[Any, Any]] = []
    here: Any = definition
    for raw in pointer.split("/")[1:]:
        part = raw.replace("~1", "/").replace("~0", "~")
        key: Any = int(part) if isinstance(here, list) and part.isdigit() else part
        way.append((here, key))
        here = _get(here, key)
    return tuple(way)


def _get(container: Any, key: Any) -> Any:
    if isinstance(container, dict):
        return container.get(key)
    return (
        container[key]
        if isinstance(container, list) and isinstance(key, int) and key < len(container)
        else None
    )


def _place(book: Notebook, spot: _Spot) -> str:
    """Where in the source the problem comes from: the nearest object that was there, and the way on."""
    for index in range(len(spot.way) - 1, -1, -1):
        container, key = spot.way[index]
        target = _get(container, key)
        if isinstance(target, dict) and book.origin(target):
            rest = spot.way[index + 1 :]
            return book.origin(target) + "".join(f"/{pointer_part(str(part))}" for _, part in rest)
    return spot.problem.pointer


def _leave_out(book: Notebook, spot: _Spot) -> bool:
    """Take out the smallest thing that can be missing; False when nothing is left to take."""
    for container, key in reversed(spot.way):
        removable = isinstance(container, dict) and key in container and key not in _NEEDED
        if removable or (isinstance(container, list) and _get(container, key) is not None):
            book.unsupported(_place(book, spot), spot.problem.code, **spot.problem.params)
            if isinstance(container, dict):
                del container[key]
            else:
                # Other problems of this round still count on the places in the list.
                container[key] = None
            return True
    return False


def _rewritten(book: Notebook, spot: _Spot, after: str) -> bool:
    before = spot.text
    if not before or after == before:
        return False
    book.changed(
        _place(book, spot), "import_expression", before=shortened(before, 80), after=shortened(after, 80)
    )
    spot.put(after)
    return True


def _at_column(spot: _Spot, before: str, after: str) -> str:
    """The expression with `after` for `before` at the column of the problem; unchanged if it is not there."""
    start = int(str(spot.problem.params["column"])) - 1
    text = spot.text
    if text[start : start + len(before)].lower() != before.lower():
        return text
    return text[:start] + after + text[start + len(before) :]


def _quote_word(book: Notebook, _definition: Json, spot: _Spot) -> bool:
    word = str(spot.problem.params["word"])
    return _rewritten(book, spot, _at_column(spot, word, f"'{word}'"))


def _negate(book: Notebook, _definition: Json, spot: _Spot) -> bool:
    return _rewritten(book, spot, _at_column(spot, "not", "!"))


def _quote_name(book: Notebook, _definition: Json, spot: _Spot) -> bool:
    """`displayValue({q})` looks for a question called like the answer; `displayValue('q')` is meant."""
    start = int(str(spot.problem.params["column"])) - 1
    named = re.match(r"\{([^{}']*)\}", spot.text[start:])
    return named is not None and _rewritten(book, spot, _at_column(spot, named[0], f"'{named[1].strip()}'"))


def _ask_for_left(book: Notebook, _definition: Json, spot: _Spot) -> bool:
    """`{a} = {b}` holds in SurveyJS while both are missing, which nobody means."""
    left = str(spot.problem.params["left"])
    return left.startswith("{") and _rewritten(book, spot, f"{left} notempty and ({spot.text})")


def _declare(book: Notebook, definition: Json, spot: _Spot) -> bool:
    """A name that is no question is a value known before the start, set by SurveyJS's page or its address."""
    name = str(spot.problem.params["name"])
    if not _PLAIN.fullmatch(name) or name.lower() in _OWN_NAMES:
        return False
    variables = definition.setdefault("variables", [])
    declared = {str(variable.get("name")).lower() for variable in variables if isinstance(variable, dict)}
    if name.lower() not in declared:
        variables.append({"name": name})
        book.changed(_place(book, spot), "import_variable", name=name)
    return True


def _declare_or_unbrace(book: Notebook, definition: Json, spot: _Spot) -> bool:
    if _declare(book, definition, spot):
        return True
    name = str(spot.problem.params["name"])
    book.changed(_place(book, spot), "import_unbraced", name=shortened(name))
    return _in_texts(spot, lambda text: re.sub(r"\{\s*" + re.escape(name) + r"[^{}]*\}", name, text))


def _strip_tag(book: Notebook, _definition: Json, spot: _Spot) -> bool:
    tag = str(spot.problem.params["tag"])
    book.changed(_place(book, spot), "import_markup", tag=tag)
    name = re.escape(tag)
    # The text of a paragraph stays; that of a script or a style was never for people.
    inside = rf"(?is)<{name}\b[^<>]*>.*?</{name}>|" if tag.lower() in ("script", "style") else "(?i)"
    return _in_texts(spot, lambda text: re.sub(rf"{inside}</?{name}[^<>]*>", "", text))


def _in_texts(spot: _Spot, change: Callable[[str], str]) -> bool:
    """Change a text, or its version in each language; False when nothing changed."""
    container, key = spot.way[-1]
    value = _get(container, key)
    after = (
        {name: change(text) for name, text in value.items()} if isinstance(value, dict) else change(spot.text)
    )
    container[key] = after
    return bool(after != value)


def _break_cycle(book: Notebook, _definition: Json, spot: _Spot) -> bool:
    """A question that decides over itself loses its condition, not its answer."""
    question = _get(*spot.way[-1]) if spot.way else None
    if not isinstance(question, dict):
        return False
    conditions = ("visibleIf", "choicesVisibleIf", "defaultValueExpression", "enableIf", "requiredIf")
    name = next((name for name in conditions if name in question), "")
    if not name:
        return False
    book.unsupported(f"{_place(book, spot)}/{name}", spot.problem.code, **spot.problem.params)
    del question[name]
    return True


_Rewrite = Callable[[Notebook, Json, _Spot], bool]
_REWRITES: Mapping[str, _Rewrite] = MappingProxyType(
    {
        "dependency_cycle": _break_cycle,
        "expression_bare_word": _quote_word,
        "expression_both_missing": _ask_for_left,
        "expression_not": _negate,
        "expression_quoted_name": _quote_name,
        "expression_unknown_name": _declare,
        "html_tag": _strip_tag,
        "text_unknown_name": _declare_or_unbrace,
    }
)
