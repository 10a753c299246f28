"""Letters: one page each, the address where a window envelope shows it, and a square to scan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from server.typesetting.setting import set_pdf, square


@dataclass(frozen=True, slots=True)
class Sheet:
    """One letter.

    Attributes:
        dated: the day, in the words of the language.
        address: the lines of the envelope, the name first.
        body: paragraphs with blank lines between.
        code: as it is read out, 1234 5678 9012; `code_page` is where it is typed.
        link: what the square holds.
    """

    locale: str
    dated: str
    address: tuple[str, ...]
    body: str
    code: str
    code_page: str
    link: str


def letters(organisation: Mapping[str, str], sheets: Sequence[Sheet]) -> bytes:
    """A PDF with a page for each letter.

    Args:
        organisation: its name by language.
    """
    pages = [
        {
            "locale": each.locale,
            "dated": each.dated,
            "address": list(each.address),
            "body": [part.strip() for part in each.body.split("\n\n") if part.strip()],
            "code": each.code,
            "code_page": each.code_page.partition("://")[2],
            "square": square(each.link),
        }
        for each in sheets
    ]
    return set_pdf("letters", {"organisation": dict(organisation), "pages": pages})
