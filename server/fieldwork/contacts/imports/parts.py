"""A long file in pieces, compressed and encrypted: it waits for a worker, and holds people's numbers."""

import hashlib
import io
import zlib
from typing import IO, Any, BinaryIO
from uuid import UUID

from sqlalchemy import Connection, insert, select

from server.keys import KeyRing
from server.models.import_runs import ImportPart

PART = 4 * 1024 * 1024
READ_AHEAD = 64 * 1024


def store_parts(connection: Connection, run_id: UUID, stream: IO[bytes], keys: KeyRing) -> tuple[int, str]:
    """Store a file; its size in bytes and its SHA-256."""
    digest, size, number = hashlib.sha256(), 0, 0
    while piece := stream.read(PART):
        digest.update(piece)
        content = keys.encrypt_bytes(zlib.compress(piece))
        values = {"run_id": run_id, "number": number, "size": len(piece), "content": content}
        connection.execute(insert(ImportPart).values(**values))
        size, number = size + len(piece), number + 1
    return size, digest.hexdigest()


def open_parts(connection: Connection, run_id: UUID, keys: KeyRing) -> BinaryIO:
    """The file, read piece by piece from the database, with one piece in memory.

    Raises:
        KeyLost: on reading, when no key on the ring wrote it.
    """
    sizes = connection.execute(
        select(ImportPart.number, ImportPart.size)
        .where(ImportPart.run_id == run_id)
        .order_by(ImportPart.number)
    ).all()
    return io.BufferedReader(_Parts(connection, run_id, keys, [row.size for row in sizes]), READ_AHEAD)


class _Parts(io.RawIOBase):
    """All pieces but the last are `PART` bytes long."""

    def __init__(self, connection: Connection, run_id: UUID, keys: KeyRing, sizes: list[int]) -> None:
        super().__init__()
        self._connection = connection
        self._run_id = run_id
        self._keys = keys
        self._size = sum(sizes)
        self._at = 0
        self._held: tuple[int, bytes] = (-1, b"")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        number, offset = divmod(self._at, PART)
        if self._at >= self._size:
            return 0
        view = memoryview(buffer).cast("B")
        piece = self._piece(number)[offset : offset + len(view)]
        view[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def _piece(self, number: int) -> bytes:
        if self._held[0] != number:
            content = self._connection.scalar(
                select(ImportPart.content).where(
                    ImportPart.run_id == self._run_id, ImportPart.number == number
                )
            )
            self._held = (number, zlib.decompress(self._keys.decrypt_bytes(content or b"")))
        return self._held[1]
