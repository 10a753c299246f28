"""Writes tests/forms/expression_vectors.json: expressions, values and what survey-core answers.

    python -m tests.oracle.vectors              ask survey-core again about the expressions of the file
    python -m tests.oracle.vectors 200 7        and add 200 random ones of the seed 7

Our evaluator and the interpreter in the page both pass the file. Where we differ on purpose there is no
vector; a value that is no JSON number in JavaScript (NaN) is null.
"""

import json
import random
import sys
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from server.forms.expressions import ExpressionError, Names, compile_expression
from tests.oracle import expressions
from tests.oracle.comparing import same
from tests.oracle.process import ask

TODAY = date(2026, 5, 1)
FILE = Path(__file__).parents[1] / "forms" / "expression_vectors.json"
NAMES = "abcdmpz"


def main(arguments: list[str]) -> None:
    """Write the file; report what is left out."""
    pairs = [(source, values) for source, values, _ in json.loads(FILE.read_text("utf-8"))]
    if arguments:
        count, seed = map(int, arguments)
        pairs += islice(_random_pairs(random.Random(seed)), count)
    cases = [{"kind": "expression", "expression": source, "values": values} for source, values in pairs]
    kept = [
        (source, values, answer["value"])
        for (source, values), answer in zip(pairs, ask(cases), strict=True)
        if _agrees(source, values, answer)
    ]
    lines = ",\n  ".join(json.dumps(vector, ensure_ascii=False) for vector in kept)
    FILE.write_text(f"[\n  {lines}\n]\n", "utf-8")
    sys.stdout.write(f"{len(kept)} vectors, {len(pairs) - len(kept)} left out\n")


def _random_pairs(rng: random.Random) -> Any:
    """Short expressions with only the values that they read."""
    while True:
        values, source = expressions.values(rng), expressions.expression(rng, depth=2)
        try:
            read = compile_expression(source, Names(expressions.NAMES)).names
        except ExpressionError:
            continue
        if read and len(source) < 80:
            yield source, {name: value for name, value in values.items() if name in read}


def _agrees(source: str, values: dict[str, Any], answer: dict[str, Any]) -> bool:
    try:
        expression = compile_expression(source, Names((*values, *NAMES)))
    except ExpressionError:
        return False
    return "value" in answer and same(expression.value(values, TODAY), answer["value"])


if __name__ == "__main__":
    main(sys.argv[1:])
