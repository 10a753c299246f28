"""Word documents from templates that people edit in Word, and the templates to begin with."""

import io
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import docx
from docx.document import Document
from docx.oxml.ns import qn
from docx.shared import Cm, Pt
from docxtpl import DocxTemplate
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

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


def filled(template: bytes, told: Mapping[str, Any]) -> bytes:
    """The template with its tags filled in.

    What a template says is run in a sandbox: whoever may edit it may not reach the server through it.

    Args:
        told: what tags may name.

    Raises:
        TemplateBroken: `template_no_word`, `template_tags`.
    """
    environment = ImmutableSandboxedEnvironment(autoescape=True, undefined=StrictUndefined)
    document, saved = DocxTemplate(io.BytesIO(template)), io.BytesIO()
    try:
        document.init_docx()
    except (KeyError, ValueError, SyntaxError):
        raise TemplateBroken("template_no_word") from None
    try:
        document.render(dict(told), environment, autoescape=True)
    except (TemplateError, TypeError, ValueError, KeyError, OverflowError) as error:
        raise TemplateBroken("template_tags", str(error)) from None
    document.save(saved)
    return saved.getvalue()


def check_template(data: bytes, example: Mapping[str, Any]) -> None:
    """Try a template out.

    Args:
        example: what its tags may name, with something to stand for each.

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
    filled(data, example)


def blank() -> Document:
    """An empty document in type that reads well in Chinese."""
    document = docx.Document()
    for name in ("Normal", "Title", "Heading 1"):
        style = document.styles[name]
        style.font.name = SONG
        style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), SONG)
    document.styles["Normal"].font.size = Pt(11)
    return document


def add_table(
    document: Document, loop: str, columns: Sequence[tuple[str, str, float]], *, each: str = "line"
) -> None:
    """A table with a row for each of a list.

    Args:
        loop: the list's name; `each` is what its tags call one of it.
        columns: heading, text of the cell with its tags, width in centimetres.
    """
    heads, cells, widths = zip(*columns, strict=True)
    blanks = ("",) * (len(columns) - 1)
    rows: Iterable[tuple[str, ...]] = (
        heads, (f"{{%tr for {each} in {loop} %}}", *blanks), cells, ("{%tr endfor %}", *blanks),
    )  # fmt: skip
    table = document.add_table(rows=0, cols=len(columns), style="Table Grid")
    for texts in rows:
        for cell, text, width in zip(table.add_row().cells, texts, widths, strict=True):
            cell.text, cell.width = text, Cm(width)


def saved(document: Document) -> bytes:
    """The document as a file."""
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()
