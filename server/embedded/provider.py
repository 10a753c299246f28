"""The fake SMS provider of `make run SMS=twilio-fake`: a process, and the settings that name it."""

import http.client
import os
import secrets
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from server.embedded import children
from server.embedded.files import kept_secret
from server.embedded.messages import EmbeddedError
from server.embedded.ports import LOOPBACK, remembered_ports

FAKE: Final = "twilio-fake"
SENDER: Final = "+15005550006"
INBOUND_PATH: Final = "/hooks/twilio/inbound"
READY_SECONDS: Final = 20.0
STOP_SECONDS: Final = 3.0


class FakeProvider:
    """A fake Twilio on a free port of this machine, remembered so that its address survives a restart."""

    def __init__(self, home: Path, environ: Mapping[str, str]) -> None:
        self._home = home
        self._environ = environ
        self._folder = home / "fake-twilio"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        [self._port] = remembered_ports(self._folder / "ports.json", 1)
        self._service: children.Service | None = None
        self.url = f"http://{LOOPBACK}:{self._port}"
        self.settings = {
            "SMS": "twilio",
            "TWILIO_ACCOUNT_SID": f"AC{secrets.token_hex(16)}",
            "TWILIO_AUTH_TOKEN": kept_secret(self._folder / "token"),
            "TWILIO_SENDER": SENDER,
            "TWILIO_BASE_URL": self.url,
        }

    def start(self) -> None:
        """Return once it answers.

        Raises:
            EmbeddedError: `service_ended`, `not_ready`.
        """
        inbound = self._environ["PUBLIC_URL"] + INBOUND_PATH
        module = [sys.executable, "-m", "server.embedded.fake_twilio"]
        command = [*children.setpriv("--pdeathsig", "TERM"), *module]
        command += ["--port", str(self._port), "--inbound", inbound]
        environ = {**os.environ, **self.settings}
        log = self._home / "log" / "fake-twilio.log"
        self._service = children.start("fake-twilio", command, log, environ, Path.cwd())
        children.wait_until_ready(self._service, self._answers, READY_SECONDS)

    def stop(self) -> None:
        if self._service is not None:
            children.stop(self._service, signal.SIGTERM, STOP_SECONDS)

    def require_running(self) -> None:
        """Raises EmbeddedError `process_ended` when it has ended by itself."""
        service = self._service
        if service is not None and (status := service.process.poll()) is not None:
            raise EmbeddedError("process_ended", name=service.name, status=status, log=service.log)

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(LOOPBACK, self._port, timeout=2)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
