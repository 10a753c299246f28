"""The expressions and titles of one scope: the form itself, or the inside of a panel, row or multipletext."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from server.forms.companions import companion_name, companion_roles
from server.forms.elements import Element
from server.forms.expressions import Expression, ExpressionError, Names, compile_expression
from server.forms.expressions.functions import FUNCTIONS
from server.forms.localised import LocalText, Template, compile_template
from server.forms.problems import Report

# Answers that are objects of their own: what {where.latitude} may name.
_PARTS = {"geolocation": ("latitude", "longitude", "accuracy", "datum", "at")}

# Of all expressions of a form: reading them takes time that a stranger's form must not have.
MAX_CHARACTERS = 50_000


def form_names(names: Iterable[str], elements: Iterable[Element]) -> Names:
    """All names of a form, with what may stand behind each: rows of a matrix, questions of a group."""
    return Names(names, {element.name: _parts(element) for element in elements})


def _parts(element: Element) -> tuple[str, ...]:
    if element.kind in _PARTS:
        return _PARTS[element.kind]
    rows = tuple(str(row.value) for row in element.choices("rows"))
    inner = tuple(name for child in element.children for name in _with_companions(child))
    return (*rows, *inner)


def _with_companions(element: Element) -> tuple[str, ...]:
    return (element.name, *(companion_name(element.name, role) for role in companion_roles(element)))


@dataclass(frozen=True, slots=True)
class Formulas:
    """Compiles against the names of its scope; what is wrong goes to the report.

    `certain` are names that always have a value, `compiled` all expressions so far with their pointers;
    `times` is how often the scope can be there: the rows or panels of a group.
    """

    report: Report
    names: Names
    certain: frozenset[str] = frozenset()
    compiled: list[tuple[str, Expression]] = field(default_factory=list)
    times: int = 1

    def expression(self, source: str, pointer: str) -> Expression | None:
        """A compiled expression, None after its error was reported."""
        if not self.report.charge(pointer, "form_too_many_expressions", len(source), MAX_CHARACTERS):
            return None
        try:
            expression = compile_expression(source, self.names, self.certain)
        except ExpressionError as error:
            params = {"column": error.column, **error.params, **self._suggestion(error)}
            self.report.error(pointer, error.code, **params)
            return None
        self.compiled.append((pointer, expression))
        return expression

    def _suggestion(self, error: ExpressionError) -> Mapping[str, str]:
        name = str(error.params.get("name", ""))
        if error.code == "expression_unknown_name":
            return {"suggestion": self.report.suggest(name, self.names)}
        if error.code == "expression_unknown_function":
            return {"suggestion": self.report.suggest(name, FUNCTIONS)}
        if error.code == "expression_unknown_part":
            part = str(error.params.get("part", ""))
            return {"suggestion": self.report.suggest(part, self.names.parts(name))}
        return {}

    def optional(self, element: Element, name: str) -> Expression | None:
        """The expression in a property, None where there is none."""
        source = element.properties.get(name)
        return (
            self.expression(source, element.at(name)) if isinstance(source, str) and source.strip() else None
        )

    def template(self, element: Element, name: str) -> Template | None:
        """The text in a property with its places for values."""
        text = element.text(name)
        return None if text is None else self.compiled_text(text)

    def compiled_text(self, text: LocalText) -> Template:
        """A text with its places for values."""
        return compile_template(text, self.names, self.report)

    def title(self, element: Element) -> Template:
        """The title, or the name in its place."""
        return self.template(element, "title") or Template({"default": (element.name,)})

    def inside(self, word: str, inner: Mapping[str, object], times: int = 1) -> "Formulas":
        """The scope of a group: all names of the form, and `word` for the own panel or row."""
        names = self.names.inside(word, inner) if word else self.names
        return replace(self, names=names, times=self.times * times)
