"""SurveyJS's expressions: parsed once to a small tree, evaluated without eval, total and bounded."""

from server.forms.expressions.compiled import Expression, compile_expression
from server.forms.expressions.evaluation import DISPLAY
from server.forms.expressions.names import Names
from server.forms.expressions.tokens import ExpressionError
from server.forms.expressions.traps import UNKNOWN_CHOICE, Compared, constants_compared
from server.forms.expressions.tree import paths_in, substituted

__all__ = [
    "DISPLAY",
    "UNKNOWN_CHOICE",
    "Compared",
    "Expression",
    "ExpressionError",
    "Names",
    "compile_expression",
    "constants_compared",
    "paths_in",
    "substituted",
]
