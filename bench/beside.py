"""The page that ours is measured beside: survey-core and survey-js-ui draw the same form in the browser."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from brotli import compress

from bench import survey
from bench.packages import node_modules
from server.embedded.ports import LOOPBACK

FOLDER = Path(__file__).resolve().parent / "surveyjs"
FILES = {
    # Without the fonts that the other stylesheet carries along.
    "/survey-core/survey-core.fontless.min.css": "text/css; charset=utf-8",
    "/survey-core/survey.core.min.js": "text/javascript; charset=utf-8",
    "/survey-js-ui/survey-js-ui.min.js": "text/javascript; charset=utf-8",
}
# As small as brotli makes them: files that never change are compressed once, with all the time it takes.
QUALITY = 11
FORM = "/* form */"


@dataclass(frozen=True, slots=True)
class _File:
    type: str
    compressed: bytes


@contextmanager
def survey_js() -> Iterator[str]:
    """Serve the page while somebody looks at it; the address.

    Raises:
        bench.packages.Missing: the packages cannot be installed.
    """
    server = ThreadingHTTPServer((LOOPBACK, 0), _handler(_files(node_modules(FOLDER))))
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _files(modules: Path) -> Mapping[str, _File]:
    form = json.dumps(survey.definition(), ensure_ascii=False)
    page = (FOLDER / "page.html").read_text("utf-8").replace(FORM, form).encode()
    found = {"/": _File("text/html; charset=utf-8", compress(page, quality=QUALITY))}
    for path, kind in FILES.items():
        data = (modules / path.removeprefix("/")).read_bytes()
        found[path] = _File(kind, compress(data, quality=QUALITY))
    return found


def _handler(files: Mapping[str, _File]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            file = files.get(self.path)
            if file is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", file.type)
            self.send_header("Content-Encoding", "br")
            self.send_header("Content-Length", str(len(file.compressed)))
            self.end_headers()
            self.wfile.write(file.compressed)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
            pass

    return Handler
