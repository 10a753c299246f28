"""An object store in memory: for working on files alone, and for the tests of the layers above.

It proves nothing about the security of uploads; the tests of `server.storage.objects` do, on a real store.
"""

from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import quote

from server.storage.protocol import ObjectFacts, ObjectMissing, ObjectTooLarge, StoreUnavailable, UploadTarget


class MemoryStore:
    """Objects in a dictionary. `available = False` makes every call fail as an unreachable store does."""

    def __init__(self, address: str = "http://store.invalid/memory") -> None:
        self.available = True
        self._address = address
        self._objects: dict[str, tuple[bytes, str]] = {}

    def ensure_bucket(self, cors_origins: Sequence[str]) -> None:
        self._require_available()

    def upload_target(self, key: str, *, media_type: str, size: int, expires_in: timedelta) -> UploadTarget:
        self._require_available()
        fields = {"key": key, "Content-Type": media_type, "x-size": str(size)}
        return UploadTarget(self._address, {**fields, "x-expires": str(int(expires_in.total_seconds()))})

    def put(self, key: str, data: bytes, media_type: str) -> None:
        self._require_available()
        self._objects[key] = (data, media_type)

    def get(self, key: str, limit: int) -> bytes:
        self._require_available()
        if key not in self._objects:
            raise ObjectMissing(key)
        data = self._objects[key][0]
        if len(data) > limit:
            raise ObjectTooLarge(key)
        return data

    def stat(self, key: str) -> ObjectFacts | None:
        self._require_available()
        if key not in self._objects:
            return None
        data, media_type = self._objects[key]
        return ObjectFacts(len(data), media_type)

    def delete(self, key: str) -> None:
        self._require_available()
        self._objects.pop(key, None)

    def link(self, key: str, expires_in: timedelta, download_name: str | None = None) -> str:
        self._require_available()
        name = f"&name={quote(download_name)}" if download_name else ""
        return f"{self._address}/{quote(key)}?expires={int(expires_in.total_seconds())}{name}"

    def reachable(self) -> bool:
        return self.available

    def _require_available(self) -> None:
        if not self.available:
            raise StoreUnavailable("the store is switched off")
