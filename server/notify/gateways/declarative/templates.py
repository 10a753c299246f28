"""Texts with places for values: `{recipient.national}`; `{{` and `}}` are braces."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_PART: Final = re.compile(r"\{\{|\}\}|\{([a-z][\w.-]*)\}|[{}]", re.ASCII | re.IGNORECASE)


class BracesWrong(ValueError):
    """A brace that opens or closes nothing."""


@dataclass(frozen=True, slots=True)
class Name:
    """A place for the value of this name."""

    name: str


@dataclass(frozen=True, slots=True)
class Template:
    """A text in parts."""

    parts: tuple[str | Name, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The values that it takes, in order."""
        return tuple(part.name for part in self.parts if isinstance(part, Name))

    def filled(self, value: Callable[[str], str], written: Callable[[str], str] = str) -> str:
        """The text; `written` escapes each value as its surroundings demand."""
        return "".join(part if isinstance(part, str) else written(value(part.name)) for part in self.parts)


def parse(text: str) -> Template:
    """Raises BracesWrong."""
    parts: list[str | Name] = []
    end = 0
    for found in _PART.finditer(text):
        parts.append(text[end : found.start()])
        end = found.end()
        if found[1] is not None:
            parts.append(Name(found[1]))
        elif len(found[0]) == 2:
            parts.append(found[0][0])
        else:
            raise BracesWrong(text)
    parts.append(text[end:])
    return Template(tuple(part for part in parts if part != ""))
