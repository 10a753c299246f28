"""Documents from a template and data: the same input gives the same bytes.

What people typed travels as data and never as markup, so a name like `#image("/etc/passwd")` stays a name.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import segno
import typst

TEMPLATES: Final = Path(__file__).parent / "templates"
# A square that is damaged by fifteen in a hundred can still be read: posters get scratched, letters folded.
REPAIR: Final = "m"
# In cells, as the standard has it.
MARGIN: Final = 4
# How many documents typst remembers, to set the next one faster.
KEPT_DOCUMENTS: Final = 10


def set_pdf(template: str, data: Mapping[str, Any]) -> bytes:
    """A PDF.

    Args:
        template: a file of `TEMPLATES` without its ending; it reads `data` as JSON.
    """
    # A compiler of its own for each: one that is shared refuses the second thread ("Already borrowed").
    # Tags are for screen readers. These pages are printed, and made in two thirds of the time without.
    made = typst.compile(
        str(TEMPLATES / f"{template}.typ"),
        root=str(TEMPLATES),
        font_paths=_fonts(),
        format="pdf",
        sys_inputs={"data": json.dumps(data, ensure_ascii=False, sort_keys=True)},
        pdf_tags=False,
    )
    _forget()
    return made


def square(address: str) -> str:
    """The square that holds an address, with the quiet margin that cameras need: a drawing (SVG)."""
    return str(segno.make(address, error=REPAIR, micro=False).svg_inline(scale=4, border=MARGIN))


def _forget() -> None:
    """Let go of what was set: typst keeps the pages of its last ten documents, 60 MB to 500 letters."""
    for _ in range(KEPT_DOCUMENTS + 1):
        typst.compile(b"", font_paths=_fonts())


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, font_paths=[str(files("manimgx_fonts_cjk"))])
