"""`python -m tests.embedded.hold HOME`: hold the services; prints `ready` or an error's code."""

import os
import signal
import sys
from pathlib import Path

from server.embedded.messages import EmbeddedError
from server.embedded.services import EmbeddedServices

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        with EmbeddedServices(Path(sys.argv[1]), environ=os.environ):
            sys.stdout.write("ready\n")
            sys.stdout.flush()
            signal.pause()
    except EmbeddedError as problem:
        sys.stdout.write(f"{problem.code}\n")
