"""The register of readings A1–A36: clauses that people understand in more than one way.

`register.json` beside this module is the register itself, in Chinese and English. A programme names the
readings that differ from the defaults; every settled number names those it used (scoring.md, after law 15).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class ReadingOption:
    """One way to understand a clause; `title` has a text for `zh` and one for `en`."""

    value: str
    title: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reading:
    """An ambiguous clause of the register.

    Without options it is no choice but content or a number that a definition must give; `text`, in `zh` and
    `en`, says where. Only then `default` is None.
    """

    key: str
    name: str
    text: Mapping[str, str]
    options: tuple[ReadingOption, ...]
    default: str | None


def _load() -> Mapping[str, Reading]:
    register = json.loads(files(__package__).joinpath("register.json").read_text("utf-8"))
    return MappingProxyType({key: _reading(key, entry) for key, entry in register.items()})


def _reading(key: str, entry: Mapping[str, Any]) -> Reading:
    return Reading(
        key=key,
        name=entry["name"],
        text=entry["text"],
        options=tuple(ReadingOption(option["value"], option["title"]) for option in entry["options"]),
        default=entry["default"],
    )


READINGS: Mapping[str, Reading] = _load()
