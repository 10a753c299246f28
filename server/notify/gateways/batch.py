"""Messages as files: a line for each in a batch that somebody collects; receipts and replies come as files.

Below the folder: `open/` holds the batch being written, `out/` finished ones, `in/` is where receipts and
replies are put, `done/` where they go once taken. A batch appears in `out/` by rename, so that a collector
never sees half of one. Whatever happens on the way, a reference has one line: it is noted beside the batches
before another line may be written, and lines whose notes were lost are noted again.
"""

import csv
import fcntl
import hashlib
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from server.clock import Clock
from server.config import BatchSettings
from server.notify.gateways.batch_files import taken
from server.notify.protocol import (
    Absent,
    Accepted,
    Collected,
    DeliveryReport,
    Found,
    OutgoingSms,
    SendRefused,
    SendUnknown,
)

NAME: Final = "file"
COLUMNS: Final = ("reference", "recipient", "text", "handed_over")
FOLDERS: Final = ("open", "out", "in", "done", "noted")


@dataclass(frozen=True, slots=True)
class _Batch:
    """The open batch as it was left: its file, how many messages it has, and since when."""

    inode: int
    size: int
    lines: int
    begun: datetime | None


class BatchGateway:
    """Appends messages to batches. Any number of processes of one machine may share the folder."""

    name = NAME

    def __init__(self, settings: BatchSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._folder = settings.folder
        self._file = settings.folder / "open" / "batch.csv"
        self._left: _Batch | None = None

    def send(self, sms: OutgoingSms) -> Accepted:
        now = self._clock.now()
        try:
            line = self._csv([(sms.reference, sms.recipient, sms.text, now.isoformat(timespec="seconds"))])
        except UnicodeEncodeError:
            raise SendRefused("blocked_content", permanent=True, provider_code="unencodable") from None
        try:
            with self._locked():
                if not self._is_noted(sms.reference):
                    self._close_if_over()
                    self._write(line, sms.reference)
        except OSError:
            # The folder is gone, full or somebody else's: nothing was written.
            raise SendRefused("misconfigured", permanent=False) from None
        return Accepted(sms.reference)

    def poll(self, provider_ids: Sequence[str]) -> list[DeliveryReport]:
        """Nothing: receipts come as files."""
        return []

    def find(self, sms: OutgoingSms, since: datetime) -> Found:
        """Certain either way: what has a line is noted."""
        try:
            with self._locked():
                there = self._is_noted(sms.reference)
        except OSError:
            return None
        return DeliveryReport(sms.reference, "accepted") if there else Absent()

    def collect(self) -> Iterator[Collected]:
        """Receipts and replies from `in/`, a file at a time; closes a batch whose time is over."""
        with self._locked():
            self._close_if_over()
        yield from taken(self._folder, self._clock.now())

    @contextmanager
    def _locked(self) -> Iterator[None]:
        for name in FOLDERS:
            (self._folder / name).mkdir(exist_ok=True)
        with (self._folder / "open" / ".lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._look()
            yield

    def _look(self) -> None:
        """Read the batch again when somebody else wrote to it, or nobody knows who did.

        A line that a crash left half written is cut off; lines that are not noted are noted.
        """
        stat = self._file.stat() if self._file.exists() else None
        if stat is None:
            self._left = None
            return
        if self._left is not None and (self._left.inode, self._left.size) == (stat.st_ino, stat.st_size):
            return
        data = self._file.read_bytes()
        whole = _whole(data)
        if whole < len(data):
            os.truncate(self._file, whole)
        text = data[:whole].decode(self._settings.encoding, "replace")
        rows = [row for row in csv.reader(io.StringIO(text, newline="")) if len(row) == len(COLUMNS)][1:]
        self._note(row[0] for row in rows)
        begun = datetime.fromisoformat(rows[0][3]) if rows else None
        self._left = _Batch(stat.st_ino, whole, len(rows), begun)

    def _write(self, line: bytes, reference: str) -> None:
        left = self._left
        heading = self._csv([COLUMNS]) if left is None or left.size == 0 else b""
        try:
            with self._file.open("ab") as file:
                file.write(heading + line)
                file.flush()
                os.fsync(file.fileno())
                stat = os.fstat(file.fileno())
            self._note([reference])
        except OSError as problem:
            self._left = None
            raise SendUnknown(type(problem).__name__) from None
        begun = (left.begun if left else None) or self._clock.now()
        self._left = _Batch(stat.st_ino, stat.st_size, (left.lines if left else 0) + 1, begun)

    def _close_if_over(self) -> None:
        left = self._left
        if left is None or left.begun is None:
            return
        late = self._clock.now() >= left.begun + timedelta(seconds=self._settings.seconds)
        if late or left.lines >= self._settings.lines:
            name = f"sms-{left.begun:%Y%m%d}-{self._next_number():08}.csv"
            self._file.rename(self._folder / "out" / name)
            self._left = None

    def _next_number(self) -> int:
        """Batches are numbered, so that they sort as they were written and a collector sees a gap."""
        kept = self._folder / "open" / ".number"
        number = int(kept.read_text()) + 1 if kept.exists() else 1
        draft = kept.with_suffix(".new")
        draft.write_text(str(number))
        draft.replace(kept)
        return number

    def _is_noted(self, reference: str) -> bool:
        return self._note_of(reference).exists()

    def _note(self, references: Iterable[str]) -> None:
        for reference in references:
            note = self._note_of(reference)
            note.parent.mkdir(exist_ok=True)
            note.touch()

    def _note_of(self, reference: str) -> Path:
        digest = hashlib.sha256(reference.encode()).hexdigest()
        return self._folder / "noted" / digest[:2] / digest

    def _csv(self, rows: Iterable[Sequence[str]]) -> bytes:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\r\n").writerows(rows)
        return text.getvalue().encode(self._settings.encoding)


def _whole(data: bytes) -> int:
    """Where the last whole line ends. In all our encodings quotes and line ends are bytes of their own."""
    end = position = quotes = 0
    for line in data.splitlines(keepends=True):
        position += len(line)
        quotes += line.count(b'"')
        if line.endswith(b"\n") and quotes % 2 == 0:
            end = position
    return end
