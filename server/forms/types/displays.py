"""What nobody answers: `html`, a text between questions, and `expression`, a calculated value on show.

The markup of an `html` element is not passed on to pages: its text is, paragraph by paragraph. A tag beyond
simple text is an error, so that nothing an author wrote disappears without a word.
"""

from html.parser import HTMLParser

from server.forms.elements import Element
from server.forms.problems import Report
from server.forms.properties import Property
from server.forms.types.behaviour import Behaviour, Control, QuestionType, decode_nothing, display_plain

_BLOCKS = frozenset(("p", "br", "div", "ul", "ol", "li", "h1", "h2", "h3", "h4"))
_INLINE = frozenset(("b", "strong", "i", "em", "u", "span"))


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


def _paragraphs(element: Element, report: Report, markup: str) -> tuple[str, ...]:
    parser = _Paragraphs()
    parser.feed(markup)
    parser.close()
    for tag in dict.fromkeys(parser.refused):
        report.error(element.at("html"), "html_tag", tag=tag[:20])
    return tuple(line for raw in parser.lines if (line := " ".join(raw.split())))


def _build_html(element: Element, report: Report) -> Behaviour:
    text = element.text("html")
    paragraphs = {
        locale: _paragraphs(element, report, markup)
        for locale, markup in (text.texts if text else {}).items()
    }
    return Behaviour(Control("html", paragraphs=paragraphs or None), None, decode_nothing, display_plain)


def _build_expression(_element: Element, _report: Report) -> Behaviour:
    return Behaviour(Control("expression"), None, decode_nothing, display_plain)


HTML = QuestionType("html", (Property("html", "text", required=True),), _build_html)
EXPRESSION = QuestionType(
    "expression", (Property("expression", "expression", required=True),), _build_expression
)
