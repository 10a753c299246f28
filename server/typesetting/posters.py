"""Posters for counters: one page an outlet, with a square that can be scanned from a step away."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from server.typesetting.setting import set_pdf, square


@dataclass(frozen=True, slots=True)
class Poster:
    """One outlet's; `link` is what its square holds."""

    unit: str
    unit_en: str | None
    link: str


def posters(organisation: Mapping[str, str], sheets: Sequence[Poster]) -> bytes:
    """A PDF with a page for each outlet, in Chinese and English.

    Args:
        organisation: its name by language.
    """
    pages = [
        {"unit": each.unit, "unit_en": each.unit_en or "", "square": square(each.link)} for each in sheets
    ]
    return set_pdf("posters", {"organisation": dict(organisation), "pages": pages})
