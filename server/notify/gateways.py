"""Which gateway the settings name."""

from typing import Final

from server.clock import SystemClock
from server.config import Settings
from server.db import db
from server.keys import KeyRing
from server.notify.inbox import InboxGateway
from server.notify.protocol import SmsGateway
from server.notify.twilio_gateway import TwilioGateway
from server.outgoing import from_environment

STATUS_PATH: Final = "/hooks/sms/status"


def gateway_for(settings: Settings, keys: KeyRing) -> SmsGateway:
    """The gateway of a process. Opens no connection."""
    if settings.twilio is None:
        # The engine belongs to the running application and does not exist yet.
        return InboxGateway(lambda: db.engine.begin(), keys, SystemClock())
    # Twilio refuses messages whose callback address it cannot reach.
    callback = settings.public_url + STATUS_PATH if settings.secure else None
    return TwilioGateway(settings.twilio, from_environment(), status_callback=callback)
