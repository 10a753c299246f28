"""Means, composites, ranks and bands of scoring.md."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.scoring.bands import Band, grade_of
from server.scoring.means import composite, mean, mean_of, plain, pooled
from server.scoring.ranks import ranks_from_bottom, ranks_from_top, within

TREASURY_BANDS = (
    Band("优", Fraction(90)),
    Band("合格", Fraction(80)),
    Band("基本合格", Fraction(70)),
    Band("不合格", Fraction(0)),
)
SCORES = st.dictionaries(st.text(max_size=3), st.none() | st.decimals(0, 100, places=2), max_size=20)


def decimals(*texts: str) -> list[Decimal]:
    return [Decimal(text) for text in texts]


def test_six_visits_are_exactly_78_125() -> None:
    visits = [Fraction(earned, 48) * 100 for earned in (42, 28, 37, 32, 43, 43)]
    assert mean(visits) == Fraction("78.125")


def test_questionnaire_mean_and_its_n() -> None:
    result = mean_of([*decimals("45", "48.5", "50", "41"), None])
    assert (result.value, result.n) == (Fraction("46.125"), 4)


def test_no_values_have_no_mean() -> None:
    assert mean_of([None, None]).value is None
    assert mean_of([]).n == 0


def test_mean_of_visits_and_pooled_points_differ() -> None:
    visits = [(Decimal(45), Decimal(50)), (Decimal(76), Decimal(80))]
    assert mean(Fraction(earned) / Fraction(possible) * 100 for earned, possible in visits) == Fraction(
        "92.5"
    )
    assert pooled(visits, Decimal(100)) == Fraction(121, 130) * 100
    assert pooled([], Decimal(100)) is None


def test_composite_adds_parts_and_needs_all_of_them() -> None:
    assert composite(plain(*decimals("46.25", "41", "4.5"))) == Fraction("91.75")
    assert composite(plain(Decimal("46.25"), None, Decimal("4.5"))) is None
    assert composite([]) is None


def test_composite_with_weights() -> None:
    parts = list(zip(decimals("80", "85", "82"), decimals("0.3", "0.3", "0.4"), strict=True))
    assert composite(parts) == Fraction("82.3")


@pytest.mark.parametrize(
    ("score", "grade"),
    [
        ("100", "优"),
        ("90", "优"),
        ("89.99", "合格"),
        ("80", "合格"),
        ("79.99", "基本合格"),
        ("70", "基本合格"),
        ("69.99", "不合格"),
        ("0", "不合格"),
    ],
)
def test_the_lower_bound_belongs_to_the_band(score: str, grade: str) -> None:
    assert grade_of(TREASURY_BANDS, Decimal(score)) == grade


def test_no_score_has_no_grade() -> None:
    assert grade_of(TREASURY_BANDS, None) is None


@pytest.mark.parametrize(
    ("score", "grade"),
    [("90.01", "优"), ("90", "合格"), ("80", "基本合格"), ("70", "不合格"), ("0", "不合格")],
)
def test_an_edge_may_belong_to_the_band_below(score: str, grade: str) -> None:
    assert grade_of(TREASURY_BANDS, Decimal(score), "upper") == grade


def test_competition_ranks_and_the_tie_on_the_edge() -> None:
    scores = dict(zip("abcdefg", decimals("96", "95", "95", "94", "93", "93", "92"), strict=True))
    ranks = ranks_from_top(scores)
    assert list(ranks.values()) == [1, 2, 2, 4, 5, 5, 7]
    assert within(ranks, 5) == ("a", "b", "c", "d", "e", "f")


def test_bottom_rank_is_one_more_than_the_strictly_worse() -> None:
    worse = {f"w{index}": Decimal(50) + index / Decimal(10) for index in range(99)}
    tied = dict.fromkeys(("x", "y", "z"), Decimal("96.4"))
    ranks = ranks_from_bottom({**worse, **tied, "best": Decimal(99), "unscored": None})
    assert {ranks["x"], ranks["y"], ranks["z"]} == {100}
    assert ranks["best"] == 103
    assert "unscored" not in ranks


@given(SCORES)
def test_rank_is_one_plus_the_strictly_better(scores: dict[str, Decimal | None]) -> None:
    present = {name: value for name, value in scores.items() if value is not None}
    expected = {name: 1 + sum(other > value for other in present.values()) for name, value in present.items()}
    assert ranks_from_top(scores) == expected
