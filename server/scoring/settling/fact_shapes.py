"""The objects of a facts file, one shape for each; the published schema of facts is made from them."""

from server.scoring.programmes.shapes import Field, Shape

SCORE_STATES = ("approved", "pending", "excluded", "overturned")
FINDING_STATES = ("pending", "confirmed", "rejected", "overturned")

_FIELDS = Field("fields", "any")
_SUBJECT = Field("subject", "word", required=True)
_DATE = Field("date", "date", required=True)
LINE = Shape(
    "line",
    (
        Field("item", "word", required=True),
        Field("code", "any"),
        Field("section", "any"),
        Field("lost", "figure", required=True),
        Field("onScale", "figure"),
        Field("key", "flag"),
        Field("kind", "any"),
        Field("listedAsHardware", "flag"),
    ),
    extra=True,
)
SCORE = Shape(
    "score",
    (
        Field("id", "word", required=True),
        Field("instrument", "word", required=True),
        _SUBJECT,
        _DATE,
        Field("wave", "word"),
        Field("score", "figure", nullable=True),
        Field("earned", "figure"),
        Field("possible", "figure"),
        Field("scale", "figure"),
        Field("n", "whole"),
        Field("rater", "word"),
        Field("state", "option", options=SCORE_STATES),
        Field("lines", "any"),
        Field("sections", "any"),
        Field("sheet", "any"),
        _FIELDS,
    ),
)
FACT_SUBJECT = Shape(
    "subject",
    (
        Field("id", "word", required=True),
        Field("kind", "word", required=True),
        Field("name", "word"),
        Field("parent", "word", nullable=True),
        Field("from", "date"),
        Field("to", "date"),
        Field("attributes", "any"),
        Field("roles", "any"),
    ),
)
WAVE = Shape("wave", (Field("name", "word", required=True), Field("from", "date"), Field("to", "date")))
FINDING = Shape(
    "finding",
    (
        Field("id", "word", required=True),
        _SUBJECT,
        _DATE,
        Field("status", "option", required=True, options=FINDING_STATES),
        Field("item", "word"),
        Field("code", "word"),
        Field("section", "word"),
        Field("points", "figure"),
        Field("source", "word"),
        Field("evidence", "any"),
        Field("kind", "word"),
        Field("person", "word"),
        Field("amount", "figure"),
        _FIELDS,
    ),
)
INDICATOR = Shape(
    "indicator",
    (
        Field("name", "word", required=True),
        _SUBJECT,
        Field("period", "word", required=True),
        Field("value", "figure", required=True, nullable=True),
    ),
)
DUTY = Shape(
    "duty",
    (
        Field("duty", "word", required=True),
        _SUBJECT,
        _DATE,
        Field("done", "flag", required=True),
        Field("person", "word"),
        _FIELDS,
    ),
)
DELIVERY = Shape(
    "delivery",
    (
        Field("date", "word", required=True),
        _SUBJECT,
        Field("period", "word"),
        Field("at", "word", required=True),
    ),
)
DECISION = Shape(
    "decision",
    (
        Field("rule", "word", required=True),
        _SUBJECT,
        Field("period", "word"),
        Field("finding", "word"),
        Field("amount", "figure", required=True),
        Field("by", "word"),
        Field("reason", "word"),
    ),
)
ADJUSTMENT = Shape(
    "adjustment",
    (
        Field("measure", "word", required=True),
        _SUBJECT,
        Field("period", "word", required=True),
        Field("amount", "figure", required=True),
        Field("by", "word", required=True),
        Field("reason", "word", required=True),
    ),
)
WAIVER = Shape(
    "waiver",
    (
        Field("line", "word", required=True),
        Field("by", "word", required=True),
        Field("reason", "word", required=True),
    ),
)
PAST = Shape(
    "past",
    (
        Field("measure", "word", required=True),
        _SUBJECT,
        Field("period", "word", required=True),
        Field("value", "figure", nullable=True),
        Field("grade", "word", nullable=True),
        Field("source", "word"),
    ),
)
LISTS = {
    "subjects": FACT_SUBJECT,
    "waves": WAVE,
    "scores": SCORE,
    "findings": FINDING,
    "indicators": INDICATOR,
    "duties": DUTY,
    "deliveries": DELIVERY,
    "decisions": DECISION,
    "waivers": WAIVER,
    "adjustments": ADJUSTMENT,
    "history": PAST,
}
FACTS = Shape(
    "facts",
    (
        Field("$schema", "word"),
        Field("about", "any"),
        Field("asOf", "date", required=True),
        Field("year", "word"),
        Field("parameters", "any"),
        Field("policies", "any"),
        *(Field(name, "any") for name in LISTS),
    ),
)
