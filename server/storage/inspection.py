"""Photo inspection in a child process that can be killed, so that no picture takes a worker down.

Starting a child costs about as much as inspecting a photo of 12 megapixels. Whoever has many photos keeps an
`Inspector` and with it the child, which is replaced after any trouble.
"""

import os
import selectors
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Final, Self

from server.storage.frames import ANSWER_FRAMES, FrameReader, Unreadable, pack, unpack_answer
from server.storage.photos import MAX_BYTES, PhotoFacts, PhotoRefused

CHILD: Final = Path(__file__).resolve().with_name("child_start.py")
PIPE_BYTES: Final = 1 << 16
# Two JPEGs of at most 1600 pixels a side; a child that says more is no longer ours.
MAX_ANSWER_BYTES: Final = 16_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """What one photo may cost. `wall_seconds` also covers a child that does nothing at all."""

    memory_bytes: int = 512 * 1024 * 1024
    cpu_seconds: int = 10
    wall_seconds: float = 20.0


DEFAULT_LIMITS: Final = Limits()


def inspect_in_child(data: bytes, limits: Limits = DEFAULT_LIMITS) -> PhotoFacts:
    """Inspect one photo in a child of its own.

    Raises:
        PhotoRefused: as `photos.inspect` does; `broken` when the child dies of it, `too_slow` when it takes
            longer than the limits allow.
    """
    with Inspector(limits) as inspector:
        return inspector.inspect(data)


class Inspector:
    """Inspects photos one after another in a child that is kept. Threads take turns."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def inspect(self, data: bytes) -> PhotoFacts:
        """Raises PhotoRefused like `inspect_in_child`."""
        if len(data) > MAX_BYTES:
            raise PhotoRefused("too_large")
        with self._lock:
            child = self._running_child()
            try:
                return unpack_answer(_exchange(child, pack(data), self._limits.wall_seconds))
            except TimeoutError:
                self._end(child)
                raise PhotoRefused("too_slow") from None
            except (OSError, Unreadable):
                status = self._end(child)
                raise PhotoRefused("too_slow" if status == -signal.SIGXCPU else "broken") from None

    def close(self) -> None:
        with self._lock:
            if self._child is not None:
                self._end(self._child)

    def _running_child(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            self._child = _start(self._limits)
        return self._child

    def _end(self, child: subprocess.Popen[bytes]) -> int:
        """Kill the child where it still lives, and return the status it ended with."""
        self._child = None
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()
        try:
            # A child that broke off by itself is already ending; its own status tells why.
            return child.wait(timeout=0.2)
        except subprocess.TimeoutExpired:
            child.kill()
            return child.wait()


def _start(limits: Limits) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(  # noqa: S603 - our own interpreter, our own file, two numbers
        [
            *(sys.executable, "-E", "-P", "-s", str(CHILD)),
            *(str(limits.memory_bytes), str(limits.cpu_seconds)),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        # Nothing of ours: the environment holds the keys to everything.
        env={},
        # Ctrl-C in the terminal is the supervisor's; the child ends when its input does.
        start_new_session=True,
    )
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            os.set_blocking(pipe.fileno(), False)
    return child


def _exchange(child: subprocess.Popen[bytes], message: bytes, seconds: float) -> list[bytes]:
    """Send a message and collect the answer's frames, whichever way the pipes are ready.

    Raises:
        TimeoutError: after `seconds`.
        OSError: when the child ends or talks too much.
    """
    if child.stdin is None or child.stdout is None:
        raise OSError("the child has no pipes")
    deadline = time.monotonic() + seconds
    waiting = memoryview(message)
    reader = FrameReader(bytearray())
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdin, selectors.EVENT_WRITE)
        selector.register(child.stdout, selectors.EVENT_READ)
        while len(frames := reader.frames()) < ANSWER_FRAMES:
            for key, _ in _ready(selector, deadline):
                if key.fd == child.stdout.fileno():
                    _receive(key.fd, reader)
                    continue
                waiting = waiting[os.write(key.fd, waiting[:PIPE_BYTES]) :]
                if not waiting:
                    selector.unregister(child.stdin)
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
