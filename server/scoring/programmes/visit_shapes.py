"""What an instrument may say about its visits: the shapes of `visits` in a programme."""

from typing import Final

from server.scoring.programmes.shapes import Field, Shape

MODES: Final = ("covert", "overt")

SCENARIO = Shape(
    "scenario",
    (
        Field("value", "word", required=True),
        Field("title", "text", required=True),
        Field("text", "text"),
    ),
)
QUIZ = Shape(
    "quiz",
    (
        Field("form", "word", required=True),
        Field("version", "whole", required=True),
        Field("pass", "number"),
        Field("module", "number"),
    ),
)
EVIDENCE = Shape(
    "evidence",
    (
        Field("radius", "whole"),
        Field("stay", "whole"),
        Field("narrative", "whole"),
        Field("days", "whole"),
        Field("review", "whole"),
        Field("weights", "values"),
    ),
)
PAY = Shape(
    "pay",
    (
        Field("fee", "number", required=True),
        Field("attempt", "number"),
        Field("expenses", "number"),
    ),
)
FINE = Shape("fine", (Field("least", "number", required=True), Field("most", "number", required=True)))
POST = Shape("post", (Field("name", "word", required=True), Field("title", "text", required=True)))
VISITS = Shape(
    "visits",
    (
        Field("mode", "option", options=MODES),
        Field("briefing", "text"),
        Field("letter", "text"),
        Field("scenarios", "shapes", shape=SCENARIO),
        Field("quiz", "shape", shape=QUIZ),
        Field("location", "flag"),
        Field("photoSide", "whole"),
        Field("evidence", "shape", shape=EVIDENCE),
        Field("pay", "shape", shape=PAY),
        Field("fine", "shape", shape=FINE),
        Field("posts", "shapes", shape=POST),
    ),
)
