"""What a programme may say about reports that were handed in: the shapes of `review` and `publication`."""

from server.scoring.programmes.reviewing import LEVELS
from server.scoring.programmes.shapes import Field, Shape

REVIEW = Shape(
    "review",
    (
        Field("instruments", "words"),
        Field("look", "whole"),
        Field("second", "whole"),
        Field("outlier", "number"),
        Field("eyes", "whole"),
        Field("alone", "flag"),
    ),
)
PUBLICATION = Shape(
    "publication",
    (
        Field("check", "whole"),
        Field("appeals", "whole"),
        Field("decided", "option", options=LEVELS),
        Field("eyes", "whole"),
        Field("alone", "flag"),
    ),
)
