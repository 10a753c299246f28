"""Writes the form definition: a page for each section, a question for each item, the scoring of the whole."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby
from typing import Any, Literal

from server.scoring.exact import exact_text, total
from server.scoring.standards.naming import distinct_codes, page_name, question_names
from server.scoring.standards.notes import Note, note
from server.scoring.standards.outline import Item, Outline, Sum, is_bonus
from server.scoring.standards.questions import Place, make_question, without_braces
from server.scoring.standards.sharing import Asked
from server.scoring.standards.sums import all_points, section_points
from server.scoring.standards.words import Words

Method = Literal["points", "deduct"]
_HUNDRED = Fraction(100)


class Writer:
    """Writes one definition; `notes` is what there is to say about its questions."""

    def __init__(
        self, outline: Outline, asked: Sequence[Asked], method: Method, declared: Sequence[Sum], words: Words
    ) -> None:
        self.notes: list[Note] = []
        self._outline = outline
        self._asked = asked
        self._items = [each.item for each in asked]
        self._method: Method = method
        self._words = words
        self._declared = declared[0].points if declared else None
        self._full = self._full_marks()
        # Items that stand before the first section make a section of their own once there are others.
        self._order = {
            section: order
            for order, section in enumerate(dict.fromkeys(item.section for item in self._items), 1)
        }
        self._divided = any(item.section is not None for item in self._items)

    def definition(self, title: str) -> dict[str, Any]:
        """The definition as `server.forms` reads it."""
        questions = self._questions()
        self._note_empty_sections()
        pages = []
        for section, group in groupby(zip(self._items, questions, strict=True), lambda pair: pair[0].section):
            page: dict[str, Any] = {"name": page_name(self._order[section])}
            page |= {"title": self._title(section)} if self._divided else {}
            pages.append({**page, "elements": [question for _, question in group]})
        return {
            "title": without_braces(title) or self._words.untitled,
            "locale": self._words.locale,
            "pages": pages,
            "scoring": self._scoring(questions),
        }

    def _questions(self) -> list[dict[str, Any]]:
        numbers = [self._order[item.section] if self._divided else 0 for item in self._items]
        written = [item.code for item in self._items]
        codes = distinct_codes(written, numbers)
        if codes != written:
            example = next(code for code, before in zip(codes, written, strict=True) if code != before)
            self.notes.append(note(None, "assumed", "standard_codes_prefixed", example=example))
        questions = []
        for asked, name, code in zip(self._asked, question_names(codes), codes, strict=True):
            made = make_question(asked.item, self._place(asked.item, name, code), shared=asked.shared)
            self.notes += made.notes
            self._note_sharing(asked, name)
            questions.append(made.question)
        return questions

    def _place(self, item: Item, name: str, code: str) -> Place:
        limit = None if item.section is None else section_points(self._outline, self._items, item.section)
        return Place(
            name=name,
            code=code,
            section=page_name(self._order[item.section]) if self._divided else "",
            method=self._method,
            bonus=is_bonus(item, self._outline.sections),
            limit=limit or self._full,
            words=self._words,
        )

    def _note_sharing(self, asked: Asked, name: str) -> None:
        item = asked.item
        if asked.shared and item.points is not None:
            rows = ", ".join(str(row + 1) for row in item.rows)
            params = {"name": name, "points": exact_text(item.points.value), "rows": rows}
            self.notes.append(note(item.rows[0] + 1, "assumed", "standard_shared", **params))

    def _note_empty_sections(self) -> None:
        sections = self._outline.sections
        holding = {item.section for item in self._items if item.section is not None}
        for place in sorted(holding):
            parent = sections[place].parent
            while parent is not None:
                holding.add(parent)
                parent = sections[parent].parent
        for place, section in enumerate(sections):
            if place not in holding:
                self.notes.append(
                    note(section.row + 1, "error", "standard_section_empty", section=section.title)
                )

    def _title(self, place: int | None) -> str:
        """A section's title with those of the sections around it."""
        titles: list[str] = []
        while place is not None:
            titles.insert(0, self._outline.sections[place].title)
            place = self._outline.sections[place].parent
        return without_braces(" · ".join(titles)) or self._words.others

    def _full_marks(self) -> Fraction | None:
        made = self._declared or all_points(self._outline, self._items)
        if made is None and self._method == "deduct" and not self._outline.sections:
            self.notes.append(note(None, "assumed", "standard_full_marks_assumed", points=100))
            return _HUNDRED
        return made

    def _scoring(self, questions: Sequence[dict[str, Any]]) -> dict[str, Any]:
        scoring: dict[str, Any] = {"method": self._method}
        if self._full and self._method == "points" and self._full != _HUNDRED:
            scoring["scale"] = exact_text(self._full)
        if self._declared or (self._full and self._method == "deduct" and not self._divided):
            scoring["points"] = exact_text(self._declared or self._full or _HUNDRED)
        if self._divided:
            scoring["sections"] = self._sections(questions)
        return scoring

    def _sections(self, questions: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """The sections that have scored items; those with points of their own in the table declare them."""
        scored = {
            item.section
            for item, question in zip(self._items, questions, strict=True)
            if "scoring" in question and "bonus" not in question["scoring"]
        }
        written = []
        for section in self._order:
            if section not in scored:
                continue
            part = {"name": page_name(self._order[section]), "title": self._title(section)}
            points = self._points(section)
            written.append({**part, **({"points": exact_text(points)} if points else {})})
        return written

    def _points(self, section: int | None) -> Fraction | None:
        """The points of a section's own items; what inner sections count is written with them."""
        own = [item.points.value if item.points else None for item in self._items if item.section == section]
        known = [points for points in own if points is not None]
        inner = any(each.parent == section for each in self._outline.sections) and section is not None
        if section is None or inner:
            return total(known) if known and self._method == "deduct" else None
        return section_points(self._outline, self._items, section)
