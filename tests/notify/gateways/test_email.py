"""Letters against a small mail server on this machine that answers what a test tells it to."""

import email
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest

from server.clock import SetClock
from server.config import MailSettings, Secret
from server.notify.gateways.email import MailGateway, subject_of
from server.notify.protocol import Accepted, OutgoingSms, SendRefused, SendUnknown
from server.outgoing import Outgoing

NOW = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)
REFERENCE = "01920000-0000-7000-8000-000000000001"
LINK = "https://ask.bank.example/r/AbC_-123"
TEXT = f"【江城银行】感谢您的光临，请评价：{LINK}\n.一行以点开头 <1> & 谢谢"
SMS = OutgoingSms(REFERENCE, "li@customer.example", TEXT)
HANGS_UP = ""


@dataclass
class Server:
    """Answers to commands by their first word, with good ones for those that are not named."""

    port: int = 0
    answers: dict[str, str] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    letters: list[bytes] = field(default_factory=list)

    def letter(self) -> EmailMessage:
        read = email.message_from_bytes(self.letters[-1], policy=default)
        assert isinstance(read, EmailMessage)
        return read


GOOD = {"EHLO": "250-here\r\n250 AUTH PLAIN", "DATA": "354 go on", "AUTH": "235 known"}


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say(state.answers.get("", "220 here"))
            for line in self.rfile:
                word = line.decode().split()[0].upper()
                state.heard.append(line.decode().strip())
                if not self._say(state.answers.get(word, GOOD.get(word, "250 good"))):
                    return
                if word == "DATA" and state.answers.get(word, "354").startswith("354"):
                    self._take()
                    if not self._say(state.answers.get(".", "250 taken")):
                        return

        def _take(self) -> None:
            lines = list(iter(self.rfile.readline, b".\r\n"))
            state.letters.append(b"".join(line.removeprefix(b".") for line in lines))

        def _say(self, answer: str) -> bool:
            self.wfile.write(f"{answer}\r\n".encode() if answer else b"")
            return answer != HANGS_UP

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as listening:
        listening.daemon_threads = True
        state.port = listening.server_address[1]
        threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
        yield state
        listening.shutdown()


def gateway(server: Server, **changes: Any) -> MailGateway:
    given: dict[str, Any] = {
        "sender": "江城银行 <ask@bank.example>",
        "user": "bank",
        "password": Secret("p@ss"),
        **changes,
    }
    settings = MailSettings("127.0.0.1", server.port, False, **given)
    return MailGateway(settings, Outgoing(), SetClock(NOW))


def test_a_letter_arrives_in_chinese_with_our_reference_and_a_way_to_refuse(server: Server) -> None:
    assert gateway(server).send(SMS) == Accepted(f"{REFERENCE}@bank.example")
    letter = server.letter()
    assert letter["Subject"] == "【江城银行】感谢您的光临，请评价"
    assert letter["From"] == "江城银行 <ask@bank.example>"
    assert letter["Message-ID"] == f"<{REFERENCE}@bank.example>"
    assert letter["List-Unsubscribe"] == f"<{LINK}/decline>"
    plain, html = letter.get_body(("plain",)), letter.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().replace("\r\n", "\n") == TEXT + "\n"
    assert f'<a href="{LINK}">{LINK}</a><br>' in html.get_content()
    assert "&lt;1&gt; &amp; 谢谢" in html.get_content()
    assert [line.split()[0] for line in server.heard][:2] == ["ehlo", "AUTH"]


@pytest.mark.parametrize(
    ("command", "answer", "code", "permanent", "told"),
    [
        ("", "554 go away", "misconfigured", False, "554"),
        ("AUTH", "535 5.7.8 unknown", "misconfigured", False, "5.7.8"),
        ("AUTH", "454 4.7.0 later", "retry", False, "4.7.0"),
        ("MAIL", "550 5.7.1 not your address", "misconfigured", False, "5.7.1"),
        ("MAIL", HANGS_UP, "retry", False, None),
        ("RCPT", "550 no such user", "invalid_number", True, "550"),
        ("RCPT", "550 5.1.1 no such user", "invalid_number", True, "5.1.1"),
        ("RCPT", "552 5.2.2 full", "unreachable", True, "5.2.2"),
        ("RCPT", "554 5.7.1 policy", "blocked_content", True, "5.7.1"),
        ("RCPT", "450 4.2.0 greylisted", "unreachable", False, "4.2.0"),
        ("RCPT", "451 later", "unreachable", False, "451"),
        ("RCPT", "421 4.7.0 too many", "throttled", False, "4.7.0"),
        ("RCPT", "599 whatever", "refused", True, "599"),
        ("DATA", "451 4.3.0 disk", "retry", False, "4.3.0"),
        ("DATA", HANGS_UP, "retry", False, None),
        (".", "554 spam", "blocked_content", True, "554"),
        (".", "452 4.3.1 disk", "retry", False, "4.3.1"),
    ],
)
def test_a_refusal_says_whether_another_try_could_help(
    server: Server, command: str, answer: str, code: str, permanent: bool, told: str | None
) -> None:
    server.answers[command] = answer
    with pytest.raises(SendRefused) as refused:
        gateway(server).send(SMS)
    assert (refused.value.code, refused.value.permanent, refused.value.provider_code) == (
        code,
        permanent,
        told,
    )


def test_an_answer_that_is_lost_after_the_letter_may_have_been_a_yes(server: Server) -> None:
    server.answers["."] = HANGS_UP
    with pytest.raises(SendUnknown):
        gateway(server).send(SMS)
    assert len(server.letters) == 1


@pytest.mark.parametrize(
    "recipient", ["", "li", "li@x\r\nBcc: all@x", "li@x.example, wang@x.example", "李@x"]
)
def test_what_is_no_address_reaches_no_server(server: Server, recipient: str) -> None:
    with pytest.raises(SendRefused, match="invalid_number"):
        gateway(server).send(OutgoingSms(REFERENCE, recipient, TEXT))
    assert not server.heard


def test_a_server_that_is_not_there_has_nothing_of_the_letter(server: Server) -> None:
    closed = Server(port=1)
    with pytest.raises(SendRefused) as refused:
        gateway(closed).send(SMS)
    assert (refused.value.code, refused.value.permanent) == ("retry", False)


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("【江城银行】请评价：https://x.example/r/1", "【江城银行】请评价"),
        ("第一句。第二句", "第一句"),
        ("一二三\n四五六", "一二三"),
        ("长" * 80, "长" * 59 + "…"),
        ("https://x.example", ""),
    ],
)
def test_the_subject_is_the_first_sentence(text: str, subject: str) -> None:
    assert subject_of(text) == subject
