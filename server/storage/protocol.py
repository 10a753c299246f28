"""What the rest of the system knows about the object store: keys, bytes and addresses for phones.

Photos go from the phone straight to the store. What arrives there is fetched and inspected before it counts;
the bounds of an upload target only keep rubbish out.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

# S3 counts a key in bytes and allows 1,024; ours are short, and an address must not need escaping.
KEY_BYTES = 16


class StoreUnavailable(Exception):
    """The store did not answer, or answered something that is no answer to the question."""


class ObjectMissing(Exception):
    """No object has this key."""


class ObjectTooLarge(Exception):
    """The object has more bytes than the caller is ready to hold in memory."""


@dataclass(frozen=True, slots=True)
class UploadTarget:
    """Where and how a page posts one file: a multipart form of `fields` and, last, the file as `file`."""

    url: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    """What the store says about an object. The media type is the uploader's claim, not ours."""

    size: int
    media_type: str


class ObjectStore(Protocol):
    """An S3-compatible store, or something that behaves like one. Every method raises StoreUnavailable."""

    def ensure_bucket(self, cors_origins: Sequence[str]) -> None:
        """Create the bucket where it is missing, and let pages of these origins send and read."""
        ...

    def upload_target(
        self, key: str, *, media_type: str, size: int, expires_in: timedelta
    ) -> UploadTarget: ...

    def put(self, key: str, data: bytes, media_type: str) -> None: ...

    def get(self, key: str, limit: int) -> bytes:
        """The object's bytes. Raises ObjectMissing, and ObjectTooLarge beyond `limit` bytes."""
        ...

    def stat(self, key: str) -> ObjectFacts | None: ...

    def delete(self, key: str) -> None:
        """Remove the object; a key without one is no error, so that a clean-up may run twice."""
        ...

    def link(self, key: str, expires_in: timedelta, download_name: str | None = None) -> str:
        """An address that reads the object until it expires; with a name, browsers save it."""
        ...

    def reachable(self) -> bool:
        """Whether the store answers now, decided within seconds and without raising."""
        ...


def new_object_key(prefix: str) -> str:
    """A key of 128 random bits below `prefix`: it tells neither the order nor the time of an upload."""
    return f"{prefix}/{secrets.token_hex(KEY_BYTES)}"
