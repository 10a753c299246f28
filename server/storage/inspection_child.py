"""The child that decodes photos, started by `server/storage/child_start.py`.

It reads photos from standard input until that ends and answers on standard output (`server.storage.frames`).
It has no secrets in its environment, may write no file, and the kernel ends it beyond its limits.
"""

import math
import resource
import sys

from server.storage.frames import pack_facts, pack_refusal, read_frame
from server.storage.photos import PhotoRefused, inspect


def serve(*, memory_bytes: int, cpu_seconds: int) -> None:
    """Answer until the input ends. Each photo gets `cpu_seconds` of its own."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    while (data := read_frame(sys.stdin.buffer)) is not None:
        _allow_cpu(cpu_seconds)
        sys.stdout.buffer.write(_answer(data))
        sys.stdout.buffer.flush()


def _allow_cpu(seconds: int) -> None:
    """The limit counts from the child's start, so each photo moves it on."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = math.ceil(used.ru_utime + used.ru_stime) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _answer(data: bytes) -> bytes:
    try:
        return pack_facts(inspect(data))
    except PhotoRefused as refusal:
        return pack_refusal(refusal.code)
