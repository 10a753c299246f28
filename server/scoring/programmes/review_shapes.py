"""What becomes of reports that were handed in: the shapes of `review`, `publication` and `orders`."""

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
ORDERS = Shape("orders", (Field("days", "whole"), Field("keyDays", "whole")))
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
