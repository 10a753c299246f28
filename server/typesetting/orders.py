"""Orders on paper: as a PDF, and as a Word document from a template that a bank edits."""

import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import docx
from docx.oxml.ns import qn
from docx.shared import Cm, Pt
from docxtpl import DocxTemplate
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from server.typesetting.setting import set_pdf, square

# A template with a letterhead has less; unpacked, a bomb has more.
LARGEST: Final = 2 * 1024 * 1024
LARGEST_UNPACKED: Final = 20 * 1024 * 1024
TYPE: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SONG: Final = "宋体"


class TemplateBroken(ValueError):
    """Why a template cannot be used.

    Attributes:
        code: `template_no_word`, `template_large`, `template_outside` where it would fetch something or run
            macros on whoever opens it, `template_tags` where a tag is wrong.
        said: the tag's mistake in the words of the template engine.
    """

    def __init__(self, code: str, said: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.said = said


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
        words: headings by name: `title`, `to`, `issued`, `item`, `due`, `state`, `signature`, `why`, `said`.
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


def order_pdf(paper: Paper) -> bytes:
    """One or more A4 pages."""
    return set_pdf("orders", {**_told(paper), "words": dict(paper.words), "square": square(paper.link)})


def order_docx(template: bytes, paper: Paper) -> bytes:
    """The template with its tags filled in.

    What a template says is run in a sandbox: whoever may edit it may not reach the server through it.

    Raises:
        TemplateBroken: as `check_template`.
    """
    environment = ImmutableSandboxedEnvironment(autoescape=True, undefined=StrictUndefined)
    document, filled = DocxTemplate(io.BytesIO(template)), io.BytesIO()
    try:
        document.init_docx()
    except (KeyError, ValueError, SyntaxError):
        raise TemplateBroken("template_no_word") from None
    try:
        document.render(_told(paper), environment, autoescape=True)
    except (TemplateError, TypeError, ValueError, KeyError, OverflowError) as error:
        raise TemplateBroken("template_tags", str(error)) from None
    document.save(filled)
    return filled.getvalue()


def check_template(data: bytes, example: Paper) -> None:
    """Try a template out.

    Raises:
        TemplateBroken: unless it can be filled in with the example.
    """
    if len(data) > LARGEST:
        raise TemplateBroken("template_large")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            names = packed.namelist()
            if sum(each.file_size for each in packed.infolist()) > LARGEST_UNPACKED:
                raise TemplateBroken("template_large")
            if "word/document.xml" not in names:
                raise TemplateBroken("template_no_word")
            relations = [packed.read(name) for name in names if name.endswith(".rels")]
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError):
        raise TemplateBroken("template_no_word") from None
    if any(b'TargetMode="External"' in each for each in relations) or "word/vbaProject.bin" in names:
        raise TemplateBroken("template_outside")
    order_docx(data, example)


def usual_template(words: Mapping[str, str]) -> bytes:
    """A template to begin with, headings in the reader's language. Args: words: as of `Paper`."""
    document = docx.Document()
    for name in ("Normal", "Title"):
        style = document.styles[name]
        style.font.name = SONG
        style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), SONG)
    document.styles["Normal"].font.size = Pt(11)
    document.add_paragraph("{{ organisation }}")
    document.add_paragraph(words["title"], style="Title")
    document.add_paragraph("{{ number }}")
    document.add_paragraph(words["to"] + "{{ recipient }}")
    document.add_paragraph(words["issued"] + "{{ issued }}")
    table = document.add_table(rows=4, cols=3, style="Table Grid")
    rows = (
        ("", words["item"], words["due"]),
        ("{%tr for line in lines %}", "", ""),
        ("{{ line.place }}", "{{ line.what }}\n{{ line.why }}\n{{ line.said }}", "{{ line.due }}"),
        ("{%tr endfor %}", "", ""),
    )
    for row, texts in zip(table.rows, rows, strict=True):
        for cell, text, width in zip(row.cells, texts, (1.2, 11.5, 3.3), strict=True):
            cell.text, cell.width = text, Cm(width)
    document.add_paragraph()
    document.add_paragraph(words["signature"] + "{{ signed }}")
    saved = io.BytesIO()
    document.save(saved)
    return saved.getvalue()


def _told(paper: Paper) -> dict[str, Any]:
    """What tags may name."""
    return {
        "locale": paper.locale,
        "organisation": paper.organisation,
        "number": paper.number,
        "recipient": paper.recipient,
        "issued": paper.issued,
        "signed": paper.signed,
        "link": paper.link,
        "lines": [asdict(each) for each in paper.lines],
    }
