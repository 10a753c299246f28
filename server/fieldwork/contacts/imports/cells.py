"""Cells of imported rows as values: days, moments, yes and no, as banks write them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from server.forms.types.texts import is_email
from server.phones import PhoneError, normalise
from server.tables import DAYS, TableProblem, read_day

LONGEST_TEXT = 200
MOST_MINUTES = 24 * 60
_LINE_ENDS = re.compile(r"[;；\n]+")

LOCALES = {
    "": "zh", "zh": "zh", "zh-cn": "zh", "zh_cn": "zh", "中文": "zh", "汉语": "zh", "chinese": "zh",
    "en": "en", "en-us": "en", "en-gb": "en", "英文": "en", "英语": "en", "english": "en",
}  # fmt: skip
YES_NO = {
    "": False, "否": False, "no": False, "false": False, "0": False, "n": False,
    "是": True, "yes": True, "true": True, "1": True, "y": True,
}  # fmt: skip
CHANNELS = {
    "": None, "sms": "sms", "短信": "sms", "phone": "phone", "电话": "phone", "wechat": "wechat",
    "微信": "wechat", "app": "app", "手机银行": "app", "email": "email", "邮件": "email", "邮箱": "email",
    "信件": "letter", "信函": "letter", "letter": "letter",
}  # fmt: skip
SERVICE_CHANNELS = {
    "": "counter", "counter": "counter", "柜台": "counter", "柜面": "counter", "窗口": "counter",
    "self_service": "self_service", "self-service": "self_service", "自助": "self_service",
    "自助机": "self_service", "自助设备": "self_service", "智能柜台": "self_service", "atm": "self_service",
    "phone": "phone", "电话": "phone", "app": "app", "手机银行": "app",
}  # fmt: skip
MOMENTS = tuple(f"{day} {time}" for day in DAYS[:4] for time in ("%H:%M", "%H:%M:%S"))


class CellWrong(ValueError):
    """A cell that says nothing usable; carries a code of `server.fieldwork.importing`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


Reader = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Line:
    """A row whose cells are all good.

    Attributes:
        row: as the sender counts.
        key: the row's external id.
        values: what the row says, by column; a column that the file does not have is not there.
    """

    row: int
    key: str
    values: Mapping[str, object]


def read_cells(
    row: int, cells: Mapping[str, str], readers: Mapping[str, Reader], problems: list[TableProblem]
) -> dict[str, object]:
    """The values of the columns that have a reader; what cannot be read is added to the problems."""
    values: dict[str, object] = {}
    for column, reader in readers.items():
        if column in cells:
            try:
                values[column] = reader(cells[column])
            except CellWrong as wrong:
                shown = HIDDEN.get(column, _start)(cells[column])
                problems.append(TableProblem(row, column, wrong.code, {"value": shown}))
    return values


def _start(cell: str) -> str:
    return cell[:LONGEST_TEXT]


# Names and numbers stay out of problems: reports are mailed around.
HIDDEN: dict[str, Callable[[str], str]] = {
    "phone": lambda cell: "…" + cell[-2:],
    "name": lambda _cell: "…",
    "email": lambda cell: "…" + cell[-4:],
    "address": lambda _cell: "…",
}


def words(cell: str) -> str | None:
    if len(cell) > LONGEST_TEXT:
        raise CellWrong("import_text_long")
    return cell or None


def lines(cell: str) -> str | None:
    """The lines of an envelope; a cell that cannot hold line breaks has semicolons between them."""
    if len(cell) > LONGEST_TEXT:
        raise CellWrong("import_text_long")
    parts = (part.strip() for part in _LINE_ENDS.split(cell))
    return "\n".join(filter(None, parts)) or None


def phone(cell: str) -> str:
    try:
        return normalise(cell, mobile_only=True)
    except PhoneError:
        raise CellWrong("import_phone") from None


def email(cell: str) -> str | None:
    """An address in small letters: no mail server that people use tells them apart."""
    if cell and not is_email(cell):
        raise CellWrong("import_email")
    return cell.lower() or None


def day(cell: str) -> date | None:
    """A calendar day without a zone: the day the customer remembers."""
    try:
        return read_day(cell) if cell else None
    except ValueError:
        raise CellWrong("import_date") from None


def moment(cell: str, zone: ZoneInfo) -> datetime:
    """A time in UTC. What names no offset is read on the clocks of `zone`; a day alone is its beginning."""
    found = _iso(cell) or _written(cell)
    if found is None:
        raise CellWrong("import_moment")
    try:
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except (OverflowError, ValueError):
        raise CellWrong("import_moment") from None


def _iso(cell: str) -> datetime | None:
    try:
        return datetime.fromisoformat(cell)
    except ValueError:
        return None


def _written(cell: str) -> datetime | None:
    for pattern in (*MOMENTS, *DAYS):
        try:
            return datetime.strptime(cell, pattern)  # noqa: DTZ007 - the caller gives it the unit's zone
        except ValueError:
            continue
    return None


def minutes(cell: str) -> int | None:
    """Whole minutes waited; half a minute and more counts as one."""
    if not cell:
        return None
    try:
        waited = float(cell)
    except ValueError:
        raise CellWrong("import_minutes") from None
    if not 0 <= waited <= MOST_MINUTES:
        raise CellWrong("import_minutes")
    return int(waited + 0.5)


def one_of(words_for: Mapping[str, object], code: str) -> Reader:
    """A reader for cells that hold one of a few words, in any case."""

    def read(cell: str) -> object:
        found = words_for.get(cell.lower(), words_for)
        if found is words_for:
            raise CellWrong(code)
        return found

    return read
