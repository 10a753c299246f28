"""The names an expression may read, and what it may read behind them."""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

_NO_PARTS: Mapping[str, str] = MappingProxyType({})


class Names:
    """Names, found without regard to case as SurveyJS does.

    `parts` says for a name which parts of a path may follow it: the rows of a matrix, the questions of a
    panel, rows and columns of a matrix of questions, none for a question whose answer has no parts. Behind a
    name that it leaves out any path is accepted.
    """

    __slots__ = ("_outer", "_parts", "_spelling")

    def __init__(
        self,
        names: Iterable[str],
        parts: Mapping[str, Iterable[str]] = MappingProxyType({}),
        outer: "Names | None" = None,
    ) -> None:
        self._outer = outer
        self._spelling = {name.lower(): name for name in names}
        self._parts = {
            name: MappingProxyType({part.lower(): part for part in known}) for name, known in parts.items()
        }

    def inside(self, word: str, inner: Iterable[str] = ()) -> "Names":
        """These names and `word`, by which the inside of a group reads its own panel, row or item.

        `inner` are the names behind the word; () when it stands for a plain value.
        """
        # A layer and no copy: each group of a form would copy all the form's names.
        return Names((word,), {word: inner}, self)

    def resolve(self, name: str) -> str | None:
        """The form's spelling, or None."""
        own = self._spelling.get(name.lower())
        return self._outer.resolve(name) if own is None and self._outer else own

    def parts_of(self, name: str) -> Mapping[str, str] | None:
        """Lower-case part -> its spelling, for a resolved name; None when nothing is known of its parts."""
        own = self._parts.get(name)
        return self._outer.parts_of(name) if own is None and self._outer else own

    def parts(self, name: str) -> tuple[str, ...]:
        """The known parts of a path behind a name, for suggestions."""
        return tuple((self.parts_of(name) or _NO_PARTS).values())

    def __iter__(self) -> Iterator[str]:
        yield from self._spelling.values()
        yield from (name for name in self._outer or () if name.lower() not in self._spelling)
