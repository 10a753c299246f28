"""Whether texts from the environment can be what they are meant for: keys and addresses."""

import base64
import binascii
import re
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError


def is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text, altchars=b"-_", validate=True)) == 32
    except (binascii.Error, ValueError):
        return False


def is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        known = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return known and parts.username is None and not parts.query and not parts.fragment


def is_database(text: str) -> bool:
    """Whether SQLAlchemy can read it; its own complaint would come as a traceback."""
    try:
        return bool(make_url(text).database)
    except (ArgumentError, ValueError):
        return False


def without_password(text: str) -> str:
    """An address as it may be shown."""
    return re.sub(r"//.*@", "//…@", text)
