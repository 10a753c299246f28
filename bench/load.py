"""The load generator: clients that keep their connections, on one thread without a framework.

A client must not be what is measured. An asyncio or requests client spends more on a request than the server
does on an empty one; prepared bytes, a non-blocking socket each and one selector cost some twenty
microseconds, and the share of a core that it took is part of the result.
"""

import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

BUFFER = 256 * 1024
HEAD_END = b"\r\n\r\n"

Request = Callable[[], bytes]


class UnexpectedAnswer(Exception):
    """The server answered with another status than the measurement is about."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one measurement saw: seconds each took, how long all took, the client's share of a core."""

    latencies: tuple[float, ...]
    seconds: float
    client_share: float = 0.0

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds


@dataclass(slots=True)
class _Client:
    socket: socket.socket
    sent_at: float = 0.0
    received: bytearray = field(default_factory=bytearray)


def run(port: int, request: Request, *, clients: int, seconds: float, expect: int) -> Sample:
    """Keep `clients` requests in flight for some seconds; what is under way at the end is still awaited.

    Raises:
        UnexpectedAnswer: for any status but `expect`.
    """
    selector = selectors.DefaultSelector()
    opened = [_Client(socket.create_connection(("127.0.0.1", port), timeout=10)) for _ in range(clients)]
    try:
        for client in opened:
            client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.socket.setblocking(False)
            selector.register(client.socket, selectors.EVENT_READ, client)
        return _drive(selector, opened, request, seconds, b"%d" % expect)
    finally:
        selector.close()
        for client in opened:
            client.socket.close()


def _drive(
    selector: selectors.BaseSelector, clients: list[_Client], request: Request, seconds: float, expect: bytes
) -> Sample:
    latencies: list[float] = []
    busy, begun = time.process_time(), time.perf_counter()
    end = begun + seconds
    for client in clients:
        _send(client, request())
    waiting = len(clients)
    while waiting:
        ready = selector.select(10)
        if not ready:
            raise UnexpectedAnswer("no answer within 10 s")
        for key, _ in ready:
            client = key.data
            client.received += client.socket.recv(BUFFER)
            if not _complete(client.received):
                continue
            now = time.perf_counter()
            latencies.append(now - client.sent_at)
            _require(client.received, expect)
            client.received.clear()
            if now < end:
                _send(client, request())
            else:
                waiting -= 1
    elapsed = time.perf_counter() - begun
    return Sample(tuple(latencies), elapsed, (time.process_time() - busy) / elapsed)


def _send(client: _Client, request: bytes) -> None:
    client.sent_at = time.perf_counter()
    # A few kilobytes always fit the empty socket buffer of a connection with nothing else under way.
    if client.socket.send(request) != len(request):
        raise UnexpectedAnswer("the server does not read")


def _complete(received: bytearray) -> bool:
    head_end = received.find(HEAD_END)
    if head_end < 0:
        if not received:
            raise UnexpectedAnswer("the server closed the connection")
        return False
    return len(received) >= head_end + len(HEAD_END) + _length(bytes(received[:head_end]))


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise UnexpectedAnswer("an answer without Content-Length")


def _require(received: bytearray, expect: bytes) -> None:
    if received[9:12] != expect:
        raise UnexpectedAnswer(received[:600].decode(errors="replace"))
