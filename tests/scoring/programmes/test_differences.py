"""What a new version of a programme changes, and what depends on it."""

import copy
from typing import Any

import pytest

from server import catalogue
from server.scoring.programmes.compiling import ProgrammeInvalid
from server.scoring.programmes.differences import CODES, Change, differences
from tests.scoring.programmes.definitions_for_tests import OUTLETS, Definition, changed, measure, rule

SCHEME: Definition = {
    **copy.deepcopy(OUTLETS),
    "parameters": [
        {"name": "price", "type": "money", "default": "200"},
        {"name": "target", "title": {"default": "目标分", "en": "Target"}, "type": "number", "default": "92"},
    ],
    "instruments": [{"name": "visit", "kind": "visit"}, {"name": "survey", "kind": "survey"}],
    "measures": [
        measure("visits", per="phase", scores="visit"),
        measure("answers", per="phase", scores={"instrument": "survey"}),
        measure(
            "total",
            per="phase",
            weighted={
                "parts": [{"measure": "visits", "weight": "70"}, {"measure": "answers", "weight": "30"}]
            },
            bands=[{"grade": "good", "min": "90"}, {"grade": "poor", "min": 0}],
        ),
        measure("place", per="phase", rank="total"),
        measure("filed", deliveries="filed"),
    ],
    "rules": [
        rule(name="short", per="phase", direction="penalty", amount="shortfall({target}, {total}) * {price}"),
        rule(name="first", per="phase", when="{place} = 1"),
        rule(name="late", when="{filed} = 'late'"),
    ],
}


def version(pointer: str, value: object) -> Definition:
    return changed(pointer, value, SCHEME)


def told(change: Change) -> tuple[object, ...]:
    shown = (change.before, change.after) if change.value is None else (change.value,)
    owner = f"{change.owner.what} {change.owner.name}".strip()
    return (change.code, owner, change.place, *shown, change.measures, change.rules)


CHANGES: list[tuple[str, object, tuple[object, ...]]] = [
    (
        "/parameters/1/default",
        "93",
        ("changed", "parameter target", (("parameter.default", ""),), "92", "93", (), ("short",)),
    ),
    (
        "/parameters/1/title",
        "目标",
        ("reworded", "parameter target", (("parameter.title", ""),), None, None, (), ()),
    ),
    (
        "/parameters/-",
        {"name": "x", "type": "text", "reading": "A2"},
        ("added", "parameter x", (), None, None, (), ()),
    ),
    (
        "/measures/2/weighted/parts",
        [{"measure": "visits", "weight": "60"}, {"measure": "answers", "weight": "40"}],
        (
            "changed",
            "measure total",
            (("measure.weighted", ""), ("weighted.parts", "visits"), ("weight.weight", "")),
            "70",
            "60",
            ("place",),
            ("short", "first"),
        ),
    ),
    (
        "/measures/2/bands/0/min",
        "95",
        (
            "changed",
            "measure total",
            (("measure.bands", "good"), ("band.min", "")),
            "90",
            "95",
            ("place",),
            ("short", "first"),
        ),
    ),
    (
        "/measures/2/bands/-",
        {"grade": "fair", "min": "60"},
        ("entry_added", "measure total", (("measure.bands", ""),), "fair", ("place",), ("short", "first")),
    ),
    (
        "/measures/1",
        measure("answers", per="phase", indicator="answers"),
        (
            "source_changed",
            "measure answers",
            (),
            "measure.scores",
            "measure.indicator",
            ("total", "place"),
            ("short", "first"),
        ),
    ),
    (
        "/measures/0/scores",
        {"instrument": ["visit", "survey"]},
        (
            "entry_added",
            "measure visits",
            (("measure.scores", ""), ("scores.instrument", "")),
            "survey",
            ("total", "place"),
            ("short", "first"),
        ),
    ),
    (
        "/calendar/phases/0/values",
        {"target": "91"},
        (
            "changed",
            "phase first",
            (("phase.values", "target"),),
            "92",
            "91",
            ("visits", "answers", "total", "place"),
            ("short", "first"),
        ),
    ),
    (
        "/calendar/dates/0/on",
        "12-20",
        ("changed", "date filed", (("date.on", ""),), "12-15", "12-20", ("filed",), ("late",)),
    ),
    (
        "/calendar/holidays",
        ["2026-10-01"],
        (
            "entry_added",
            "programme",
            (("programme.calendar", ""), ("calendar.holidays", "")),
            "2026-10-01",
            (),
            (),
        ),
    ),
    (
        "/rules/0/amount",
        "500",
        (
            "changed",
            "rule short",
            (("rule.amount", ""),),
            "shortfall({target}, {total}) * {price}",
            "500",
            (),
            (),
        ),
    ),
    ("/rules/0/payee", "branch", ("changed", "rule short", (("rule.payee", ""),), None, "branch", (), ())),
    (
        "/rules/1/actions",
        ["commend"],
        ("entry_dropped", "rule first", (("rule.actions", ""),), "notify", (), ()),
    ),
    (
        "/rules/1/actions",
        [{"do": "notify", "within": {"days": 5}}],
        (
            "changed",
            "rule first",
            (("rule.actions", "notify"), ("action.within", ""), ("span.days", "")),
            None,
            "5",
            (),
            (),
        ),
    ),
    (
        "/policies",
        {"A3": "ceil"},
        ("reading_changed", "programme", (("programme.policies", "A3"),), "linear", "ceil", (), ("short",)),
    ),
    (
        "/policies",
        {"A18": "dense"},
        (
            "reading_changed",
            "programme",
            (("programme.policies", "A18"),),
            "competition",
            "dense",
            ("place",),
            ("first",),
        ),
    ),
    (
        "/waves",
        {"instrument": "visit", "every": "quarter", "title": "季度检查"},
        ("entry_added", "programme", (("programme.waves", ""),), "visit", (), ()),
    ),
]


@pytest.mark.parametrize(("pointer", "value", "expected"), CHANGES)
def test_a_change_is_named_with_what_depends_on_it(
    pointer: str, value: object, expected: tuple[object, ...]
) -> None:
    assert expected in [told(change) for change in differences(SCHEME, version(pointer, value))]


def test_what_was_dropped_is_said_with_what_depended_on_it() -> None:
    new = copy.deepcopy(SCHEME)
    del new["measures"][4], new["rules"][2]
    assert [told(change) for change in differences(SCHEME, new)] == [
        ("dropped", "measure filed", (), None, None, (), ("late",)),
        ("dropped", "rule late", (), None, None, (), ()),
    ]


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/measures/2/bands/1/min", "0"),
        ("/measures/0/scores", {"instrument": ["visit"]}),
        ("/policies", {"A3": "linear"}),
        ("/measures", [*SCHEME["measures"][1:], SCHEME["measures"][0]]),
        ("/$schema", "http://localhost:8000/schemas/programme.json"),
    ],
)
def test_what_means_the_same_is_no_change(pointer: str, value: object) -> None:
    assert differences(SCHEME, version(pointer, value)) == ()


def test_the_order_of_rules_counts() -> None:
    (change,) = differences(SCHEME, version("/rules", SCHEME["rules"][::-1]))
    assert (change.code, change.pointer) == ("reordered", "/rules")


def test_versions_that_must_not_be_published_are_not_compared() -> None:
    with pytest.raises(ProgrammeInvalid):
        differences(SCHEME, version("/title", 5))


def test_there_and_back_is_the_same_in_reverse() -> None:
    for pointer, value, _ in CHANGES:
        there, back = (
            differences(*pair)
            for pair in ((SCHEME, version(pointer, value)), (version(pointer, value), SCHEME))
        )
        assert len(there) == len(back) > 0
        assert {(change.place, change.before, change.after) for change in there} == {
            (change.place, change.after, change.before) for change in back
        }


@pytest.mark.parametrize("locale", catalogue.LOCALES)
def test_each_code_and_each_owner_has_words(locale: str) -> None:
    texts = catalogue.texts(locale, "tools")
    owners = ("programme", "parameter", "subject", "phase", "date", "instrument", "measure", "rule")
    assert {f"change_{code}" for code in CODES} <= texts.keys()
    assert {f"change_what_{owner}" for owner in owners} <= texts.keys()


def test_each_code_is_met_by_these_tests() -> None:
    met: set[Any] = {expected[0] for _, _, expected in CHANGES} | {"dropped", "reordered"}
    assert met == set(CODES)
