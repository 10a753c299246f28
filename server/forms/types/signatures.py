"""A signature: `signaturepad`, drawn (a small PNG in a data URI) or, without a script, a typed name."""

import base64
import binascii

from server.forms.elements import Element
from server.forms.localised import LocalText
from server.forms.problems import Report, refusal
from server.forms.types.behaviour import Behaviour, Control, Fields, QuestionType, decode_single
from server.forms.types.texts import text_check

DRAWN_LIMIT = 60_000
NAME_LEAST = 2
NAME_LIMIT = 100
MAX_SIDE = 4_000
_DRAWN = "data:image/png;base64,"
_TYPED = "typed:"
_PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
_SIGNED = LocalText("", {"default": "signed", "zh": "已签名"})
_name = text_check(NAME_LIMIT)


def typed_name(value: object) -> str:
    """The name of a typed signature as its field holds it, else ""."""
    return value.removeprefix(_TYPED) if isinstance(value, str) and value.startswith(_TYPED) else ""


def drawn_image(value: object) -> str:
    """The data URI of a drawn signature as its hidden field holds it, else ""."""
    return value if isinstance(value, str) and value.startswith(_DRAWN) else ""


def drawn_field(name: str) -> str:
    """The hidden field of what was drawn; the question's own field holds the typed name."""
    return f"{name}-drawn"


def _check(raw: object) -> object:
    if not isinstance(raw, str):
        raise refusal("answer_type", expected="text")
    if raw.startswith(_TYPED):
        return _typed(raw.removeprefix(_TYPED))
    if len(raw) > DRAWN_LIMIT:
        raise refusal("signature_too_large", limit=DRAWN_LIMIT)
    if not raw.startswith(_DRAWN) or not _is_png(raw.removeprefix(_DRAWN)):
        raise refusal("signature_invalid")
    return raw


def _typed(raw: str) -> str:
    name = str(_name(raw) or "")
    if len(name) < NAME_LEAST:
        raise refusal("text_min_length", limit=NAME_LEAST, length=len(name), message={})
    return _TYPED + name


def _is_png(encoded: str) -> bool:
    """A PNG by its first bytes, small when it is unpacked: 45 kB can hold hundreds of megapixels."""
    try:
        content = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return False
    if not content.startswith(_PNG) or len(content) < len(_PNG) + 8:
        return False
    width, height = (int.from_bytes(content[at : at + 4], "big") for at in (len(_PNG), len(_PNG) + 4))
    return 0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE


def _decode(fields: Fields, name: str) -> object:
    drawn = decode_single(fields, drawn_field(name))
    if drawn is not None:
        return drawn
    typed = decode_single(fields, name)
    return _TYPED + typed if isinstance(typed, str) and typed.strip() else None


def _display(value: object, locale: str) -> str:
    return typed_name(value) or _SIGNED.in_locale(locale)


def _build(_element: Element, _report: Report) -> Behaviour:
    return Behaviour(Control("signaturepad"), _check, _decode, _display)


SIGNATUREPAD = QuestionType("signaturepad", (), _build)
