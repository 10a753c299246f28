"""One pass over a definition: `compile_form` ends in a form ready for use, `lint` in all its problems."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from server.forms.companions import companion_roles, companions_of, read_evidence
from server.forms.demands import has_demands
from server.forms.elements import Element
from server.forms.expressions import Expression, ExpressionError, Names, compile_expression
from server.forms.expressions.functions import FUNCTIONS
from server.forms.form import Calculated, CompiledForm, Page, Panel, Question
from server.forms.localised import LocalText, Template, compile_template, is_locale, normal_locale
from server.forms.ordering import in_dependency_order
from server.forms.problems import FormInvalid, Problem, Report
from server.forms.properties import Scalar
from server.forms.reading import Draft, read_form
from server.forms.translations import check_translations
from server.forms.types import QUESTION_TYPES
from server.forms.types.behaviour import Behaviour
from server.forms.validators import compile_validators


def compile_form(definition: object) -> CompiledForm:
    """Compile a definition (parsed JSON).

    Raises:
        FormInvalid: with every problem, warnings included, when there is at least one error.
    """
    report = Report()
    form = _compile(report, definition)
    if report.has_errors:
        raise FormInvalid(report.problems)
    return form


def lint(definition: object) -> tuple[Problem, ...]:
    """All errors and warnings of a definition, () for a clean one."""
    report = Report()
    _compile(report, definition)
    return report.problems


def _compile(report: Report, definition: object) -> CompiledForm:
    draft = read_form(report, definition)
    compiler = _Compiler(report, Names(draft.names))
    calculated = tuple(compiler.calculated(draft.calculated))
    pages = tuple(compiler.page(index, page) for index, page in enumerate(draft.pages))
    questions = compiler.questions
    form = draft.properties
    return CompiledForm(
        title=_text(form, "title"),
        description=_text(form, "description"),
        completed=_text(form, "completedHtml"),
        locale=_locale(report, form),
        locales=check_translations(report, draft),
        pages=pages,
        questions=MappingProxyType(questions),
        plan=in_dependency_order(report, (*calculated, *questions.values())),
        judged=tuple(question for question in questions.values() if has_demands(question)),
        computed=_computed(draft, questions),
        variables=frozenset(draft.variables),
        names=compiler.names,
        scoring=_object(form, "scoring"),
    )


def _text(properties: Mapping[str, object], name: str) -> LocalText | None:
    value = properties.get(name)
    return value if isinstance(value, LocalText) else None


def _object(properties: Mapping[str, object], name: str) -> Mapping[str, object] | None:
    value = properties.get(name)
    return value if isinstance(value, dict) else None


def _locale(report: Report, properties: Mapping[str, object]) -> str:
    locale = properties.get("locale", "en")
    if not isinstance(locale, str) or not is_locale(locale):
        report.error("/locale", "locale_invalid", locale=str(locale)[:20])
        return "en"
    return normal_locale(locale)


def _computed(draft: Draft, questions: Mapping[str, Question]) -> frozenset[str]:
    """Names that answers may carry but that are always calculated again."""
    shown = (question.name for question in questions.values() if question.compute)
    return frozenset((*(item.name for item in draft.calculated), *shown))


@dataclass(slots=True)
class _Compiler:
    report: Report
    names: Names
    questions: dict[str, Question] = field(default_factory=dict)

    def expression(self, source: str, pointer: str) -> Expression | None:
        """A compiled expression; its error goes to the report."""
        try:
            return compile_expression(source, self.names)
        except ExpressionError as error:
            params = {"column": error.column, **error.params}
            wrong = str(params.get("name", ""))
            if error.code == "expression_unknown_name":
                params["suggestion"] = self.report.suggest(wrong, self.names)
            elif error.code == "expression_unknown_function":
                params["suggestion"] = self.report.suggest(wrong, FUNCTIONS)
            self.report.error(pointer, error.code, **params)
            return None

    def optional(self, element: Element, name: str) -> Expression | None:
        source = element.properties.get(name)
        return (
            self.expression(source, element.at(name)) if isinstance(source, str) and source.strip() else None
        )

    def calculated(self, items: tuple[Element, ...]) -> Iterator[Calculated]:
        for item in items:
            expression = self.optional(item, "expression")
            if expression is not None:
                yield Calculated(item.name, expression, item.get("includeIntoResult", bool, default=False))

    def template(self, element: Element, name: str) -> Template | None:
        text = element.text(name)
        return None if text is None else compile_template(text, self.names, self.report)

    def page(self, index: int, element: Element) -> Page:
        conditions = self._conditions(element, ())
        items = tuple(self._items(index, element, conditions, depth=0))
        return Page(
            element.name, index, self.template(element, "title"), self.template(element, "description"), items
        )

    def _conditions(self, element: Element, outer: tuple[Expression, ...]) -> tuple[Expression, ...]:
        own = self.optional(element, "visibleIf")
        return (*outer, own) if own else outer

    def _items(
        self, page: int, container: Element, conditions: tuple[Expression, ...], *, depth: int
    ) -> Iterator[Question | Panel]:
        for element in container.children:
            if element.kind == "panel":
                inner = self._conditions(element, conditions)
                items = tuple(self._items(page, element, inner, depth=depth + 1))
                yield self._panel(element, items, depth)
                yield from items
            else:
                question = self._question(page, element, self._conditions(element, conditions))
                yield question

    def _panel(self, element: Element, items: tuple[Question | Panel, ...], depth: int) -> Panel:
        names = frozenset(item.name for item in items if isinstance(item, Question))
        return Panel(self.template(element, "title"), self.template(element, "description"), depth, names)

    def _question(self, page: int, element: Element, conditions: tuple[Expression, ...]) -> Question:
        behaviour = QUESTION_TYPES[element.kind].build(element, self.report)
        question = Question(
            name=element.name,
            type=element.kind,
            pointer=element.pointer,
            page=page,
            index=len(self.questions),
            title=self.template(element, "title") or Template({"default": (element.name,)}),
            description=self.template(element, "description"),
            behaviour=behaviour,
            conditions=conditions,
            choice_conditions=tuple(self._choice_conditions(behaviour)),
            required=element.get("isRequired", bool, default=False),
            required_if=self.optional(element, "requiredIf"),
            validators=compile_validators(
                self.report, element.at("validators"), element.properties.get("validators"), self.expression
            ),
            evidence=read_evidence(self.report, element, behaviour.answers),
            compute=self.optional(element, "expression"),
            scoring=_object(element.properties, "scoring"),
        )
        for one in (question, *companions_of(question, companion_roles(element))):
            self.questions[one.name] = one
        return question

    def _choice_conditions(self, behaviour: Behaviour) -> Iterator[tuple[Scalar, Expression]]:
        for choice in behaviour.control.choices:
            if choice.visible_if is not None:
                condition = self.expression(choice.visible_if, f"{choice.pointer}/visibleIf")
                if condition is not None:
                    yield choice.value, condition
