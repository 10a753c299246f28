"""Bulletins (通报) of a published round: as a PDF, and the Word template to begin with."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from server.typesetting.setting import set_pdf
from server.typesetting.word import add_table, blank, saved


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the league table."""

    rank: str
    name: str
    parent: str
    score: str
    grade: str


@dataclass(frozen=True, slots=True)
class Fault:
    """An item that failed: how many reports have it."""

    code: str
    title: str
    count: int


@dataclass(frozen=True, slots=True)
class Named:
    """Who is called by name because of a rule: to the meeting, for praise, for criticism."""

    why: str
    what: str
    names: str


@dataclass(frozen=True, slots=True)
class Bulletin:
    """A version of a round in the reader's language.

    Attributes:
        words: headings by name: `title`, `summary`, `named`, `why`, `what`, `who`, `league`, `rank`, `unit`,
            `score`, `grade`, `faults`, `item`, `count`.
        summary: the round in a sentence.
        proof: the hash of the version.
    """

    locale: str
    words: Mapping[str, str]
    organisation: str
    round: str
    version: str
    published: str
    summary: str
    named: Sequence[Named]
    league: Sequence[Row]
    faults: Sequence[Fault]
    proof: str

    def told(self) -> dict[str, Any]:
        """What the tags of a template may name."""
        names = ("locale", "organisation", "round", "version", "published", "summary", "proof")
        lists = ("named", "league", "faults")
        return {
            **{name: getattr(self, name) for name in names},
            **{name: [asdict(each) for each in getattr(self, name)] for name in lists},
        }


def bulletin_pdf(bulletin: Bulletin) -> bytes:
    """One or more A4 pages."""
    return set_pdf("bulletin", {**bulletin.told(), "words": dict(bulletin.words)})


def usual_bulletin(words: Mapping[str, str]) -> bytes:
    """A Word template to begin with, headings in the reader's language. Args: words: as of `Bulletin`."""
    document = blank()
    document.add_paragraph("{{ organisation }}")
    document.add_paragraph(words["title"], style="Title")
    document.add_paragraph("{{ round }} · {{ version }} · {{ published }}")
    document.add_paragraph("{{ summary }}")
    document.add_paragraph(words["named"], style="Heading 1")
    by_rule = (
        (words["why"], "{{ line.why }}", 4.0),
        (words["what"], "{{ line.what }}", 3.0),
        (words["who"], "{{ line.names }}", 9.0),
    )
    add_table(document, "named", by_rule)
    document.add_paragraph(words["league"], style="Heading 1")
    by_rank = (
        (words["rank"], "{{ line.rank }}", 1.8),
        (words["unit"], "{{ line.name }} {{ line.parent }}", 9.2),
        (words["score"], "{{ line.score }}", 2.5),
        (words["grade"], "{{ line.grade }}", 2.5),
    )
    add_table(document, "league", by_rank)
    document.add_paragraph(words["faults"], style="Heading 1")
    by_count = (
        (words["item"], "{{ line.code }} {{ line.title }}", 13.0),
        (words["count"], "{{ line.count }}", 3.0),
    )
    add_table(document, "faults", by_count)
    return saved(document)
