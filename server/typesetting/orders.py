"""Orders on paper: as a PDF, and the Word template that a bank may replace by its own."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from server.typesetting.setting import set_pdf, square
from server.typesetting.word import add_table, blank, saved


@dataclass(frozen=True, slots=True)
class Line:
    """One item: what is wrong, why it is asked for, what to do, by when, and where it stands."""

    place: int
    what: str
    why: str
    said: str
    due: str
    state: str


@dataclass(frozen=True, slots=True)
class Paper:
    """An order in the reader's language.

    Attributes:
        words: headings by name: `title`, `to`, `issued`, `item`, `due`, `state`, `signature`.
        signed: who signed when; empty for a line to sign on.
        link: what the square holds.
    """

    locale: str
    words: Mapping[str, str]
    organisation: str
    number: str
    recipient: str
    issued: str
    lines: Sequence[Line]
    signed: str
    link: str

    def told(self) -> dict[str, Any]:
        """What the tags of a template may name."""
        names = ("locale", "organisation", "number", "recipient", "issued", "signed", "link")
        return {
            **{name: getattr(self, name) for name in names},
            "lines": [asdict(each) for each in self.lines],
        }


def order_pdf(paper: Paper) -> bytes:
    """One or more A4 pages."""
    return set_pdf("orders", {**paper.told(), "words": dict(paper.words), "square": square(paper.link)})


def usual_order(words: Mapping[str, str]) -> bytes:
    """A Word template to begin with, headings in the reader's language. Args: words: as of `Paper`."""
    document = blank()
    document.add_paragraph("{{ organisation }}")
    document.add_paragraph(words["title"], style="Title")
    document.add_paragraph("{{ number }}")
    document.add_paragraph(words["to"] + "{{ recipient }}")
    document.add_paragraph(words["issued"] + "{{ issued }}")
    columns = (
        ("", "{{ line.place }}", 1.2),
        (words["item"], "{{ line.what }}\n{{ line.why }}\n{{ line.said }}", 11.5),
        (words["due"], "{{ line.due }}", 3.3),
    )
    add_table(document, "lines", columns)
    document.add_paragraph()
    document.add_paragraph(words["signature"] + "{{ signed }}")
    return saved(document)
