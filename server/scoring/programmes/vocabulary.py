"""The objects of a programme definition, one shape for each; docs/programmes.md explains every property."""

from server.scoring.calendar import PERIODS
from server.scoring.programmes.review_shapes import ORDERS, PUBLICATION, REVIEW
from server.scoring.programmes.shapes import Field, Shape
from server.scoring.programmes.visit_shapes import VISITS

PARAMETER_TYPES = ("number", "money", "percent", "whole", "date", "text", "flag", "choice")
# Whether a branch may ever learn that we rang: never, unless somebody asks to be rung, or after a question.
ANONYMITY = ("never", "may_ring")
INSTRUMENT_KINDS = ("visit", "video", "survey", "panel", "ballot", "log", "self_check")
# Reports about an outlet, by name; and what people say of it, of which none may be traced to one of them.
VISITED = ("visit", "video", "self_check")
OF_PEOPLE = ("survey", "panel", "ballot")
# Fewer answers of people are never shown: one of them could tell what another said.
SMALLEST_CELL = 5
GRADE_ON = ("published", "raw", "whole")
PARTS = ("raw", "published")
MEANS = ("waves", "visits", "pooled", "last", "first", "worst", "best", "sum", "count", "A27")
ROLL_UPS = ("mean", "sum", "min", "max", "count")
DIRECTIONS = ("reward", "penalty")
ACTIONS = (
    "order_rectification",
    "order_improvement",
    "order_training",
    "notify",
    "circulate",
    "terminate",
    "commend",
    "call_back",
    "recheck",
    "suspend",
    "not_renewed",
    "replace_by_tender",
    "other",
)
SAMPLING = ("all", "simple", "stratified", "proportional", "neyman", "systematic")
ROUNDS = ("month", "two_months", "quarter", "half", "year", "day", "week")
SOURCES = (
    "scores",
    "lost",
    "findings",
    "deduct",
    "indicator",
    "expression",
    "weighted",
    "sum",
    "rollUp",
    "rank",
    "previous",
    "streak",
    "duties",
    "deliveries",
)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# "event" has no period: an entry is made when there is something to do.
CADENCES = ("day", "week", "half_month", "month", "quarter", "half", "year", "event")
PROOFS = ("note", "signed", "file", "form")
ENTRY_TYPES = ("number", "money", "whole", "text", "flag", "date")
# "finding" is no period: a rule for it fires once a confirmed finding.
RULE_PERIODS = (*PERIODS, "finding")
POINTS_OF_FINDING = "{finding.points}"
LOST_ON_SCALE = "{line.onScale}"

_TITLE = Field("title", "text")
_NAME = Field("name", "name", required=True)
SPAN = Shape(
    "span",
    (Field("months", "formula"), Field("days", "formula"), Field("workingDays", "formula")),
    sources=("months", "days", "workingDays"),
)
BAND = Shape(
    "band",
    (
        Field("grade", "word", required=True),
        _TITLE,
        Field("min", "formula", required=True),
        Field("value", "formula", nullable=True),
    ),
)
FORCED = Shape("forced", (Field("when", "formula", required=True), Field("grade", "word", required=True)))
WEIGHT = Shape("weight", (Field("measure", "name", required=True), Field("weight", "formula", required=True)))
SECTION = Shape("section", (_NAME, _TITLE, Field("points", "number", required=True)))

_INSTRUMENTS = Field("instrument", "words", required=True)
_WHERE = Field("where", "formula")
_MEAN = Field("mean", "option", options=MEANS)
_OF_MEASURE = Field("of", "name", required=True)
SOURCE_SHAPES: dict[str, Shape] = {
    "scores": Shape(
        "scores",
        (_INSTRUMENTS, _WHERE, Field("value", "formula"), Field("section", "word"), _MEAN),
        short="instrument",
    ),
    "lost": Shape("lost", (_INSTRUMENTS, Field("visits", "formula"), _WHERE, Field("sum", "formula"), _MEAN)),
    "findings": Shape("findings", (_WHERE, Field("sum", "formula"), Field("count", "flag"))),
    "deduct": Shape(
        "deduct",
        (_WHERE, Field("sum", "formula"), Field("sections", "shapes", required=True, shape=SECTION)),
    ),
    "indicator": Shape("indicator", (_NAME,), short="name"),
    "weighted": Shape(
        "weighted",
        (
            Field("parts", "shapes", required=True, shape=WEIGHT),
            Field("of", "number"),
            Field("missing", "option", options=("null", "renormalise")),
            Field("remainder", "option", options=("refused", "reported")),
        ),
    ),
    "sum": Shape("sum", (Field("parts", "words", required=True), Field("of", "number"))),
    "rollUp": Shape("rollUp", (_OF_MEASURE, Field("by", "option", options=ROLL_UPS)), short="of"),
    "rank": Shape(
        "rank",
        (_OF_MEASURE, Field("from", "option", options=("top", "bottom")), Field("within", "word")),
        short="of",
    ),
    "previous": Shape("previous", (_OF_MEASURE, Field("back", "formula")), short="of"),
    "streak": Shape("streak", (Field("while", "formula", required=True),), short="while"),
    "duties": Shape(
        "duties",
        (
            Field("duty", "words"),
            _WHERE,
            Field("of", "option", options=("rate", "done", "due")),
        ),
        short="duty",
    ),
    "deliveries": Shape("deliveries", (Field("date", "name", required=True),), short="date"),
}
MEASURE = Shape(
    "measure",
    (
        _NAME,
        _TITLE,
        Field("help", "text"),
        Field("of", "name", required=True),
        Field("per", "option", required=True, options=PERIODS),
        Field("unit", "word"),
        Field("places", "whole"),
        Field("scale", "number"),
        Field("bands", "shapes", shape=BAND),
        Field("gradeOn", "option", options=GRADE_ON),
        Field("forceGrade", "shapes", shape=FORCED),
        Field("eligible", "formula"),
        Field("minimum", "formula"),
        Field("floor", "number"),
        Field("cap", "number"),
        Field("parts", "option", options=PARTS),
        Field("expression", "formula"),
        *(Field(name, "shape", shape=shape) for name, shape in SOURCE_SHAPES.items()),
    ),
    sources=SOURCES,
)
ACTION = Shape(
    "action",
    (
        Field("do", "option", required=True, options=ACTIONS),
        _TITLE,
        Field("to", "name"),
        Field("within", "shape", shape=SPAN),
        Field("from", "option", options=("settlement", "event")),
        Field("due", "formula"),
        Field("note", "text"),
    ),
    short="do",
)
SHORTFALL = Shape(
    "shortfall",
    (
        Field("target", "formula", required=True),
        Field("score", "formula", required=True),
        Field("base", "formula"),
        Field("perPoint", "formula", required=True),
        Field("double", "formula"),
        Field("both", "formula"),
        Field("once", "name"),
    ),
)
DECIDED = Shape("decided", (Field("from", "formula", required=True), Field("to", "formula", required=True)))
RULE = Shape(
    "rule",
    (
        _NAME,
        _TITLE,
        Field("clause", "word"),
        Field("help", "text"),
        Field("for", "name", required=True),
        Field("per", "option", required=True, options=RULE_PERIODS),
        Field("when", "formula"),
        Field("exempt", "formula"),
        Field("direction", "option", options=DIRECTIONS),
        Field("amount", "formula"),
        Field("shortfall", "shape", shape=SHORTFALL),
        Field("decided", "shape", shape=DECIDED),
        Field("unit", "word"),
        Field("places", "whole"),
        Field("floor", "number"),
        Field("cap", "number"),
        Field("payee", "name"),
        Field("actions", "shapes", shape=ACTION),
    ),
)
OPTION = Shape("option", (Field("value", "word", required=True), _TITLE))
PARAMETER = Shape(
    "parameter",
    (
        _NAME,
        _TITLE,
        Field("help", "text"),
        Field("type", "option", required=True, options=PARAMETER_TYPES),
        Field("unit", "word"),
        Field("default", "scalar"),
        Field("minimum", "number"),
        Field("maximum", "number"),
        Field("options", "shapes", shape=OPTION),
        Field("reading", "word"),
    ),
)
SUBJECT = Shape("subject", (_NAME, _TITLE, Field("parent", "name")))
CALL_BACK = Shape(
    "callBack",
    (
        Field("when", "word", required=True),
        Field("ring", "word"),
        Field("declined", "word"),
        Field("severe", "word"),
        Field("anonymity", "option", required=True, options=ANONYMITY),
        Field("withinHours", "whole"),
        Field("attempts", "whole"),
        Field("disputeDays", "whole"),
        Field("record", "name"),
        Field("reasons", "name"),
        Field("satisfied", "number"),
        Field("closing", "flag"),
    ),
)
INSTRUMENT = Shape(
    "instrument",
    (
        _NAME,
        Field("kind", "option", required=True, options=INSTRUMENT_KINDS),
        _TITLE,
        Field("help", "text"),
        Field("form", "word"),
        Field("version", "whole"),
        Field("callBack", "shape", shape=CALL_BACK),
        Field("visits", "shape", shape=VISITS),
    ),
)
PHASE = Shape(
    "phase",
    (
        _NAME,
        _TITLE,
        Field("from", "month_day", required=True),
        Field("to", "month_day", required=True),
        Field("values", "values"),
    ),
)
DATE = Shape(
    "date",
    (
        _NAME,
        _TITLE,
        Field("help", "text"),
        Field("on", "day"),
        Field("each", "option", options=("month", "quarter")),
        Field("day", "whole"),
        Field("after", "name"),
        Field("months", "whole"),
        Field("days", "whole"),
        Field("workingDays", "whole"),
        Field("to", "name"),
    ),
    sources=("on", "each", "after"),
)
CALENDAR = Shape(
    "calendar",
    (
        Field("yearStarts", "month_day"),
        Field("zone", "word"),
        Field("phases", "shapes", shape=PHASE),
        Field("holidays", "dates"),
        Field("workdays", "dates"),
        Field("dates", "shapes", shape=DATE),
    ),
)
KEY_ITEMS = Shape(
    "keyItems",
    (
        Field("items", "words", required=True),
        Field("from", "date", required=True),
        Field("to", "date"),
        Field("notice", "text"),
    ),
)
COVERAGE = Shape(
    "coverage",
    (
        Field("share", "formula"),
        Field("perParent", "whole"),
        Field("recheckAtMost", "formula"),
        Field("yearly", "formula"),
        Field("video", "whole"),
    ),
)
DRAW = Shape(
    "sampling",
    (
        Field("method", "option", required=True, options=SAMPLING),
        Field("ratio", "formula"),
        Field("size", "formula"),
        Field("by", "word"),
    ),
)
WAVES = Shape(
    "waves",
    (
        Field("instrument", "name", required=True),
        Field("every", "option", required=True, options=ROUNDS),
        _TITLE,
        Field("sampling", "shape", shape=DRAW),
        Field("coverage", "shape", shape=COVERAGE),
        Field("weekdays", "words", options=WEEKDAYS),
        Field("approvals", "whole"),
    ),
)
DUTY_FIELD = Shape(
    "dutyField",
    (
        _NAME,
        _TITLE,
        Field("type", "option", required=True, options=ENTRY_TYPES),
        Field("unit", "word"),
        Field("required", "flag"),
    ),
)
DUTY = Shape(
    "duty",
    (
        _NAME,
        _TITLE,
        Field("help", "text"),
        Field("of", "name", required=True),
        Field("by", "name"),
        Field("each", "name"),
        Field("every", "option", required=True, options=CADENCES),
        Field("days", "words", options=(*WEEKDAYS, "working")),
        Field("opens", "formula"),
        Field("due", "formula"),
        Field("grace", "formula"),
        Field("times", "formula"),
        Field("counted", "flag"),
        Field("from", "day"),
        Field("until", "day"),
        Field("proof", "words", options=PROOFS),
        Field("instrument", "name"),
        Field("fields", "shapes", shape=DUTY_FIELD),
        Field("delivers", "name"),
    ),
)
PROGRAMME = Shape(
    "programme",
    (
        Field("$schema", "word"),
        Field("title", "text", required=True),
        Field("description", "text"),
        Field("source", "word"),
        Field("parameters", "shapes", shape=PARAMETER),
        Field("policies", "values"),
        Field("subjects", "shapes", shape=SUBJECT),
        Field("calendar", "shape", shape=CALENDAR),
        Field("instruments", "shapes", shape=INSTRUMENT),
        Field("keyItems", "shapes", shape=KEY_ITEMS),
        Field("waves", "shapes", shape=WAVES),
        Field("review", "shape", shape=REVIEW),
        Field("publication", "shape", shape=PUBLICATION),
        Field("orders", "shape", shape=ORDERS),
        Field("duties", "shapes", shape=DUTY),
        Field("measures", "shapes", shape=MEASURE),
        Field("rules", "shapes", shape=RULE),
    ),
)
