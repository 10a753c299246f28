"""Localisable strings, and titles with values piped into them.

A text is `"…"` or `{"default": "…", "en": "…", "zh-cn": "…"}`. Locales are compared in lower case; a reader
of zh-CN gets "zh-cn", else "zh", else another Chinese, else the default. Piped values are plain text: who
draws a page escapes it, as it must escape everything.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from server.forms.expressions import Names
from server.forms.expressions.paths import split_name
from server.forms.problems import Report

_LOCALE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")
_PIPE = re.compile(r"\{([^{}]*)\}")

Display = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class LocalText:
    """One text by locale, "default" among them unless the author left it out."""

    pointer: str
    texts: Mapping[str, str]

    def in_locale(self, locale: str) -> str:
        """The best text for a reader."""
        return self.texts[best_locale(self.texts, locale)]


def normal_locale(locale: str) -> str:
    """zh_CN and zh-CN are zh-cn."""
    return locale.replace("_", "-").lower()


def is_locale(locale: str) -> bool:
    """Whether a key of a localised text can name a language."""
    return locale == "default" or _LOCALE.fullmatch(normal_locale(locale)) is not None


def best_locale(texts: Mapping[str, object], locale: str) -> str:
    """The key of `texts` that serves a reader of `locale` best."""
    wanted = normal_locale(locale)
    language = wanted.partition("-")[0]
    if wanted in texts:
        return wanted
    if language in texts:
        return language
    related = next((key for key in texts if key.partition("-")[0] == language), None)
    return related or ("default" if "default" in texts else next(iter(texts)))


@dataclass(frozen=True, slots=True)
class Template:
    """A text with places for values: for each locale, text at even and names at odd positions."""

    parts: Mapping[str, tuple[str, ...]]

    def render(self, locale: str, display: Display) -> str:
        """The text with `display(name)` in its places."""
        pieces = self.pieces(locale)
        if len(pieces) == 1:
            return pieces[0]
        return "".join(display(piece) if index % 2 else piece for index, piece in enumerate(pieces))

    def pieces(self, locale: str) -> tuple[str, ...]:
        """Text at even and names at odd positions, for a page that fills them again as answers change."""
        return self.parts[best_locale(self.parts, locale)]


def compile_template(text: LocalText, names: Names, report: Report) -> Template:
    """Find the places and resolve their names; an unknown name is an error with the nearest one."""
    return Template({locale: _pieces(text, raw, names, report) for locale, raw in text.texts.items()})


def _pieces(text: LocalText, raw: str, names: Names, report: Report) -> tuple[str, ...]:
    pieces = _PIPE.split(raw)
    for index in range(1, len(pieces), 2):
        wrong = pieces[index].strip()
        name = _resolved(wrong, names)
        if not name:
            near = report.suggest(wrong, names)
            report.error(text.pointer, "text_unknown_name", name=wrong[:64], suggestion=near)
        pieces[index] = name
    return tuple(pieces)


def _resolved(wrong: str, names: Names) -> str:
    """The form's spelling, with the path behind the name (`{panel.who}`) as written; "" for no name."""
    split = split_name(wrong)
    name = names.resolve(split[0]) if split else None
    return "" if split is None or name is None else name + wrong[len(split[0]) :]
