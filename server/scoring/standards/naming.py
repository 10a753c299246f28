"""Names for questions: 1.2 is q1_2 and OUT-01 stays; what cannot be told apart is numbered."""

import re
from collections.abc import Sequence

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")


def distinct_codes(codes: Sequence[str], sections: Sequence[int]) -> list[str]:
    """The codes, with the number of their section before them where counting begins again in each section.

    Those of one section are left as they are when they repeat within it, or when there are no sections (0).
    """
    written = [code for code in codes if code]
    if _differ(written):
        return list(codes)
    prefixed = [f"{section}.{code}" if code else "" for code, section in zip(codes, sections, strict=True)]
    return prefixed if all(sections) and _differ([code for code in prefixed if code]) else list(codes)


def question_names(codes: Sequence[str]) -> list[str]:
    """A name for each item from its code; by their order where codes do not tell them apart.

    Names differ without regard to case, and a table that grows at its end keeps the names it had.
    """
    names = [_named(code, order) for order, code in enumerate(codes, start=1)]
    # Pages take their names from the same room, and a code could be called as one of them.
    if _differ(names) and not any(name.lower().startswith(_PAGE) for name in names):
        return names
    return [f"q{order}" for order in range(1, len(codes) + 1)]


def page_name(order: int) -> str:
    """The name of a section and of its page."""
    return f"{_PAGE}{order}"


_PAGE = "section_"


def _named(code: str, order: int) -> str:
    joined = re.sub(r"[.\s-]+", "_", code) if code[:1].isdigit() else code.replace(".", "_")
    if joined[:1].isdigit():
        return f"q{joined}"
    return joined if _WORD.fullmatch(joined) else f"item_{order}"


def _differ(texts: Sequence[str]) -> bool:
    return len({text.lower() for text in texts}) == len(texts)
