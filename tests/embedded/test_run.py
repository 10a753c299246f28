"""`make run` from outside, with small commands in the place of the application's."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from server.embedded.files import FolderLock
from tests.embedded.watching import ROOT, child_running, eventually, free_port, pids_in

WEB = """
import http.server, os
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()
    def log_message(self, *_):
        pass
print(os.environ["PUBLIC_URL"])
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Page).serve_forever()
"""

# `make run` at a terminal whose line "Ready" sets off a request to stop inside a destructor: what the handler
# raises there is printed and lost.
SWALLOWED = """
import os, signal, sys
from pathlib import Path
from server.embedded.run import Plan, run
class Last:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
class Terminal:
    def write(self, text):
        sys.stdout.write(text)
        if text.startswith("Ready"):
            Last()
    def flush(self):
        sys.stdout.flush()
plan = Plan(prepare=(), procfile=Path(sys.argv[1]), announce=("true",))
sys.exit(run(os.environ, plan, Terminal()))
"""


class Demo:
    """A data folder, a Procfile and a port, and the process that runs them."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "var"
        self.port = free_port()
        self.procfile = folder / "Procfile"
        self.web_folder = folder / "web"
        self.web_folder.mkdir()
        (self.web_folder / "web.py").write_text(WEB)
        self.processes(web=f"cd {self.web_folder}; exec {sys.executable} web.py", worker="exec sleep 100")
        # The store takes seconds to start and has its own tests.
        self.environ = {
            "PATH": os.environ["PATH"],
            "ANFANG_HOME": str(self.home),
            "PORT": str(self.port),
            "S3_ENDPOINT_URL": "http://127.0.0.1:9",
        }

    def processes(self, **commands: str) -> None:
        self.procfile.write_text("".join(f"{name}: {command}\n" for name, command in commands.items()))

    def start(self, *prepare: str) -> subprocess.Popen[str]:
        return self.python("-m", "tests.embedded.stand_in", str(self.procfile), *prepare)

    def python(self, *arguments: str) -> subprocess.Popen[str]:
        command, pipe = [sys.executable, *arguments], subprocess.PIPE
        return subprocess.Popen(command, cwd=ROOT, env=self.environ, stdout=pipe, stderr=pipe, text=True)

    def start_and_wait(self) -> subprocess.Popen[str]:
        """Start and return once the sign-ins were announced."""
        process = self.start()
        assert process.stdout is not None
        assert any(line == "links\n" for line in process.stdout)
        return process

    def failure(self, *prepare: str) -> tuple[str, str]:
        """What a start that cannot succeed says: one line on standard error, with status 1."""
        with self.start(*prepare) as process:
            output, errors = process.communicate(timeout=60)
        assert process.returncode == 1
        assert errors.count("\n") == 1
        return output, errors

    def refusal(self) -> str:
        """The reason why a start did not even begin, which is all that it says."""
        output, errors = self.failure()
        assert output == ""
        return errors

    def everything_is_gone(self) -> bool:
        return not pids_in(self.home / "postgres") and not pids_in(self.web_folder)


@pytest.fixture
def demo(tmp_path: Path) -> Demo:
    return Demo(tmp_path)


@pytest.mark.parametrize("request_to_stop", [signal.SIGINT, signal.SIGTERM])
def test_it_announces_itself_and_stops_cleanly(demo: Demo, request_to_stop: signal.Signals) -> None:
    with demo.start_and_wait() as process:
        settings = (demo.home / "anfang.env").read_text()
        process.send_signal(request_to_stop)
        output, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")
    assert "stopped (rc=-15)" in output
    assert output.splitlines()[-1] == f"Everything is stopped; the data stays in {demo.home}."
    assert f"PUBLIC_URL=http://localhost:{demo.port}\n" in settings
    assert f"http://localhost:{demo.port}\n" in (demo.home / "log" / "processes.log").read_text()
    assert demo.everything_is_gone()


def test_a_request_to_stop_that_a_destructor_swallows_is_still_obeyed(demo: Demo) -> None:
    with demo.python("-c", SWALLOWED, str(demo.procfile)) as process:
        output, errors = process.communicate(timeout=30)
    assert "Exception ignored" in errors
    assert process.returncode == 0
    assert output.splitlines()[-1] == f"Everything is stopped; the data stays in {demo.home}."
    assert demo.everything_is_gone()


def test_a_process_that_ends_takes_the_others_along_and_is_named(demo: Demo) -> None:
    demo.processes(web=f"cd {demo.web_folder}; exec {sys.executable} web.py", clock="exec sh -c 'exit 3'")
    assert "The process “clock” ended by itself with status 3" in demo.failure()[1]
    assert demo.everything_is_gone()


def test_a_killed_supervisor_leaves_nothing_running(demo: Demo) -> None:
    with demo.start_and_wait() as process:
        assert pids_in(demo.web_folder)
        process.kill()
        process.communicate()
    assert eventually(demo.everything_is_gone)


def test_a_killed_honcho_leaves_nothing_running(demo: Demo) -> None:
    with demo.start_and_wait() as process:
        os.kill(child_running(process.pid, "honcho"), signal.SIGKILL)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "The process “honcho” ended by itself" in errors
    assert demo.everything_is_gone()


def test_a_killed_database_stops_everything_and_is_named(demo: Demo) -> None:
    with demo.start_and_wait() as process:
        os.kill(int((demo.home / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "The process “PostgreSQL” ended by itself with status -9" in errors
    assert eventually(demo.everything_is_gone)


def test_a_failing_step_stops_everything(demo: Demo) -> None:
    output, errors = demo.failure("false")
    assert "The step “false” failed with status 1" in errors
    assert [line.split()[0] for line in output.splitlines()] == ["Starting;", "Stopping"]
    assert demo.everything_is_gone()


def test_a_missing_program_is_a_failed_step(demo: Demo) -> None:
    assert "no-such-program" in demo.failure("no-such-program")[1]


def test_a_folder_in_use_is_all_that_is_said(demo: Demo) -> None:
    lock = FolderLock(demo.home)
    lock.acquire()
    assert f"uses the data folder {demo.home}" in demo.refusal()
    lock.release()


def test_the_terminal_is_told_what_somebody_should_know(demo: Demo) -> None:
    said = [
        '{"event": "request", "level": "info", "ms": 1.2}',
        '{"event": "photo_refused", "level": "warning"}',
        '{"event": "cut off", "level": "in',
        "Traceback (most recent call last):",
    ]
    (demo.web_folder / "says.txt").write_text("".join(f"{line}\n" for line in said))
    demo.processes(
        web=f"cd {demo.web_folder}; exec {sys.executable} web.py",
        worker=f"cat {demo.web_folder / 'says.txt'}; exec sleep 100",
    )
    with demo.start() as process:
        kept = demo.home / "log" / "processes.log"
        assert eventually(lambda: kept.exists() and said[-1] in kept.read_text())
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)
    assert [line in kept.read_text() for line in said] == [True] * 4
    assert [line in output for line in said] == [False, True, True, True]


def test_a_taken_port_is_one_sentence(demo: Demo) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", demo.port))
        taken.listen()
        assert f"Port {demo.port} is taken" in demo.refusal()
    assert not demo.home.exists()


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PORT", "eighty", "PORT must be a whole number"),
        ("PORT", "70000", "PORT must be a whole number"),
        (
            "DATABASE_URL",
            "postgresql://nobody:x@127.0.0.1:9/x",
            "DATABASE_URL does not answer: connection failed",
        ),
        (
            "DATABASE_URL",
            "postgresql+psycopg://127.0.0.1:9/x",
            "DATABASE_URL does not answer: connection failed",
        ),
        ("DATABASE_URL", "nonsense", "DATABASE_URL must begin with postgresql://"),
        ("DATABASE_URL", "postgresql://h/x?nonsense=1", "DATABASE_URL must look like"),
        ("ANFANG_HOME", "/proc/none", "/proc/none cannot be used"),
    ],
)
def test_nonsense_is_one_sentence(demo: Demo, name: str, value: str, says: str) -> None:
    demo.environ[name] = value
    assert says in demo.refusal()


@pytest.mark.parametrize(
    "url",
    [
        "mysql://root:geheim@127.0.0.1:9/x",
        "root:geheim@127.0.0.1:9/x",
        "postgresql+psycopg2://root:geheim@127.0.0.1:9/x",
        "postgresql://root:geheim/x",
        "postgresql://root:geheim@127.0.0.1:9",
        "postgresql://root:12/geheim@127.0.0.1:9/x",
        "postgresql://root:12@geheim@127.0.0.1:9/x",
        "postgresql://root:12%geheim@127.0.0.1:9/x",
        "postgresql://root:geheim@127.0.0.1:9/x",
    ],
)
def test_a_refused_address_keeps_its_password(demo: Demo, url: str) -> None:
    demo.environ["DATABASE_URL"] = url
    assert "geheim" not in demo.refusal()


def test_chinese_terminals_are_told_in_chinese(demo: Demo) -> None:
    demo.environ |= {"PORT": "0", "LANG": "zh_CN.UTF-8", "PYTHONUTF8": "1"}
    assert "PORT 必须是 1 至 65535 的整数" in demo.refusal()
