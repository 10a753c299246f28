"""`flask sms`: one message with what was said, and the description of a gateway under the lint."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from werkzeug.serving import make_server

from server.config import HttpGatewaySettings, Secret, TwilioSettings
from server.embedded.fake_twilio.app import Account, create_fake
from server.services import EXTENSION

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "outreach" / "gateways"
TOKEN, NUMBER = "token-of-the-fake-server", "+8613800138000"


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=["sms", *arguments])


@pytest.fixture
def with_twilio(app: Flask) -> Iterator[Flask]:
    fake = create_fake(Account("AC1", TOKEN, "+15005550006"))
    server = make_server("127.0.0.1", 0, fake, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    given = app.extensions[EXTENSION]
    address = f"http://127.0.0.1:{server.server_port}"
    twilio = TwilioSettings("AC1", Secret(TOKEN), "+15005550006", address)
    settings = replace(given.settings, gateway="twilio", twilio=twilio)
    app.extensions[EXTENSION] = replace(given, settings=settings)
    yield app
    fake.extensions["fake"].callbacks.stop()
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_was_said_is_shown_without_the_number_and_the_token(with_twilio: Flask) -> None:
    shown = run(with_twilio, "doctor", "138 0013 8000", "--text", "试一试")
    assert shown.exit_code == 0, shown.output
    assert "Gateway: twilio" in shown.output
    assert "http://anfang.test/hooks/twilio/status" in shown.output
    assert "Body: 试一试" in shown.output
    assert "138****8000" in shown.output
    assert "The gateway took it under the id SM" in shown.output
    assert not [each for each in ("13800138000", TOKEN) if each in shown.output]


def test_a_refusal_says_what_it_means_and_what_to_do(with_twilio: Flask) -> None:
    shown = run(with_twilio, "doctor", "+15005550004")
    assert shown.exit_code == 1
    assert "code 21610: the recipient said stop" in shown.output
    assert "Nothing more may be sent to it" in shown.output


def test_a_dry_run_and_a_slip_send_nothing(with_twilio: Flask) -> None:
    assert run(with_twilio, "doctor", NUMBER, "--dry-run").output.endswith("Nothing was sent.\n")
    wrong = run(with_twilio, "doctor", "12345")
    assert (wrong.exit_code, "Traceback" in wrong.output) == (1, False)


def test_a_described_gateway_says_what_it_leaves_open(app: Flask, tmp_path: Path) -> None:
    definition = json.loads((EXAMPLES / "json-hmac-pushed.json").read_text("utf-8"))
    del definition["replies"]
    file = tmp_path / "gateway.json"
    file.write_text(json.dumps(definition))
    given = app.extensions[EXTENSION]
    secrets = {name: Secret("s" * 20) for name in ("KEY", "APP", "PUSH")}
    http = HttpGatewaySettings(file, secrets)
    settings = replace(given.settings, gateway="http", http_gateway=http)
    app.extensions[EXTENSION] = replace(given, settings=settings)
    shown = run(app, "doctor", NUMBER, "--dry-run").output
    assert "Receipts are pushed to http://anfang.test/hooks/sms/receipts." in shown
    assert "nobody will hear when customers reply to stop" in shown


def test_a_description_is_checked_with_line_and_column(app: Flask, tmp_path: Path) -> None:
    good = run(app, "check", str(EXAMPLES / "form-gbk-md5.json"))
    assert (good.exit_code, "Nothing to change" in good.output) == (0, True)
    file = tmp_path / "gateway.json"
    file.write_text('{\n  "send": {"request": {"ulr": 1}}\n}')
    bad = run(app, "check", str(file), "--format", "json")
    assert bad.exit_code == 1
    found = [json.loads(line) for line in bad.output.splitlines()]
    [slip] = [each for each in found if each["code"] == "property_unknown"]
    assert (slip["pointer"], slip["line"]) == ("/send/request/ulr", 2)
    assert "url" in slip["sentence"]
