"""A proxy before the real store that is slow, breaks off, is busy, or lies, as a test tells it.

It speaks plain HTTP and passes requests on as they come, `Host` and all, so that signatures hold. What goes
wrong is a `Fault`; `faults` are used up one a request, and afterwards everything goes well.
"""

import http.client
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

SLOW_DOWN = b'<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Please wait.</Message></Error>'


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the store answered, and how much of it the client gets (None: all of it)."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    cut_after: int | None = None


Forward = Callable[[], Exchange]
# From the request's method and a way to pass it on to what the client is told.
Fault = Callable[[str, Forward], Exchange]


def well(_method: str, forward: Forward) -> Exchange:
    return forward()


def busy(_method: str, _forward: Forward) -> Exchange:
    return Exchange(503, (("Content-Type", "application/xml"),), SLOW_DOWN)


def broken(_method: str, _forward: Forward) -> Exchange:
    return Exchange(500, (), b"")


def silent(_method: str, forward: Forward) -> Exchange:
    """Does what it was asked and hangs up before it says so."""
    return replace(forward(), cut_after=0)


def torn(_method: str, forward: Forward) -> Exchange:
    """Hangs up in the middle of what it has to say."""
    answered = forward()
    return replace(answered, cut_after=max(1, len(answered.body) // 2))


def swallowing(method: str, forward: Forward) -> Exchange:
    """Says that it took what it was sent, and keeps nothing."""
    if method not in {"PUT", "POST"}:
        return forward()
    return Exchange(200 if method == "PUT" else 204, (("ETag", '"0123456789abcdef"'),), b"")


def altering(method: str, forward: Forward) -> Exchange:
    """Hands out other bytes than it was given."""
    answered = forward()
    return (
        replace(answered, body=bytes(255 - byte for byte in answered.body)) if method == "GET" else answered
    )


def shortening(method: str, forward: Forward) -> Exchange:
    """Hands out a part of what it was given, as if that were all."""
    answered = forward()
    return replace(answered, body=answered.body[: len(answered.body) // 2]) if method == "GET" else answered


def held(gate: threading.Event) -> Fault:
    """Answers when the test lets it."""

    def wait(_method: str, forward: Forward) -> Exchange:
        gate.wait(30)
        return forward()

    return wait


class FaultProxy:
    """Where clients find it (`url`), what goes wrong with the next requests, and how many there were."""

    def __init__(self, target: str) -> None:
        self.target = urlsplit(target)
        self.faults: deque[Fault] = deque()
        self.always: Fault = well
        self.requests = 0
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    @contextmanager
    def running(self) -> Iterator["FaultProxy"]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    def next_fault(self) -> Fault:
        self.requests += 1
        return self.faults.popleft() if self.faults else self.always

    def forward(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Exchange:
        connection = http.client.HTTPConnection(self.target.hostname or "", self.target.port, timeout=30)
        try:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            passed = tuple(
                (name, value)
                for name, value in answer.getheaders()
                if name.lower() not in {"content-length", "transfer-encoding", "connection"}
            )
            return Exchange(answer.status, passed, answer.read())
        finally:
            connection.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    proxy: FaultProxy

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has given up is what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_said: object) -> None:
        """Nobody reads it."""

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name: value for name, value in self.headers.items() if name.lower() != "expect"}
        proxy = self.server.proxy
        answered = proxy.next_fault()(
            self.command, lambda: proxy.forward(self.command, self.path, headers, body)
        )
        self.close_connection = True
        if answered.cut_after == 0:
            return
        self.send_response(answered.status)
        for name, value in answered.headers:
            self.send_header(name, value)
        length = dict(answered.headers).get("Content-Length") if self.command == "HEAD" else None
        self.send_header("Content-Length", length or str(len(answered.body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answered.body[: answered.cut_after])

    def __getattr__(self, name: str) -> Callable[[], None]:
        """The base class looks for a method `do_GET` and so on; all of them are passed on."""
        if not name.startswith("do_"):
            raise AttributeError(name)
        return self._pass_on
