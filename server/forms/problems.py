"""What can be wrong with a definition (`Problem`) and with answers (`AnswerError`)."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from server.forms.suggestions import meant, nearest
from server.forms.unsupported import Part, present_name, reason
from server.wire import pointer_part

Severity = Literal["error", "warning"]
MAX_PROBLEMS = 200
MAX_SUGGESTIONS = 20


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to change in a definition. `pointer` is an RFC 6901 pointer into it."""

    pointer: str
    code: str
    severity: Severity
    params: Mapping[str, object]


class FormInvalid(ValueError):
    """A definition that cannot be used, with everything that is wrong with it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(", ".join(f"{problem.code} at {problem.pointer or '/'}" for problem in problems[:5]))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class AnswerError:
    """One thing to change in the answers. `pointer` points into them; `question` is where a page shows it."""

    question: str
    pointer: str
    code: str
    params: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong inside one answer; `suffix` is the pointer from that answer on."""

    code: str
    params: Mapping[str, object]
    suffix: str = ""


class Refused(ValueError):
    """An answer that its question type does not accept."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(", ".join(fault.code for fault in faults))
        self.faults = faults


def refusal(code: str, **params: object) -> Refused:
    """A refusal for one reason."""
    return Refused(Fault(code, params))


def pointer_to(*parts: str | int) -> str:
    """An RFC 6901 pointer."""
    return "".join(f"/{pointer_part(str(part))}" for part in parts)


class Report:
    """Collects problems; a definition with thousands of them is cut off at `MAX_PROBLEMS`.

    Errors and warnings are cut off apart: a form that can be used can be used however much there is to say.
    """

    def __init__(self) -> None:
        self._problems: list[Problem] = []
        self._counts: Counter[Severity] = Counter()
        self._suggestions_left = MAX_SUGGESTIONS
        self._charged: Counter[str] = Counter()

    def error(self, pointer: str, code: str, **params: object) -> None:
        """The form cannot be used as it is."""
        self._add(Problem(pointer, code, "error", params))

    def warn(self, pointer: str, code: str, **params: object) -> None:
        """The form can be used, but probably does not say what its author meant."""
        self._add(Problem(pointer, code, "warning", params))

    def charge(self, pointer: str, code: str, amount: int, limit: int) -> bool:
        """Add to what the whole form may have of something; whether it still may.

        What goes beyond the limit is an error, said once with the code, at the first place.
        """
        before = self._charged[code]
        self._charged[code] += amount
        if before <= limit < before + amount:
            self.error(pointer, code, limit=limit)
        return before + amount <= limit

    def unknown_property(self, pointer: str, name: str, known: Collection[str]) -> None:
        """A property that SurveyJS has and we do not gets the reason, a slip the name that was meant."""
        shown, present = name[:64], present_name(name, known) or meant(name, known)
        hint = "" if present else reason("property", name)
        if hint:
            self.error(pointer, "property_unsupported", property=shown, hint=hint)
        else:
            near = present or self.suggest(name, known)
            self.error(pointer, "property_unknown", property=shown, suggestion=near)

    def unknown_type(self, pointer: str, part: Part, name: str, known: Iterable[str]) -> None:
        """The same for a type of question, trigger or validator."""
        hint = reason(part, name)
        if hint:
            self.error(pointer, "type_unsupported", type=name[:64], hint=hint)
        else:
            self.error(pointer, "type_unknown", type=name[:64], suggestion=self.suggest(name, known))

    def suggest(self, word: str, options: Iterable[str]) -> str:
        """The nearest option, or "". Only so often: a form of nothing but slips would cost seconds."""
        if self._suggestions_left == 0:
            return ""
        self._suggestions_left -= 1
        return nearest(word, options)

    def _add(self, problem: Problem) -> None:
        severity = problem.severity
        self._counts[severity] += 1
        if self._counts[severity] <= MAX_PROBLEMS:
            self._problems.append(problem)
        elif self._counts[severity] == MAX_PROBLEMS + 1:
            self._problems.append(Problem("", "form_too_many_problems", severity, {"limit": MAX_PROBLEMS}))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All of them, in the order of discovery."""
        return tuple(self._problems)

    @property
    def has_errors(self) -> bool:
        """Whether any problem is more than a warning."""
        return any(problem.severity == "error" for problem in self._problems)
