"""Phone numbers as people type them, in E.164; and masked, as screens show them."""

import re
import unicodedata
from typing import Any

import phonenumbers
from phonenumbers import (
    NumberParseException,
    PhoneMetadata,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberType,
)

# code -> names of its parameters; the number itself is never one of them, since errors reach logs.
CODES: dict[str, tuple[str, ...]] = {
    "phone_empty": (),
    "phone_characters": (),
    "phone_invalid": (),
    "phone_not_mobile": (),
}

LONGEST = 40  # typed characters; E.164 has 15 digits, the rest is for spaces and dashes

_TYPED = re.compile(r"\+?[0-9 ().\-/]+", re.ASCII)
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−－", "-"))
_INVISIBLE = str.maketrans(
    dict.fromkeys("\u200b\u200e\u200f\u202a\u202c\u2060\ufeff")
)  # copied from contact cards
_MOBILE = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})
# Nearly every number of a list is written like this, and the library takes twenty times as long to agree.
_CHINESE: Any = PhoneMetadata.metadata_for_region("CN")
_PLAIN = re.compile(rf"(?:\+86)?({_CHINESE.mobile.national_number_pattern})", re.ASCII)


class PhoneError(ValueError):
    """A text that is no usable number; carries one of `CODES`, never the text."""

    def __init__(self, code: str) -> None:
        """Keep the code."""
        super().__init__(code)
        self.code = code


def normalise(text: str, *, region: str = "CN", mobile_only: bool = False) -> str:
    """E.164 of a number typed by a person: full-width digits, spaces, dashes, brackets, +86 or 0086.

    Numbers without a country code belong to `region`.

    Raises:
        PhoneError: `phone_empty`, `phone_characters`, `phone_invalid`, `phone_not_mobile`.
    """
    plain = _PLAIN.fullmatch(text) if region == "CN" else None
    if plain is not None:
        return f"+86{plain[1]}"
    typed = unicodedata.normalize("NFKC", text.translate(_INVISIBLE)).translate(_DASHES).strip()
    if not typed:
        raise PhoneError("phone_empty")
    # The library would take letters for keys of a telephone (1-800-FLOWERS) and digits of any script.
    if len(typed) > LONGEST or not _TYPED.fullmatch(typed):
        raise PhoneError("phone_characters")
    number = _parsed(typed, region)
    if number is None or not phonenumbers.is_valid_number(number):
        raise PhoneError("phone_invalid")
    if mobile_only and phonenumbers.number_type(number) not in _MOBILE:
        raise PhoneError("phone_not_mobile")
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def as_sender(text: str) -> str:
    """Who sent something: E.164, or as the gateway writes it where that is no number (a short code)."""
    try:
        return normalise(text)
    except PhoneError:
        return text[:LONGEST]


def national(e164: str) -> str:
    """A number without its country code: "+8613812345678" → "13812345678"."""
    number = _parsed(e164, None)
    return e164 if number is None else phonenumbers.national_significant_number(number)


def masked(e164: str) -> str:
    """A number as screens show it, without its country code: "+8613812345678" → "138****5678".

    Shorter numbers show less; what is no number shows nothing.
    """
    number = _parsed(e164, None)
    if number is None:
        return "****"
    digits = phonenumbers.national_significant_number(number)
    if len(digits) >= 11:
        return f"{digits[:3]}****{digits[-4:]}"
    return f"{digits[:2]}****{digits[-2:]}" if len(digits) >= 8 else "****"


def _parsed(text: str, region: str | None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region)
    except NumberParseException:
        return None
