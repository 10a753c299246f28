"""Short ways to write the questions that scoring tests need."""

from fractions import Fraction

from server.scoring.compile import compile_scoring
from server.scoring.definitions import AnswerKind, ItemDefinition
from server.scoring.rules import ScoreRules
from server.scoring.score import score
from server.scoring.sheet import ScoreSheet


def item(
    name: str,
    scoring: object = None,
    *,
    answer: AnswerKind = "single",
    choices: tuple[str, ...] = ("yes", "no", "na"),
    rows: tuple[str, ...] = (),
    bounds: tuple[object, object] = (None, None),
) -> ItemDefinition:
    """A question; without `scoring` a yes/no/na item worth one point."""
    written = scoring if scoring is not None else {"awards": {"yes": "1", "no": "0"}, "naValue": "na"}
    return ItemDefinition(name, f"/pages/0/elements/{name}", written, choices, rows, answer, *bounds)


def verdict(section: str = "", worth: str = "10", **more: object) -> dict[str, object]:
    """Scoring of a yes/no/na item."""
    written: dict[str, object] = {"awards": {"yes": worth, "no": "0"}, "naValue": "na", **more}
    return {"section": section, **written} if section else written


def sheet_of(form: dict[str, object], items: list[ItemDefinition], answers: dict[str, object]) -> ScoreSheet:
    """Compile and score with every question visible."""
    return score(compile_scoring(form, items), answers, {definition.name for definition in items})


def rules_of(form: dict[str, object], *items: ItemDefinition) -> ScoreRules:
    """Compile."""
    return compile_scoring(form, items)


def of(text: str) -> Fraction:
    """A fraction from text."""
    return Fraction(text)
