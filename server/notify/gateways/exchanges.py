"""Talking to a provider by HTTP: a pool with our timeouts, and what was said for whoever wants to hear it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import urllib3
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProxyError
from urllib3.util import Timeout

from server.outgoing import Outgoing

# No connection came about, so no request was sent: such a message may be handed over again.
NEVER_LEFT: Final = (NewConnectionError, ConnectTimeoutError, ProxyError)

# As many as a worker has threads: a connection that is thrown away costs its handshake again.
CONNECTIONS: Final = 8


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, for a person's eyes; without credentials.

    `request` is the line with method and address, `status` is None when there was no answer.
    """

    request: str
    body: str
    status: int | None
    answer: str


Trace: TypeAlias = Callable[[Exchange], None]


def unheard(_exchange: Exchange) -> None:
    """Nobody listens."""


def pool_for(url: str, outgoing: Outgoing) -> urllib3.PoolManager:
    """Connections to `url`: two timeouts, no second attempt, our CA bundle and proxy."""
    timeout = Timeout(connect=outgoing.connect_seconds, read=outgoing.read_seconds)
    options: dict[str, Any] = {
        "timeout": timeout,
        "retries": False,
        "ca_certs": outgoing.ca_bundle,
        "maxsize": CONNECTIONS,
    }
    proxy = outgoing.proxy_for(url)
    return urllib3.ProxyManager(proxy, **options) if proxy else urllib3.PoolManager(**options)
