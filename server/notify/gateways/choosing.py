"""Which gateway the settings name."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from server import catalogue, wire
from server.clock import Clock
from server.config import ConfigError, HttpGatewaySettings, Settings, TwilioSettings, WebhookSettings
from server.db import db
from server.keys import KeyRing
from server.notify.gateways.batch import BatchGateway
from server.notify.gateways.declarative.gateway import HttpGateway
from server.notify.gateways.declarative.problems import GatewayInvalid
from server.notify.gateways.declarative.reading import read_gateway
from server.notify.gateways.email import MailGateway
from server.notify.gateways.exchanges import Trace, unheard
from server.notify.gateways.inbox import InboxGateway
from server.notify.gateways.letters import LetterGateway
from server.notify.gateways.twilio import TwilioGateway
from server.notify.gateways.webhook import WebhookGateway, read_webhooks
from server.notify.protocol import SmsGateway
from server.outgoing import from_environment, is_loopback

STATUS_PATH = "/hooks/twilio/status"
INBOUND_PATH = "/hooks/twilio/inbound"


def gateway_for(settings: Settings, keys: KeyRing, clock: Clock, *, trace: Trace = unheard) -> SmsGateway:
    """The gateway of a process. Opens no connection.

    Args:
        trace: hears what is said to a provider, and its answers.

    Raises:
        ConfigError: the description of a gateway cannot be used.
    """
    if settings.gateway == "twilio" and settings.twilio is not None:
        callback = status_callback(settings.public_url, settings.twilio)
        return TwilioGateway(
            settings.twilio, from_environment(), status_callback=callback, clock=clock, trace=trace
        )
    if settings.gateway == "http" and settings.http_gateway is not None:
        return _described(settings.http_gateway, clock, trace)
    if settings.gateway == "file" and settings.batch is not None:
        return BatchGateway(settings.batch, clock)
    # The engine belongs to the running application and does not exist yet.
    return InboxGateway(lambda: db.engine.begin(), keys, clock)


def other_gateways(settings: Settings, keys: KeyRing, clock: Clock) -> Mapping[str, SmsGateway]:
    """What carries messages that are no SMS, by channel. Without settings they land on the inbox page.

    Raises:
        ConfigError: the file that names the webhooks cannot be used.
    """
    chosen: dict[str, SmsGateway] = {
        channel: InboxGateway(lambda: db.engine.begin(), keys, clock, channel=channel)
        for channel in ("email", "webhook")
    }
    chosen["letter"] = LetterGateway(lambda: db.engine.begin(), clock)
    if settings.mail is not None:
        chosen["email"] = MailGateway(settings.mail, from_environment(), clock)
    if settings.webhooks is not None:
        chosen["webhook"] = _named(settings.webhooks, clock)
    return chosen


def status_callback(public_url: str, twilio: TwilioSettings) -> str | None:
    """Where Twilio may tell about deliveries; None when it cannot reach us, and refuses such an address."""
    ours, theirs = urlsplit(public_url), urlsplit(twilio.base_url)
    reachable = ours.scheme == "https" and not is_loopback(ours.hostname or "")
    return f"{public_url}{STATUS_PATH}" if reachable or is_loopback(theirs.hostname or "") else None


def _described(settings: HttpGatewaySettings, clock: Clock, trace: Trace) -> HttpGateway:
    name = "SMS_GATEWAY_FILE"
    try:
        description = read_gateway(_content(settings.file, name), settings.secrets.keys())
    except GatewayInvalid as invalid:
        raise _unusable(invalid, name) from None
    return HttpGateway(description, settings.secrets, from_environment(), clock, trace=trace)


def _named(settings: WebhookSettings, clock: Clock) -> WebhookGateway:
    name = "WEBHOOKS_FILE"
    try:
        described = read_webhooks(_content(settings.file, name), settings.secrets.keys())
    except GatewayInvalid as invalid:
        raise _unusable(invalid, name) from None
    return WebhookGateway(described, settings.secrets, from_environment(), clock)


def _content(file: Path, setting: str) -> object:
    try:
        return wire.loads(file.read_bytes())
    except (OSError, wire.Unreadable) as problem:
        raise ConfigError(f"{setting}: {file} cannot be read: {problem}.") from None


def _unusable(invalid: GatewayInvalid, setting: str) -> ConfigError:
    lines = (
        f"{setting}: {each.pointer or '/'}: {catalogue.sentence(each.code, 'en', **each.params)}"
        for each in invalid.problems
    )
    return ConfigError("\n".join(lines))
