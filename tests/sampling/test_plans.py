"""Plans that contradict themselves are refused, with everything that is wrong with them."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given

from server.sampling.frame import CODES, SamplingError
from server.sampling.plans import DrawPlan, read_plan
from tests.sampling.test_draws import plans


@pytest.mark.parametrize(
    ("plan", "codes"),
    [
        ({"method": "dice", "ratio": Fraction(1, 2)}, ["plan_method_unknown"]),
        ({"method": "simple"}, ["plan_ratio_or_size"]),
        ({"method": "proportional", "ratio": Fraction(1, 2), "size": 10}, ["plan_ratio_or_size"]),
        ({"method": "stratified", "ratio": Fraction(3, 2)}, ["plan_ratio_out_of_range"]),
        ({"method": "stratified", "ratio": Decimal("-0.5")}, ["plan_ratio_out_of_range"]),
        ({"method": "systematic", "size": -1}, ["plan_size_negative"]),
        ({"method": "simple", "size": 5, "minimum": -1}, ["plan_minimum_negative"]),
        ({"method": "simple", "size": 5, "minimum": 5, "cap": 4}, ["plan_cap_below_minimum"]),
        ({"method": "simple", "size": 5, "reserves": Decimal(-1)}, ["plan_reserves_negative"]),
        ({"method": "all", "cap": 3}, ["plan_field_not_for_method"]),
        ({"method": "all", "ratio": Decimal(1), "size": 3}, ["plan_field_not_for_method"] * 2),
        ({"method": "simple", "size": 5, "spreads": {"a": Decimal(1)}}, ["plan_field_not_for_method"]),
        ({"method": "neyman", "size": 5, "spreads": {"a": Decimal(-1)}}, ["plan_spread_negative"]),
        (
            {"method": "neyman", "size": 5, "minimum": -2, "cap": -3, "costs": {"a": Decimal(0)}},
            ["plan_minimum_negative", "plan_cap_below_minimum", "plan_cost_not_positive"],
        ),
    ],
)
def test_everything_that_is_wrong_is_told_at_once(plan: dict[str, Any], codes: list[str]) -> None:
    with pytest.raises(SamplingError) as caught:
        DrawPlan(**plan)
    assert [each.code for each in caught.value.every] == codes
    assert all(tuple(each.params) == CODES[each.code] for each in caught.value.every)


@given(plans())
def test_a_plan_is_read_as_it_was_written(plan: DrawPlan) -> None:
    assert read_plan(plan.to_json()) == plan


def test_what_is_absent_has_its_default() -> None:
    assert read_plan({"method": "simple", "ratio": "0.3"}) == DrawPlan("simple", Fraction(3, 10))


def test_all_that_cannot_be_read_is_told_at_once() -> None:
    with pytest.raises(SamplingError) as caught:
        read_plan({"method": "simple", "size": 1.5, "cap": "many", "ratio": ".5"})
    assert [each.params["field"] for each in caught.value.every] == ["plan/ratio", "plan/size", "plan/cap"]
