"""Random forms and answers to them: the question types that survey-core has too, joined by conditions.

A form is a chain of questions in pages and panels. Conditions read questions that have been drawn before.
Answers have the shape of their question, as a page would send them; some are missing, some break the rules.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
Draw = Callable[[], Any]

LETTERS = ["a", "b", "c", "d"]
WORDS = ["yes", "no", "maybe", "a@example.com", "12", "3", "abc", "A1", "tea and milk"]
DAYS = ["2026-04-30", "2026-05-01", "2026-05-02", "2025-12-31"]
VARIABLES: Json = {"region": "north", "level": 3}
MODES = ("onHidden", "onComplete", "none")


@dataclass(frozen=True, slots=True)
class Kind:
    """How to draw a question, an answer to it, and a condition on the answer to a question of this name."""

    question: Callable[[random.Random], Json]
    answer: Callable[[random.Random, Json], Any]
    condition: Callable[[random.Random, str], str]


def _choices(rng: random.Random) -> list[str]:
    return LETTERS[: rng.randrange(2, 5)]


def _some(rng: random.Random, items: list[Any]) -> list[Any]:
    """Some items, in their order."""
    return [item for item in items if rng.random() < 0.5]


def _of_list(sign: str) -> Callable[[random.Random, str], str]:
    def condition(rng: random.Random, name: str) -> str:
        return rng.choice([
            f"{{{name}}} {sign} '{rng.choice(LETTERS)}'",
            f"{{{name}}} anyof ['{rng.choice(LETTERS)}', '{rng.choice(LETTERS)}']",
            f"{{{name}}} {rng.choice(['empty', 'notempty'])}",
        ])  # fmt: skip

    return condition


def _of_number(rng: random.Random, name: str) -> str:
    sign = rng.choice(["<", "<=", ">", ">=", "=", "<>"])
    return rng.choice([f"{{{name}}} {sign} {rng.randrange(0, 6)}", f"{{{name}}} * 2 - 1 {sign} 5"])


def _of_text(rng: random.Random, name: str) -> str:
    return rng.choice([
        f"{{{name}}} = '{rng.choice(WORDS)}'",
        f"{{{name}}} contains '{rng.choice(['a', 'e', '1'])}'",
        f"{{{name}}} notempty",
        f"{{{name}.length}} > 3",
    ])  # fmt: skip


def _of_day(rng: random.Random, name: str) -> str:
    return f"{{{name}}} {rng.choice(['<', '>=', '='])} {rng.choice(['today()', repr(DAYS[1])])}"


def _text_question(rng: random.Random) -> Json:
    validators: list[Json] = [
        {"type": "text", "minLength": 2, "maxLength": 8},
        {"type": "regex", "regex": "^[a-z ]+$"},
        {"type": "regex", "regex": "A", "caseInsensitive": True},
        {"type": "email"},
        {"type": "numeric", "minValue": 5, "maxValue": 20},
    ]
    return {"validators": [rng.choice(validators)]} if rng.random() < 0.3 else {}


def _number_question(rng: random.Random) -> Json:
    limits: list[Json] = [
        {"min": 1, "max": 4},
        {"validators": [{"type": "numeric", "minValue": 2}]},
        {"minValueExpression": "{level} - 1"},
    ]
    return {"inputType": "number"} | (rng.choice(limits) if rng.random() < 0.4 else {})


def _checkbox_question(rng: random.Random) -> Json:
    question: Json = {"choices": _choices(rng)}
    if rng.random() < 0.2:
        question["minSelectedChoices"] = 2
    if rng.random() < 0.2:
        question["validators"] = [{"type": "answercount", "minCount": 2, "maxCount": 2}]
    return question


def _matrix_question(rng: random.Random) -> Json:
    question: Json = {"rows": ["r1", "r2"], "columns": [1, 2, 3]}
    return question | ({"eachRowRequired": True} if rng.random() < 0.2 else {})


KINDS: dict[str, Kind] = {
    "text": Kind(_text_question, lambda rng, _: rng.choice(WORDS), _of_text),
    "number": Kind(_number_question, lambda rng, _: rng.choice([0, 1, 2, 3, 4.5, 7]), _of_number),
    "date": Kind(
        lambda rng: {"inputType": "date"} | ({"min": DAYS[1]} if rng.random() < 0.3 else {}),
        lambda rng, _: rng.choice(DAYS),
        _of_day,
    ),
    "comment": Kind(lambda _: {}, lambda rng, _: rng.choice(WORDS), _of_text),
    "radiogroup": Kind(
        lambda rng: {"choices": _choices(rng)}, lambda rng, q: rng.choice(values_of(q)), _of_list("=")
    ),
    "dropdown": Kind(
        lambda rng: {"choices": _choices(rng)}, lambda rng, q: rng.choice(values_of(q)), _of_list("<>")
    ),
    "checkbox": Kind(_checkbox_question, lambda rng, q: _some(rng, values_of(q)), _of_list("contains")),
    "boolean": Kind(
        lambda _: {},
        lambda rng, _: rng.random() < 0.5,
        lambda rng, name: rng.choice([f"{{{name}}} = true", f"{{{name}}}", f"!{{{name}}}"]),
    ),
    "rating": Kind(lambda _: {}, lambda rng, _: rng.randrange(1, 6), _of_number),
    "matrix": Kind(
        _matrix_question,
        lambda rng, q: {row: rng.choice(q["columns"]) for row in _some(rng, q["rows"])},
        lambda rng, name: _of_number(rng, f"{name}.r1"),
    ),
    "ranking": Kind(
        lambda rng: {"choices": LETTERS[:3]},
        lambda rng, q: rng.sample(q["choices"], len(q["choices"])),
        lambda rng, name: f"{{{name}[0]}} = '{rng.choice(LETTERS[:3])}'",
    ),
}
_TYPES = {"number": "text", "date": "text"}
_COUNTED = ("number", "rating", "boolean")
_WITH_DEFAULT = ("radiogroup", "rating", "text")


def values_of(question: Json) -> list[Any]:
    """The values of its choices."""
    return [one["value"] if isinstance(one, dict) else one for one in question["choices"]]


class Maker:
    """Draws one form, and then answers to it."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._answers: dict[str, Draw] = {}
        self._conditions: list[Draw] = [
            lambda: _of_list("=")(rng, "region"),
            lambda: _of_number(rng, "level"),
        ]
        self._numbers: list[str] = []
        self._lists: list[Json] = []
        self._fills_in = True
        self._count = 0

    def form(self) -> Json:
        """A new form."""
        rng = self._rng
        form: Json = {
            "title": "t",
            "variables": [{"name": name} for name in VARIABLES],
            "pages": [self._page(index) for index in range(rng.randrange(1, 4))],
            "calculatedValues": [
                {"name": "total", "expression": self._figure(), "includeIntoResult": True},
                {"name": "state", "expression": f"iif({self._condition()}, 'x', 5)"},
            ],
        }
        return form | ({"clearInvisibleValues": rng.choice(MODES)} if rng.random() < 0.3 else {})

    def with_end(self) -> Json:
        """A new form that may end early, without what survey-core fills in on pages that nobody reaches."""
        self._fills_in = False
        form = self.form() | {"clearInvisibleValues": "onHidden"}
        first, *_ = list(self._answers) or [""]
        condition = f"({self._condition()}) and {{{first}}} notempty" if first else self._condition()
        return form | {"triggers": [{"type": "complete", "expression": condition}]}

    def answers(self) -> Json:
        """New answers to the form."""
        return {name: draw() for name, draw in self._answers.items() if self._rng.random() < 0.8}

    def _page(self, index: int) -> Json:
        elements = [self._element(depth=0) for _ in range(self._rng.randrange(1, 4))]
        return self._perhaps({"name": f"page{index}", "elements": elements}, "visibleIf", 0.2)

    def _element(self, depth: int) -> Json:
        roll = self._rng.random()
        if roll < 0.12 and depth < 2:
            elements = [self._element(depth + 1) for _ in range(self._rng.randrange(1, 3))]
            panel = {"type": "panel", "name": self._name(), "elements": elements}
            return self._perhaps(panel, "visibleIf", 0.6)
        if roll < 0.18 and self._fills_in:
            return self._shown_value()
        if roll < 0.3:
            return self._rng.choice([self._panels, self._rows, self._items])()
        if roll < 0.34 and self._lists:
            return self._borrowing()
        return self._question()

    def _name(self) -> str:
        self._count += 1
        return f"q{self._count}"

    def _condition(self) -> str:
        """A condition on what has been drawn so far."""
        first, second = self._rng.choice(self._conditions)(), self._rng.choice(self._conditions)()
        if self._rng.random() < 0.7:
            return str(first)
        joined = [f"{first} and {second}", f"{first} or {second}", f"!({first}) and ({second})"]
        return self._rng.choice(joined)

    def _perhaps(self, element: Json, condition: str, chance: float) -> Json:
        if self._rng.random() < chance:
            element[condition] = self._condition()
        return element

    def _figure(self) -> str:
        names = [name for name in self._numbers if self._rng.random() < 0.4]
        return f"sum(1{''.join(f', {{{name}}}' for name in names)})"

    def _named(self, kind: str) -> Json:
        name = self._name()
        return {"type": kind, "name": name, "title": name}

    def _shown_value(self) -> Json:
        question = self._named("expression")
        question["expression"] = self._rng.choice([self._figure(), f"iif({self._condition()}, 1, 'none')"])
        self._perhaps(question, "visibleIf", 0.3)
        self._conditions.append(lambda: _of_number(self._rng, question["name"]))
        return question

    def _question(self) -> Json:
        rng, word = self._rng, self._rng.choice(list(KINDS))
        kind, question = KINDS[word], self._named(_TYPES.get(word, word))
        name = question["name"]
        question |= kind.question(rng)
        self._with_conditions(question)
        if "choices" in question and word != "ranking" and rng.random() < 0.15:
            self._with_choice_conditions(question)
        elif word in _WITH_DEFAULT and self._fills_in and rng.random() < 0.08:
            question["defaultValue"] = kind.answer(rng, question)
        self._answers[name] = lambda: kind.answer(rng, question)
        self._conditions.append(lambda: kind.condition(rng, name))
        if word in _COUNTED:
            self._numbers.append(name)
        if word == "checkbox":
            self._lists.append(question)
        return question

    def _borrowing(self) -> Json:
        """A question that takes its choices from a checkbox."""
        rng, source, question = self._rng, self._rng.choice(self._lists), self._named("radiogroup")
        name = question["name"]
        question["choicesFromQuestion"] = source["name"]
        question["choicesFromQuestionMode"] = rng.choice(["all", "selected", "unselected"])
        self._with_conditions(question)
        self._answers[name] = lambda: rng.choice(values_of(source))
        self._conditions.append(lambda: _of_list("=")(rng, name))
        return question

    def _with_conditions(self, question: Json) -> None:
        rng = self._rng
        self._perhaps(question, "visibleIf", 0.4)
        self._perhaps(question, "enableIf", 0.1)
        if rng.random() < 0.3:
            question["isRequired"] = True
        else:
            self._perhaps(question, "requiredIf", 0.2)
        if rng.random() < 0.1:
            rule = {"type": "expression", "expression": self._condition()}
            question["validators"] = [*question.get("validators", []), rule]

    def _with_choice_conditions(self, question: Json) -> None:
        if self._rng.random() < 0.5:
            first, *others = question["choices"]
            question["choices"] = [{"value": first, "visibleIf": self._condition()}, *others]
        else:
            question["choicesVisibleIf"] = f"{{item}} <> 'a' or ({self._condition()})"

    def _inner(self, word: str) -> tuple[Json, Json]:
        """Two questions of a group, the second one perhaps depending on the first."""
        rng = self._rng
        first: Json = {"name": "x", "title": "x", "type": "text", "inputType": "number"}
        second: Json = {"name": "y", "title": "y", "type": "dropdown", "choices": LETTERS[:3]}
        if rng.random() < 0.6:
            second["visibleIf"] = f"{{{word}.x}} {rng.choice(['>', '<=', '<>'])} 2"
        if rng.random() < 0.3:
            second["isRequired"] = True
        self._perhaps(first, "requiredIf", 0.2)
        if rng.random() < 0.2:
            first["validators"] = [{"type": "numeric", "minValue": 1}]
        return first, second

    def _inner_answer(self) -> Json:
        given = {"x": self._rng.choice([0, 1, 2, 3, 4]), "y": self._rng.choice(LETTERS[:3])}
        return {name: value for name, value in given.items() if self._rng.random() < 0.8}

    def _panels(self) -> Json:
        rng, question = self._rng, self._named("paneldynamic")
        name = question["name"]
        question["templateElements"] = list(self._inner("panel"))
        if rng.random() < 0.2:
            question["minPanelCount"] = 1
        self._with_conditions(question)
        self._answers[name] = lambda: [
            panel for _ in range(rng.randrange(0, 4)) if (panel := self._inner_answer())
        ]
        self._conditions += [
            lambda: f"{{{name}[{rng.choice([0, 1, -1])}].x}} > 1",
            lambda: f"sumInArray({{{name}}}, 'x') > 3",
            lambda: f"countInArray({{{name}}}, 'x', {{y}} = 'a') = 1",
        ]
        return question

    def _rows(self) -> Json:
        question = self._named("matrixdropdown")
        name = question["name"]
        question["columns"] = [
            {"cellType": column.pop("type"), **column} for column in map(dict, self._inner("row"))
        ]
        question["rows"] = ["r1", "r2"]
        self._with_conditions(question)
        self._answers[name] = lambda: {
            row: cells for row in question["rows"] if (cells := self._inner_answer())
        }
        self._conditions.append(lambda: f"{{{name}.r1.x}} > 1")
        return question

    def _items(self) -> Json:
        rng, question = self._rng, self._named("multipletext")
        name = question["name"]
        first: Json = {"name": "i1", "title": "i1"}
        second: Json = {"name": "i2", "title": "i2", "inputType": "number"}
        if rng.random() < 0.3:
            first["isRequired"] = True
        if rng.random() < 0.3:
            second["validators"] = [{"type": "numeric", "maxValue": 3}]
        question["items"] = [first, second]
        self._with_conditions(question)
        self._answers[name] = lambda: {
            item["name"]: rng.choice(choices)
            for item, choices in zip(question["items"], (WORDS, [1, 2, 5]), strict=True)
            if rng.random() < 0.7
        }
        self._conditions.append(lambda: _of_text(rng, f"{name}.i1"))
        return question


def for_survey_core(form: Json) -> Json:
    """The same form for survey-core: our default for hidden answers written out, what is ours left out."""
    known = {name: value for name, value in form.items() if name not in ("variables", "scoring")}
    return {"clearInvisibleValues": "onHidden", **known}
