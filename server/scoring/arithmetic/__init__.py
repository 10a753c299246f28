"""The form language's expressions on exact numbers: what a programme's measures and rules are written in."""

from server.scoring.arithmetic.evaluation import Scope
from server.scoring.arithmetic.formula import FUNCTIONS, Formula, compile_formula
from server.scoring.arithmetic.values import Value, exact_value, number_in

__all__ = [
    "FUNCTIONS",
    "Formula",
    "Scope",
    "Value",
    "compile_formula",
    "exact_value",
    "number_in",
]
