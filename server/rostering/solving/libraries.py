"""NumPy and SciPy, loaded when the first roster is made and not before.

Each process of the web server would otherwise pay for them at its start: 70 MB and about a second.
"""

from functools import cache
from importlib import import_module
from typing import Any


@cache
def numpy() -> Any:
    """Arrays."""
    return import_module("numpy")


@cache
def optimize() -> Any:
    """`linear_sum_assignment` and `milp`."""
    return import_module("scipy.optimize")


@cache
def sparse() -> Any:
    """Matrices of mostly nothing."""
    return import_module("scipy.sparse")
