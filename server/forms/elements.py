"""A definition after reading and before compiling: a tree of elements with their read properties."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from server.forms.localised import LocalText
from server.forms.properties import Choice

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Element:
    """A page, a panel or a question. `kind` is "page", "panel" or a name of the type table."""

    kind: str
    name: str
    pointer: str
    properties: Mapping[str, object]
    children: tuple["Element", ...] = ()

    def get(self, name: str, holds: type[T], default: T) -> T:
        """A property of a simple kind, or the default."""
        value = self.properties.get(name)
        return value if isinstance(value, holds) else default

    def number(self, name: str) -> int | float | None:
        """A numeric property, or None."""
        value = self.properties.get(name)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None

    def text(self, name: str) -> LocalText | None:
        """A localisable property, or None."""
        value = self.properties.get(name)
        return value if isinstance(value, LocalText) else None

    def choices(self, name: str) -> tuple[Choice, ...]:
        """A list of choices, rows or columns, or ()."""
        value = self.properties.get(name)
        return value if isinstance(value, tuple) else ()

    def at(self, name: str) -> str:
        """Pointer to a property."""
        return f"{self.pointer}/{name}"
