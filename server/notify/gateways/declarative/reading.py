"""Reads the JSON that describes a gateway and says everything that is wrong with it at once."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any, Final, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from server.config import GATEWAY_PREFIX
from server.forms.problems import Problem, pointer_to
from server.notify.gateways.declarative import building, vocabulary
from server.notify.gateways.declarative.description import Description
from server.notify.gateways.declarative.problems import GatewayInvalid, GatewayReport
from server.notify.gateways.declarative.templates import BracesWrong, Template, parse
from server.notify.gateways.declarative.vocabulary import CONFIDED, Field, Shape
from server.notify.gateways.meanings import dialects
from server.notify.protocol import DeliveryState, RefusalCode

MAX_TEXT: Final = 4_000
MAX_ENTRIES: Final = 200
DEEPEST: Final = 16
DIGEST: Final = "digest."
_HEADER: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}", re.ASCII)
_POINTER: Final = re.compile(r"(/[^/]*)*")
# Variables stand behind the host, so that no value can choose where a message goes.
_ADDRESS: Final = re.compile(r"https?://[^/?#{}@\s]+(/[^#\s]*)?")

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Use:
    """What a description is for: what a request must tell of a message, how settings with secrets begin."""

    told: Collection[str] = ("text", "recipient")
    setting: str = GATEWAY_PREFIX


SMS_GATEWAY: Final = Use()


@dataclass(frozen=True, slots=True)
class Around:
    """What the whole file gives to each place: names of digests; secrets that are set, None if unknown."""

    report: GatewayReport
    digests: tuple[str, ...]
    secrets: Collection[str] | None
    setting: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands, and which values a template there may name."""

    around: Around
    pointer: str
    field: Field
    names: frozenset[str]

    def error(self, code: str, **params: object) -> None:
        self.around.report.error(self.pointer, code, **params)

    def wrong(self, expected: str) -> None:
        self.error("property_type", property=self.field.name, expected=expected)

    def inside(self, part: str | int) -> "Place":
        return Place(self.around, self.pointer + pointer_to(part), self.field, self.names)


def lint_gateway(definition: object) -> tuple[Problem, ...]:
    """Everything that is wrong with a description; which secrets are set is not known here."""
    try:
        read_gateway(definition)
    except GatewayInvalid as invalid:
        return invalid.problems
    return ()


def read_gateway(
    definition: object, secrets: Collection[str] | None = None, use: Use = SMS_GATEWAY
) -> Description:
    """The gateway that a JSON object describes.

    Args:
        secrets: the names of those that are set; None leaves that open.

    Raises:
        GatewayInvalid: with all problems.
    """
    report = GatewayReport()
    stated = definition.get("digests") if isinstance(definition, dict) else None
    around = Around(report, tuple(stated) if isinstance(stated, dict) else (), secrets, use.setting)
    root = Place(around, "", Field("gateway", "shape", shape=vocabulary.GATEWAY), vocabulary.SENDING)
    values = _shape(root, definition)
    if values is not None:
        building.check(report, values, use.told)
    if report.problems:
        raise GatewayInvalid(report.problems)
    return building.built(values or {})


def _shape(place: Place, raw: object) -> Values | None:
    """The values that can be used, by property; `""` holds the pointer of the object itself."""
    shape = place.field.shape or Shape(())
    if not isinstance(raw, dict):
        place.wrong("object")
        return None
    known, values = shape.properties, Values({"": place.pointer})
    for name, value in raw.items():
        at = place.pointer + pointer_to(name[:64])
        if name == "$schema" and not place.pointer:
            continue
        if name not in known:
            place.around.report.unknown_property(at, name, tuple(known))
            continue
        within = Place(place.around, at, known[name], _names(name, place.names))
        read = _READERS[known[name].kind](within, value)
        if read is not None:
            values[name] = read
    for each in shape.fields:
        if each.required and each.name not in raw:
            place.error("property_missing", property=each.name)
    if shape.either and len([name for name in shape.either if name in raw]) != 1:
        place.error("gateway_either", options=shape.either)
    return values


def _names(name: str, before: frozenset[str]) -> frozenset[str]:
    """What templates below a property may name."""
    own = {"find": vocabulary.FINDING, "polled": vocabulary.POLLING, "pushed": vocabulary.PUSH}
    return own.get(name, before)


def _text(place: Place, raw: object) -> str | None:
    if isinstance(raw, str) and 0 < len(raw) <= MAX_TEXT:
        return raw
    place.wrong("text")
    return None


def _title(place: Place, raw: object) -> str | None:
    if isinstance(raw, dict) and raw and all(isinstance(text, str) for text in raw.values()):
        return str(raw.get("zh") or next(iter(raw.values())))
    return _text(place, raw)


def _number(place: Place, raw: object) -> float | None:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        place.wrong("number")
        return None
    least, most = place.field.least, place.field.most
    if not least <= raw <= most:
        place.error("property_range", property=place.field.name, least=f"{least:g}", most=f"{most:g}")
        return None
    return raw


def _flag(place: Place, raw: object) -> bool | None:
    if isinstance(raw, bool):
        return raw
    place.wrong("boolean")
    return None


def _option(place: Place, raw: object) -> str | None:
    if isinstance(raw, str) and raw in place.field.options:
        return raw
    found = str(raw)[:40]
    place.error("property_choice", property=place.field.name, found=found, allowed=place.field.options)
    return None


def _words(place: Place, raw: object) -> tuple[str, ...] | None:
    """A list of codes; numbers are codes, too."""
    listed = raw if isinstance(raw, list) else [raw]
    if not listed or len(listed) > MAX_ENTRIES:
        place.wrong("list")
        return None
    found = []
    for index, each in enumerate(listed):
        if isinstance(each, bool) or not isinstance(each, str | int):
            place.inside(index).wrong("text")
        else:
            found.append(str(each))
    return tuple(found)


def _zone(place: Place, raw: object) -> str | None:
    text = _text(place, raw)
    try:
        return None if text is None else ZoneInfo(text).key
    except (ValueError, OSError, LookupError):
        place.error("gateway_zone", text=str(text)[:40])
        return None


def _pointer(place: Place, raw: object) -> str | None:
    if isinstance(raw, str) and len(raw) <= MAX_TEXT and _POINTER.fullmatch(raw):
        return raw
    place.error("gateway_place")
    return None


def _pointers(place: Place, raw: object) -> dict[str, str] | None:
    return _entries(place, raw, _pointer, place.field.options)


def _pattern(place: Place, raw: object) -> re.Pattern[str] | None:
    text = _text(place, raw)
    try:
        pattern = None if text is None else re.compile(text)
    except (re.error, OverflowError, RecursionError):
        pattern = None
    if text is not None and (pattern is None or not pattern.groupindex):
        place.error("gateway_pattern")
        return None
    return pattern


def _template(place: Place, raw: object) -> Template | None:
    if not isinstance(raw, str) or len(raw) > MAX_TEXT:
        place.wrong("text")
        return None
    try:
        template = parse(raw)
    except BracesWrong:
        place.error("gateway_braces")
        return None
    for name in template.names:
        _check_name(place, name)
    return template


def _check_name(place: Place, name: str) -> None:
    around, plain = place.around, name.rpartition(".")[2]
    if name.startswith(CONFIDED):
        if around.secrets is not None and plain not in around.secrets:
            place.error("gateway_secret_missing", name=name, setting=place.around.setting + plain)
        return
    if name.startswith(DIGEST) and place.names != vocabulary.PUSH:
        if name.removeprefix(DIGEST) not in around.digests:
            place.error("gateway_digest_unknown", name=name)
        return
    pushed = place.names == vocabulary.PUSH and name.startswith(("header.", "field."))
    if name not in place.names | {vocabulary.BODY} and not pushed:
        place.error("gateway_variable_unknown", name=name[:40], known=tuple(sorted(place.names)))


def _templates(place: Place, raw: object) -> dict[str, Template] | None:
    return _entries(place, raw, _template)


def _headers(place: Place, raw: object) -> dict[str, Template] | None:
    read = _entries(place, raw, _template)
    for name, template in (read or {}).items():
        if not _HEADER.fullmatch(name) or "text" in template.names:
            place.inside(name).error("gateway_header")
    return read


def _address(place: Place, raw: object) -> Template | None:
    if isinstance(raw, str) and _ADDRESS.fullmatch(raw) and urlsplit(raw).hostname:
        return _template(place, raw)
    place.error("gateway_address")
    return None


def _tree(place: Place, raw: object, depth: int = DEEPEST) -> Any:
    if depth == 0:
        place.wrong("object")
        return None
    if isinstance(raw, str):
        return _template(place, raw)
    if isinstance(raw, dict):
        return {name: _tree(place.inside(name), value, depth - 1) for name, value in raw.items()}
    if isinstance(raw, list):
        return [_tree(place.inside(index), value, depth - 1) for index, value in enumerate(raw)]
    return raw


def _networks(place: Place, raw: object) -> tuple[Any, ...] | None:
    found = []
    for text in _words(place, raw) or ():
        try:
            found.append(ip_network(text))
        except ValueError:
            place.error("gateway_network", text=text[:40])
    return tuple(found)


def _codes(place: Place, raw: object) -> dict[str, str] | None:
    """Code -> our word, from word -> codes."""
    return _by_code(place, raw, get_args(RefusalCode))


def _states(place: Place, raw: object) -> dict[str, str] | None:
    return _by_code(place, raw, get_args(DeliveryState))


def _by_code(place: Place, raw: object, words: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for word, codes in (_entries(place, raw, _words) or {}).items():
        if word not in words:
            place.inside(word).error("gateway_word_unknown", word=word[:40], known=words)
        for code in codes:
            if code in found:
                place.inside(word).error("gateway_code_twice", found=code[:40])
            found[code] = word
    return found


def _shapes(place: Place, raw: object) -> tuple[Values, ...] | None:
    if not isinstance(raw, list) or not 0 < len(raw) <= MAX_ENTRIES:
        place.wrong("list")
        return None
    read = (_shape(place.inside(index), each) for index, each in enumerate(raw))
    return tuple(each for each in read if each is not None)


def _digests(place: Place, raw: object) -> dict[str, Values] | None:
    return _entries(place, raw, _shape)


def _entries(
    place: Place, raw: object, one: Callable[[Place, object], Any], known: tuple[str, ...] = ()
) -> dict[str, Any] | None:
    """An object whose keys are the author's own, or some of `known`."""
    if not isinstance(raw, dict) or len(raw) > MAX_ENTRIES:
        place.wrong("object")
        return None
    read: dict[str, Any] = {}
    for name, value in raw.items():
        if known and name not in known:
            place.around.report.unknown_property(place.pointer + pointer_to(name[:64]), name, known)
        elif (made := one(place.inside(name), value)) is not None:
            read[name] = made
    return read


def _dialect(place: Place, raw: object) -> str | None:
    if raw in dialects():
        return str(raw)
    place.error("property_choice", property=place.field.name, found=str(raw)[:40], allowed=tuple(dialects()))
    return None


_READERS: Final[Mapping[str, Callable[[Place, object], Any]]] = {
    "text": _text,
    "dialect": _dialect,
    "title": _title,
    "number": _number,
    "flag": _flag,
    "option": _option,
    "words": _words,
    "zone": _zone,
    "place": _pointer,
    "places": _pointers,
    "pattern": _pattern,
    "template": _template,
    "templates": _templates,
    "address": _address,
    "headers": _headers,
    "tree": _tree,
    "networks": _networks,
    "codes": _codes,
    "states": _states,
    "shape": _shape,
    "shapes": _shapes,
    "digests": _digests,
}
