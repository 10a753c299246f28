"""Chat groups: each template against a small server, with the signature that its owner documents."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from server.clock import SetClock
from server.config import Secret
from server.notify.gateways.declarative.problems import GatewayInvalid
from server.notify.gateways.webhook import WebhookGateway, read_webhooks
from server.notify.protocol import Accepted, OutgoingSms, SendRefused, SendUnknown
from server.outgoing import Outgoing

NOW = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)
MILLISECONDS = str(int(NOW.timestamp() * 1000))
SECRETS = {"QA": Secret("key-of-the-group"), "SIGN": Secret("SEC-of-the-robot")}
TEXT = '【江城银行】严重问题："门未锁"'


@dataclass
class Group:
    url: str = ""
    answer: tuple[int, bytes] = (200, b'{"errcode":0,"errmsg":"ok"}')
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def group() -> Iterator[Group]:
    state = Group()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(state.answer[0])
            self.send_header("Content-Length", str(len(state.answer[1])))
            self.end_headers()
            self.wfile.write(state.answer[1])

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield state
    server.shutdown()
    server.server_close()


def send(group: Group, template: str, secret: str | None = None, to: str = "qa") -> Accepted:
    stated = {"url": group.url + "/robot/send?key={secret.QA}", "template": template}
    described = read_webhooks({"qa": stated | ({"secret": secret} if secret else {})}, SECRETS.keys())
    gateway = WebhookGateway(described, SECRETS, Outgoing(), SetClock(NOW))
    return gateway.send(OutgoingSms("ref-1", to, TEXT))


def test_wecom_and_dingtalk_take_their_own_bodies_and_a_signature_that_proves_us(group: Group) -> None:
    assert send(group, "wecom") == Accepted("ref-1")
    assert send(group, "dingtalk", "SIGN") == Accepted("ref-1")
    (plain, _, body), (signed, _, same) = group.asked
    assert plain == "/robot/send?key=key-of-the-group"
    assert json.loads(body) == json.loads(same) == {"msgtype": "text", "text": {"content": TEXT}}
    query = parse_qs(urlsplit(signed).query)
    over = f"{MILLISECONDS}\n{SECRETS['SIGN'].reveal()}".encode()
    expected = base64.b64encode(hmac.digest(SECRETS["SIGN"].reveal().encode(), over, "sha256")).decode()
    assert query == {"key": ["key-of-the-group"], "timestamp": [MILLISECONDS], "sign": [expected]}


def test_a_webhook_of_ones_own_gets_reference_and_text_with_a_keyed_hash(group: Group) -> None:
    group.answer = (204, b"")
    assert send(group, "plain", "SIGN") == Accepted("ref-1")
    [(_, headers, body)] = group.asked
    assert json.loads(body) == {"reference": "ref-1", "text": TEXT}
    over = headers["x-timestamp"].encode() + b"\n" + body
    assert headers["x-signature"] == hmac.new(b"SEC-of-the-robot", over, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("template", "status", "body", "code", "permanent"),
    [
        ("wecom", 200, b'{"errcode":45009}', "throttled", False),
        ("wecom", 200, b'{"errcode":93000}', "misconfigured", False),
        ("wecom", 200, b'{"errcode":99999}', "refused", True),
        ("dingtalk", 200, b'{"errcode":310000}', "misconfigured", False),
        ("dingtalk", 200, b'{"errcode":130101}', "throttled", False),
        ("plain", 404, b"", "misconfigured", False),
        ("plain", 400, b"", "refused", True),
        ("plain", 429, b"", "throttled", False),
    ],
)
def test_what_a_group_refuses(
    group: Group, template: str, status: int, body: bytes, code: str, permanent: bool
) -> None:
    group.answer = (status, body)
    with pytest.raises(SendRefused) as refused:
        send(group, template)
    assert (refused.value.code, refused.value.permanent) == (code, permanent)


def test_what_may_have_arrived_is_unknown_and_a_name_that_nobody_gave_is_refused(group: Group) -> None:
    group.answer = (502, b"")
    with pytest.raises(SendUnknown):
        send(group, "wecom")
    with pytest.raises(SendRefused, match="refused"):
        send(group, "wecom", to="other")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ([], "property_type"),
        ({"qa": 1}, "property_missing"),
        ({"qa": {"url": "https://x.example/"}}, "property_missing"),
        ({"qa": {"url": "https://x.example/", "template": "slack"}}, "property_choice"),
        ({"qa": {"url": "https://x.example/", "template": "wecom", "secret": "SIGN"}}, "property_type"),
        ({"qa": {"url": "https://x.example/{secret.NO}", "template": "wecom"}}, "gateway_secret_missing"),
        ({"qa": {"url": "https://{secret.QA}/", "template": "wecom"}}, "gateway_address"),
        ({"qa": {"url": "https://x.example/", "template": "wecom", "key": ""}}, "property_unknown"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(content: object, code: str) -> None:
    with pytest.raises(GatewayInvalid) as invalid:
        read_webhooks(content, SECRETS.keys())
    assert invalid.value.problems[0].code == code
