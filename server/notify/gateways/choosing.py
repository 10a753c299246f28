"""Which gateway the settings name."""

from server.clock import Clock
from server.config import Settings
from server.db import db
from server.keys import KeyRing
from server.notify.gateways.inbox import InboxGateway
from server.notify.gateways.twilio import TwilioGateway
from server.notify.protocol import SmsGateway
from server.outgoing import from_environment


def gateway_for(settings: Settings, keys: KeyRing, clock: Clock) -> SmsGateway:
    """The gateway of a process. Opens no connection."""
    if settings.twilio is None:
        # The engine belongs to the running application and does not exist yet.
        return InboxGateway(lambda: db.engine.begin(), keys, clock)
    # Deliveries are asked for (`follow_accepted`): no route of ours takes Twilio's callbacks yet.
    return TwilioGateway(settings.twilio, from_environment())
