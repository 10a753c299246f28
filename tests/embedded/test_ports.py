"""Ports are remembered, and a taken one gives way to the next."""

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.embedded.messages import EmbeddedError
from server.embedded.ports import HIGH, LOW, remembered_ports, require_free


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A program that listens and would share its port, as web servers do."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken


def test_ports_stay_the_same(tmp_path: Path) -> None:
    ports = remembered_ports(tmp_path / "p", 8)
    assert len(set(ports)) == 8
    assert all(LOW <= port < HIGH for port in ports)
    assert remembered_ports(tmp_path / "p", 8) == ports


def test_only_a_taken_port_changes(tmp_path: Path, listener: socket.socket) -> None:
    taken, free = listener.getsockname()[1], remembered_ports(tmp_path / "other", 1)[0]
    (tmp_path / "p").write_text(json.dumps([taken, free]))
    changed = remembered_ports(tmp_path / "p", 2)
    assert changed[0] not in (taken, free)
    assert changed[1] == free
    assert remembered_ports(tmp_path / "p", 2) == changed


@pytest.mark.parametrize("content", ["", "{", "[1]", '["a", "b"]', '{"a": 1}', "[99999999, -1]"])
def test_a_damaged_memory_is_forgotten(tmp_path: Path, content: str) -> None:
    (tmp_path / "p").write_text(content)
    assert all(LOW <= port < HIGH for port in remembered_ports(tmp_path / "p", 2))


def test_a_shareable_port_counts_as_taken(listener: socket.socket) -> None:
    with pytest.raises(EmbeddedError) as caught:
        require_free(listener.getsockname()[1])
    assert caught.value.code == "port_taken"


def test_a_low_port_needs_rights() -> None:
    allowed = int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) <= 1 or os.geteuid() == 0
    if allowed:
        require_free(1)
        return
    with pytest.raises(EmbeddedError) as caught:
        require_free(1)
    assert caught.value.code == "port_forbidden"
