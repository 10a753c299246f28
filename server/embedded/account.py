"""The user PostgreSQL runs as. It refuses root; everybody else runs it as themselves.

For root a user without rights takes over the database's folder and nothing else. When the checkout or the
data folder lies where that user cannot walk (below /root, in a folder of mode 0700), the server keeps one
capability, to pass and read without permission, instead of us changing the mode of somebody's folder.
"""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from server.embedded.children import plain_environment, setpriv
from server.embedded.messages import EmbeddedError

UNPRIVILEGED = "nobody"
# Containers commonly lack dac_read_search, which would be the smaller right; all of them have dac_override.
PASS_EVERYWHERE = (
    "--inh-caps=+dac_override",
    "--ambient-caps=+dac_override",
    # Without it access(2), by which PostgreSQL looks for its own programs, ignores the capability.
    "--securebits=+no_setuid_fixup",
)


@dataclass(frozen=True, slots=True)
class Account:
    """Who runs the server, and the options of setpriv that turn us into them."""

    name: str
    uid: int
    gid: int
    options: tuple[str, ...] = ()

    def own(self, path: Path) -> None:
        """Give one file or folder of ours to the account."""
        if self.options:
            os.chown(path, self.uid, self.gid)


def account_for(data: Path, postgres: Path) -> Account:
    """The account for the database in `data`, which may not exist yet, and the program `postgres`.

    Raises:
        EmbeddedError: `wrong_owner`, `unreachable_for_user`.
    """
    if os.geteuid() != 0:
        return _ourselves(data)
    account = _without_rights(data)
    for options in (account.options, account.options + PASS_EVERYWHERE):
        if _reaches(options, data, postgres):
            return Account(account.name, account.uid, account.gid, options)
    raise EmbeddedError("unreachable_for_user", user=account.name, path=data.parent)


def _ourselves(data: Path) -> Account:
    if data.exists() and data.stat().st_uid != os.geteuid():
        raise EmbeddedError("wrong_owner", path=data, owner=_name(data.stat().st_uid))
    return Account(_name(os.geteuid()), os.geteuid(), os.getegid())


def _without_rights(data: Path) -> Account:
    """Whoever owns the data already, so that root may start what an ordinary user made; else nobody."""
    entry = pwd.getpwnam(UNPRIVILEGED)
    uid, gid = entry.pw_uid, entry.pw_gid
    if data.exists() and data.stat().st_uid != 0:
        uid, gid = data.stat().st_uid, data.stat().st_gid
    return Account(_name(uid), uid, gid, (f"--reuid={uid}", f"--regid={gid}", "--clear-groups"))


def _reaches(options: tuple[str, ...], data: Path, postgres: Path) -> bool:
    """Whether the account can run the program and stand in the data's folder: asked by doing both."""
    probe = [*setpriv(*options), str(postgres), "--version"]
    folder = [*setpriv(*options), "ls", "--directory", f"{data.parent}/."]
    return all(_succeeds(command) for command in (probe, folder))


def _succeeds(command: list[str]) -> bool:
    done = subprocess.run(command, check=False, capture_output=True, env=plain_environment(), cwd="/")  # noqa: S603 - our own programs
    return done.returncode == 0


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
