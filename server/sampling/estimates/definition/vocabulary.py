"""What the JSON of a sampling design may say: one table that its reader and its published schema follow."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "text",
    "column",
    "columns",
    "words",
    "scalars",
    "conditions",
    "extent",
    "totals",
    "states",
    "number",
    "whole",
    "flag",
    "option",
    "shape",
    "shapes",
]


@dataclass(frozen=True, slots=True)
class Field:
    """One property. `options` belong to words, `least` and `most` to numbers, `shape` to objects."""

    name: str
    kind: Kind
    required: bool = False
    options: tuple[str, ...] = ()
    least: float = 0
    most: float = 1e15
    shape: "Shape | None" = None


@dataclass(frozen=True, slots=True)
class Shape:
    """An object; of the properties in `either` at most one is written."""

    name: str
    fields: tuple[Field, ...]
    either: tuple[str, ...] = ()

    @property
    def properties(self) -> Mapping[str, Field]:
        """Name -> field."""
        return {each.name: each for each in self.fields}


SINGLE_UNIT = ("error", "certainty", "centre")
KINDS = ("mean", "total", "ratio", "proportion", "nps", "top_box")
INTERVALS = ("t", "wilson", "logit", "korn_graubard")
DISPOSITIONS = ("I", "P", "R", "NC", "O", "UH", "UO", "NE")

# Kinds whose value is a share from 0 to 1.
SHARES = frozenset(("proportion", "top_box"))
# Which kinds a property means something for; the others are for all.
BELONGS: Mapping[str, frozenset[str]] = {
    "over": frozenset(("ratio",)),
    "values": frozenset(("proportion",)),
    "scale": frozenset(("top_box",)),
    "boxes": frozenset(("top_box",)),
    "interval": SHARES,
}
# What a kind cannot do without.
NEEDS: Mapping[str, tuple[str, ...]] = {
    "ratio": ("over",),
    "proportion": ("values",),
    "top_box": ("scale",),
}

MARGIN = Shape("margin", (Field("by", "columns", required=True), Field("totals", "totals", required=True)))
TRIM = Shape(
    "trim", (Field("low", "number", required=True, most=1), Field("high", "number", required=True, least=1))
)
ADJUST = Shape(
    "adjust",
    (
        Field("postStratify", "shape", shape=MARGIN),
        Field("rake", "shapes", shape=MARGIN),
        Field("tolerance", "number", least=1e-12, most=0.01),
        Field("rounds", "whole", least=1, most=10_000),
        Field("trim", "shape", shape=TRIM),
    ),
    either=("postStratify", "rake"),
)
CHANGE = Shape(
    "change",
    (
        Field("of", "column", required=True),
        Field("from", "text", required=True),
        Field("to", "text", required=True),
    ),
)
ESTIMATE = Shape(
    "estimate",
    (
        Field("name", "text", required=True),
        Field("kind", "option", required=True, options=KINDS),
        Field("of", "column", required=True),
        Field("over", "column"),
        Field("values", "scalars"),
        Field("scale", "whole", least=2, most=100),
        Field("boxes", "whole", least=1, most=99),
        Field("interval", "option", options=INTERVALS),
        Field("where", "conditions"),
        Field("by", "columns"),
        Field("change", "shape", shape=CHANGE),
    ),
    either=("by", "change"),
)
OUTCOMES = Shape(
    "outcomes",
    (
        Field("of", "column", required=True),
        Field("states", "states", options=DISPOSITIONS),
        Field("undeliverable", "option", options=("UO", "NE")),
        Field("eligible", "number", most=1),
        Field("by", "columns"),
    ),
)
DESIGN = Shape(
    "design",
    (
        Field("$schema", "text"),
        Field("about", "text"),
        Field("weight", "column"),
        Field("probability", "column"),
        Field("strata", "columns"),
        Field("cluster", "column"),
        Field("nested", "flag"),
        Field("population", "extent"),
        Field("fraction", "extent", most=1),
        Field("singleUnit", "option", options=SINGLE_UNIT),
        Field("confidence", "number", least=0.5, most=0.9999),
        Field("missing", "words"),
        Field("adjust", "shape", shape=ADJUST),
        Field("estimates", "shapes", shape=ESTIMATE),
        Field("outcomes", "shape", shape=OUTCOMES),
    ),
    either=("weight", "probability"),
)
SHAPES = (DESIGN, ESTIMATE, CHANGE, ADJUST, MARGIN, TRIM, OUTCOMES)
