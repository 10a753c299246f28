"""The embedded PostgreSQL: made once, started on loopback, stopped with a fast shutdown.

Below `home`: `postgres/` (the data, mode 0700), `postgres.password`, `postgres.port`, `log/postgres.log`.
"""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg
from psycopg import sql

from server.embedded import children
from server.embedded.account import Account, account_for
from server.embedded.files import kept_secret
from server.embedded.messages import EmbeddedError
from server.embedded.ports import LOOPBACK, remembered_ports
from server.embedded.wheels import POSTGRES, Programs

USER = "anfang"
DATABASE = "anfang"
START_SECONDS = 60.0
STOP_SECONDS = 30.0
LEFTOVER_SECONDS = 15.0
ATTEMPTS = 5
# What PostgreSQL says while the last backends of a killed server still let go of its shared memory.
STILL_LETTING_GO = "is still in use"
# For tests only: a power cut loses the database.
NOT_DURABLE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class Postgres:
    """One PostgreSQL server on the folder `home / "postgres"`."""

    def __init__(self, home: Path, *, durable: bool = True, programs: Programs = POSTGRES) -> None:
        self._home = home
        self._data = home / "postgres"
        self._log = home / "log" / "postgres.log"
        self._durable = durable
        self._programs = programs
        self._password_file = home / "postgres.password"
        self._port = 0
        self.service: children.Service | None = None

    @property
    def url(self) -> str:
        """DATABASE_URL of the running server."""
        password = self._password_file.read_text().strip()
        return f"postgresql://{USER}:{password}@{LOOPBACK}:{self._port}/{DATABASE}"

    def start(self) -> None:
        """Start the server and return once it answers SELECT 1; make the database first when there is none.

        Raises:
            EmbeddedError: with one sentence that says what to do.
        """
        postgres = self._programs.find("postgres")
        _require_same_major(self._data, postgres)
        account = account_for(self._data, postgres)
        if not self._data.exists():
            self._make(account)
        _clear_leftover(self._data)
        self._port = remembered_ports(self._home / "postgres.port", 1)[0]
        self._launch(postgres, account)
        self._ensure_database()

    def stop(self) -> None:
        """Fast shutdown: sessions are ended, everything committed is on disk."""
        if self.service is not None:
            children.stop(self.service, signal.SIGINT, STOP_SECONDS)

    def _make(self, account: Account) -> None:
        """Run initdb beside the final place and then move its result: killed, it leaves nothing half made."""
        draft = self._home / "postgres.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        kept_secret(self._password_file)
        password = self._home / ".initdb-password"
        shutil.copy(self._password_file, password)
        password.chmod(0o600)
        for path in (draft, password):
            account.own(path)
        try:
            self._initdb(account, draft, password)
        finally:
            password.unlink()
        draft.rename(self._data)

    def _initdb(self, account: Account, folder: Path, password: Path) -> None:
        command = [
            *children.setpriv(*account.options, "--pdeathsig", "KILL"),
            str(self._programs.find("initdb")),
            f"--pgdata={folder}",
            f"--username={USER}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
        ]
        service = children.start("initdb", command, self._log, children.plain_environment(), folder)
        try:
            status = service.process.wait(START_SECONDS)
        finally:
            children.stop(service, signal.SIGKILL, 1.0)
        if status != 0:
            raise EmbeddedError(
                "service_ended", service="initdb", status=status, log=self._log, tail=children.tail(self._log)
            )

    def _launch(self, postgres: Path, account: Account) -> None:
        command = [
            *children.setpriv(*account.options, "--pdeathsig", "INT"),
            str(postgres),
            "-D",
            str(self._data),
        ]
        for setting in self._settings:
            command += ["-c", setting]
        for attempt in range(1, ATTEMPTS + 1):
            self.service = children.start(
                "PostgreSQL", command, self._log, children.plain_environment(), self._data
            )
            try:
                children.wait_until_ready(self.service, self._answers, START_SECONDS)
            except EmbeddedError as problem:
                if attempt == ATTEMPTS or STILL_LETTING_GO not in str(problem.params.get("tail")):
                    raise
            else:
                return

    @property
    def _settings(self) -> tuple[str, ...]:
        return (
            f"listen_addresses={LOOPBACK}",
            f"port={self._port}",
            "unix_socket_directories=",
            "timezone=UTC",
            "log_timezone=UTC",
            *(() if self._durable else NOT_DURABLE),
        )

    def _answers(self) -> bool:
        try:
            with self._connect() as connection:
                return connection.execute("SELECT 1").fetchone() == (1,)
        except psycopg.OperationalError as problem:
            if "password authentication failed" in str(problem):
                raise EmbeddedError("password_lost", file=self._password_file) from None
            return False

    def _ensure_database(self) -> None:
        with self._connect() as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if known is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=LOOPBACK,
            port=self._port,
            user=USER,
            password=self._password_file.read_text().strip(),
            dbname="postgres",
            connect_timeout=5,
            autocommit=True,
        )


def _require_same_major(data: Path, postgres: Path) -> None:
    """Refuse data that another major version wrote: the server would, with advice that does not fit here."""
    version_file = data / "PG_VERSION"
    if not version_file.exists():
        return
    found = version_file.read_text().strip()
    answer = subprocess.run(  # noqa: S603 - our own program
        [postgres, "--version"], check=True, capture_output=True, text=True, env=children.plain_environment()
    )
    wanted = answer.stdout.split()[-1].partition(".")[0]
    if found != wanted:
        raise EmbeddedError("wrong_major", path=data, found=found, wanted=wanted)


def _clear_leftover(data: Path) -> None:
    """Deal with the pid file of a server that was killed or is still stopping.

    PostgreSQL clears a stale file itself unless its number now belongs to another process of the same user,
    in which case it would never start again.
    """
    pid_file = data / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return
    if _serves(pid, data):
        os.kill(pid, signal.SIGINT)
        if not children.wait_for(lambda: not _serves(pid, data), LEFTOVER_SECONDS):
            raise EmbeddedError("another_instance", pid=pid, home=data.parent)
    pid_file.unlink(missing_ok=True)


def _serves(pid: int, data: Path) -> bool:
    """Whether that process is alive with `data` as its working folder, as a server of ours would be."""
    try:
        return Path(f"/proc/{pid}/cwd").resolve(strict=True) == data.resolve()
    except OSError:
        return False
