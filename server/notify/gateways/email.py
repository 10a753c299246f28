"""E-mail: one letter a message, plain text and simple HTML, handed to the mail server that the settings name.

Up to the end of the letter the server has nothing of it, and the letter may be handed over again. An answer
that is lost after that may have been a yes. Mail servers bring no receipts: `accepted` is all we know.
"""

import re
import smtplib
import ssl
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from html import escape
from typing import Final, Literal, TypeAlias

from server.clock import Clock
from server.config import MailSettings
from server.notify.gateways.meanings import dialect, meant
from server.notify.protocol import (
    Accepted,
    DeliveryReport,
    Found,
    OutgoingSms,
    RefusalCode,
    SendRefused,
    SendUnknown,
)
from server.outgoing import Outgoing, is_loopback

NAME: Final = "smtp"
# A server looks a whole letter over before it answers for it.
PATIENCE: Final = 6
LONGEST_SUBJECT: Final = 60
Stage: TypeAlias = Literal["greeting", "recipient", "content"]
# What an answer without an enhanced status means, by the moment in which it comes.
PLAIN: Final[Mapping[Stage, Mapping[int, RefusalCode]]] = {
    "greeting": {},
    "recipient": {
        550: "invalid_number",
        551: "invalid_number",
        553: "invalid_number",
        450: "unreachable",
        451: "unreachable",
        452: "unreachable",
    },
    "content": {550: "blocked_content", 552: "blocked_content", 554: "blocked_content"},
}
_STATUS: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_ADDRESS: Final = re.compile(r"[\x21-\x3b\x3d\x3f\x41-\x7e]{1,64}@[A-Za-z0-9.-]{1,253}")
_LINK: Final = re.compile(r"https?://[^\s<>\"，。；）】]+")
_INVITATION: Final = re.compile(r"https?://[^/\s]+/r/[A-Za-z0-9_-]+")
_SENTENCE: Final = re.compile(r"[。！？!?\n]|https?://")
_LINE_BEGINS_WITH_A_DOT: Final = re.compile(rb"(?m)^\.")


class MailGateway:
    """Hands letters to one mail server, a connection each."""

    name = NAME

    def __init__(self, settings: MailSettings, outgoing: Outgoing, clock: Clock) -> None:
        self._settings = settings
        self._outgoing = outgoing
        self._clock = clock

    def send(self, sms: OutgoingSms) -> Accepted:
        if not _ADDRESS.fullmatch(sms.recipient):
            raise SendRefused("invalid_number", permanent=True, provider_code="no_address")
        letter = letter_of(sms, self._settings.sender, self._clock.now())
        try:
            smtp = self._connected()
        except smtplib.SMTPResponseException as answered:
            raise _refusal(answered.smtp_code, answered.smtp_error, "greeting") from None
        except ssl.SSLError:
            raise SendRefused("misconfigured", permanent=False, provider_code="tls") from None
        except (OSError, smtplib.SMTPException):
            raise SendRefused("retry", permanent=False) from None
        try:
            self._introduce(smtp)
            _offer(smtp, self._settings.sender, sms.recipient)
            _hand_over(smtp, letter.as_bytes(), PATIENCE * self._outgoing.read_seconds)
        finally:
            smtp.close()
        return Accepted(str(letter["Message-ID"]).strip("<>"))

    def poll(self, provider_ids: Sequence[str]) -> list[DeliveryReport]:
        """Nothing: a mail server tells no more than that it took a letter."""
        return []

    def find(self, sms: OutgoingSms, since: datetime) -> Found:
        """None: a mail server cannot be asked what it took."""
        return None

    def _connected(self) -> smtplib.SMTP:
        host, port, seconds = self._settings.host, self._settings.port, self._outgoing.connect_seconds
        if self._settings.tls:
            return smtplib.SMTP_SSL(host, port, timeout=seconds, context=self._trust())
        return smtplib.SMTP(host, port, timeout=seconds)

    def _introduce(self, smtp: smtplib.SMTP) -> None:
        """Greet, encrypt, sign in. Nothing of the letter was told yet, whatever goes wrong."""
        settings = self._settings
        try:
            _patience(smtp, self._outgoing.read_seconds)
            smtp.ehlo_or_helo_if_needed()
            if not settings.tls and smtp.has_extn("starttls"):
                smtp.starttls(context=self._trust())
                smtp.ehlo()
            elif not settings.tls and settings.user and not is_loopback(settings.host):
                raise SendRefused("misconfigured", permanent=False, provider_code="no_tls")
            if settings.user:
                smtp.login(settings.user, settings.password.reveal())
        except smtplib.SMTPResponseException as answered:
            raise _refusal(answered.smtp_code, answered.smtp_error, "greeting") from None
        except (ssl.SSLError, smtplib.SMTPNotSupportedError):
            raise SendRefused("misconfigured", permanent=False, provider_code="tls") from None
        except (OSError, smtplib.SMTPException):
            raise SendRefused("retry", permanent=False) from None

    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._outgoing.ca_bundle)


def letter_of(sms: OutgoingSms, sender: str, now: datetime) -> EmailMessage:
    """The letter: our reference is its id, its subject the text's first sentence."""
    letter = EmailMessage(policy=SMTP)
    letter["From"] = sender
    letter["To"] = sms.recipient
    letter["Subject"] = subject_of(sms.text)
    letter["Date"] = format_datetime(now)
    letter["Message-ID"] = f"<{sms.reference}@{parseaddr(sender)[1].partition('@')[2]}>"
    # Out-of-office answers to what a machine wrote help nobody.
    letter["Auto-Submitted"] = "auto-generated"
    invitation = _INVITATION.search(sms.text)
    if invitation is not None:
        letter["List-Unsubscribe"] = f"<{invitation[0]}/decline>"
    letter.set_content(sms.text + "\n", cte="base64")
    letter.add_alternative(_html(sms.text), subtype="html", cte="base64")
    return letter


def subject_of(text: str) -> str:
    """The first sentence, up to a link: "【江城银行】请评价：https://…" → "【江城银行】请评价"."""
    ends = _SENTENCE.search(text)
    first = (text[: ends.start()] if ends else text).strip(" ，,：:、")
    return first if len(first) <= LONGEST_SUBJECT else first[: LONGEST_SUBJECT - 1] + "…"


def _html(text: str) -> str:
    parts, at = list[str](), 0
    for link in _LINK.finditer(text):
        address = escape(link[0])
        parts += [escape(text[at : link.start()]), f'<a href="{address}">{address}</a>']
        at = link.end()
    body = "".join([*parts, escape(text[at:])]).replace("\n", "<br>\n")
    return f'<!doctype html><meta charset="utf-8"><p style="font:16px/1.6 sans-serif">{body}</p>\n'


def _offer(smtp: smtplib.SMTP, sender: str, recipient: str) -> None:
    """Name both ends and ask to begin: still nothing of the letter was told."""
    try:
        _expect(smtp.mail(parseaddr(sender)[1]), "greeting")
        _expect(smtp.rcpt(recipient), "recipient")
        code, said = smtp.docmd("DATA")
    except (OSError, smtplib.SMTPServerDisconnected):
        raise SendRefused("retry", permanent=False) from None
    if code != 354:
        raise _refusal(code, said, "content")


def _hand_over(smtp: smtplib.SMTP, letter: bytes, seconds: float) -> None:
    try:
        _patience(smtp, seconds)
        smtp.send(_LINE_BEGINS_WITH_A_DOT.sub(b"..", letter) + b".\r\n")
        answer = smtp.getreply()
    except (OSError, smtplib.SMTPException) as problem:
        raise SendUnknown(type(problem).__name__) from None
    _expect(answer, "content")


def _expect(answer: tuple[int, bytes], stage: Stage) -> None:
    code, said = answer
    if not 200 <= code < 300:
        raise _refusal(code, said, stage)


def _refusal(code: int, said: bytes | str, stage: Stage) -> SendRefused:
    """What a refusal means; 4xx is tried again, whoever's reason it is."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    status = _STATUS.match(text.strip())
    told = status[0] if status else str(code)
    later = not 500 <= code < 600
    if stage == "greeting":
        return SendRefused("retry" if later else "misconfigured", permanent=False, provider_code=told)
    listed = dialect(NAME).listed(status[0]) if status else None
    word = listed or PLAIN[stage].get(code) or ("retry" if later else "refused")
    if later:
        return SendRefused(word, permanent=False, provider_code=told)
    return SendRefused(word, permanent=meant(word).permanent, provider_code=told)


def _patience(smtp: smtplib.SMTP, seconds: float) -> None:
    if smtp.sock is not None:
        smtp.sock.settimeout(seconds)
