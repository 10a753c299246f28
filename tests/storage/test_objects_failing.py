"""A store that fails in a chosen way: slow, torn, lying, full. moto plays a region that is not here."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest
from moto import mock_aws

from server.config import S3Settings, Secret
from server.outgoing import Outgoing
from server.storage.objects import S3Store
from server.storage.protocol import StoreUnavailable

QUICK = Outgoing(connect_seconds=0.3, read_seconds=0.3, attempts=1)


def settings(endpoint_url: str) -> S3Settings:
    return S3Settings(endpoint_url, endpoint_url, "photos", "us-east-1", "key", Secret("secret"))


@pytest.fixture
def answers(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server that sends the parameter's bytes to everybody and hangs up; without any it stays silent."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        kept: list[socket.socket] = []
        thread = threading.Thread(target=_answer_all, args=(listener, request.param, kept))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        for connection in kept:
            connection.close()


def _answer_all(listener: socket.socket, answer: bytes, kept: list[socket.socket]) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        if answer:
            connection.recv(65536)
            connection.sendall(answer)
            connection.close()
        else:
            kept.append(connection)


HUNG = b""
TORN = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf"
BUSY = b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n"
PORTAL = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/login\r\nContent-Length: 0\r\n\r\n"
FORBIDDEN = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
NONSENSE = b"\x00\x01\x02 what?\r\n\r\n"


@pytest.mark.parametrize(
    "answers",
    [HUNG, TORN, BUSY, PORTAL, NONSENSE],
    ids=["hung", "torn", "busy", "portal", "nonsense"],
    indirect=True,
)
def test_a_failing_store_is_unavailable_when_read(answers: str) -> None:
    store = S3Store(settings(answers), QUICK)
    with pytest.raises(StoreUnavailable):
        store.get("a", limit=5000)


@pytest.mark.parametrize(
    "answers", [HUNG, BUSY, PORTAL, NONSENSE], ids=["hung", "busy", "portal", "nonsense"], indirect=True
)
def test_a_failing_store_is_unavailable_when_written(answers: str) -> None:
    store = S3Store(settings(answers), QUICK)
    with pytest.raises(StoreUnavailable):
        store.put("a", b"1", "image/jpeg")
    assert not store.reachable()


@pytest.mark.parametrize("answers", [HUNG], ids=["hung"], indirect=True)
def test_signing_needs_no_store(answers: str) -> None:
    store = S3Store(settings(answers), QUICK)
    assert store.link("a", timedelta(minutes=1)).startswith(answers)


@pytest.mark.parametrize("answers", [FORBIDDEN], ids=["forbidden"], indirect=True)
def test_a_forbidden_object_is_unavailable_and_not_missing(answers: str) -> None:
    store = S3Store(settings(answers), QUICK)
    with pytest.raises(StoreUnavailable):
        store.stat("a")


def test_a_bucket_of_another_region_is_created_there() -> None:
    with mock_aws():
        far = S3Settings(
            "https://s3.cn-north-1.amazonaws.com.cn",
            "https://s3.cn-north-1.amazonaws.com.cn",
            "photos",
            "cn-north-1",
            "key",
            Secret("secret"),
        )
        store = S3Store(far, QUICK)
        store.ensure_bucket(["http://anfang.test"])
        store.ensure_bucket(["http://anfang.test"])
        assert store.reachable()
