"""What the application was composed of, for pages, API, jobs and commands to take from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from flask import current_app

from server.clock import Clock
from server.config import Settings
from server.intake.shelf import FormShelf
from server.keys import KeyRing
from server.notify.outbox.delivery import Carriers
from server.notify.protocol import SmsGateway
from server.storage.protocol import ObjectStore

EXTENSION = "anfang"


@dataclass(frozen=True, slots=True)
class Services:
    """Adapters and settings of one process, built once by `create_app`.

    `gateway` carries SMS, `others` what goes by other channels.
    """

    settings: Settings
    clock: Clock
    keys: KeyRing
    store: ObjectStore
    gateway: SmsGateway
    others: Mapping[str, SmsGateway]
    forms: FormShelf

    @property
    def carriers(self) -> Carriers:
        """Who carries messages, by channel."""
        return Carriers({"sms": self.gateway, **self.others}, self.keys)


def services() -> Services:
    """Those of the current application."""
    return cast(Services, current_app.extensions[EXTENSION])
