"""Inspection in a child process that can be killed, so that no picture and no video takes a worker down.

Starting a child costs about as much as inspecting a photo of 12 megapixels. So an `Inspector` keeps its
child, replaces it after any trouble, and now and then without any: a photo that takes a child over without
our noticing shall not stay there for ever.
"""

import atexit
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import BinaryIO, Final, Literal, Self, TypeVar

from server.storage.frames import (
    ANSWER_FRAMES,
    FrameReader,
    Unreadable,
    pack_question,
    unpack_facts,
    unpack_redrawn,
    unpack_video,
)
from server.storage.photos import MAX_BYTES, Box, PhotoFacts, PhotoRefused, Redrawn
from server.storage.videos import VideoFacts

Kind = Literal["photos", "video"]
Found = TypeVar("Found")

# Nothing of ours: the environment holds the keys to everything. glibc keeps the memory of a picture for the
# next one; given back, it costs thousands of page faults a photo. The limit on a child's memory still holds.
ENVIRONMENT: Final = {"MALLOC_TRIM_THRESHOLD_": "100000000", "MALLOC_MMAP_THRESHOLD_": "33554432"}
CHILD: Final = Path(__file__).resolve().with_name("child_start.py")
PIPE_BYTES: Final = 1 << 16
# Two JPEGs of at most 1600 pixels a side; a child that says more is no longer ours.
MAX_ANSWER_BYTES: Final = 16_000_000
PICTURES_A_CHILD: Final = 200


@dataclass(frozen=True, slots=True)
class Limits:
    """What one photo may cost. `wall_seconds` also covers a child that does nothing at all."""

    memory_bytes: int = 512 * 1024 * 1024
    cpu_seconds: int = 10
    wall_seconds: float = 20.0


DEFAULT_LIMITS: Final = Limits()
# A video is only walked through, but whole: 200 MB from a slow disk take their time.
VIDEO_LIMITS: Final = Limits(memory_bytes=256 * 1024 * 1024, cpu_seconds=20, wall_seconds=60.0)


class Inspector:
    """Inspects photos one after another in a child that is kept. Threads take turns.

    Attributes:
        lost: the statuses of children that ended over a photo; negative ones are signals.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._child: subprocess.Popen[bytes] | None = None
        self._served = 0
        self.lost: list[int] = []
        self._lock = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def inspect(self, data: bytes) -> PhotoFacts:
        """Inspect one photo.

        Raises:
            PhotoRefused: as `photos.inspect` does; `broken` when the child dies of it, `too_slow` when it
                takes longer than the limits allow.
        """
        return self._asked(data, None, unpack_facts)

    def redact(self, data: bytes, boxes: Sequence[Box]) -> Redrawn:
        """Draw a picture again with some parts covered. Raises PhotoRefused like `inspect`."""
        return self._asked(data, boxes, unpack_redrawn)

    def _asked(
        self, data: bytes, boxes: Sequence[Box] | None, unpack: Callable[[Sequence[bytes]], Found]
    ) -> Found:
        if len(data) > MAX_BYTES:
            raise PhotoRefused("too_large")
        with self._lock:
            child = self._running_child()
            self._served += 1
            try:
                return unpack(_exchange(child, pack_question(data, boxes), self._limits.wall_seconds))
            except TimeoutError:
                self.lost.append(self._end(child))
                raise PhotoRefused("too_slow") from None
            except (OSError, Unreadable):
                status = self._end(child)
                self.lost.append(status)
                raise PhotoRefused("too_slow" if status == -signal.SIGXCPU else "broken") from None

    def close(self) -> None:
        with self._lock:
            if self._child is not None:
                self._end(self._child)

    def _running_child(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._served >= PICTURES_A_CHILD:
            self._end(self._child)
        if self._child is None:
            self._child, self._served = _start("photos", self._limits, subprocess.PIPE), 0
        return self._child

    def _end(self, child: subprocess.Popen[bytes]) -> int:
        """Kill the child where it still lives, and return the status it ended with."""
        self._child = None
        return _ended(child)


class _Inspectors:
    """As many inspectors as there are threads that inspect at the same time."""

    def __init__(self) -> None:
        self._idle: deque[Inspector] = deque()

    def asked(self, ask: Callable[[Inspector], Found]) -> Found:
        try:
            inspector = self._idle.pop()
        except IndexError:
            inspector = Inspector()
        try:
            return ask(inspector)
        finally:
            self._idle.append(inspector)

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()


_inspectors = _Inspectors()
atexit.register(_inspectors.close)


def inspect_in_child(data: bytes) -> PhotoFacts:
    """Inspect one photo in a child of this process that is kept for the next. Raises PhotoRefused."""
    return _inspectors.asked(lambda inspector: inspector.inspect(data))


def redact_in_child(data: bytes, boxes: Sequence[Box]) -> Redrawn:
    """Draw a picture again with some parts covered. Raises PhotoRefused."""
    return _inspectors.asked(lambda inspector: inspector.redact(data, boxes))


def inspect_video_in_child(file: BinaryIO, limits: Limits = VIDEO_LIMITS) -> VideoFacts:
    """Walk through a video in a child of its own; `file` is a real one, read from its start.

    Raises:
        PhotoRefused: as `videos.inspect_video` does; `broken` or `too_slow` when the child ends otherwise.
    """
    file.seek(0)
    child = _start("video", limits, file)
    try:
        return unpack_video(_exchange(child, b"", limits.wall_seconds))
    except TimeoutError:
        raise PhotoRefused("too_slow") from None
    except (OSError, Unreadable):
        raise PhotoRefused("too_slow" if _ended(child) == -signal.SIGXCPU else "broken") from None
    finally:
        _ended(child)


def _start(kind: Kind, limits: Limits, source: int | BinaryIO) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(  # noqa: S603 - our own interpreter, our own file, a word and two numbers
        [
            *(sys.executable, "-E", "-P", "-s", str(CHILD), kind),
            *(str(limits.memory_bytes), str(limits.cpu_seconds)),
        ],
        stdin=source,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        env=ENVIRONMENT,
        # Ctrl-C in the terminal is the supervisor's; the child ends when its input does.
        start_new_session=True,
    )
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            os.set_blocking(pipe.fileno(), False)
    return child


def _ended(child: subprocess.Popen[bytes]) -> int:
    """The status a child ended with; it is killed where it still lives."""
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            pipe.close()
    try:
        # A child that broke off by itself is already ending; its own status tells why.
        return child.wait(timeout=0.2)
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()


def _exchange(child: subprocess.Popen[bytes], message: bytes, seconds: float) -> list[bytes]:
    """Send a message, if any, and collect the answer's frames, whichever way the pipes are ready.

    Raises:
        TimeoutError: after `seconds`.
        OSError: when the child ends or talks too much.
    """
    if child.stdout is None:
        raise OSError("the child has no pipe")
    deadline = time.monotonic() + seconds
    waiting = memoryview(message)
    reader = FrameReader(bytearray())
    with selectors.DefaultSelector() as selector:
        if child.stdin is not None:
            selector.register(child.stdin, selectors.EVENT_WRITE)
        selector.register(child.stdout, selectors.EVENT_READ)
        while len(frames := reader.frames()) < ANSWER_FRAMES:
            for key, _ in _ready(selector, deadline):
                if key.fd == child.stdout.fileno():
                    _receive(key.fd, reader)
                    continue
                waiting = waiting[os.write(key.fd, waiting[:PIPE_BYTES]) :]
                if not waiting:
                    selector.unregister(key.fd)
    return frames


def _ready(selector: selectors.BaseSelector, deadline: float) -> list[tuple[selectors.SelectorKey, int]]:
    events = selector.select(max(0.0, deadline - time.monotonic()))
    if not events:
        raise TimeoutError("the child is silent")
    return events


def _receive(descriptor: int, reader: FrameReader) -> None:
    part = os.read(descriptor, PIPE_BYTES)
    if not part:
        raise BrokenPipeError("the child ended")
    reader.received += part
    if len(reader.received) > MAX_ANSWER_BYTES:
        raise OSError("the child talks too much")
