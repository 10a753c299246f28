"""Letters: what is handed over waits until somebody prints it. The post brings no receipts."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from server.clock import Clock
from server.models.messages import Letter
from server.notify.protocol import Absent, Accepted, DeliveryReport, Found, OutgoingSms

NAME: Final = "letters"


class LetterGateway:
    """Keeps a row for each letter; the same reference twice is one letter.

    Args:
        begin: opens a connection whose transaction commits when it is left, such as `engine.begin`.
    """

    name = NAME

    def __init__(self, begin: Callable[[], AbstractContextManager[Connection]], clock: Clock) -> None:
        self._begin = begin
        self._clock = clock

    def send(self, sms: OutgoingSms) -> Accepted:
        waiting = insert(Letter).values(message_id=UUID(sms.reference), received_at=self._clock.now())
        with self._begin() as connection:
            connection.execute(waiting.on_conflict_do_nothing(index_elements=["message_id"]))
        return Accepted(sms.reference)

    def poll(self, provider_ids: Sequence[str]) -> list[DeliveryReport]:
        return []

    def find(self, sms: OutgoingSms, since: datetime) -> Found:
        known = select(Letter.message_id).where(Letter.message_id == UUID(sms.reference))
        with self._begin() as connection:
            is_there = connection.scalar(known) is not None
        return DeliveryReport(sms.reference, "accepted") if is_there else Absent()
