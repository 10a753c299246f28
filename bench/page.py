"""What a customer's phone receives before the first question can be answered."""

import re
import socket
from dataclasses import dataclass

from bench.serving import Served
from server.embedded.ports import LOOPBACK

# What today's browsers ask for, so that the server chooses; then what older ones are left with.
ENCODINGS = ("gzip, deflate, br, zstd", "br", "gzip")
# Ten segments of 1,460 bytes: what TCP sends before it waits for the first acknowledgement.
FIRST_FLIGHT = 14_600
# Whatever else the browser would fetch before the page is complete.
SUBRESOURCE = re.compile(rb"<(?:script[^>]*\ssrc|link[^>]*rel=\"?stylesheet|img[^>]*\ssrc)=", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PageBytes:
    """One response as it travels. `encoding` is what the server chose."""

    encoding: str
    head: int
    body: int

    @property
    def total(self) -> int:
        return self.head + self.body


def measure(served: Served) -> list[PageBytes]:
    """The customer's first page in every encoding that browsers get, the one of today's browsers first.

    Raises:
        RuntimeError: when the link does not open.
    """
    pages = [_fetch(served, encoding) for encoding in ENCODINGS]
    return list({each.encoding: each for each in pages}.values())


def subresources(served: Served) -> int:
    """How many more requests the page needs."""
    _, body = _get(served, "identity")
    return len(SUBRESOURCE.findall(body))


def _fetch(served: Served, encoding: str) -> PageBytes:
    head, body = _get(served, encoding)
    found = re.search(rb"(?i)\r\ncontent-encoding: *(\S+)", head)
    return PageBytes(found[1].decode() if found else "identity", len(head), len(body))


def _get(served: Served, encoding: str) -> tuple[bytes, bytes]:
    lines = (
        f"GET {served.world.customer} HTTP/1.1",
        f"Host: {LOOPBACK}",
        f"Accept-Encoding: {encoding}",
        "Accept: text/html",
        "Accept-Language: zh-CN",
        "Connection: close",
    )
    with socket.create_connection((LOOPBACK, served.port), timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    head, end, body = received.partition(b"\r\n\r\n")
    if received[9:12] != b"200":
        raise RuntimeError(f"the customer page answered {received[:300]!r}")
    return head + end, body
