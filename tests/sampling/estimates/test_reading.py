"""Designs that cannot be used: every slip at its place, all at once; the schema refuses the same shapes."""

from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server import catalogue
from server.sampling.estimates.definition.reading import lint_design, read_design
from server.sampling.estimates.definition.schema import design_schema
from server.sampling.estimates.definition.vocabulary import SHAPES
from server.sampling.estimates.problems import DesignInvalid

ASKED = {"name": "m", "kind": "mean", "of": "y"}
GOOD: list[dict[str, Any]] = [
    {"estimates": [ASKED]},
    {"weight": "w", "strata": ["h", "wave"], "cluster": "c", "nested": True, "estimates": [ASKED]},
    {"population": {"a": 3, "b": 4}, "strata": "h", "singleUnit": "centre", "estimates": [ASKED]},
    {"fraction": 0.6, "confidence": 0.9, "missing": ["-"], "estimates": [{**ASKED, "by": ["a", "b"]}]},
    {"adjust": {"rake": [{"by": "s", "totals": {"m": 1, "f": 2}}]}, "estimates": [ASKED]},
    {"estimates": [{**ASKED, "kind": "ratio", "over": "x", "where": {"a": 1, "b": ["u", "v"]}}]},
    {"estimates": [{**ASKED, "kind": "top_box", "scale": 5, "boxes": 1, "interval": "logit"}]},
    {"estimates": [{**ASKED, "change": {"of": "wave", "from": "1", "to": "2"}}]},
    {"outcomes": {"of": "state", "states": {"moved": "NE"}, "undeliverable": "NE", "eligible": 0.5}},
]
TOTALS = {"m": 1, "f": 2}
# Definition, pointer and code; what only linting can see is marked.
SHAPE: list[tuple[Any, str, str]] = [
    ([], "", "property_type"),
    ({"estimats": [ASKED], "estimates": [ASKED]}, "/estimats", "property_unknown"),
    ({"estimates": []}, "/estimates", "property_range"),
    ({"estimates": ASKED}, "/estimates", "property_type"),
    ({"estimates": [{"name": "m", "kind": "mean"}]}, "/estimates/0", "property_missing"),
    ({"estimates": [{**ASKED, "kind": "median"}]}, "/estimates/0/kind", "property_choice"),
    ({"estimates": [{**ASKED, "kind": "ratio"}]}, "/estimates/0", "property_missing"),
    ({"estimates": [{**ASKED, "over": "x"}]}, "/estimates/0/over", "design_not_for_kind"),
    ({"estimates": [{**ASKED, "interval": "wilson"}]}, "/estimates/0/interval", "design_not_for_kind"),
    ({"estimates": [{**ASKED, "of": 5}]}, "/estimates/0/of", "property_type"),
    ({"estimates": [{**ASKED, "where": {}}]}, "/estimates/0/where", "property_type"),
    ({"estimates": [ASKED], "weight": "w", "probability": "p"}, "", "design_two_of"),
    ({"estimates": [ASKED], "confidence": 95}, "/confidence", "property_range"),
    ({"estimates": [ASKED], "population": 0}, "/population", "design_not_positive"),
    ({"estimates": [ASKED], "fraction": 60}, "/fraction", "property_range"),
    ({"estimates": [ASKED], "population": {"a": "many"}}, "/population/a", "property_type"),
    ({"estimates": [ASKED], "nested": "yes"}, "/nested", "property_type"),
    ({"estimates": [ASKED], "singleUnit": "center"}, "/singleUnit", "property_choice"),
    ({"estimates": [ASKED], "adjust": {"rounds": 5}}, "/adjust", "design_one_of"),
    (
        {"estimates": [ASKED], "adjust": {"postStratify": {"by": "s"}}},
        "/adjust/postStratify",
        "property_missing",
    ),
    ({"outcomes": {"of": "s", "states": {"x": "RR"}}}, "/outcomes/states/x", "property_choice"),
    ({"outcomes": {"of": "s", "eligible": True}}, "/outcomes/eligible", "property_type"),
    ({"weight": "w"}, "", "design_asks_nothing"),
]
MEANING: list[tuple[Any, str, str]] = [
    ({"estimates": [ASKED, ASKED]}, "/estimates/1/name", "design_name_twice"),
    (
        {"estimates": [{**ASKED, "kind": "top_box", "scale": 5, "boxes": 5}]},
        "/estimates/0/boxes",
        "property_range",
    ),
    (
        {"estimates": [{**ASKED, "change": {"of": "w", "from": "1", "to": "1"}}]},
        "/estimates/0/change/to",
        "design_same_wave",
    ),
    (
        {
            "estimates": [ASKED],
            "adjust": {"rake": [{"by": "s", "totals": TOTALS}, {"by": "t", "totals": {"u": 4}}]},
        },
        "/adjust/rake/1/totals",
        "design_margins_differ",
    ),
]
SCHEMA = jsonschema.Draft202012Validator(design_schema(catalogue.texts("en", "estimates")))


def fits(definition: Any) -> bool:
    return bool(SCHEMA.is_valid(definition))


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA.schema)


@pytest.mark.parametrize("definition", GOOD)
def test_good_designs(definition: dict[str, Any]) -> None:
    assert lint_design(definition) == ()
    assert fits(definition)


@pytest.mark.parametrize(("definition", "pointer", "code"), [*SHAPE, *MEANING])
def test_each_slip_is_told_where_it_stands(definition: Any, pointer: str, code: str) -> None:
    assert [(each.pointer, each.code) for each in lint_design(definition)] == [(pointer, code)]


@pytest.mark.parametrize(("definition", "pointer", "code"), SHAPE)
def test_the_schema_refuses_the_same_shapes(definition: Any, pointer: str, code: str) -> None:
    assert not fits(definition), (pointer, code)


NAMES = sorted({field.name for shape in SHAPES for field in shape.fields})
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-2, 100)
    | st.floats(-2, 2)
    | st.sampled_from(["", "y", "mean", "nps"])
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
)


@given(
    ANYTHING
    | st.dictionaries(st.sampled_from(NAMES), ANYTHING).map(lambda rest: {"estimates": [ASKED], **rest})
)
def test_whatever_is_read_without_a_problem_fits_the_schema(definition: Any) -> None:
    assert lint_design(definition) or fits(definition)


def test_all_slips_come_at_once() -> None:
    with pytest.raises(DesignInvalid) as caught:
        read_design({"weigth": "w", "confidence": 2, "estimates": [{"kind": "mean"}, {**ASKED, "scale": 5}]})
    assert [each.code for each in caught.value.problems] == [
        "property_unknown",
        "property_range",
        "property_missing",
        "property_missing",
        "design_not_for_kind",
    ]
    assert caught.value.problems[0].params["suggestion"] == "weight"


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_every_property_is_described_and_every_description_is_used(locale: str) -> None:
    texts = catalogue.texts(locale, "estimates")
    properties = {f"{shape.name}.{field.name}" for shape in SHAPES for field in shape.fields}
    assert texts.keys() == properties | {"title"}
