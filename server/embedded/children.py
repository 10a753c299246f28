"""Starting, watching and stopping the programs that the embedded parts consist of.

Every child gets a session of its own, so that Ctrl-C in the terminal reaches only the supervisor, which then
stops its children in the right order. Every child also asks the kernel for a signal when the thread that
started it dies: after a `kill -9` of the supervisor nothing keeps the data folder busy. So children must be
started from a thread that lives as long as they do, which is the main thread.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from server.embedded.messages import EmbeddedError

TAIL_BYTES = 2000
LOG_LIMIT_BYTES = 10_000_000


@dataclass(frozen=True, slots=True)
class Service:
    """A running child and what is needed to talk about it and to stop it."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path


def setpriv(*options: str) -> list[str]:
    """The beginning of a command line that changes privileges before it becomes the program."""
    program = shutil.which("setpriv")
    if program is None:
        raise EmbeddedError("missing_setpriv")
    return [program, *options, "--"]


def start(name: str, command: Sequence[str], log: Path, environ: Mapping[str, str], cwd: Path) -> Service:
    """Start a child whose output goes to `log`."""
    prepare_log(log)
    # A file, not a pipe: a child that outlives its reader must still be able to write while it stops.
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - the program comes from our own wheels
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environ,
            cwd=cwd,
            start_new_session=True,
            umask=0o077,
        )
    return Service(name, process, log)


def stop(service: Service, how: signal.Signals, patience_seconds: float) -> None:
    """Ask a child to end, and end it when it takes longer than `patience_seconds`."""
    if service.process.poll() is not None:
        return
    service.process.send_signal(how)
    try:
        service.process.wait(patience_seconds)
    except subprocess.TimeoutExpired:
        service.process.kill()
        service.process.wait()


def wait_until_ready(service: Service, answers: Callable[[], bool], seconds: float) -> None:
    """Return once `answers()` is true.

    Raises:
        EmbeddedError: `service_ended` when the child ends first, `not_ready` after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not answers():
        status = service.process.poll()
        facts = {"service": service.name, "log": service.log, "tail": tail(service.log)}
        if status is not None:
            raise EmbeddedError("service_ended", status=status, **facts)
        if time.monotonic() > deadline:
            raise EmbeddedError("not_ready", seconds=round(seconds), **facts)
        time.sleep(0.05)


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether `condition()` became true within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def tail(log: Path) -> str:
    """The last lines of a log, on one line, for a sentence that must stay one sentence."""
    with log.open("rb") as source:
        source.seek(max(0, log.stat().st_size - TAIL_BYTES))
        lines = source.read().decode(errors="replace").splitlines()
    return " | ".join(line.strip() for line in lines[-3:] if line.strip())


def plain_environment(**more: str) -> dict[str, str]:
    """An environment without our secrets and without PG* variables that would redirect PostgreSQL's tools.

    LC_ALL=C because the reasons for a failed start are recognised by their English words.
    """
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC", **more}


def prepare_log(log: Path) -> None:
    """Make the folder of a log, and put a long log aside: one old one is kept."""
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(log.suffix + ".1"))
