"""`python -m server.embedded.fake_twilio --port 5999 [--scenario FILE] [--inbound URL]`."""

import argparse
import json
import logging
import os
import sys
from pathlib import Path

from werkzeug.serving import make_server

from server.embedded.fake_twilio.app import Account, create_fake
from server.embedded.fake_twilio.scenario import ScenarioWrong, scenario_of
from server.embedded.ports import LOOPBACK

DEFAULT_SID = "AC" + "0" * 32
NUMBER = "+15005550006"


def main() -> int:
    """Serve until told to stop. The token comes from the environment: others can read a command line."""
    parser = argparse.ArgumentParser(prog="python -m server.embedded.fake_twilio", description=__doc__)
    parser.add_argument("--port", type=int, default=5999)
    parser.add_argument("--scenario", type=Path, help="a file of JSON; see docs/outreach/gateways.md")
    parser.add_argument("--inbound", help="where replies go: PUBLIC_URL/hooks/twilio/inbound")
    given = parser.parse_args()
    try:
        content = json.loads(given.scenario.read_text("utf-8")) if given.scenario else {}
        scenario = scenario_of(content)
    except (OSError, ValueError, ScenarioWrong) as problem:
        parser.error(f"--scenario: {problem}")
    account = Account(
        sid=os.environ.get("TWILIO_ACCOUNT_SID") or DEFAULT_SID,
        token=os.environ.get("TWILIO_AUTH_TOKEN") or "fake-auth-token-of-nobody",
        number=os.environ.get("TWILIO_SENDER") or NUMBER,
        inbound_url=given.inbound,
    )
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = make_server(LOOPBACK, given.port, create_fake(account, scenario), threaded=True)
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
