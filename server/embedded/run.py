"""`make run`: services, migrations, demo, then web, worker and clock, until Ctrl-C or until one ends."""

import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TextIO

import psycopg
from psycopg.conninfo import conninfo_to_dict

from server.embedded.messages import EmbeddedError, sentence, wants_chinese
from server.embedded.ports import LOOPBACK, require_free
from server.embedded.processes import Processes
from server.embedded.provider import FAKE, FakeProvider
from server.embedded.services import EmbeddedServices, Wheels

STOPPED_BY_USER = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
FLASK = ("flask", "--app", "wsgi")
DATABASE_SCHEMES = frozenset({"postgresql", "postgres", "postgresql+psycopg"})
# A password with one of these written as it is: the address then reads otherwise than it was meant, and what
# is said about its parts would tell pieces of the password.
UNESCAPED = re.compile(r"[/?#].*@|@.*@")


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run on top of the services.

    Attributes:
        prepare: commands that must succeed, one after the other, before the processes start.
        procfile: the processes.
        announce: the command that prints addresses and sign-ins once the web answers.
        wheels: where the services' programs come from.
    """

    prepare: tuple[tuple[str, ...], ...] = (
        (*FLASK, "db", "upgrade"),
        (*FLASK, "demo", "load", "--if-empty"),
    )
    procfile: Path = Path("Procfile")
    announce: tuple[str, ...] = (*FLASK, "demo", "links")
    wheels: Wheels = field(default_factory=Wheels)


class Stopped(BaseException):
    """Somebody asked us to stop. Not an Exception, so that nothing on the way handles it by accident."""


class StopRequest:
    """The handler of the signals that ask us to stop: it raises once, and remembers.

    What a handler raises is lost when the signal arrives inside a destructor, where Python only prints it.
    So whoever waits asks again with `obey`: otherwise the one Ctrl-C that was swallowed would stop nothing.
    """

    def __init__(self) -> None:
        self._received = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        if not self._received:
            self._received = True
            raise Stopped

    def obey(self) -> None:
        """Raises Stopped when somebody has asked."""
        if self._received:
            raise Stopped


def run(environ: Mapping[str, str], plan: Plan, output: TextIO = sys.stdout) -> int:
    """Run everything in the foreground.

    Returns:
        The exit status: 0 when it was stopped by a signal, 1 after a sentence on why it could not go on.
    """
    chinese = wants_chinese(environ)
    request = StopRequest()
    for number in STOPPED_BY_USER:
        signal.signal(number, request)
    try:
        _Run(environ, plan, output, request, chinese=chinese).until_ended()
    except Stopped:
        _say(output, sentence("stopped", {"home": _home(environ)}, chinese=chinese))
        return 0
    except EmbeddedError as problem:
        _say(sys.stderr, sentence(problem.code, problem.params, chinese=chinese))
        return 1
    return 1


class _Run:
    """One run: the environment of the children and the order of the steps."""

    def __init__(
        self, environ: Mapping[str, str], plan: Plan, output: TextIO, request: StopRequest, *, chinese: bool
    ) -> None:
        self._plan = plan
        self._output = output
        self._request = request
        self._chinese = chinese
        self._home = _home(environ)
        self._port = _port(environ)
        # A start that is refused ends with its reason alone: nothing was begun that would have to be stopped.
        self._started = False
        self._provider: FakeProvider | None = None
        settled = {
            "ANFANG_HOME": str(self._home),
            "PORT": str(self._port),
            # honcho gives every process a PORT of its own; links must name the web's.
            "PUBLIC_URL": environ.get("PUBLIC_URL") or f"http://localhost:{self._port}",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{environ.get('PATH', os.defpath)}",
            "PYTHONUNBUFFERED": "1",
        }
        # An empty setting means "not set", here as in the settings file.
        self._environ = {name: value for name, value in environ.items() if value} | settled

    def until_ended(self) -> None:
        """Start everything, serve, and stop everything in the opposite order.

        Raises:
            EmbeddedError: when a step fails or a process ends by itself.
            Stopped: on a signal.
        """
        require_free(self._port)
        if url := self._environ.get("DATABASE_URL"):
            _require_database(url)
        with ExitStack() as cleanup:
            try:
                self._start_and_watch(cleanup)
            finally:
                # What runs is now stopped in order, which a second Ctrl-C must not interrupt.
                _be_deaf()
                if self._started:
                    self._say("stopping")

    def _on_start(self) -> None:
        self._started = True
        if self._environ.get("SMS") == FAKE:
            # In place: the services record what the environment holds by then.
            self._provider = FakeProvider(self._home, self._environ)
            self._environ |= self._provider.settings
        self._say("starting", home=self._home)

    def _start_and_watch(self, cleanup: ExitStack) -> None:
        services = EmbeddedServices(
            self._home, environ=self._environ, wheels=self._plan.wheels, on_start=self._on_start
        )
        cleanup.enter_context(services)
        if self._provider is not None:
            cleanup.callback(self._provider.stop)
            self._provider.start()
        for command in self._plan.prepare:
            self._call(command)
        log = self._home / "log" / "processes.log"
        processes = Processes(self._plan.procfile, log, self._environ, self._output)
        cleanup.callback(processes.stop)
        self._watch(services, processes)

    def _watch(self, services: EmbeddedServices, processes: Processes) -> None:
        announced = False
        while processes.running():
            self._request.obey()
            services.require_running()
            if self._provider is not None:
                self._provider.require_running()
            if not announced and _answers(self._port):
                announced = True
                self._say("ready", url=self._environ["PUBLIC_URL"])
                self._call(self._plan.announce)
                if self._provider is not None:
                    self._say("fake_provider", url=self._provider.url)
            time.sleep(0.1)
        name, status = processes.first_stopped or ("honcho", -1)
        raise EmbeddedError("process_ended", name=name, status=status, log=processes.log)

    def _call(self, command: tuple[str, ...]) -> None:
        """Run one of the plan's commands with its lines going to the terminal."""
        self._request.obey()
        if shutil.which(command[0], path=self._environ["PATH"]) is None:
            raise EmbeddedError("missing_program", program=command[0])
        done = subprocess.run(command, check=False, env=self._environ, stdin=subprocess.DEVNULL)  # noqa: S603 - ours
        if done.returncode != 0:
            raise EmbeddedError("command_failed", command=" ".join(command), status=done.returncode)

    def _say(self, code: str, **params: object) -> None:
        _say(self._output, sentence(code, params, chinese=self._chinese))


def _be_deaf() -> None:
    """Ignore further requests to stop: we are stopping."""
    for number in STOPPED_BY_USER:
        signal.signal(number, signal.SIG_IGN)


def _say(output: TextIO, text: str) -> None:
    output.write(f"{text}\n")
    output.flush()


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("ANFANG_HOME") or "var").absolute()


def _port(environ: Mapping[str, str]) -> int:
    text = environ.get("PORT") or "8000"
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise EmbeddedError("port_invalid", port=text)
    return int(text)


def _require_database(url: str) -> None:
    """Refuse a DATABASE_URL that leads nowhere, before a migration answers with a page of traceback.

    Only of an address that reads as one is anything repeated: from others pieces of a password would show.
    """
    scheme, _, rest = url.partition("://")
    if scheme not in DATABASE_SCHEMES:
        raise EmbeddedError("database_scheme")
    address = f"postgresql://{rest}"
    if not _is_readable(address):
        raise EmbeddedError("database_unreadable")
    try:
        with psycopg.connect(address, connect_timeout=5):
            pass
    except (psycopg.Error, UnicodeError) as problem:
        reason = " ".join(str(problem).split())
        raise EmbeddedError("database_unreachable", reason=reason) from None


def _is_readable(address: str) -> bool:
    """Whether the address has one meaning, names a database and holds no word where its port should be."""
    try:
        parts = conninfo_to_dict(address)
    except (psycopg.Error, UnicodeError):
        return False
    port = str(parts.get("port", ""))
    return (
        not UNESCAPED.search(address.partition("://")[2])
        and "dbname" in parts
        and not port.strip("0123456789,")
    )


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
