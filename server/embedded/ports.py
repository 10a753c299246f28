"""Free ports on the loopback interface, remembered so that addresses survive a restart."""

import errno
import itertools
import json
import os
import secrets
import socket
from pathlib import Path

from server.embedded.files import write_private
from server.embedded.messages import EmbeddedError

LOOPBACK = "127.0.0.1"
# Below the range from which Linux takes ports for outgoing connections: one of those could sit on a
# remembered port for as long as it lives.
LOW, HIGH = 20000, 32000
SOCKET_FOLDER = Path("/tmp")  # noqa: S108 - where weed puts its sockets; we only look


def remembered_ports(file: Path, count: int) -> list[int]:
    """`count` different free ports: those of the last start where still free, else the next free ones."""
    wanted = _read(file, count) or [LOW + secrets.randbelow(HIGH - LOW - 100) + i for i in range(count)]
    chosen: list[int] = []
    for wish in wanted:
        chosen.append(_next_free(wish, chosen))
    if chosen != wanted or not file.exists():
        write_private(file, json.dumps(chosen).encode())
    return chosen


def require_free(port: int) -> None:
    """Refuse a web port that another program uses.

    The web server would not: with SO_REUSEPORT a second one silently shares the port of the first.

    Raises:
        EmbeddedError: `port_taken`, `port_forbidden`.
    """
    problem = _bind_error("", port)
    if problem == errno.EACCES:
        raise EmbeddedError("port_forbidden", port=port)
    if problem is not None:
        raise EmbeddedError("port_taken", port=port, other=port + 1 if port < 65535 else 8000)


def _read(file: Path, count: int) -> list[int]:
    try:
        ports = json.loads(file.read_bytes())
    except (FileNotFoundError, ValueError):
        return []
    if not isinstance(ports, list):
        return []
    good = [port for port in ports if isinstance(port, int) and 0 < port < 65536]
    return good if len(good) == count else []


def _next_free(start: int, chosen: list[int]) -> int:
    candidates = itertools.chain(range(start, HIGH), range(LOW, min(start, HIGH)))
    for port in candidates:
        if port not in chosen and _bind_error(LOOPBACK, port) is None and not _foreign_socket(port):
            return port
    raise EmbeddedError("no_free_port", low=LOW, high=HIGH)


def _bind_error(host: str, port: int) -> int | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as problem:
            return problem.errno
    return None


def _foreign_socket(port: int) -> bool:
    """Whether another user's killed `weed` left a socket file for this port, which we may not replace."""
    leftovers = SOCKET_FOLDER.glob(f"seaweedfs-*-{port}.sock")
    return os.geteuid() != 0 and any(path.stat().st_uid != os.geteuid() for path in leftovers)
