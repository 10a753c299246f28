"""Cells as a person sees them."""

import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime, time
from typing import Any

MAX_CELL = 32_767  # what Excel itself can hold
EXACT_DIGITS = 10**15  # beyond it Excel has already replaced the last digits by zeros


def has_lost_digits(cell: object) -> bool:
    """Whether a number is too long for Excel to have kept it."""
    return isinstance(cell, float) and abs(cell) >= EXACT_DIGITS


def text_of(cell: object) -> str:
    """What a person sees in the cell, trimmed (full-width and zero-width spaces too), NFC."""
    shown = cell if isinstance(cell, str) else _shown(cell)
    trimmed = shown.strip(" \t\r\n\u3000\u00a0\u200b\ufeff")
    return trimmed if trimmed.isascii() else unicodedata.normalize("NFC", trimmed)


def _shown(cell: object) -> str:
    if isinstance(cell, float):
        # Excel stores every number as a double: a code typed as 123 comes back as 123.0.
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(sep=" ")
    return str(cell)


def named_cell(names: Mapping[str, Any]) -> Callable[[str], Any]:
    """A reader of cells that say one of some words, in any case; it raises ValueError for another word."""

    def read(cell: str) -> Any:
        if cell.lower() not in names:
            raise ValueError(cell)
        return names[cell.lower()]

    return read
