"""From a form's `scoring` JSON to rules; what contradicts itself is refused, with pointers."""

from collections.abc import Sequence

from server.scoring.consistency import check_consistency
from server.scoring.definitions import ItemDefinition, SectionRule
from server.scoring.form_level import read_form_level
from server.scoring.item_level import read_item
from server.scoring.lines import PreparedLine, prepare
from server.scoring.problems import Problem, ScoringInvalid
from server.scoring.reading import Findings
from server.scoring.rules import ScoreRules


def compile_scoring(form_scoring: object, items: Sequence[ItemDefinition]) -> ScoreRules:
    """Rules for a form's `scoring` object and its questions; questions whose `scoring` is None are left out.

    Raises:
        ScoringInvalid: with every problem, when at least one is an error.
    """
    rules, findings = _compile(form_scoring, items)
    if rules is None or findings.fatal:
        raise ScoringInvalid(tuple(findings.problems))
    return rules


def lint(form_scoring: object, items: Sequence[ItemDefinition]) -> tuple[Problem, ...]:
    """Every problem and warning; a form without any `scoring` has none."""
    if form_scoring is None and all(item.scoring is None for item in items):
        return ()
    return tuple(_compile(form_scoring, items)[1].problems)


def _compile(form_scoring: object, items: Sequence[ItemDefinition]) -> tuple[ScoreRules | None, Findings]:
    findings = Findings()
    scored = [item for item in items if item.scoring is not None]
    if not isinstance(form_scoring, dict):
        code = "scoring_without_method" if form_scoring is None else "scoring_not_object"
        findings.add("/scoring", code)
        return None, findings
    form = read_form_level(form_scoring, findings)
    read = [(item, read_item(item, form, findings)) for item in scored]
    if not findings.fatal:  # sums over half-read parts would only add confusing problems
        check_consistency(form, [line for _, lines in read for line in lines], findings)
    if findings.fatal:
        return None, findings
    prepared: list[PreparedLine] = [
        prepare(line, form.not_applicable, form.blank, item.choices if item.answer != "number" else ())
        for item, lines in read
        for line in lines
    ]
    return ScoreRules(
        method=form.method,
        scale=form.scale,
        places=form.places,
        not_applicable=form.not_applicable,
        blank=form.blank,
        cap_bonus=form.cap_bonus,
        grade_on=form.grade_on,
        band_edge=form.band_edge,
        bands=form.bands,
        sections=form.sections or (SectionRule("", points=form.scale if form.method == "deduct" else None),),
        lines=tuple(prepared),
    ), findings
