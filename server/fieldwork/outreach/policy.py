"""The rules that sending follows now, with the public holidays that this deployment knows."""

from collections.abc import Callable
from datetime import date
from functools import cache

from sqlalchemy import Connection

from server.fieldwork.timetable.holidays import days_for
from server.notify.outbox.claiming import Policy
from server.notify.respect.rules import read_rules


def sending_policy(connection: Connection) -> Policy:
    """The rules as they are kept.

    Raises:
        ValueError: for rules that cannot be read; nothing may be sent then.
    """
    return Policy(read_rules(connection), _days_off(connection))


def _days_off(connection: Connection) -> Callable[[str, date], bool]:
    @cache
    def holidays(zone: str) -> frozenset[date]:
        return days_for(connection, zone, None).holidays

    return lambda zone, day: day in holidays(zone)
