"""What the tests look at from outside: processes, ports, and conditions that become true."""

import os
import socket
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOOPBACK_HEX = "0100007F"
LISTEN = "0A"


def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Whether the condition becomes true before the deadline."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def alive(pid: int) -> bool:
    """Whether the process exists and is not merely waiting for its parent to notice its end."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def child_running(parent: int, module: str) -> int:
    """The one child of `parent` that runs `python -m module`; its siblings may end while we look."""
    found = []
    for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        try:
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if [b"-m", module.encode()] in ([first, second] for first, second in pairwise(arguments)):
            found.append(int(pid))
    (child,) = found
    return child


def pids_in(folder: Path) -> list[int]:
    """Processes whose working folder is `folder`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink() == folder and alive(int(entry.name)):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def listening_addresses(pid: int) -> list[tuple[str, int]]:
    """(address as the kernel writes it, port) of every TCP socket on which the process listens."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = os.readlink(descriptor)
        except FileNotFoundError:  # closed since the folder was listed
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    table = Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()
    lines = [line.split() for line in table.splitlines()]
    hits = [fields[1].split(":") for fields in lines if fields[3] == LISTEN and fields[9] in inodes]
    return [(address, int(port, 16)) for address, port in hits]


def free_port() -> int:
    """A port that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
