"""`python -m server.embedded run`."""

import argparse
import os
import sys

from server.embedded.run import Plan, run


def main() -> int:
    """Read the command line and obey it."""
    parser = argparse.ArgumentParser(prog="python -m server.embedded", description=__doc__)
    parser.add_argument("command", choices=["run"])
    parser.parse_args()
    return run(os.environ, Plan())


if __name__ == "__main__":
    sys.exit(main())
