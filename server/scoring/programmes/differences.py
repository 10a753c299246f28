"""What a new version of a programme changes, and which numbers and rules depend on what it changes.

Both versions are compared as they were read, so that 90 and "90", or a list of one and its only entry, are
the same. What has a name is compared with what had that name; order counts for rules alone.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from server.scoring.exact import exact_text
from server.scoring.programmes.compiling import compile_programme
from server.scoring.programmes.definition import Programme, Text
from server.scoring.programmes.dependence import Dependence, Nodes
from server.scoring.programmes.draft import text_of
from server.scoring.programmes.shapes import Field, Part, Shape, read
from server.scoring.programmes.vocabulary import PROGRAMME
from server.scoring.reading import Findings

# code -> what `before`, `after` and `value` hold in it; the sentences have the same names behind `change_`.
CODES: dict[str, tuple[str, ...]] = {
    "added": (),
    "dropped": (),
    "changed": ("before", "after"),
    "reworded": (),
    "entry_added": ("value",),
    "entry_dropped": ("value",),
    "source_changed": ("before", "after"),
    "reading_changed": ("before", "after"),
    "reordered": (),
}
# The property that tells the objects of a list apart.
_KEYS = {
    "parameter": "name",
    "option": "value",
    "subject": "name",
    "phase": "name",
    "date": "name",
    "instrument": "name",
    "measure": "name",
    "rule": "name",
    "band": "grade",
    "section": "name",
    "weight": "measure",
    "action": "do",
    "waves": "instrument",
    "duty": "name",
    "dutyField": "name",
}
_OF_ENTRIES = {"added": "entry_added", "dropped": "entry_dropped"}
# Objects that stand for themselves in a sentence; all others are places within one of these.
_OWNERS = frozenset(("parameter", "subject", "phase", "date", "instrument", "duty", "measure", "rule"))


@dataclass(frozen=True, slots=True)
class Owner:
    """A parameter, measure, rule … that a change is about; of the programme itself without a name."""

    what: str = "programme"
    name: str = ""
    title: Text = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """One change.

    `place` leads from the owner to what has changed: keys of property titles (`band.min`), each with the
    name of the entry meant, or "". `before`, `after` and `value` are as the definition has them, None for
    nothing. `measures` and `rules` depend on it.
    """

    code: str
    owner: Owner
    pointer: str
    place: tuple[tuple[str, str], ...] = ()
    before: str | None = None
    after: str | None = None
    value: str | None = None
    measures: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Place:
    owner: Owner
    trail: tuple[tuple[str, str], ...] = ()

    def inside(self, key: str, entry: str = "") -> "_Place":
        return replace(self, trail=(*self.trail, (key, entry)))

    def change(
        self,
        code: str,
        pointer: str,
        before: str | None = None,
        after: str | None = None,
        value: str | None = None,
    ) -> Change:
        return Change(code, self.owner, pointer, self.trail, before, after, value)


def differences(old: object, new: object) -> tuple[Change, ...]:
    """Every change from one definition to another, in the order of the language.

    Raises:
        ProgrammeInvalid: when one of them must not be published.
    """
    programmes = compile_programme(old), compile_programme(new)
    before, after = (read(PROGRAMME, each, "", Findings()) for each in (old, new))
    was, now = Dependence(before, programmes[0]), Dependence(after, programmes[1])
    found = [*_compared(PROGRAMME, before, after, _Place(Owner())), *_readings(*programmes)]
    return tuple(_with_dependents(change, was if change.code == "dropped" else now) for change in found)


def _with_dependents(change: Change, graph: Dependence) -> Change:
    measures, rules = graph.dependents(_nodes(change))
    own = change.owner.name
    return replace(
        change,
        measures=tuple(name for name in measures if (change.owner.what, name) != ("measure", own)),
        rules=tuple(name for name in rules if (change.owner.what, name) != ("rule", own)),
    )


def _nodes(change: Change) -> Nodes:
    """What others may depend on. A new title moves no number, and who reads something new has changed too."""
    if change.code in ("reworded", "added"):
        return frozenset()
    if change.owner.what == "programme":
        first = change.place[0][0].removeprefix("programme.") if change.place else ""
        name = change.place[-1][1] if change.code == "reading_changed" else ""
        return frozenset(((first, name),))
    # `{phase.target}` is a value of whichever phase contains the period.
    name = "" if change.owner.what == "phase" else change.owner.name
    return frozenset(((change.owner.what, name),))


def _readings(old: Programme, new: Programme) -> Iterator[Change]:
    for key, after in new.policies.items():
        before = old.policies.get(key)
        if before != after:
            place = _Place(Owner()).inside("programme.policies", key)
            yield place.change("reading_changed", f"/policies/{key}", before=before, after=after)


def _compared(shape: Shape, before: Part, after: Part, place: _Place) -> Iterator[Change]:
    sources = _sources(shape, before), _sources(shape, after)
    changed_source = all(sources) and sources[0] != sources[1]
    if changed_source:
        keys = [f"{shape.name}.{source}" for source in sources]
        yield place.change("source_changed", after.pointer, before=keys[0], after=keys[1])
    for each in shape.fields:
        old, new = before.values.get(each.name), after.values.get(each.name)
        skipped = changed_source and each.name in shape.sources
        if _plain(old) == _plain(new) or skipped or each.name in ("policies", "$schema"):
            continue
        yield from _of_field(shape, each, before, after, place)


def _sources(shape: Shape, part: Part) -> str:
    return next((name for name in shape.sources if part.has(name)), "")


def _of_field(shape: Shape, each: Field, before: Part, after: Part, place: _Place) -> Iterator[Change]:
    old, new = before.values.get(each.name), after.values.get(each.name)
    inner, pointer = place.inside(f"{shape.name}.{each.name}"), after.at(each.name)
    if each.kind == "shapes" and each.shape is not None:
        yield from _lists(each.shape, before.parts(each.name), after.parts(each.name), inner, pointer)
    elif each.shape is not None:
        empty = Part(pointer)
        yield from _compared(
            each.shape, before.part(each.name) or empty, after.part(each.name) or empty, inner
        )
    elif each.kind in ("words", "dates"):
        yield from _words(before.words(each.name), after.words(each.name), inner, pointer)
    elif each.kind == "values":
        yield from _values(before.mapping(each.name), after.mapping(each.name), inner, pointer)
    elif each.kind == "text":
        yield inner.change("reworded", pointer)
    else:
        yield inner.change("changed", pointer, before=_shown(old), after=_shown(new))


def _lists(
    shape: Shape, before: tuple[Part, ...], after: tuple[Part, ...], place: _Place, pointer: str
) -> Iterator[Change]:
    if not _told_apart(shape, before) or not _told_apart(shape, after):
        yield from _words(map(_text, before), map(_text, after), place, pointer)
        return
    old, new = _by_key(shape, before), _by_key(shape, after)
    for name, part in old.items():
        if name not in new:
            yield _gone("dropped", shape, name, part, place)
    for name, part in new.items():
        if name in old:
            yield from _compared(shape, old[name], part, _entry(shape, name, part, place))
        else:
            yield _gone("added", shape, name, part, place)
    kept = [name for name in old if name in new], [name for name in new if name in old]
    if shape.name == "rule" and kept[0] != kept[1]:
        yield place.change("reordered", pointer)


def _told_apart(shape: Shape, parts: tuple[Part, ...]) -> bool:
    return shape.name in _KEYS and len(_by_key(shape, parts)) == len(parts)


def _by_key(shape: Shape, parts: tuple[Part, ...]) -> Mapping[str, Part]:
    return {part.text(_KEYS[shape.name]): part for part in parts}


def _entry(shape: Shape, name: str, part: Part, place: _Place) -> _Place:
    """A named thing is the owner of its changes; an entry within it is a part of the way there."""
    if shape.name in _OWNERS:
        return _Place(Owner(shape.name, name, text_of(part, "title")))
    *way, (key, _) = place.trail
    return replace(place, trail=(*way, (key, name)))


def _gone(code: str, shape: Shape, name: str, part: Part, place: _Place) -> Change:
    if shape.name in _OWNERS:
        return _entry(shape, name, part, place).change(code, part.pointer)
    return place.change(_OF_ENTRIES[code], part.pointer, value=name)


def _text(value: object) -> str:
    return _shown(value) or ""


def _words(before: Iterable[str], after: Iterable[str], place: _Place, pointer: str) -> Iterator[Change]:
    old, new = dict.fromkeys(before), dict.fromkeys(after)
    yield from (place.change("entry_dropped", pointer, value=word) for word in old if word not in new)
    yield from (place.change("entry_added", pointer, value=word) for word in new if word not in old)


def _values(
    before: Mapping[str, object], after: Mapping[str, object], place: _Place, pointer: str
) -> Iterator[Change]:
    *way, (key, _) = place.trail
    for name in dict.fromkeys((*before, *after)):
        old, new = _shown(before.get(name)), _shown(after.get(name))
        if old != new:
            entry = replace(place, trail=(*way, (key, name)))
            yield entry.change("changed", f"{pointer}/{name}", before=old, after=new)


def _plain(value: object) -> object:
    """A value without its place in the file, so that two versions can be compared."""
    match value:
        case Part(values=values):
            return {name: _plain(inner) for name, inner in values.items()}
        case tuple():
            return [_plain(inner) for inner in value]
        case Fraction():
            return exact_text(value)
        case _:
            return value


def _shown(value: object) -> str | None:
    """A value as a sentence shows it."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case tuple():
            return ", ".join(map(_text, value))
        case Part(values=values):
            # Titles and notes would drown what the entry does.
            told = {name: inner for name, inner in values.items() if not isinstance(inner, dict)}
            return ", ".join(f"{name} {_text(inner)}" for name, inner in told.items())
        case _:
            return str(_plain(value))
