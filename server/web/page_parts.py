"""What a page of questions carries besides its questions: just the script, sentences and styles it needs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from server import catalogue
from server.forms import ElementView, PageView
from server.web import linking

# Kind, variant or attribute of an element -> what makes it better than plain.
_CONTROLS: Mapping[str, str] = MappingProxyType(
    {
        "ranking": "startRankings",
        "signaturepad": "startSignatures",
        "geolocation": "startPlaces",
        "stars": "startStars",
        "range": "startRanges",
        "all": "startEvery",
    }
)
_RARE = frozenset(
    ("ranking", "signaturepad", "geolocation", "moment", "file", "image", "paneldynamic", "matrixdropdown")
)
_RARE_LOOKS = frozenset(("stars", "smileys", "range"))
_DAYS = MappingProxyType({"rangeUnderflow": "too_early", "rangeOverflow": "too_late"})
# What a browser finds wrong with a field of a type (its validity flags) -> the code of the sentence.
_WRONG: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "number": {
            "badInput": "number_invalid",
            "rangeUnderflow": "number_min",
            "rangeOverflow": "number_max",
            "stepMismatch": "number_step",
        },
        "date": {"badInput": "date_invalid", **_DAYS},
        "time": {"badInput": "time_invalid", **_DAYS},
        "month": {"badInput": "month_invalid", **_DAYS},
        "datetime-local": {"badInput": "datetime_invalid", **_DAYS},
        "email": {"typeMismatch": "email_invalid"},
    }
)


@dataclass(frozen=True, slots=True)
class Parts:
    """Of one page.

    Attributes:
        script: ES5, whole.
        sentences: what the script says about a field; `{limit}` takes the field's own limit.
        is_live: whether something on the page depends on an answer on it.
        has_kinds: whether the styles of the rarer kinds are needed.
        has_buttons: whether questions hold buttons that post the page.
        has_files: whether photos can come with the page.
    """

    script: str
    sentences: Mapping[str, str]
    is_live: bool
    has_kinds: bool
    has_buttons: bool
    has_files: bool


def parts_of(view: PageView, logic: Mapping[str, Any], locale: str, *, customer: bool = True) -> Parts:
    """Args: logic: as `server.forms.pages.logic` gives it; customer: whether the page is not a visit's."""
    elements = tuple(_all(view.elements))
    features = {feature for element in elements for feature in _features(element)}
    is_live = bool(logic) or _is_piped(view)
    controls = sorted(start for feature, start in _CONTROLS.items() if feature in features)
    live = ("startLive",) if is_live else ()
    # What was typed comes back before better controls and rules read it; the steps count what is asked.
    starts = (
        ("startPage", *controls, *live, "startSteps", "startLarge")
        if customer
        else ("startKept", *controls, *live)
    )
    return Parts(
        script=linking.script(starts, _rows(logic, elements) if is_live else ()),
        sentences=_sentences(features, locale),
        is_live=is_live,
        has_kinds=bool(features & (_RARE | _RARE_LOOKS)),
        has_buttons=any(element.kind in ("moment", "paneldynamic") for element in elements),
        has_files=any(element.kind == "file" for element in elements),
    )


def waiting_script(pages: Iterable[PageView], logic: Mapping[str, Any]) -> str:
    """The script of a document with all pages: it waits until the answers kept on the phone are back."""
    views = tuple(pages)
    elements = tuple(element for view in views for element in _all(view.elements))
    features = {feature for element in elements for feature in _features(element)}
    controls = sorted(start for feature, start in _CONTROLS.items() if feature in features)
    is_live = bool(logic) or any(map(_is_piped, views))
    starts = (*controls, "startLive") if is_live else controls
    return linking.waiting(starts, _rows(logic, elements) if is_live else ())


def plain_script() -> str:
    """Of a page without questions."""
    return linking.script(("startPlain",))


def _all(elements: tuple[ElementView, ...]) -> Iterator[ElementView]:
    for element in elements:
        yield element
        for group in element.groups:
            yield from _all(group.elements)


def _features(element: ElementView) -> Iterator[str]:
    yield element.kind
    yield element.variant
    if element.all_field:
        yield "all"
    if element.kind == "text":
        kind = dict(element.attributes).get("type", "")
        yield from ("range", "number") if kind == "range" else (kind,)


def _is_piped(view: PageView) -> bool:
    """Whether a title holds an answer of the same page."""
    here = {element.name for element in view.elements}
    return any(name in here for element in view.elements for _, name, _ in element.title_parts if name)


def _rows(logic: Mapping[str, Any], elements: Iterable[ElementView]) -> Iterator[str]:
    """What the page's rules do, how its answers are read, and what its expressions are evaluated with."""
    yield from ("rounds.show", "rounds.panels", "rounds.pipes")
    kinds = {kind for element in elements for kind in (element.kind, *dict(element.attributes).values())}
    yield from (row for kind in kinds if linking.is_declared(row := f"readers.{kind}"))
    parts = {*logic, *(part for inside in logic.get("inside", {}).values() for part in inside)}
    yield from (f"effects.{part}" for part in ("need", "able", "pick", "calc") if part in parts)
    if "set" in logic:
        yield "rounds.set"
    if "inside" in logic:
        yield from ("rounds.inside", "readers.inside")
    rows = {row for tree in _trees(logic) for row in linking.rows_of(tree)}
    yield from rows
    if "functions.displayValue" in rows:
        yield "rounds.labels"


def _trees(rules: Mapping[str, Any]) -> Iterator[object]:
    """All trees of a page's rules, those inside groups among them."""
    for part in ("calc", "need", "able"):
        yield from rules.get(part, {}).values()
    yield from (tree for trees in rules.get("show", {}).values() for tree in trees)
    yield from (tree for choices in rules.get("pick", {}).values() for tree in choices.values())
    yield from (tree for _, tree, _, _ in rules.get("set", ()))
    for inside in rules.get("inside", {}).values():
        yield from _trees(inside)


def _sentences(features: set[str], locale: str) -> dict[str, str]:
    wrong = {
        f"{kind}.{flag}": code
        for kind, flags in _WRONG.items()
        if kind in features
        for flag, code in flags.items()
    }
    return {
        key: catalogue.sentence(code, locale, limit="{limit}", step="{limit}", message={})
        for key, code in {"required": "required", **wrong}.items()
    }
