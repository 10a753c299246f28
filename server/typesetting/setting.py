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


def set_pdf(template: str, data: Mapping[str, Any]) -> bytes:
    """A PDF.

    Args:
        template: a file of `TEMPLATES` without its ending; it reads `data` as JSON.
    """
    return _set(template, "pdf", data)


def set_png(template: str, data: Mapping[str, Any]) -> bytes:
    """The same as a picture, of its first page."""
    return _set(template, "png", data)


def square(address: str) -> list[str]:
    """The square that holds an address: a row of `0` and `1` for each line, without the margin around."""
    return ["".join(map(str, row)) for row in segno.make(address, error=REPAIR, micro=False).matrix]


def _set(template: str, kind: Literal["pdf", "png"], data: Mapping[str, Any]) -> bytes:
    inputs = {"data": json.dumps(data, ensure_ascii=False, sort_keys=True)}
    made = _compiler(template).compile(format=kind, sys_inputs=inputs)
    if not isinstance(made, bytes):
        raise TypeError(f"{template} has several pages, which only a PDF can hold")
    return made


@cache
def _compiler(template: str) -> typst.Compiler:
    fonts = [str(files("manimgx_fonts_cjk"))]
    return typst.Compiler(
        str(TEMPLATES / f"{template}.typ"), root=str(TEMPLATES), font_paths=fonts, ignore_system_fonts=True
    )
