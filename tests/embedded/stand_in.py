"""`python -m tests.embedded.stand_in PROCFILE [PREPARE …]`: `make run` with the test's commands."""

import os
import sys
from pathlib import Path

from server.embedded.run import Plan, run

if __name__ == "__main__":
    plan = Plan(
        prepare=(tuple(sys.argv[2:]),) if sys.argv[2:] else (),
        procfile=Path(sys.argv[1]),
        announce=("echo", "links"),
    )
    sys.exit(run(os.environ, plan))
