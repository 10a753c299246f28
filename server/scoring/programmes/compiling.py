"""From a programme's JSON to a compiled programme; what contradicts itself is refused, with pointers."""

from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction

from server.scoring.exact import total
from server.scoring.problems import Problem
from server.scoring.programmes.calendars import compile_calendar, compile_zone
from server.scoring.programmes.call_backs import compile_call_backs
from server.scoring.programmes.consequences import compile_rule
from server.scoring.programmes.consistency import check_consistency
from server.scoring.programmes.definition import KeyItems, Programme, SubjectKind
from server.scoring.programmes.draft import RESERVED, SETTINGS, Draft, Head, text_of
from server.scoring.programmes.duties import check_named, compile_duties
from server.scoring.programmes.formulas import check_formulas
from server.scoring.programmes.measures import compile_measure
from server.scoring.programmes.ordering import in_order, with_readings
from server.scoring.programmes.register import READINGS
from server.scoring.programmes.review_rules import compile_orders, compile_publication, compile_review
from server.scoring.programmes.settings import compile_parameters, policies
from server.scoring.programmes.shapes import Part, read
from server.scoring.programmes.visit_rules import compile_visits
from server.scoring.programmes.vocabulary import PROGRAMME, SOURCES
from server.scoring.reading import Findings


class ProgrammeInvalid(ValueError):
    """A definition that must not be published; carries every problem found, warnings included."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        """Keep the problems in the order they were found."""
        super().__init__(", ".join(f"{problem.pointer}: {problem.code}" for problem in problems))
        self.problems = problems


def compile_programme(definition: object) -> Programme:
    """The compiled programme.

    Raises:
        ProgrammeInvalid: with every problem, when at least one is an error.
    """
    programme, findings = _compile(definition)
    if programme is None or findings.fatal:
        raise ProgrammeInvalid(tuple(findings.problems))
    return programme


def lint_programme(definition: object) -> tuple[Problem, ...]:
    """Every problem and warning."""
    return tuple(_compile(definition)[1].problems)


def _compile(definition: object) -> tuple[Programme | None, Findings]:
    findings = Findings()
    if not isinstance(definition, dict):
        findings.add("", "scoring_wrong_type", expected="object")
        return None, findings
    whole = read(PROGRAMME, definition, "", findings)
    calendar_part = whole.part("calendar") or Part("/calendar")
    calendar, date_titles = compile_calendar(calendar_part, findings)
    draft = Draft(
        findings=findings,
        kinds=_kinds(whole.parts("subjects"), findings),
        parameters=compile_parameters(whole.parts("parameters"), findings),
        instruments={part.text("name"): part.text("kind") for part in whole.parts("instruments")},
        dates=frozenset(rule.name for rule in calendar.dates),
        has_phases=bool(calendar.phases),
        phase_values=tuple(sorted({name for phase in calendar.phases for name in phase.values})),
        heads=_heads(whole.parts("measures")),
        policies=policies(whole, findings),
    )
    _check_names(draft, whole)
    zone = compile_zone(calendar_part, findings)
    key_items = tuple(_key_items(part, findings) for part in whole.parts("keyItems"))
    measures = {
        measure.name: measure
        for part in whole.parts("measures")
        if (measure := compile_measure(draft, part)) is not None
    }
    rules = [rule for part in whole.parts("rules") if (rule := compile_rule(draft, part)) is not None]
    _check_waves(draft, whole.parts("waves"))
    duties = compile_duties(draft, whole.parts("duties"))
    call_backs = compile_call_backs(draft, whole.parts("instruments"))
    visits = compile_visits(draft, whole.parts("instruments"))
    review = compile_review(draft, whole.part("review"), draft.instruments)
    publication = compile_publication(draft, whole.part("publication"))
    orders = compile_orders(draft, whole.part("orders"))
    for row in calendar_part.parts("dates"):
        draft.known("unknown_kind", row.text("to"), row.at("to"), draft.kinds)
    ordered = in_order(measures)
    if ordered.cycle:
        pointer = draft.heads[ordered.cycle[0]].pointer
        findings.add(pointer, "measure_cycle", measures=" → ".join(ordered.cycle))
    check_formulas(draft, measures, calendar)
    if findings.fatal:
        return None, findings
    check_named(draft, whole.parts("measures"), duties)
    check_consistency(draft, whole, measures, rules)
    complete, settled = with_readings(measures, rules)
    return Programme(
        title=text_of(whole, "title"),
        parameters=draft.parameters,
        policies=draft.policies,
        kinds=draft.kinds,
        calendar=calendar,
        zone=zone,
        date_titles=date_titles,
        instruments=draft.instruments,
        call_backs=call_backs,
        visits=visits,
        review=review,
        publication=publication,
        orders=orders,
        key_items=key_items,
        duties=duties,
        measures=complete,
        order=ordered.groups,
        rules=settled,
    ), findings


def _kinds(parts: Iterable[Part], findings: Findings) -> Mapping[str, SubjectKind]:
    rows = {part.text("name"): part for part in parts}
    kinds = {}
    for name, part in rows.items():
        above: list[str] = []
        parent = part.text("parent")
        while parent in rows and parent not in above and parent != name:
            above.append(parent)
            parent = rows[parent].text("parent")
        if parent:
            code = "subject_cycle" if parent in rows else "unknown_kind"
            params = {"name": parent} if parent in rows else {"name": parent, "suggestion": ""}
            findings.add(part.at("parent"), code, "error", **params)
        kinds[name] = SubjectKind(name, text_of(part, "title"), tuple(above))
    return kinds


def _heads(parts: Iterable[Part]) -> Mapping[str, Head]:
    return {part.text("name"): _head(part) for part in parts if part.text("name")}


def _head(part: Part) -> Head:
    source = next((name for name in SOURCES if part.has(name)), "")
    return Head(part.text("of"), part.text("per"), source, _declared_scale(part), part.pointer)


def _declared_scale(part: Part) -> Fraction | None:
    """Full marks as far as they are declared; a weighted mean of parts out of 100 is out of 100 itself."""
    deduct, added = part.part("deduct"), part.part("sum")
    if part.has("scale"):
        return part.number("scale")
    if deduct is not None:
        points = (row.number("points") for row in deduct.parts("sections"))
        return total(marks for marks in points if marks is not None)
    return None if added is None else added.number("of")


def _check_names(draft: Draft, whole: Part) -> None:
    """Every name an expression can read means one thing."""
    taken: set[str] = {*RESERVED, *map(str.lower, READINGS)}
    for group in ("subjects", "parameters", "measures"):
        for part in whole.parts(group):
            name = part.text("name").lower()
            if name and name in taken:
                draft.findings.add(part.at("name"), "programme_name_taken", name=part.text("name"))
            taken.add(name)
    for group in ("instruments", "duties", "rules"):
        seen: set[str] = set()
        for part in whole.parts(group):
            if part.text("name") in seen:
                draft.findings.add(part.at("name"), "programme_name_taken", name=part.text("name"))
            seen.add(part.text("name"))


def _key_items(part: Part, findings: Findings) -> KeyItems:
    starts, ends = part.text("from"), part.text("to")
    if ends and ends < starts:
        findings.add(part.at("to"), "bounds_reversed", low=starts, high=ends)
    return KeyItems(
        frozenset(part.words("items")),
        date.fromisoformat(starts) if starts else date.min,
        date.fromisoformat(ends) if ends else None,
        text_of(part, "notice"),
    )


def _check_waves(draft: Draft, parts: Iterable[Part]) -> None:
    for part in parts:
        draft.instrument(part.text("instrument"), part.at("instrument"))
        for inner in (part.part("sampling"), part.part("coverage")):
            for name in ("ratio", "size", "share", "recheckAtMost", "yearly"):
                if inner is not None:
                    draft.formula(inner, name, SETTINGS)
