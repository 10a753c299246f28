"""One pass over a definition: `compile_form` ends in a form ready for use, `lint` in all its problems."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from types import MappingProxyType
from typing import Literal, cast

from server.forms.compiling.branching import TriggerCompiler, gated
from server.forms.compiling.formulas import Formulas, form_names
from server.forms.compiling.ordering import in_dependency_order
from server.forms.compiling.questions import Position, QuestionCompiler
from server.forms.compiling.reading import Draft, read_form
from server.forms.compiling.translations import check_translations
from server.forms.compiling.unlikely import warn_unlikely
from server.forms.elements import Element
from server.forms.expressions import Expression
from server.forms.expressions.tree import DISPLAY_FUNCTION
from server.forms.form import Calculated, CompiledForm, Ending, Page, Panel, Question
from server.forms.localised import LocalText, is_locale, normal_locale
from server.forms.problems import FormInvalid, Problem, Report
from server.forms.types.displays import in_paragraphs


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
    elements = {element.name.lower(): element for page in draft.pages for element in _all_questions(page)}
    certain = frozenset((*draft.variables, *_always_answered(draft.pages)))
    formulas = Formulas(report, form_names(draft.names, elements.values()), certain)
    layout = _Layout(formulas, QuestionCompiler(formulas, elements))
    calculated = tuple(_calculated(formulas, draft.calculated))
    pages = tuple(layout.page(index, page) for index, page in enumerate(draft.pages))
    by_name = {item.name: item for item in calculated}
    triggers = TriggerCompiler(formulas, layout.questions, by_name, _reads(calculated))
    questions = gated(layout.questions, triggers.gates(draft.triggers))
    settings, endings = triggers.settings(draft.triggers), tuple(_endings(formulas, draft.endings))
    form, locale = draft.properties, _locale(report, draft.properties)
    warn_unlikely(report, formulas.compiled, questions)
    if questions and not _certainly_asks(draft.pages):
        report.warn("/pages", "page_never_certain")
    return CompiledForm(
        title=_text(form, "title"),
        description=_text(form, "description"),
        completed=_closing(report, _text(form, "completedHtml")),
        endings=endings,
        settings=settings,
        hidden_answers=_hidden_answers(form),
        question_per_page=form.get("questionsOnPageMode") == "questionPerPage",
        locale=locale,
        locales=check_translations(report, draft, locale),
        pages=tuple(_with_questions(page, questions, form.get("questionsOrder")) for page in pages),
        questions=MappingProxyType(questions),
        plan=in_dependency_order(report, (*calculated, *questions.values())),
        judged=tuple(question for question in questions.values() if question.has_demands),
        switched=tuple(question for question in questions.values() if question.enable_if),
        photographed=tuple(question for question in questions.values() if question.type == "file"),
        shows_answers=any(DISPLAY_FUNCTION in expression.source for _, expression in formulas.compiled),
        computed=_computed(draft, questions),
        variables=frozenset(draft.variables),
        names=formulas.names,
        scoring=_object(form, "scoring"),
    )


def _all_questions(container: Element) -> Iterator[Element]:
    for child in container.children:
        if child.kind == "panel":
            yield from _all_questions(child)
        else:
            yield child


def _always_answered(containers: Iterable[Element]) -> Iterator[str]:
    """Questions that every complete answer has: required, and nothing decides whether they are asked."""
    for element in containers:
        if element.get("visibleIf", str, "").strip():
            continue
        if element.kind in ("page", "panel"):
            yield from _always_answered(element.children)
        elif element.get("isRequired", bool, default=False) and not element.get("enableIf", str, ""):
            yield element.name


def _certainly_asks(containers: Iterable[Element]) -> bool:
    """Whether there is a question that nothing takes away: without one, a page may have nowhere to begin."""
    return any(
        _certainly_asks(element.children) if element.kind in ("page", "panel") else True
        for element in containers
        if not element.get("visibleIf", str, "").strip()
    )


def _reads(calculated: tuple[Calculated, ...]) -> Mapping[str, frozenset[str]]:
    """Calculated value -> everything it reads, through other calculated values too."""
    direct = {item.name: item.expression.names for item in calculated}
    try:
        order = tuple(
            TopologicalSorter({name: direct[name] & direct.keys() for name in direct}).static_order()
        )
    except CycleError:
        # An error of its own (ordering.py), after which nobody asks what is read.
        return direct
    place = {name: index for index, name in enumerate(order)}
    reads: dict[str, frozenset[str]] = {}
    for name in order:
        found = set(direct[name] - direct.keys())
        # The last first: what it reads need not be gone through again.
        for inner in sorted(direct[name] & direct.keys(), key=place.__getitem__, reverse=True):
            if inner not in found:
                found |= {inner, *reads[inner]}
        reads[name] = frozenset(found)
    return reads


def _calculated(formulas: Formulas, items: tuple[Element, ...]) -> Iterator[Calculated]:
    for item in items:
        expression = formulas.optional(item, "expression")
        if expression is not None:
            yield Calculated(item.name, expression, item.get("includeIntoResult", bool, default=False))


def _endings(formulas: Formulas, items: tuple[Element, ...]) -> Iterator[Ending]:
    for item in items:
        condition, text = formulas.optional(item, "expression"), item.text("html")
        if condition is not None and text is not None:
            yield Ending(condition, in_paragraphs(text, formulas.report))


def _with_questions(page: Page, questions: Mapping[str, Question], order: object) -> Page:
    """The page with its questions as triggers have left them, shuffled where the whole form is."""
    items = tuple(questions[item.name] if isinstance(item, Question) else item for item in page.items)
    return replace(page, items=items, shuffled=page.shuffled or order == "random")


def _text(properties: Mapping[str, object], name: str) -> LocalText | None:
    value = properties.get(name)
    return value if isinstance(value, LocalText) else None


def _object(properties: Mapping[str, object], name: str) -> Mapping[str, object] | None:
    value = properties.get(name)
    return value if isinstance(value, dict) else None


def _closing(report: Report, text: LocalText | None) -> LocalText | None:
    return None if text is None else in_paragraphs(text, report)


def _hidden_answers(properties: Mapping[str, object]) -> Literal["onHidden", "onComplete", "none"]:
    mode = properties.get("clearInvisibleValues", "onHidden")
    return cast("Literal['onHidden', 'onComplete', 'none']", mode)


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
class _Layout:
    """Pages and panels, and the questions met on the way."""

    formulas: Formulas
    compiler: QuestionCompiler
    questions: dict[str, Question] = field(default_factory=dict)

    def page(self, index: int, element: Element) -> Page:
        conditions = self._conditions(element, ())
        return Page(
            element.name,
            index,
            self.formulas.template(element, "title"),
            self.formulas.template(element, "description"),
            tuple(self._items(index, element, conditions, depth=0)),
            shuffled=element.get("questionsOrder", str, "") == "random",
        )

    def _conditions(self, element: Element, outer: tuple[Expression, ...]) -> tuple[Expression, ...]:
        own = self.formulas.optional(element, "visibleIf")
        return (*outer, own) if own else outer

    def _items(
        self, page: int, container: Element, conditions: tuple[Expression, ...], *, depth: int
    ) -> Iterator[Question | Panel]:
        for element in container.children:
            inner = self._conditions(element, conditions)
            if element.kind == "panel":
                items = tuple(self._items(page, element, inner, depth=depth + 1))
                yield self._panel(element, items, depth)
                yield from items
            else:
                yield self._question(element, Position(page, len(self.questions), inner))

    def _panel(self, element: Element, items: tuple[Question | Panel, ...], depth: int) -> Panel:
        return Panel(
            self.formulas.template(element, "title"),
            self.formulas.template(element, "description"),
            element.pointer,
            depth,
            frozenset(item.name for item in items if isinstance(item, Question)),
            shuffled=element.get("questionsOrder", str, "") == "random",
        )

    def _question(self, element: Element, position: Position) -> Question:
        question, *companions = self.compiler.compile(element, position)
        for one in (question, *companions):
            self.questions[one.name] = one
        return question
