"""Small files below the data folder that only its owner may read: secrets, ports, settings."""

import fcntl
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from server.embedded.messages import EmbeddedError


def write_private(file: Path, content: bytes) -> None:
    """Replace a file in one step, so that a crash leaves the old content or the new, never half of it."""
    draft = file.with_name(f".{file.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as output:
        output.write(content)
        output.flush()
        os.fsync(output.fileno())
    draft.replace(file)


def kept_secret(file: Path) -> str:
    """The secret in `file`, made at the first call."""
    if not file.exists():
        write_private(file, secrets.token_urlsafe(32).encode())
    return file.read_text().strip()


def read_settings(file: Path) -> dict[str, str]:
    """KEY=VALUE lines; empty lines and lines that begin with # are skipped, values are taken as they stand.

    Raises:
        EmbeddedError: `settings_unreadable`.
    """
    if not file.exists():
        return {}
    settings: dict[str, str] = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        key, equals, value = line.strip().partition("=")
        if key.startswith("#") or not key:
            continue
        if not equals:
            raise EmbeddedError("settings_unreadable", file=file, line=number)
        settings[key.strip()] = value.strip()
    return settings


def write_settings(file: Path, settings: Mapping[str, str]) -> None:
    """Replace the settings file."""
    lines = ["# Written by `make run`. SECRET_KEY and ANFANG_KEYS open the data: keep a copy elsewhere."]
    lines += [f"{key}={value}" for key, value in sorted(settings.items())]
    write_private(file, "".join(f"{line}\n" for line in lines).encode())


class FolderLock:
    """Held by the one instance that uses a data folder; the kernel releases it however that instance ends."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._descriptor = -1

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            EmbeddedError: `another_instance`, `home_unusable`.
        """
        try:
            self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._descriptor = os.open(self._home / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as problem:
            raise EmbeddedError("home_unusable", home=self._home, reason=problem.strerror) from None
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.read(self._descriptor, 20).decode() or "?"
            os.close(self._descriptor)
            raise EmbeddedError("another_instance", pid=pid, home=self._home) from None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Let go; the file stays, since removing it would let two instances hold two locks."""
        os.close(self._descriptor)
