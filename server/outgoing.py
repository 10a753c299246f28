"""How this system talks to others: one place for timeouts, attempts, CA bundle and proxy.

The libraries' own defaults hang a worker: boto3 waits 60 seconds and tries again, Twilio's client waits for
ever. Every adapter that leaves the machine (S3, SMS) is built from an `Outgoing`.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

CA_BUNDLE_NAMES = ("ANFANG_CA_BUNDLE", "SSL_CERT_FILE")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What every outgoing call is built from.

    Attributes:
        connect_seconds, read_seconds: the longest silence while connecting, and while an answer comes.
        attempts: how often a call that may be repeated is made in all. Sending an SMS is never repeated.
        ca_bundle: a PEM file to trust instead of the machine's own, or None.
        proxies: scheme (`http`, `https`) -> address of a proxy.
        direct: host names, with their subdomains, that are reached without the proxy; `*` means all.
    """

    connect_seconds: float = 2.0
    read_seconds: float = 5.0
    attempts: int = 2
    ca_bundle: str | None = None
    proxies: Mapping[str, str] = field(default_factory=dict)
    direct: tuple[str, ...] = ()

    def proxy_for(self, url: str) -> str | None:
        """The proxy through which `url` is reached, or None. Loopback never goes through a proxy."""
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        if is_loopback(host) or any(_covers(entry, host) for entry in self.direct):
            return None
        return self.proxies.get(parts.scheme)


def from_environment(environ: Mapping[str, str] | None = None) -> Outgoing:
    """An `Outgoing` from the names that operators know: HTTP_PROXY, HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE."""
    given = os.environ if environ is None else environ
    proxies = {scheme: _either_case(given, f"{scheme}_proxy") for scheme in ("http", "https")}
    entries = _either_case(given, "no_proxy").split(",")
    return Outgoing(
        ca_bundle=next((given[name] for name in CA_BUNDLE_NAMES if given.get(name)), None),
        proxies={scheme: address for scheme, address in proxies.items() if address},
        direct=tuple(entry.strip().lower().lstrip(".") for entry in entries if entry.strip()),
    )


def _either_case(given: Mapping[str, str], name: str) -> str:
    return given.get(name) or given.get(name.upper()) or ""


def _covers(entry: str, host: str) -> bool:
    return entry in {"*", host} or host.endswith("." + entry)


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
