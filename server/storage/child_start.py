"""Starts a child, `python child_start.py KIND MEMORY_BYTES CPU_SECONDS`, without the application.

`server/__init__.py` composes the application and imports all of it. A bare package of the same name stands in
for it here, so that the child starts in a tenth of a second and its memory limit is left for the photo.
"""

import importlib
import sys
from pathlib import Path
from types import ModuleType


def main() -> None:
    bare = ModuleType("server")
    bare.__path__ = [str(Path(__file__).resolve().parents[1])]
    sys.modules["server"] = bare
    child = importlib.import_module("server.storage.inspection_child")
    serve = {"photos": child.serve, "video": child.serve_video}[sys.argv[1]]
    serve(memory_bytes=int(sys.argv[2]), cpu_seconds=int(sys.argv[3]))


if __name__ == "__main__":
    main()
