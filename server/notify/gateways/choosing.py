"""Which gateway the settings name."""

from urllib.parse import urlsplit

from server import catalogue, wire
from server.clock import Clock
from server.config import ConfigError, HttpGatewaySettings, Settings, TwilioSettings
from server.db import db
from server.keys import KeyRing
from server.notify.gateways.batch import BatchGateway
from server.notify.gateways.declarative.gateway import HttpGateway
from server.notify.gateways.declarative.problems import GatewayInvalid
from server.notify.gateways.declarative.reading import read_gateway
from server.notify.gateways.exchanges import Trace, unheard
from server.notify.gateways.inbox import InboxGateway
from server.notify.gateways.twilio import TwilioGateway
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


def status_callback(public_url: str, twilio: TwilioSettings) -> str | None:
    """Where Twilio may tell about deliveries; None when it cannot reach us, and refuses such an address."""
    ours, theirs = urlsplit(public_url), urlsplit(twilio.base_url)
    reachable = ours.scheme == "https" and not is_loopback(ours.hostname or "")
    return f"{public_url}{STATUS_PATH}" if reachable or is_loopback(theirs.hostname or "") else None


def _described(settings: HttpGatewaySettings, clock: Clock, trace: Trace) -> HttpGateway:
    try:
        definition = wire.loads(settings.file.read_bytes())
        description = read_gateway(definition, settings.secrets.keys())
    except (OSError, wire.Unreadable) as problem:
        raise ConfigError(f"SMS_GATEWAY_FILE: {settings.file} cannot be read: {problem}.") from None
    except GatewayInvalid as invalid:
        lines = [
            f"SMS_GATEWAY_FILE: {each.pointer or '/'}: {catalogue.sentence(each.code, 'en', **each.params)}"
            for each in invalid.problems
        ]
        raise ConfigError("\n".join(lines)) from None
    return HttpGateway(description, settings.secrets, from_environment(), clock, trace=trace)
