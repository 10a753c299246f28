"""The application's own processes: honcho runs the Procfile, and this module watches honcho.

honcho's lines go to a file. A pipe would be simpler, but when the supervisor is killed honcho would die of
the broken pipe before it has stopped its processes. The terminal gets what somebody should know; most of the
file is a line a request, which would scroll the addresses and sign-ins away.
"""

import json
import os
import re
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from server.embedded import children

STARTED_SECONDS = 5.0
# honcho kills what has not stopped 5 s after the first process did; it deserves a little longer.
STOP_SECONDS = 10.0
# `12:00:01 system | web.1 started (pid=4711)`; a process's own lines carry its name in the place of `system`.
_EVENT = re.compile(r"^[\d:]+ system +\| ([\w-]+)\.\d+ (started|stopped) \((?:pid|rc)=(-?\d+)\)$")
# A structured line of a process, as `server.http.logs` writes it.
_STRUCTURED = re.compile(r"^[\d:]+ [\w-]+\.\d+ +\| (\{.*\})$")
_ROUTINE = frozenset({"debug", "info"})
_PROCESS = re.compile(r"^([A-Za-z0-9_-]+):", re.MULTILINE)


class Processes:
    """All processes of a Procfile, started together; when one ends honcho ends the others."""

    def __init__(self, procfile: Path, log: Path, environ: Mapping[str, str], output: TextIO) -> None:
        """Start them in the current folder; `pump()` copies to `output` what is no routine."""
        self.log = log
        self.first_stopped: tuple[str, int] | None = None
        self._expected = set(_PROCESS.findall(procfile.read_text(encoding="utf-8")))
        self._pids: dict[str, int] = {}
        self._output = output
        honcho = [sys.executable, "-m", "honcho", "-e", os.devnull, "-f", str(procfile.absolute()), "start"]
        command = [*children.setpriv("--pdeathsig", "TERM"), *honcho]
        children.prepare_log(log)
        self._source = log.open("a+", encoding="utf-8", errors="replace")
        self._line = ""
        self._service = children.start("honcho", command, log, environ, Path.cwd())

    def running(self) -> bool:
        """Whether honcho still runs; False also means that all lines have been copied."""
        ended = self._service.process.poll() is not None
        self.pump()
        return not ended

    def pump(self) -> None:
        """Copy what was written since the last call and is no routine; note who started and stopped."""
        for part in iter(self._source.readline, ""):
            self._line += part
            if self._line.endswith("\n"):
                line = self._line.rstrip("\n")
                if not _is_routine(line):
                    self._output.write(self._line)
                self._note(line)
                self._line = ""
        self._output.flush()

    def stop(self) -> None:
        """Stop the processes in an orderly way, and whatever honcho leaves behind in a hard one."""
        # honcho fails on a signal that arrives before it has noted all its processes.
        children.wait_for(lambda: not self.running() or self._all_started(), STARTED_SECONDS)
        children.stop(self._service, signal.SIGTERM, STOP_SECONDS)
        self.pump()
        for pid in self._pids.values():
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
        self._source.close()

    def _all_started(self) -> bool:
        return self._expected <= self._pids.keys() or self.first_stopped is not None

    def _note(self, line: str) -> None:
        event = _EVENT.match(line)
        if event is None:
            return
        name, what, number = event[1], event[2], int(event[3])
        if what == "started":
            self._pids[name] = number
            return
        self._pids.pop(name, None)
        self.first_stopped = self.first_stopped or (name, number)


def _is_routine(line: str) -> bool:
    """Whether the line only says that all is going its way. What cannot be read is not routine."""
    found = _STRUCTURED.match(line)
    try:
        return found is not None and json.loads(found[1]).get("level") in _ROUTINE
    except ValueError:
        return False
