"""A store that fails in a chosen way: slow, torn, lying, full. moto plays a region that is not here."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import pytest
from moto import mock_aws

from server.config import S3Settings, Secret
from server.outgoing import Outgoing
from server.storage.objects import S3Store
from server.storage.protocol import ObjectMissing, StoreUnavailable, UploadGone

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


def said(status: str, code: str) -> bytes:
    """An error as S3 writes it."""
    body = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>m</Message></Error>'
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n\r\n"
    return (head + body).encode()


ERRORS = {
    "denied": said("403 Forbidden", "AccessDenied"),
    "skewed": said("403 Forbidden", "RequestTimeTooSkewed"),
    "signature": said("403 Forbidden", "SignatureDoesNotMatch"),
    "inside": said("500 Internal Server Error", "InternalError"),
    "slow down": said("503 Slow Down", "SlowDown"),
    "full": said("507 Insufficient Storage", "XMinioStorageFull"),
    "no bucket": said("404 Not Found", "NoSuchBucket"),
}
CALLS: dict[str, Callable[[S3Store], object]] = {
    "put": lambda store: store.put("a", b"1", "image/jpeg"),
    "get": lambda store: store.get("a", 10),
    "get_into": lambda store: store.get_into(BytesIO(), "a", 10),
    "copy": lambda store: store.copy("a", "b"),
    "delete": lambda store: store.delete("a"),
    "begin_parts": lambda store: store.begin_parts("a", "video/mp4"),
    "parts": lambda store: store.parts("a", "u"),
    "complete_parts": lambda store: store.complete_parts("a", "u", ()),
    "abort_parts": lambda store: store.abort_parts("a", "u"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("answers", ERRORS.values(), ids=ERRORS, indirect=True)
def test_an_error_of_the_store_is_unavailable_whatever_was_asked(
    answers: str, call: Callable[[S3Store], object]
) -> None:
    with pytest.raises(StoreUnavailable):
        call(S3Store(settings(answers), QUICK))


@pytest.fixture
def played() -> Iterator[S3Store]:
    """A bucket that moto plays."""
    amazon = "https://s3.us-east-1.amazonaws.com"
    with mock_aws():
        store = S3Store(settings(amazon), QUICK)
        store.ensure_bucket(["http://anfang.test"])
        yield store


def test_what_is_not_there_is_missing_or_gone(played: S3Store) -> None:
    for read in (
        lambda: played.get("none", 1),
        lambda: played.get_into(BytesIO(), "none", 1),
        lambda: played.copy("none", "other"),
    ):
        with pytest.raises(ObjectMissing):
            read()
    with pytest.raises(UploadGone):
        played.parts("none", "u")
    assert played.stat("none") is None
    played.delete("none")
    played.abort_parts("none", "u")


def test_a_bucket_that_is_gone_is_unavailable_and_not_missing(played: S3Store) -> None:
    gone = S3Store(replace(settings("https://s3.us-east-1.amazonaws.com"), bucket="gone"), QUICK)
    for name, call in CALLS.items():
        if name not in {"complete_parts", "abort_parts"}:
            with pytest.raises(StoreUnavailable):
                call(gone)
    assert not gone.reachable()


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
