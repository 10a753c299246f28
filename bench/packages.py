"""What npm has to install before we can be measured beside it."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

_INSTALL = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--include=dev")
INSTALL_SECONDS = 300


class Missing(Exception):
    """Something to compare with is not on this machine; the rest can be measured all the same."""


def program(*names: str) -> str:
    """The path of the first of these programs that is there.

    Raises:
        Missing: none is.
    """
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise Missing(f"there is no {names[0]}; `make system-needs` installs it")
    return found


def node_modules(folder: Path) -> Path:
    """The packages of `package-lock.json` in this folder, installed when the file has changed.

    Raises:
        Missing: npm is not there or could not install.
    """
    program("npm")
    modules = folder / "node_modules"
    wanted = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    stamp = modules / ".installed"
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        # A test run may install into the same folder, and npm ci begins by removing what is there.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text("ascii") != wanted:
            _install(folder)
            stamp.write_text(wanted, "ascii")
    finally:
        os.close(descriptor)
    return modules


def _install(folder: Path) -> None:
    try:
        done = subprocess.run(
            _INSTALL, cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise Missing(f"npm ci in {folder} took more than {INSTALL_SECONDS} s") from None
    if done.returncode:
        raise Missing(f"npm ci failed in {folder}: {done.stderr.strip()[-300:]}")
