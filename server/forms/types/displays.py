"""What nobody answers: `html`, a text between questions, `image`, and `expression`, a value on show.

The markup of an `html` element is not passed on to pages: its text is, paragraph by paragraph. A tag beyond
simple text is an error, so that nothing an author wrote disappears without a word. An `image` is part of the
form, because a page loads nothing from elsewhere.
"""

import base64
import binascii
from html.parser import HTMLParser

from server.forms.elements import Element
from server.forms.localised import LocalText
from server.forms.problems import Report
from server.forms.properties import Property
from server.forms.types.behaviour import Behaviour, Control, QuestionType, decode_nothing, display_plain

_BLOCKS = frozenset(("p", "br", "div", "ul", "ol", "li", "h1", "h2", "h3", "h4"))
_INLINE = frozenset(("b", "strong", "i", "em", "u", "span"))
IMAGE_LIMIT = 20_000
# Python's parser starts again at each sign that begins no tag: thousands of them take it seconds.
MAX_TAGS = 200
# How the files that an image may be begin: (offset, bytes).
_BEGINNINGS = {
    "data:image/png;base64": (0, b"\x89PNG\r\n\x1a\n"),
    "data:image/jpeg;base64": (0, b"\xff\xd8\xff"),
    "data:image/webp;base64": (8, b"WEBP"),
}


class _Paragraphs(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.lines = [""]
        self.refused: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self.lines.append("")
        elif tag not in _INLINE:
            self.refused.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.lines.append("")

    def handle_data(self, data: str) -> None:
        self.lines[-1] += data


def in_paragraphs(text: LocalText, report: Report) -> LocalText:
    """A text with simple markup as lines, one a paragraph, for a page that shows no markup."""
    lines = {locale: "\n".join(_paragraphs(text.pointer, report, raw)) for locale, raw in text.texts.items()}
    return LocalText(text.pointer, lines)


def _paragraphs(pointer: str, report: Report, markup: str) -> tuple[str, ...]:
    if markup.count("<") > MAX_TAGS:
        report.error(pointer, "html_too_many_tags", limit=MAX_TAGS)
        return ()
    if "<![" in markup:
        # Python's parser fails an assertion of its own where it does not know such a section.
        report.error(pointer, "html_tag", tag="![")
        return ()
    parser = _Paragraphs()
    parser.feed(markup)
    parser.close()
    for tag in dict.fromkeys(parser.refused):
        report.error(pointer, "html_tag", tag=tag[:20])
    return tuple(line for raw in parser.lines if (line := " ".join(raw.split())))


def _build_html(element: Element, report: Report) -> Behaviour:
    text = element.text("html")
    paragraphs = {
        locale: _paragraphs(element.at("html"), report, markup)
        for locale, markup in (text.texts if text else {}).items()
    }
    return Behaviour(Control("html", paragraphs=paragraphs or None), None, decode_nothing, display_plain)


def _build_expression(_element: Element, _report: Report) -> Behaviour:
    return Behaviour(Control("expression"), None, decode_nothing, display_plain)


def _build_image(element: Element, report: Report) -> Behaviour:
    link, title = element.get("imageLink", str, ""), element.text("title")
    if "imageLink" in element.properties and not _is_image(link):
        report.error(element.at("imageLink"), "image_link_invalid", limit=IMAGE_LIMIT)
    if title is None or not all(text.strip() for text in title.texts.values()):
        report.error(element.pointer, "image_title_missing")
    return Behaviour(Control("image", attributes={"src": link}), None, decode_nothing, display_plain)


def _is_image(link: str) -> bool:
    kind, _, encoded = link.partition(",")
    if kind not in _BEGINNINGS or len(link) > IMAGE_LIMIT:
        return False
    try:
        content = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return False
    offset, beginning = _BEGINNINGS[kind]
    return content.startswith(beginning, offset)


HTML = QuestionType("html", (Property("html", "text", required=True),), _build_html)
EXPRESSION = QuestionType(
    "expression", (Property("expression", "expression", required=True),), _build_expression
)
IMAGE = QuestionType(
    "image", (Property("imageLink", "string", required=True, longest=IMAGE_LIMIT),), _build_image
)
