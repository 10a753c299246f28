"""Photos and videos: `file`.

An answer names attachments that travel apart: `{"id", "sha256", "size", "type"}`.
"""

import re
import uuid
from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

from server.forms.elements import Element
from server.forms.problems import Fault, Refused, Report, pointer_to, refusal
from server.forms.properties import Property
from server.forms.types.behaviour import Behaviour, Check, Control, Fields, QuestionType

IMAGE_TYPES = ("image/jpeg", "image/png", "image/webp", "image/heic", "image/heif")
VIDEO_TYPES = ("video/mp4", "video/quicktime", "video/webm")
ALL_TYPES = (*IMAGE_TYPES, *VIDEO_TYPES)
MAX_SIZE = 25 * 1024 * 1024
MAX_VIDEO_SIZE = 2000 * 1024 * 1024
MAX_FILES = 20
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FIELDS = frozenset(("id", "sha256", "size", "type"))
# What `acceptedTypes` may name, and the types that it stands for.
ACCEPTED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "image/*": IMAGE_TYPES,
        "video/*": VIDEO_TYPES,
        **{name: (name,) for name in ALL_TYPES},
        ".jpg": ("image/jpeg",),
        ".jpeg": ("image/jpeg",),
        ".png": ("image/png",),
        ".webp": ("image/webp",),
        ".heic": ("image/heic",),
        ".heif": ("image/heif",),
        ".mp4": ("video/mp4",),
        ".mov": ("video/quicktime",),
        ".webm": ("video/webm",),
    }
)


def largest(media_type: str) -> int:
    """The most bytes that any form takes of one file of this type."""
    return MAX_VIDEO_SIZE if media_type in VIDEO_TYPES else MAX_SIZE


def types_taken(accept: str) -> tuple[str, ...]:
    """The types that a control's `accept`, as `photo_behaviour` writes it, stands for."""
    return tuple(name for part in accept.split(",") for name in ACCEPTED.get(part, ()))


def attachments_check(limit: int, size: int, types: tuple[str, ...] = IMAGE_TYPES) -> Check:
    """A list of references to distinct files of these types, ids in lower case.

    Args:
        size: the most bytes of one of them; a photo is never larger than `MAX_SIZE`.
    """

    def check(raw: object) -> object:
        if not isinstance(raw, list):
            raise refusal("answer_type", expected="list")
        if len(raw) > limit:
            raise refusal("attachment_too_many", limit=limit)
        faults: list[Fault] = []
        references: list[dict[str, object]] = []
        for index, item in enumerate(raw):
            try:
                references.append(_reference(item, size, types))
            except Refused as refused:
                faults += [Fault(f.code, f.params, pointer_to(index) + f.suffix) for f in refused.faults]
        if len({reference["id"] for reference in references}) < len(references):
            faults.append(Fault("attachment_repeated", {}))
        if faults:
            raise Refused(*faults)
        return references

    return check


def _reference(item: object, size: int, types: tuple[str, ...]) -> dict[str, object]:
    if not isinstance(item, dict) or item.keys() != _FIELDS:
        raise refusal("attachment_invalid", field="")
    if not _is_uuid(item["id"]):
        raise _invalid("id")
    if not (isinstance(item["sha256"], str) and _SHA256.fullmatch(item["sha256"])):
        raise _invalid("sha256")
    if item["type"] not in types:
        raise _invalid("type")
    if type(item["size"]) is not int or item["size"] < 1:
        raise _invalid("size")
    most = min(size, largest(item["type"]))
    if item["size"] > most:
        raise Refused(Fault("attachment_too_large", {"limit": most}, "/size"))
    return {**item, "id": item["id"].lower()}


def _invalid(field: str) -> Refused:
    return Refused(Fault("attachment_invalid", {"field": field}, f"/{field}"))


def _is_uuid(value: object) -> bool:
    if not isinstance(value, str) or len(value) != 36:
        return False
    try:
        return str(uuid.UUID(value)) == value.lower()
    except ValueError:
        return False


def encode_reference(reference: object) -> str:
    """A reference as the value of a hidden form field: `id;sha256;size;type`."""
    fields = cast("dict[str, object]", reference)
    return f"{fields['id']};{fields['sha256']};{fields['size']};{fields['type']}"


def decode_references(fields: Fields, name: str) -> object:
    """Hidden fields back to references; what does not read stays text and is refused by the check."""
    return [_decode_reference(raw) for raw in fields.getlist(name) if raw] or None


def _decode_reference(raw: str) -> object:
    parts = raw.split(";")
    if len(parts) != 4 or not re.fullmatch(r"[0-9]{1,10}", parts[2]):
        return raw
    return {"id": parts[0], "sha256": parts[1], "size": int(parts[2]), "type": parts[3]}


def _display(value: object, _locale: str) -> str:
    return str(len(value)) if isinstance(value, list) else ""


def photo_behaviour(
    limit: int = MAX_FILES,
    size: int = MAX_VIDEO_SIZE,
    types: tuple[str, ...] = IMAGE_TYPES,
    *,
    gallery: bool = False,
) -> Behaviour:
    """A question answered with photos or videos, from the gallery too or only from the camera."""
    attributes = {"accept": _accept(types)}
    # With both kinds a phone's camera button would take photos only: people choose instead.
    both = not set(types).isdisjoint(IMAGE_TYPES) and not set(types).isdisjoint(VIDEO_TYPES)
    if not gallery and not both:
        attributes["capture"] = "environment"
    if size < MAX_VIDEO_SIZE:
        attributes["data-most"] = str(size)
    control = Control("file", multiple=limit > 1, attributes=attributes)
    return Behaviour(control, attachments_check(limit, size, types), decode_references, _display)


def _accept(types: tuple[str, ...]) -> str:
    """As browsers read it: a whole kind by its name, so that phones offer the camera for it."""
    found: list[str] = []
    for kind, whole in (("image/*", IMAGE_TYPES), ("video/*", VIDEO_TYPES)):
        named = tuple(name for name in types if name in whole)
        found += [kind] if named == whole else named
    return ",".join(found)


def _build(element: Element, report: Report) -> Behaviour:
    many = element.get("allowMultiple", bool, default=False)
    if not many and "maxFiles" in element.properties:
        report.warn(element.at("maxFiles"), "property_needs", property="maxFiles", needs="allowMultiple")
    return photo_behaviour(
        element.get("maxFiles", int, MAX_FILES) if many else 1,
        element.get("maxSize", int, MAX_VIDEO_SIZE),
        _accepted(element, report),
        gallery=element.get("sourceType", str, "") == "file-camera",
    )


def _accepted(element: Element, report: Report) -> tuple[str, ...]:
    """The types that a list such as `image/png, .jpg` names, in the order of `ALL_TYPES`."""
    raw = element.properties.get("acceptedTypes")
    if not isinstance(raw, str):
        return IMAGE_TYPES
    types: set[str] = set()
    for part in raw.lower().split(","):
        word = part.strip()
        if word not in ACCEPTED:
            report.error(
                element.at("acceptedTypes"),
                "property_choice",
                property="acceptedTypes",
                found=word[:64],
                allowed=tuple(ACCEPTED),
                suggestion=report.suggest(word, ACCEPTED),
            )
        types.update(ACCEPTED.get(word, ()))
    return tuple(name for name in ALL_TYPES if name in types)


FILE = QuestionType(
    "file",
    (
        Property("allowMultiple", "flag"),
        Property("maxFiles", "whole", least=1, most=MAX_FILES),
        Property("acceptedTypes", "string"),
        Property("maxSize", "whole", least=1, most=MAX_VIDEO_SIZE),
        Property("sourceType", "word", allowed=("camera", "file-camera")),
    ),
    _build,
)
