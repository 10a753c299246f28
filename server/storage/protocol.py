"""What the rest of the system knows about the object store: keys, bytes and addresses for phones.

Photos go from the phone straight to the store. What arrives there is fetched and inspected before it counts;
the bounds of an upload target only keep rubbish out.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import BinaryIO, Final, Protocol

# S3 counts a key in bytes and allows 1,024; ours are short, and an address must not need escaping.
KEY_BYTES = 16
# S3 takes no smaller part but the last, and the smaller a part the less is sent again over a bad line.
PART_BYTES: Final = 5 * 1024 * 1024


class StoreUnavailable(Exception):
    """The store did not answer, or answered something that is no answer to the question."""


class ObjectMissing(Exception):
    """No object has this key."""


class ObjectTooLarge(Exception):
    """The object has more bytes than the caller is ready to take."""


class UploadGone(Exception):
    """The upload in parts is over: completed, given up, or never begun."""


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


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an upload that has arrived: its number from 1, its bytes, and the store's mark for it."""

    number: int
    size: int
    mark: str


class ObjectStore(Protocol):
    """An S3-compatible store, or something that behaves like one. Every method raises StoreUnavailable."""

    def ensure_bucket(self, cors_origins: Sequence[str]) -> None:
        """Create the bucket where it is missing, and let pages of these origins send and read."""
        ...

    def upload_target(
        self, key: str, *, media_type: str, size: int, expires_in: timedelta, sha256: str | None = None
    ) -> UploadTarget:
        """For exactly this key, media type and number of bytes, and these bytes where their hash is told."""
        ...

    def put(self, key: str, data: bytes, media_type: str) -> None: ...

    def put_from(self, file: BinaryIO, key: str, media_type: str) -> None:
        """Put a file from its start to its end, without all of it in memory."""
        ...

    def get(self, key: str, limit: int) -> bytes:
        """The object's bytes. Raises ObjectMissing, and ObjectTooLarge beyond `limit` bytes."""
        ...

    def get_into(self, file: BinaryIO, key: str, limit: int) -> None:
        """Write the object's bytes to a file, a part at a time. Raises like `get`."""
        ...

    def stat(self, key: str) -> ObjectFacts | None: ...

    def copy(self, key: str, to: str) -> None:
        """Make another object of the same bytes within the store. Raises ObjectMissing."""
        ...

    def delete(self, key: str) -> None:
        """Remove the object; a key without one is no error, so that a clean-up may run twice."""
        ...

    def begin_parts(self, key: str, media_type: str) -> str:
        """Begin an upload in parts of `PART_BYTES`, the last one smaller; returns the store's name for it."""
        ...

    def part_target(self, key: str, upload: str, number: int, size: int, expires_in: timedelta) -> str:
        """Where one part of exactly this number of bytes is PUT."""
        ...

    def put_part(self, key: str, upload: str, number: int, data: bytes) -> None:
        """Put one part ourselves, for a phone that does not reach the store. Raises UploadGone."""
        ...

    def parts(self, key: str, upload: str) -> Sequence[Part]:
        """The parts that have arrived, by number. Raises UploadGone."""
        ...

    def complete_parts(self, key: str, upload: str, parts: Sequence[Part]) -> None:
        """Make one object of them. Raises UploadGone."""
        ...

    def abort_parts(self, key: str, upload: str) -> None:
        """Give the upload up and forget its parts; one that is over is no error."""
        ...

    def link(
        self, key: str, expires_in: timedelta, download_name: str | None = None, media_type: str = ""
    ) -> str:
        """An address that reads the object until it expires; with a name, browsers save it.

        Args:
            media_type: what the store shall call what is saved, for a page that plays it; else just bytes.
        """
        ...

    def reachable(self) -> bool:
        """Whether the store answers now, decided within seconds and without raising."""
        ...


def new_object_key(prefix: str) -> str:
    """A key of 128 random bits below `prefix`: it tells neither the order nor the time of an upload."""
    return f"{prefix}/{secrets.token_hex(KEY_BYTES)}"
