"""Reading what people type into forms of the console: every problem is told at its field, all at once."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from flask import request

from server.errors import Detail, Refusal
from server.intake.uploads import LARGEST_PHOTO

# The day after 9999-12-31 is an error, and a year of two digits a slip.
FIRST_YEAR, LAST_YEAR = 1900, 2199
ZONE = ZoneInfo("Asia/Shanghai")
NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,4})?", re.ASCII)
WHOLE = re.compile(r"[0-9]{1,9}", re.ASCII)
DAY = timedelta(days=1)


class Fields:
    """A posted form. What does not read is remembered; `refuse` tells all of it."""

    def __init__(self, form: Mapping[str, str]) -> None:
        self._form = form
        self.problems: list[Detail] = []

    def text(self, name: str) -> str:
        return self._form.get(name, "").strip()

    def ticked(self, name: str) -> bool:
        return bool(self.text(name))

    def day(self, name: str) -> date:
        """A day; today's date does not matter where it cannot be read, since the form is refused."""
        try:
            day = date.fromisoformat(self.text(name))
        except ValueError:
            day = date.min
        if FIRST_YEAR <= day.year <= LAST_YEAR:
            return day
        self._wrong("field_date", name)
        return date.min + DAY

    def moment(self, name: str, zone: ZoneInfo) -> datetime:
        """A moment of a `datetime-local` field, on the clocks of a zone; not read as `day` says."""
        try:
            moment = datetime.fromisoformat(self.text(name)).replace(tzinfo=zone)
        except ValueError:
            moment = datetime.min.replace(tzinfo=zone)
        if FIRST_YEAR <= moment.year <= LAST_YEAR:
            return moment
        self._wrong("field_moment", name)
        return datetime.min.replace(tzinfo=zone)

    def optional_day(self, name: str) -> date | None:
        return self.day(name) if self.text(name) else None

    def number(self, name: str) -> Decimal | None:
        """A number as people type it, None for an empty field; not a Decimal's "NaN" or "1e9"."""
        text = self.text(name).removesuffix("%").strip()
        if not text:
            return None
        if NUMBER.fullmatch(text):
            return Decimal(text)
        self._wrong("field_number", name)
        return None

    def share(self, name: str) -> Decimal | None:
        """A percentage as a share of one."""
        percent = self.number(name)
        return None if percent is None else percent / 100

    def whole(self, name: str) -> int | None:
        text = self.text(name)
        if not text:
            return None
        if WHOLE.fullmatch(text):
            return int(text)
        self._wrong("field_whole_number", name)
        return None

    def needed_number(self, name: str) -> Decimal:
        found = self.number(name)
        if found is None and not self.text(name):
            self._wrong("field_number", name)
        return found or Decimal(0)

    def needed_whole(self, name: str) -> int:
        found = self.whole(name)
        if found is None and not self.text(name):
            self._wrong("field_whole_number", name)
        return found or 0

    def window(self, first: str, last: str, zone: ZoneInfo = ZONE) -> tuple[datetime, datetime]:
        """From the first moment of one day to the end of another: 前含本日 (reading A33)."""
        opens, closes = self.day(first), self.day(last)
        return datetime.combine(opens, time.min, zone), datetime.combine(closes + DAY, time.min, zone)

    def refuse(self) -> None:
        """Raises: Refusal: invalid_fields with everything that could not be read."""
        if self.problems:
            raise Refusal("invalid_fields", details=self.problems)

    def _wrong(self, code: str, name: str) -> None:
        self.problems.append(Detail(code, f"/{name}"))


def percent(share: Decimal | None) -> str:
    """A share of one as a form shows it: 0.125 is "12.5"."""
    return "" if share is None else f"{(share * 100).normalize():f}"


def first_day(moment: datetime, zone: ZoneInfo = ZONE) -> str:
    return moment.astimezone(zone).date().isoformat()


def last_day(moment: datetime, zone: ZoneInfo = ZONE) -> str:
    """The last moment belongs to the day before: a wave until the 6th closes at midnight of the 7th."""
    return (moment - moment.resolution).astimezone(zone).date().isoformat()


def photos_sent(name: str = "photos") -> list[bytes]:
    """The files of a field, each with one byte more than may be kept at most: what is longer is refused."""
    return [each.read(LARGEST_PHOTO + 1) for each in request.files.getlist(name) if each.filename]
