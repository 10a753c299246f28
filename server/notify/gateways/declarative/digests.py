"""Signatures as gateways want them: a hash over ordered parts."""

import base64
import hashlib
import hmac
from collections.abc import Callable

from server.notify.gateways.declarative.description import Digest
from server.notify.gateways.declarative.templates import Template

_HASHES: dict[str, Callable[[bytes], bytes]] = {
    # What a gateway asks for is not ours to choose; a keyed hash is there for those that offer one.
    "md5": lambda data: hashlib.md5(data, usedforsecurity=False).digest(),
    "sha1": lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
    "sha256": lambda data: hashlib.sha256(data).digest(),
}
KEYED = "hmac-"


def digest(wanted: Digest, value: Callable[[str], bytes], encoding: str) -> str:
    """The signature; `value` gives the bytes of a name.

    Raises:
        UnicodeEncodeError: a character that the encoding does not have.
    """
    data = _bytes(wanted.over, value, encoding)
    if wanted.algorithm.startswith(KEYED):
        key = _bytes(wanted.key, value, encoding) if wanted.key else b""
        raw = hmac.digest(key, data, wanted.algorithm.removeprefix(KEYED))
    else:
        raw = _HASHES[wanted.algorithm](data)
    return written(raw, wanted.written)


def _bytes(template: Template, value: Callable[[str], bytes], encoding: str) -> bytes:
    parts = (part.encode(encoding) if isinstance(part, str) else value(part.name) for part in template.parts)
    return b"".join(parts)


def written(raw: bytes, how: str) -> str:
    if how == "base64":
        return base64.b64encode(raw).decode()
    return raw.hex().upper() if how == "HEX" else raw.hex()
