"""Both embedded parts and the settings file, as one context manager for `make run` and for the tests."""

import secrets
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

from cryptography.fernet import Fernet

from server.config import SETTINGS_FILE
from server.embedded.files import FolderLock, read_settings, write_settings
from server.embedded.messages import EmbeddedError
from server.embedded.postgres import Postgres
from server.embedded.store import Store
from server.embedded.wheels import POSTGRES, STORE, Programs

# What belongs to one start. It is recorded, so that a command typed beside a running instance finds the same
# parts without repeating the settings, and forgotten at the next start.
RECORDED = (
    "PORT",
    "PUBLIC_URL",
    "DATABASE_URL",
    "S3_ENDPOINT_URL",
    "S3_PUBLIC_ENDPOINT_URL",
    "S3_REGION",
    "S3_BUCKET",
    "S3_ACCESS_KEY_ID",
    "S3_SECRET_ACCESS_KEY",
    "SMS",
    "TWILIO_ACCOUNT_SID",
    "TWILIO_AUTH_TOKEN",
    "TWILIO_SENDER",
    "TWILIO_BASE_URL",
)


@dataclass(frozen=True, slots=True)
class Wheels:
    """The packages that bring the programs; a test names one that is not there."""

    postgres: Programs = POSTGRES
    store: Programs = STORE


class EmbeddedServices:
    """PostgreSQL and an S3 store for as long as the `with` block lasts, and `home/anfang.env` to find them.

    A part whose address stands in `environ` (DATABASE_URL, S3_ENDPOINT_URL) is not started. Enter it in the
    main thread: the parts die with the thread that started them. `on_start` is called once the folder is ours
    and what takes seconds begins.

    Raises:
        EmbeddedError: on entering, with one sentence that says what to do; nothing is left running.
    """

    def __init__(
        self,
        home: Path,
        *,
        environ: Mapping[str, str] = MappingProxyType({}),
        durable: bool = True,
        wheels: Wheels | None = None,
        on_start: Callable[[], None] = lambda: None,
    ) -> None:
        self.home = home.absolute()
        self.settings_file = self.home / SETTINGS_FILE
        self._environ = environ
        self._keys_given = bool(environ.get("ANFANG_KEYS"))
        self._on_start = on_start
        programs = wheels or Wheels()
        self._postgres = Postgres(self.home, durable=durable, programs=programs.postgres)
        self._store = Store(self.home, programs=programs.store)
        self._cleanup = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as cleanup:
            try:
                self._start(cleanup)
            except OSError as problem:
                # A full disk, or files that root wrote and an ordinary user now meets.
                reason = f"{problem.strerror} ({problem.filename})"
                raise EmbeddedError("home_unusable", home=self.home, reason=reason) from None
            self._cleanup = cleanup.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cleanup.close()

    @property
    def _given(self) -> dict[str, str]:
        """Asked for when it is needed: what is started first may add to the environment."""
        return {name: self._environ[name] for name in RECORDED if self._environ.get(name)}

    @property
    def settings(self) -> dict[str, str]:
        """The settings as `home/anfang.env` holds them."""
        return read_settings(self.settings_file)

    def require_running(self) -> None:
        """Notice a service that has ended by itself.

        Raises:
            EmbeddedError: `process_ended`.
        """
        for service in (self._postgres.service, self._store.service):
            if service is not None and (status := service.process.poll()) is not None:
                raise EmbeddedError("process_ended", name=service.name, status=status, log=service.log)

    def _start(self, cleanup: ExitStack) -> None:
        lock = FolderLock(self.home)
        lock.acquire()
        cleanup.callback(lock.release)
        # Before the data exists: a start that is killed in between must not have data without its keys.
        secrets_kept = self._kept_secrets()
        write_settings(self.settings_file, secrets_kept)
        self._on_start()
        write_settings(self.settings_file, secrets_kept | self._start_parts(cleanup) | self._given)

    def _start_parts(self, cleanup: ExitStack) -> dict[str, str]:
        settings = {"S3_BUCKET": "anfang"}
        if "DATABASE_URL" not in self._given:
            cleanup.callback(self._postgres.stop)
        if "S3_ENDPOINT_URL" not in self._given:
            cleanup.callback(self._store.stop)
            self._store.launch()
        if "DATABASE_URL" not in self._given:
            self._postgres.start()
            settings |= {"DATABASE_URL": self._postgres.url}
        if "S3_ENDPOINT_URL" not in self._given:
            self._store.wait()
            settings |= self._store.settings
        return settings

    def _kept_secrets(self) -> dict[str, str]:
        """What outlives a start: the secrets, made at the first one, and lines somebody added by hand."""
        known = {key: value for key, value in self.settings.items() if key not in RECORDED}
        if (self.home / "postgres").exists() and "ANFANG_KEYS" not in known and not self._keys_given:
            raise EmbeddedError("keys_lost", file=self.settings_file)
        fresh = {"SECRET_KEY": secrets.token_urlsafe(48), "ANFANG_KEYS": Fernet.generate_key().decode()}
        return fresh | known
