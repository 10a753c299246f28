"""An object store in memory: for working on files alone, and for the tests of the layers above.

It proves nothing about the security of uploads; the tests of `server.storage.objects` do, on a real store.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import BinaryIO
from urllib.parse import quote

from server.storage.protocol import (
    ObjectFacts,
    ObjectMissing,
    ObjectTooLarge,
    Part,
    StoreUnavailable,
    UploadGone,
    UploadTarget,
)


class MemoryStore:
    """Objects in a dictionary. `available = False` makes every call fail as an unreachable store does."""

    def __init__(self, address: str = "http://store.invalid/memory") -> None:
        self.available = True
        self._address = address
        self._objects: dict[str, tuple[bytes, str]] = {}
        self._uploads: dict[tuple[str, str], tuple[str, dict[int, bytes]]] = {}

    def ensure_bucket(self, cors_origins: Sequence[str]) -> None:
        self._require_available()

    def upload_target(
        self, key: str, *, media_type: str, size: int, expires_in: timedelta, sha256: str | None = None
    ) -> UploadTarget:
        self._require_available()
        fields = {"key": key, "Content-Type": media_type, "x-size": str(size)}
        return UploadTarget(self._address, {**fields, "x-expires": str(int(expires_in.total_seconds()))})

    def put(self, key: str, data: bytes, media_type: str) -> None:
        self._require_available()
        self._objects[key] = (data, media_type)

    def put_from(self, file: BinaryIO, key: str, media_type: str) -> None:
        file.seek(0)
        self.put(key, file.read(), media_type)

    def get(self, key: str, limit: int) -> bytes:
        self._require_available()
        if key not in self._objects:
            raise ObjectMissing(key)
        data = self._objects[key][0]
        if len(data) > limit:
            raise ObjectTooLarge(key)
        return data

    def get_into(self, file: BinaryIO, key: str, limit: int) -> None:
        file.write(self.get(key, limit))

    def stat(self, key: str) -> ObjectFacts | None:
        self._require_available()
        if key not in self._objects:
            return None
        data, media_type = self._objects[key]
        return ObjectFacts(len(data), media_type)

    def delete(self, key: str) -> None:
        self._require_available()
        self._objects.pop(key, None)

    def copy(self, key: str, to: str) -> None:
        self._require_available()
        if key not in self._objects:
            raise ObjectMissing(key)
        self._objects[to] = self._objects[key]

    def all_keys(self) -> list[str]:
        """Every key there is."""
        return sorted(self._objects)

    def begin_parts(self, key: str, media_type: str) -> str:
        self._require_available()
        upload = f"upload-{len(self._uploads) + 1}"
        self._uploads[key, upload] = (media_type, {})
        return upload

    def part_target(self, key: str, upload: str, number: int, size: int, expires_in: timedelta) -> str:
        self._require_available()
        return f"{self._address}/{quote(key)}?upload={upload}&part={number}&size={size}"

    def put_part(self, key: str, upload: str, number: int, data: bytes) -> None:
        self._require_available()
        self._upload(key, upload)[1][number] = data

    def parts(self, key: str, upload: str) -> list[Part]:
        self._require_available()
        found = self._upload(key, upload)[1]
        return [Part(number, len(found[number]), f"mark-{number}") for number in sorted(found)]

    def complete_parts(self, key: str, upload: str, parts: Sequence[Part]) -> None:
        self._require_available()
        media_type, found = self._upload(key, upload)
        self._objects[key] = (b"".join(found[part.number] for part in parts), media_type)
        del self._uploads[key, upload]

    def abort_parts(self, key: str, upload: str) -> None:
        self._require_available()
        self._uploads.pop((key, upload), None)

    def _upload(self, key: str, upload: str) -> tuple[str, dict[int, bytes]]:
        if (key, upload) not in self._uploads:
            raise UploadGone
        return self._uploads[key, upload]

    def link(
        self, key: str, expires_in: timedelta, download_name: str | None = None, media_type: str = ""
    ) -> str:
        self._require_available()
        name = f"&name={quote(download_name)}" if download_name else ""
        return f"{self._address}/{quote(key)}?expires={int(expires_in.total_seconds())}{name}"

    def reachable(self) -> bool:
        return self.available

    def _require_available(self) -> None:
        if not self.available:
            raise StoreUnavailable("the store is switched off")
