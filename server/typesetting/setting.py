"""Documents from a template and data: the same input gives the same bytes.

What people typed travels as data and never as markup, so a name like `#image("/etc/passwd")` stays a name.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal

import segno
import typst

TEMPLATES: Final = Path(__file__).parent / "templates"
# A square that is damaged by fifteen in a hundred can still be read: posters get scratched, letters folded.
REPAIR: Final = "m"
# In cells, as the standard has it.
MARGIN: Final = 4


def set_pdf(template: str, data: Mapping[str, Any]) -> bytes:
    """A PDF.

    Args:
        template: a file of `TEMPLATES` without its ending; it reads `data` as JSON.
    """
    return _set(template, "pdf", data)


def set_png(template: str, data: Mapping[str, Any]) -> bytes:
    """The same as a picture, of its first page."""
    return _set(template, "png", data)


def square(address: str) -> str:
    """The square that holds an address, with the quiet margin that cameras need: a drawing (SVG)."""
    return str(segno.make(address, error=REPAIR, micro=False).svg_inline(scale=4, border=MARGIN))


def _set(template: str, kind: Literal["pdf", "png"], data: Mapping[str, Any]) -> bytes:
    inputs = {"data": json.dumps(data, ensure_ascii=False, sort_keys=True)}
    # Tags are for screen readers. These pages are printed, and made in two thirds of the time without.
    made = _compiler(template).compile(format=kind, sys_inputs=inputs, pdf_tags=False)
    if not isinstance(made, bytes):
        raise TypeError(f"{template} has several pages, which only a PDF can hold")
    return made


@cache
def _compiler(template: str) -> typst.Compiler:
    fonts = [str(files("manimgx_fonts_cjk"))]
    return typst.Compiler(
        str(TEMPLATES / f"{template}.typ"), root=str(TEMPLATES), font_paths=fonts, ignore_system_fonts=True
    )
