"""The embedded S3 store: SeaweedFS's `weed` with master, volume, filer and S3 gateway in one process.

Below `home`: `store/` (the data), `store.json` (the one S3 identity), `store.ports`, `log/`. All ports are on
loopback, since the filer behind S3 asks for no credentials.
"""

import http.client
import json
import secrets
import signal
from pathlib import Path

from server.embedded import children
from server.embedded.files import write_private
from server.embedded.ports import LOOPBACK, SOCKET_FOLDER, remembered_ports
from server.embedded.wheels import STORE, Programs

START_SECONDS = 60.0
# It would take 15 s to say goodbye to its own parts. Nobody writes any more when we stop it, and what it
# acknowledged is in its files, so it may be ended sooner.
STOP_SECONDS = 1.0
PORT_FLAGS = (
    "s3.port",
    "s3.port.grpc",
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "filer.port",
    "filer.port.grpc",
)


class Store:
    """One S3 store on the folder `home / "store"`."""

    def __init__(self, home: Path, *, programs: Programs = STORE) -> None:
        self._home = home
        self._programs = programs
        self._identity_file = home / "store.json"
        self._ports: list[int] = []
        self.service: children.Service | None = None

    def launch(self) -> None:
        """Start the store without waiting for it: it takes seconds, in which PostgreSQL can start.

        Raises:
            EmbeddedError: `missing_wheel`, `missing_setpriv`, `no_free_port`.
        """
        weed = self._programs.find("weed")
        for folder in ("store", "log"):
            (self._home / folder).mkdir(mode=0o700, exist_ok=True)
        if not self._identity_file.exists():
            write_private(self._identity_file, json.dumps(_new_identity()).encode())
        self._ports = remembered_ports(self._home / "store.ports", len(PORT_FLAGS))
        # KILL, since a store that takes its time to stop would still hold its files at the next start.
        command = [*children.setpriv("--pdeathsig", "KILL"), str(weed), *self._flags()]
        environ = children.plain_environment(HOME=str(self._home))
        self.service = children.start(
            "SeaweedFS", command, self._home / "log" / "store.log", environ, self._home / "store"
        )

    def wait(self) -> None:
        """Return once the launched store's S3 gateway answers.

        Raises:
            EmbeddedError: `service_ended`, `not_ready`.
        """
        if self.service is not None:
            children.wait_until_ready(self.service, self._answers, START_SECONDS)

    def stop(self) -> None:
        """End the store and remove the socket files it leaves behind."""
        if self.service is None:
            return
        children.stop(self.service, signal.SIGINT, STOP_SECONDS)
        for port in self._ports:
            for leftover in SOCKET_FOLDER.glob(f"seaweedfs-*-{port}.sock"):
                leftover.unlink(missing_ok=True)

    @property
    def settings(self) -> dict[str, str]:
        """The settings under which the application finds the running store."""
        identity = json.loads(self._identity_file.read_bytes())["identities"][0]["credentials"][0]
        return {
            "S3_ENDPOINT_URL": f"http://{LOOPBACK}:{self._ports[0]}",
            "S3_ACCESS_KEY_ID": identity["accessKey"],
            "S3_SECRET_ACCESS_KEY": identity["secretKey"],
        }

    def _flags(self) -> list[str]:
        return [
            f"-logdir={self._home / 'log'}",
            "-alsologtostderr=false",
            "-log_max_size_mb=10",
            "server",
            f"-dir={self._home / 'store'}",
            f"-ip={LOOPBACK}",
            f"-ip.bind={LOOPBACK}",
            "-filer",
            "-s3",
            f"-s3.config={self._identity_file}",
            *(f"-{flag}={port}" for flag, port in zip(PORT_FLAGS, self._ports, strict=True)),
            # Interfaces that nobody uses, two of them on fixed ports.
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-s3.iam=false",
            # Alone, a master that remembers its last election waits out the timeout of the next: 17 s.
            "-master.resumeState=false",
            "-master.telemetry=false",
            # Each bucket takes several volumes, and there are as many as fit the disk.
            "-master.volumeSizeLimitMB=256",
            "-volume.max=0",
            "-volume.preStopSeconds=0",
        ]

    def _answers(self) -> bool:
        """Whether the gateway refuses a nameless request, as it can only once it has read its identities."""
        connection = http.client.HTTPConnection(LOOPBACK, self._ports[0], timeout=5)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status == http.HTTPStatus.FORBIDDEN
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def _new_identity() -> dict[str, object]:
    key = {"accessKey": secrets.token_hex(10), "secretKey": secrets.token_urlsafe(30)}
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    return {"identities": [{"name": "anfang", "credentials": [key], "actions": actions}]}
