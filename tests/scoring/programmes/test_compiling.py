"""Definitions that must not be published: where each is wrong, and what is said about it."""

from fractions import Fraction
from typing import Any

import pytest

from server.forms.codes import DEFINITION_CODES
from server.scoring import problems
from server.scoring.programmes.codes import CODES
from server.scoring.programmes.compiling import ProgrammeInvalid, compile_programme, lint_programme
from tests.scoring.programmes.definitions_for_tests import OUTLETS, Definition, changed, measure, rule

KNOWN = {**DEFINITION_CODES, **problems.CODES, **CODES}
EXTRA = "/measures/3"
EXTRA_RULE = "/rules/1"
BANDS = [{"grade": "a", "min": "90"}, {"grade": "b", "min": "0"}]
WEIGHTS = {"parts": [{"measure": "year_score", "weight": "60"}, {"measure": "other", "weight": "40"}]}
DEDUCT = {"sections": [{"name": "hall", "points": "20"}, {"name": "vault", "points": "25"}]}
PHASE = {"name": "first", "from": "01-01", "to": "06-30", "values": {"target": "92"}}


def extra(**properties: Any) -> Definition:
    """The programme and one measure more."""
    return changed("/measures/-", measure(**properties))


def extra_rule(**properties: Any) -> Definition:
    """The programme and one rule more."""
    return changed("/rules/-", rule(**properties))


def weighted(**source: Any) -> Definition:
    """The programme, a second measure of the year and a weighted mean."""
    definition = extra(name="other", expression="50")
    definition["measures"].append(measure("whole", weighted={**WEIGHTS, **source}))
    return definition


def found(definition: object) -> list[tuple[str, str, str]]:
    return [(each.pointer, each.code, each.severity) for each in lint_programme(definition)]


def test_the_programme_of_these_tests_is_right() -> None:
    assert found(OUTLETS) == []
    assert compile_programme(OUTLETS).order == (("visits",), ("year_score",), ("phase_score",))


def test_a_reading_that_nothing_depends_on_is_named() -> None:
    readings = [("/policies/A9", "policy_unused", "warning")]
    assert found(changed("/policies", {"A3": "ceil", "A9": "last_300"})) == readings


def test_a_running_balance_may_read_its_own_earlier_periods() -> None:
    definition = extra(name="opening", previous="closing")
    definition["measures"].append(measure("closing", expression="iif({opening} empty, 12, {opening}) - 1"))
    assert found(definition) == []
    assert ("opening", "closing") in compile_programme(definition).order


def test_a_circle_through_another_period_is_still_one() -> None:
    definition = extra(name="opening", per="month", previous="visits")
    definition = changed("/measures/0", measure("visits", per="month", expression="{early}"), definition)
    definition["measures"].append(measure("early", expression="sum({opening})"))
    assert "measure_cycle" in [code for _, code, _ in found(definition)]


WRONG: list[tuple[Definition, str, str]] = [
    # the JSON itself
    (changed("/titel", "x"), "/titel", "programme_unknown_property"),
    (changed("/title", 5), "/title", "scoring_wrong_type"),
    (changed("/measures/0/per", "fortnight"), "/measures/0/per", "scoring_unknown_option"),
    (changed("/measures/0/name", "全年"), "/measures/0/name", "programme_name"),
    (changed("/parameters/0/default", 0.5), "/parameters/0/default", "scoring_not_exact"),
    (changed("/measures/0", {"name": "visits", "of": "outlet"}), "/measures/0", "programme_missing_property"),
    (extra(expression="1", indicator="x"), EXTRA, "programme_two_of"),
    (extra(), EXTRA, "programme_one_of"),
    (extra(expression="1", places=9), f"{EXTRA}/places", "scoring_unknown_option"),
    # names
    (changed("/measures/0/of", "outlets"), "/measures/0/of", "unknown_kind"),
    (changed("/measures/0/scores", "visits"), "/measures/0/scores/instrument", "undeclared_instrument"),
    (changed("/measures/0/name", "price"), "/measures/0/name", "programme_name_taken"),
    (extra(name="phase", expression="1"), f"{EXTRA}/name", "programme_name_taken"),
    (
        changed("/instruments/-", {"name": "visit", "kind": "log"}),
        "/instruments/1/name",
        "programme_name_taken",
    ),
    (extra(rollUp="yearly"), f"{EXTRA}/rollUp/of", "unknown_measure"),
    (extra(deliveries="file"), f"{EXTRA}/deliveries/date", "unknown_date"),
    (
        extra(expression="1", forceGrade=[{"when": "{price} > 1", "grade": "a"}]),
        f"{EXTRA}/forceGrade/0/grade",
        "unknown_grade",
    ),
    (changed("/policies", {"A37": "x"}), "/policies/A37", "unknown_reading"),
    (changed("/policies", {"A3": "round"}), "/policies/A3", "scoring_unknown_option"),
    (changed("/calendar/zone", "Asia/Beijing"), "/calendar/zone", "unknown_zone"),
    (changed("/subjects/1", {"name": "branch", "parent": "outlet"}), "/subjects/0/parent", "subject_cycle"),
    (changed("/rules/0/for", "shop"), "/rules/0/for", "unknown_kind"),
    (
        changed("/waves", {"instrument": "survey", "every": "month"}),
        "/waves/instrument",
        "undeclared_instrument",
    ),
    (changed("/review", {"instruments": ["survey"]}), "/review/instruments/0", "undeclared_instrument"),
    (
        changed(
            "/review",
            {"instruments": ["asked"]},
            changed("/instruments/-", {"name": "asked", "kind": "survey"}),
        ),
        "/review/instruments/0",
        "review_kind",
    ),
    (changed("/review", {"second": 101}), "/review/second", "programme_bounds"),
    (changed("/review", {"eyes": 0}), "/review/eyes", "programme_bounds"),
    (changed("/publication", {"eyes": 3}), "/publication/eyes", "programme_bounds"),
    (changed("/publication", {"decided": "below"}), "/publication/decided", "scoring_unknown_option"),
    # parameters
    (changed("/parameters/0/maximum", "100"), "/parameters/0/default", "parameter_out_of_range"),
    (
        changed("/parameters/0", {"name": "price", "type": "money", "minimum": 5, "maximum": 4}),
        "/parameters/0/minimum",
        "bounds_reversed",
    ),
    (
        changed("/parameters/0", {"name": "price", "type": "choice"}),
        "/parameters/0",
        "programme_missing_property",
    ),
    (changed("/parameters/0/reading", "A99"), "/parameters/0/reading", "unknown_reading"),
    # the calendar
    (changed("/calendar/yearStarts", "02-30"), "/calendar/yearStarts", "scoring_wrong_type"),
    (changed("/calendar/yearStarts", "01-29"), "/calendar/yearStarts", "year_starts_late"),
    (changed("/calendar/yearStarts", "2026-01-01"), "/calendar/yearStarts", "scoring_wrong_type"),
    (changed("/calendar/dates/0/on", "02-30"), "/calendar/dates/0/on", "scoring_wrong_type"),
    (changed("/calendar/dates/0/on", "2026-02-29"), "/calendar/dates/0/on", "scoring_wrong_type"),
    (
        changed("/calendar/dates/0", {"name": "filed", "each": "month", "day": 32}),
        "/calendar/dates/0/day",
        "date_day_out_of_range",
    ),
    (
        changed("/calendar/dates/0", {"name": "filed", "each": "month"}),
        "/calendar/dates/0",
        "programme_missing_property",
    ),
    (changed("/calendar/dates/0/day", 5), "/calendar/dates/0/day", "programme_property_without"),
    (
        changed("/calendar/dates/1", {"name": "told", "after": "filed"}),
        "/calendar/dates/1",
        "programme_one_of",
    ),
    (changed("/calendar/dates/1/after", "told"), "/calendar/dates/1/after", "date_cycle"),
    (changed("/calendar/dates/1/after", "fled"), "/calendar/dates/1/after", "unknown_date"),
    (changed("/calendar/dates/0/to", "bank"), "/calendar/dates/0/to", "unknown_kind"),
    (changed("/calendar/phases/1/from", "06-30"), "/calendar/phases/1", "phase_overlap"),
    (changed("/calendar/phases/0/from", "12-31"), "/calendar/phases/0", "phase_without_days"),
    (
        changed("/keyItems", [{"items": ["a"], "from": "2026-05-01", "to": "2026-04-30"}]),
        "/keyItems/0/to",
        "bounds_reversed",
    ),
    # where numbers come from
    (changed("/measures/0", measure("visits", expression="{year_score}")), "/measures/0", "measure_cycle"),
    (extra(of="firm", expression="{year_score}"), f"{EXTRA}/expression", "measure_out_of_reach"),
    (extra(sum={"parts": ["visits"]}), f"{EXTRA}/sum/parts", "measure_gives_list"),
    (extra(of="branch", sum={"parts": ["year_score"]}), f"{EXTRA}/sum/parts", "measure_gives_list"),
    (extra(of="branch", rollUp="visits"), f"{EXTRA}/rollUp/of", "measure_other_period"),
    (extra(rollUp="year_score"), f"{EXTRA}/rollUp/of", "measure_not_below"),
    (extra(of="branch", rank="year_score"), f"{EXTRA}/rank/of", "rank_other_kind"),
    (extra(rank={"of": "year_score", "within": "firm"}), f"{EXTRA}/rank/within", "unknown_kind"),
    (extra(per="phase", previous="year_score"), f"{EXTRA}/previous/of", "measure_other_period"),
    (weighted(of="90"), "/measures/4/weighted/parts", "weights_do_not_add_up"),
    (
        weighted(parts=[{"measure": "other", "weight": "60"}, {"measure": "other", "weight": "40"}]),
        "/measures/4/weighted/parts/1/measure",
        "part_twice",
    ),
    (extra(sum={"parts": ["year_score", "year_score"]}), f"{EXTRA}/sum/parts", "part_twice"),
    (extra(scale="50", deduct=DEDUCT), f"{EXTRA}/deduct/sections", "points_do_not_add_up"),
    (
        extra(deduct={"sections": [{"name": "hall", "points": "0"}]}),
        f"{EXTRA}/deduct/sections/0/points",
        "deduct_section_empty",
    ),
    (
        extra(deduct={**DEDUCT, "where": "{finding.points} > 1 and {finding.section} = 'hall'"}),
        f"{EXTRA}/deduct/sections/1/name",
        "deduct_section_empty",
    ),
    (extra(floor="5", cap="4", expression="1"), f"{EXTRA}/floor", "bounds_reversed"),
    # expressions
    (extra(expression="{yearscore}"), f"{EXTRA}/expression", "expression_unknown_name"),
    (extra(expression="{year_score.grad}"), f"{EXTRA}/expression", "expression_unknown_part"),
    (extra(expression="median({visits})"), f"{EXTRA}/expression", "expression_unknown_function"),
    (extra(expression="{visits} + 1"), f"{EXTRA}/expression", "expression_reads_list"),
    (extra(expression="sum({visits} * 2)"), f"{EXTRA}/expression", "expression_reads_list"),
    (extra(of="branch", expression="{year_score}"), f"{EXTRA}/expression", "expression_reads_list"),
    (extra(expression="{year_score[-1]}"), f"{EXTRA}/expression", "expression_no_list"),
    (
        extra(expression="iif({phase_score.grade} = 'a', 1, 0)"),
        f"{EXTRA}/expression",
        "expression_reads_list",
    ),
    (
        extra(per="phase", streak="{phase_score.grade} = 'a'"),
        f"{EXTRA}/streak/while",
        "measure_without_bands",
    ),
    (
        extra(expression="1", bands=[{"grade": "a", "min": "{year_score}"}]),
        f"{EXTRA}/bands/0/min",
        "expression_of_settings",
    ),
    # bands
    (extra(scores="visit", bands=[*BANDS, BANDS[0]]), f"{EXTRA}/bands/2/grade", "band_duplicate"),
    (
        extra(scores="visit", bands=[BANDS[0], {"grade": "b", "min": "90"}]),
        f"{EXTRA}/bands/1/min",
        "band_same_minimum",
    ),
    (extra(scores="visit", bands=BANDS[:1]), f"{EXTRA}/bands/0/min", "band_gap"),
    (extra(deduct=DEDUCT, bands=BANDS), f"{EXTRA}/bands/0/min", "band_unreachable"),
    (extra(expression="1", cap="80", bands=BANDS), f"{EXTRA}/bands/0/min", "band_unreachable"),
    # rules
    (extra_rule(amount="5"), EXTRA_RULE, "programme_missing_property"),
    (
        extra_rule(amount="5", decided={"from": 1, "to": 2}, direction="reward"),
        EXTRA_RULE,
        "programme_two_of",
    ),
    (extra_rule(actions=[]), EXTRA_RULE, "rule_without_consequence"),
    (
        extra_rule(amount="{visits} * 5", direction="penalty"),
        f"{EXTRA_RULE}/amount",
        "expression_reads_list",
    ),
    (extra_rule(of="firm"), f"{EXTRA_RULE}/of", "programme_unknown_property"),
    (
        extra_rule(payee="person", amount="5", direction="penalty"),
        f"{EXTRA_RULE}/payee",
        "payee_without_finding",
    ),
    (
        extra_rule(when="{phase_score.value} > 1", per="phase"),
        f"{EXTRA_RULE}/when",
        "measure_without_bands",
    ),
    (extra_rule(actions=[{"do": "fire"}]), f"{EXTRA_RULE}/actions/0/do", "scoring_unknown_option"),
    (
        extra_rule(actions=[{"do": "notify", "within": {"days": 3}, "due": "{asOf}"}]),
        f"{EXTRA_RULE}/actions/0",
        "programme_two_of",
    ),
    (extra_rule(when="{finding.points} > 1"), f"{EXTRA_RULE}/when", "expression_unknown_name"),
]


@pytest.mark.parametrize(("definition", "pointer", "code"), WRONG)
def test_what_is_wrong_is_refused_where_it_stands(definition: Definition, pointer: str, code: str) -> None:
    assert (pointer, code, "error") in found(definition)
    with pytest.raises(ProgrammeInvalid, match=code):
        compile_programme(definition)


DOUBTFUL: list[tuple[Definition, str, str]] = [
    (
        changed("/parameters/-", {"name": "spare", "type": "text", "default": "x"}),
        "/parameters/1/name",
        "parameter_unused",
    ),
    (
        changed("/instruments/-", {"name": "poll", "kind": "survey"}),
        "/instruments/1/name",
        "instrument_unused",
    ),
    (
        changed("/measures/-", {"name": "idle", "of": "outlet", "per": "year", "expression": "1"}),
        f"{EXTRA}/name",
        "measure_unused",
    ),
    (changed("/calendar/phases/1/from", "07-02"), "/calendar/phases/1", "phase_gap"),
    (
        changed("/calendar/phases/1/values", {"base": "5"}),
        "/rules/0/shortfall/target",
        "phase_value_missing",
    ),
    (changed("/measures/1/bands/0/min", "-5"), "/measures/1/bands/1", "band_out_of_order"),
    (
        extra_rule(amount="{year_score.value}", direction="penalty")
        | {"measures": changed("/measures/1/bands/1/value", None)["measures"]},
        "/measures/1/bands/1/value",
        "band_value_open",
    ),
    (
        changed("/measures/2/scale", "90") | {"rules": changed("/rules/0/shortfall/target", "92")["rules"]},
        "/rules/0/shortfall/target",
        "target_above_scale",
    ),
    (weighted(of="90", remainder="reported"), "/measures/4/weighted/parts", "weights_do_not_add_up"),
]


@pytest.mark.parametrize(("definition", "pointer", "code"), DOUBTFUL)
def test_what_is_doubtful_is_said_and_let_through(definition: Definition, pointer: str, code: str) -> None:
    assert found(definition) == [(pointer, code, "warning")]
    compile_programme(definition)


@pytest.mark.parametrize("definition", [definition for definition, _, _ in [*WRONG, *DOUBTFUL]])
def test_each_problem_has_the_parameters_of_its_code(definition: Definition) -> None:
    for problem in lint_programme(definition):
        assert sorted(problem.params) == sorted(KNOWN[problem.code])


RIGHT = [
    extra(expression="avg({visits}) + {visits[-1]} + count({visits.grade})")
    | {
        "measures": [
            *changed("/measures/0/bands", BANDS)["measures"],
            measure(expression="max({visits.grade})"),
        ]
    },
    extra(expression="iif({visits} notempty, avg(iif({price} > 1, {visits}, {phase_score})), 0)"),
    extra(per="month", expression="{year_score} + {phase_score}"),
    extra(of="branch", rollUp={"of": "year_score", "by": "count"}),
    extra(expression="1", bands=BANDS[:1]),
    extra(scores="visit", floor="90", bands=BANDS[:1]),
    extra(previous="year_score"),
    changed("/calendar/dates/0/on", "02-29"),
    changed("/calendar/dates/0", {"name": "filed", "each": "quarter", "day": 92}),
    changed("/instruments/-", {"name": "log", "kind": "log"}),
    changed("/parameters/-", {"name": "list", "type": "text", "reading": "A23"}),
]


@pytest.mark.parametrize("definition", RIGHT)
def test_what_is_right_is_not_marked(definition: Definition) -> None:
    assert found(definition) == []


def test_a_word_is_no_part_of_a_sum() -> None:
    definition = extra(name="filed_on_time", deliveries="filed")
    definition["measures"] += [
        measure("added", sum={"parts": ["filed_on_time"]}),
        measure("ranked", rank="filed_on_time"),
        measure("below", of="branch", rollUp="filed_on_time"),
        measure("how_many", of="branch", rollUp={"of": "filed_on_time", "by": "count"}),
    ]
    assert found(definition) == [
        ("/measures/4/sum/parts", "word_as_number", "error"),
        ("/measures/5/rank/of", "word_as_number", "error"),
        ("/measures/6/rollUp/of", "word_as_number", "error"),
    ]


def test_an_earlier_year_brings_its_grade_along() -> None:
    definition = extra(name="year_before", previous="year_score")
    definition["rules"].append(rule(when="{year_before.grade} = 'poor'"))
    assert found(definition) == []


def test_phases_that_nobody_defined_are_not_read() -> None:
    definition = changed("/calendar", {})
    definition["measures"].pop()
    definition["rules"] = [rule(when="{phase.name} = 'first'"), rule(name="more", per="phase")]
    assert found(definition) == [
        ("/rules/1/per", "phases_missing", "error"),
        ("/rules/0/when", "phases_missing", "error"),
    ]


@pytest.mark.parametrize(
    ("source", "pointer", "expected"),
    [
        ({"sum": {"parts": ["a", "b", "c", "d"], "of": "55"}}, "/measures/4/sum/of", "55"),
        ({"sum": {"parts": ["a", "b", "c", "d"]}, "scale": "55"}, "/measures/4/scale", "55"),
    ],
)
def test_the_printed_points_of_e12_are_refused(source: dict[str, Any], pointer: str, expected: str) -> None:
    """Reading A32: 15 + 20 + 5 + 5 are 45, and the source says 55."""
    points = {"a": "15", "b": "20", "c": "5", "d": "5"}
    definition = {
        "title": "部门目标管理考核",
        "subjects": [{"name": "department"}],
        "measures": [
            *(measure(name, of="department", scale=scale, indicator=name) for name, scale in points.items()),
            measure("quantitative", of="department", **source),
        ],
    }
    (problem,) = lint_programme(definition)
    assert (problem.pointer, problem.code) == (pointer, "points_do_not_add_up")
    assert problem.params == {"sum": "45", "expected": expected}


@pytest.mark.parametrize("content", [None, [], "x", 5])
def test_what_is_no_object_is_refused(content: object) -> None:
    assert found(content) == [("", "scoring_wrong_type", "error")]


def test_all_problems_come_at_once() -> None:
    definition = changed("/policies", {"A3": "x"})
    definition["measures"][1]["expression"] = "{nothing}"
    definition["calendar"]["zone"] = "Mars"
    assert {code for _, code, _ in found(definition)} == {
        "scoring_unknown_option",
        "expression_unknown_name",
        "unknown_zone",
    }


def test_without_a_word_reports_count_at_once_and_all_visits_are_looked_at() -> None:
    programme = compile_programme(OUTLETS)
    assert not programme.review.required
    assert programme.review.covers("visit", "anything")
    assert not programme.review.covers("survey", "anything")
    assert (programme.publication.appeals, programme.publication.above) == (5, True)


def test_a_programme_that_speaks_of_review_waits_for_it() -> None:
    named = {"instruments": ["visit"], "second": 0, "outlier": "7.5", "eyes": 1, "alone": True}
    review = compile_programme(changed("/review", named)).review
    assert (review.required, review.second, review.outlier, review.eyes, review.alone) == (
        True, 0, Fraction("7.5"), 1, True,
    )  # fmt: skip
    assert review.covers("visit", "visit")
    assert not review.covers("visit", "another")
