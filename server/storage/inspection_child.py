"""The child that decodes photos and reads videos, started by `server/storage/child_start.py`.

It reads photos from standard input until that ends and answers on standard output (`server.storage.frames`);
a child for a video has the video as its standard input, and answers once. It has no secrets in its
environment, may write no file, and the kernel ends it beyond its limits.
"""

import math
import resource
import sys

from server.storage.frames import (
    pack_facts,
    pack_redrawn,
    pack_refusal,
    pack_video,
    read_frame,
    unpack_boxes,
)
from server.storage.photos import PhotoRefused, inspect, redact
from server.storage.videos import inspect_video


def serve(*, memory_bytes: int, cpu_seconds: int) -> None:
    """Answer about photos until the input ends. Each photo gets `cpu_seconds` of its own."""
    _confine(memory_bytes)
    while (header := read_frame(sys.stdin.buffer)) is not None:
        data = read_frame(sys.stdin.buffer) or b""
        _allow_cpu(cpu_seconds)
        sys.stdout.buffer.write(_answer(header, data))
        sys.stdout.buffer.flush()


def serve_video(*, memory_bytes: int, cpu_seconds: int) -> None:
    """Answer about the one video that standard input is."""
    _confine(memory_bytes)
    _allow_cpu(cpu_seconds)
    try:
        answer = pack_video(inspect_video(sys.stdin.buffer))
    except PhotoRefused as refusal:
        answer = pack_refusal(refusal.code)
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()


def _confine(memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _allow_cpu(seconds: int) -> None:
    """The limit counts from the child's start, so each photo moves it on."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = math.ceil(used.ru_utime + used.ru_stime) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _answer(header: bytes, data: bytes) -> bytes:
    boxes = unpack_boxes(header)
    try:
        return pack_facts(inspect(data)) if boxes is None else pack_redrawn(redact(data, boxes))
    except PhotoRefused as refusal:
        return pack_refusal(refusal.code)
