"""What a definition may say of duties, and what is refused."""

from typing import Any

import pytest

from server.scoring.programmes.compiling import compile_programme, lint_programme
from server.scoring.programmes.differences import differences
from tests.scoring.programmes.definitions_for_tests import OUTLETS


def with_duty(**duty: Any) -> dict[str, Any]:
    return {**OUTLETS, "duties": [{"name": "drill", "of": "outlet", "every": "day", **duty}]}


def codes(definition: dict[str, Any]) -> list[tuple[str, str]]:
    return [(problem.code, problem.pointer) for problem in lint_programme(definition)]


def test_a_duty_has_all_that_it_says() -> None:
    duty = {
        "of": "branch", "by": "manager", "each": "outlet", "every": "month", "due": "10", "grace": 2,
        "proof": ["note", "form"], "instrument": "visit", "delivers": "filed",
        "fields": [{"name": "hours", "type": "number", "required": True}],
    }  # fmt: skip
    found = compile_programme(with_duty(**duty)).duties["drill"]
    assert (found.of, found.by, found.each, found.every) == ("branch", "manager", "outlet", "month")
    assert (found.proof, found.instrument, found.delivers) == ({"note", "form"}, "visit", "filed")
    assert [(each.name, each.type, each.required) for each in found.fields] == [("hours", "number", True)]


@pytest.mark.parametrize(
    ("duty", "code", "pointer"),
    [
        ({"of": "shop"}, "unknown_kind", "/of"),
        ({"each": "shop"}, "unknown_kind", "/each"),
        ({"each": "firm"}, "duty_each_not_below", "/each"),
        ({"each": "branch"}, "duty_each_not_below", "/each"),
        ({"each": "person"}, "programme_property_without", "/each"),
        ({"proof": "form"}, "programme_property_without", "/proof"),
        ({"instrument": "visit"}, "programme_property_without", "/instrument"),
        ({"instrument": "video", "proof": "form"}, "undeclared_instrument", "/instrument"),
        ({"counted": True}, "programme_property_without", "/counted"),
        ({"due": 3}, "duty_property_unused", "/due"),
        ({"every": "event", "times": 2}, "duty_property_unused", "/times"),
        ({"every": "week", "opens": 5, "due": 2}, "bounds_reversed", "/opens"),
        ({"every": "week", "due": "{visits}"}, "expression_of_settings", "/due"),
        ({"every": "fortnight"}, "scoring_unknown_option", "/every"),
        ({"days": ["monday"]}, "scoring_unknown_option", "/days/0"),
        ({"delivers": "never"}, "unknown_date", "/delivers"),
        ({"fields": [{"name": "late", "type": "flag"}]}, "programme_name_taken", "/fields/0/name"),
    ],
)
def test_what_cannot_be_is_refused(duty: dict[str, Any], code: str, pointer: str) -> None:
    assert (code, f"/duties/0{pointer}") in codes(with_duty(**duty))


def test_a_name_stands_once() -> None:
    (first,) = with_duty()["duties"]
    assert codes({**OUTLETS, "duties": [first, first]}) == [("programme_name_taken", "/duties/1/name")]


def test_a_measure_of_a_duty_that_nobody_has_is_warned_of() -> None:
    measure = {"name": "kept", "title": "完成", "of": "outlet", "per": "month", "duties": "dril"}
    definition = with_duty()
    definition["measures"] = [*OUTLETS["measures"], measure]
    found = [each for each in lint_programme(definition) if each.code == "duty_undeclared"]
    assert [(each.severity, each.params["suggestion"]) for each in found] == [("warning", "drill")]
    assert not [
        each for each in lint_programme({**definition, "duties": []}) if each.code == "duty_undeclared"
    ]


def test_a_changed_duty_moves_the_measures_that_read_it() -> None:
    measure = {"name": "kept", "title": "完成", "of": "outlet", "per": "month", "duties": "drill"}
    before, after = with_duty(times=1), with_duty(times=2)
    for each in (before, after):
        each["measures"] = [*OUTLETS["measures"], measure]
    (change,) = differences(before, after)
    assert (change.owner.what, change.owner.name, change.code) == ("duty", "drill", "changed")
    assert (change.before, change.after, change.measures) == ("1", "2", ("kept",))
