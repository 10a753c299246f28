"""SurveyJS's expressions: parsed once to a small tree, evaluated without eval, total and bounded."""

from server.forms.expressions.compiled import Expression, Names, compile_expression
from server.forms.expressions.tokens import ExpressionError

__all__ = ["Expression", "ExpressionError", "Names", "compile_expression"]
