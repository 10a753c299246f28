"""A request as it goes over the wire, from its description and the values of the moment."""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, urlencode
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from server import phones
from server.config import Secret
from server.notify.gateways.declarative.description import Description, Moment, Request, Tree
from server.notify.gateways.declarative.digests import digest
from server.notify.gateways.declarative.templates import Template
from server.notify.gateways.declarative.vocabulary import CONFIDED
from server.notify.protocol import OutgoingSms

TYPES: Final = {"form": "application/x-www-form-urlencoded", "json": "application/json", "xml": "text/xml"}
HIDDEN: Final = "…"
DIGEST: Final = "digest."
_QUOTES: Final = {'"': "&quot;", "'": "&apos;"}


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `shown` are its parts with secrets and signatures left out, for people's eyes."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    shown: tuple[str, str]


class Caller:
    """Makes calls as a gateway's description words them, with its secrets."""

    def __init__(self, description: Description, secrets_named: Mapping[str, Secret]) -> None:
        self._description = description
        self._secrets = secrets_named

    def call(self, request: Request, now: datetime, sms: OutgoingSms | None = None) -> Call:
        """A request with the values of this moment.

        Raises:
            UnicodeEncodeError: for a character that the encoding does not have.
        """
        plain = {
            "timestamp": moment_text(now, self._description.timestamp),
            "nonce": secrets.token_hex(self._description.nonce)[: self._description.nonce],
            **(_of_message(sms) if sms else {}),
        }
        writing = _Writing(request, self._description, plain, self._secret)
        hiding = _Writing(request, self._description, plain, lambda _name: HIDDEN, hidden=True)
        body = writing.body()
        headers = {name: template.filled(writing.value) for name, template in request.headers.items()}
        if request.body != "none":
            headers.setdefault("Content-Type", f"{TYPES[request.body]}; charset={request.encoding}")
        shown = (f"{request.method} {hiding.url()}", hiding.body().decode(request.encoding, "replace"))
        return Call(request.method, writing.url(), headers, body or None, shown)

    def _secret(self, name: str) -> str:
        return self._secrets[name].reveal()


class _Writing:
    """One request being written: values by name, signatures when they are asked for."""

    def __init__(
        self,
        request: Request,
        description: Description,
        plain: Mapping[str, str],
        secret: Callable[[str], str],
        *,
        hidden: bool = False,
    ) -> None:
        self._request = request
        self._description = description
        self._plain = plain
        self._secret = secret
        self._hidden = hidden

    def value(self, name: str) -> str:
        if name.startswith(CONFIDED):
            return self._secret(name.removeprefix(CONFIDED))
        if name.startswith(DIGEST):
            wanted = self._description.digests[name.removeprefix(DIGEST)]
            return HIDDEN if self._hidden else digest(wanted, self._bytes, self._request.encoding)
        return self._plain[name]

    def url(self) -> str:
        url = self._request.url.filled(self.value, lambda text: quote(text, safe=""))
        query = self._form(self._request.query)
        return f"{url}{'&' if '?' in url else '?'}{query}" if query else url

    def body(self) -> bytes:
        request = self._request
        if request.body == "form":
            text = self._form(request.form)
        elif request.body == "json":
            text = json.dumps(self._tree(request.content), ensure_ascii=False, separators=(",", ":"))
        else:
            text = request.template.filled(self.value, _in_xml) if request.template else ""
        return text.encode("utf-8" if self._hidden else request.encoding)

    def _bytes(self, name: str) -> bytes:
        return self.body() if name == "body" else self.value(name).encode(self._request.encoding)

    def _form(self, fields: Mapping[str, Template]) -> str:
        if self._hidden:
            return "&".join(f"{name}={template.filled(self.value)}" for name, template in fields.items())
        values = ((name, template.filled(self.value)) for name, template in fields.items())
        return urlencode(list(values), encoding=self._request.encoding, errors="strict")

    def _tree(self, tree: Tree) -> Any:
        if isinstance(tree, Template):
            return tree.filled(self.value)
        if isinstance(tree, dict):
            return {name: self._tree(value) for name, value in tree.items()}
        return [self._tree(value) for value in tree] if isinstance(tree, list) else tree


def moment_text(now: datetime, moment: Moment) -> str:
    """A time as the gateway writes it."""
    if moment.format == "unix":
        return str(int(now.timestamp()))
    if moment.format == "unix_ms":
        return str(int(now.timestamp() * 1000))
    return now.astimezone(ZoneInfo(moment.zone)).strftime(moment.format)


def moment_of(text: str, moment: Moment) -> datetime | None:
    """The same the other way round; None for what is no such time."""
    try:
        if moment.format in {"unix", "unix_ms"}:
            seconds = int(text) / (1000 if moment.format == "unix_ms" else 1)
            return datetime.fromtimestamp(seconds, ZoneInfo("UTC"))
        return datetime.strptime(text, moment.format).replace(tzinfo=ZoneInfo(moment.zone))
    except (ValueError, OverflowError, OSError):
        return None


def _of_message(sms: OutgoingSms) -> dict[str, str]:
    return {
        "recipient": sms.recipient,
        "recipient.national": phones.national(sms.recipient),
        "recipient.digits": sms.recipient.removeprefix("+"),
        "reference": sms.reference,
        "reference.hex": sms.reference.replace("-", ""),
        "text": sms.text,
    }


def _in_xml(text: str) -> str:
    return escape(text, _QUOTES)
