"""Files of receipts and replies that somebody put into a folder: CSV with a heading, in any usual encoding.

A file is told by its heading: `reference` and `code` are receipts, `sender` and `text` replies. Each is taken
once and moved; the lines that cannot be used are named in a file beside it.
"""

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from server import phones
from server.notify.gateways.meanings import dialect_of
from server.notify.protocol import Collected, DeliveryReport, Inbound, Receipt
from server.tables import TableProblem
from server.tables.files import open_source
from server.tables.problems import Refused as NotATable

DIALECT: Final = "file"
ZONE: Final = ZoneInfo("Asia/Shanghai")
# Names by which columns go.
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "reference": ("reference", "编号", "流水号"),
    "code": ("code", "state", "状态", "状态码"),
    "id": ("id", "回复编号"),
    "sender": ("sender", "from", "手机号", "手机号码"),
    "text": ("text", "content", "内容"),
    "at": ("at", "time", "时间"),
}
RECEIPTS: Final = ("reference", "code")
REPLIES: Final = ("sender", "text")
LARGEST: Final = 32 * 1024 * 1024
LONGEST: Final = {"text": 2_000}
LONGEST_CELL: Final = 128
# Names of files that are still being written.
UNFINISHED: Final = (".tmp", ".part", ".filepart")


_Add: TypeAlias = Callable[["_Read", Mapping[str, str], str, datetime], None]


@dataclass(slots=True)
class _Read:
    """What a file holds, and its unusable lines: number and reason."""

    receipts: list[Receipt] = field(default_factory=list)
    replies: list[Inbound] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)


def taken(folder: Path, now: datetime) -> Iterator[Collected]:
    """The files of `in/` by name; each goes to `done/` once it is committed."""
    for path in sorted((folder / "in").iterdir()):
        if path.is_file() and not path.name.startswith(".") and not path.name.endswith(UNFINISHED):
            read = _read(path, now)
            yield Collected(
                read.receipts, read.replies, partial(_put_away, path, folder / "done", read.problems)
            )


def _put_away(path: Path, done: Path, problems: list[tuple[int, str]]) -> None:
    target = done / path.name
    if target.exists():
        target = done / f"{sha256(path.read_bytes()).hexdigest()[:8]}-{path.name}"
    if problems:
        with target.with_name(f"{target.name}.problems").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("line", "problem"), *problems])
    path.rename(target)


def _read(path: Path, now: datetime) -> _Read:
    read, broken = _Read(), list[TableProblem]()
    if path.stat().st_size > LARGEST:
        read.problems.append((0, "file_too_large"))
        return read
    try:
        records = open_source(BytesIO(path.read_bytes()), path.name, broken).records
        heading = _heading(next(records, (1, ()))[1])
        adding = next((kind for kind in KINDS if set(kind[0]) <= heading.keys()), None)
        if adding is None:
            read.problems.append((1, "columns_unknown"))
            return read
        needed, add = adding
        for number, cells in records:
            values = {name: _cell(cells, at) for name, at in heading.items()}
            wrong = _wrong(values, needed)
            if wrong and any(values.values()):
                read.problems.append((number, f"unusable: {', '.join(wrong)}"))
            elif not wrong:
                add(read, values, f"{path.name}:{number}", now)
    except NotATable as refused:
        read.problems.append((0, refused.problem.code))
    read.problems += [(each.row or 0, each.code) for each in broken]
    return read


def _wrong(values: Mapping[str, str], needed: tuple[str, ...]) -> list[str]:
    """The columns of a line that cannot be used. An empty text is a reply, too."""
    unusable = {name for name, text in values.items() if not _usable(name, text)}
    return sorted(unusable | {name for name in needed if not values[name] and name != "text"})


def _heading(cells: object) -> dict[str, int]:
    names = [str(cell).strip().lower() for cell in cells] if isinstance(cells, list | tuple) else []
    known = {alias: name for name, aliases in COLUMNS.items() for alias in aliases}
    return {known[name]: at for at, name in reversed(list(enumerate(names))) if name in known}


def _cell(cells: object, at: int) -> str:
    return str(cells[at]).strip() if isinstance(cells, list | tuple) and at < len(cells) else ""


def _usable(name: str, text: str) -> bool:
    if "\ufffd" in text or "\0" in text or len(text) > LONGEST.get(name, LONGEST_CELL):
        return False
    return name == "text" or text.isprintable()


def _add_receipt(read: _Read, values: Mapping[str, str], _place: str, _now: datetime) -> None:
    code = values["code"]
    state = dialect_of(DIALECT).states.get(code, "undelivered")
    read.receipts.append(Receipt(values["reference"], DeliveryReport(values["reference"], state, code)))


def _add_reply(read: _Read, values: Mapping[str, str], place: str, now: datetime) -> None:
    # Without an id of its own a reply is told by its content and time; without those, by its line.
    content = "\0".join((values["sender"], values["text"], values.get("at") or place))
    provider_id = values.get("id") or f"content-{sha256(content.encode()).hexdigest()[:32]}"
    at = _moment(values.get("at", "")) or now
    read.replies.append(Inbound(provider_id, phones.as_sender(values["sender"]), values["text"], at))


def _moment(text: str) -> datetime | None:
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=ZONE)


# The columns that make a file one of a kind -> what each of its lines is.
KINDS: Final[tuple[tuple[tuple[str, ...], _Add], ...]] = (
    (RECEIPTS, _add_receipt),
    (REPLIES, _add_reply),
)
