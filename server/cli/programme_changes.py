"""What a new version of a programme changes, in sentences and as JSON with the same sentences."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from server import catalogue, wire
from server.scoring.programmes.definition import Programme, Text
from server.scoring.programmes.differences import Change, Owner
from server.scoring.programmes.register import READINGS

_LONG = 80
_LISTED = {"zh": "、", "en": ", "}


@dataclass(frozen=True, slots=True)
class Teller:
    """Says changes from one programme to another in a language."""

    locale: str
    old: Programme
    new: Programme

    def lines(self, change: Change) -> Iterator[str]:
        """The change in one sentence, then what depends on it."""
        yield self._sentence(change)
        titles = {name: each.title for name, each in {**self.old.measures, **self.new.measures}.items()}
        rules = {rule.name: rule.title for rule in (*self.old.rules, *self.new.rules)}
        if change.measures:
            yield "  " + self._text("measures", names=self._names(change.measures, titles))
        if change.rules:
            yield "  " + self._text("rules", names=self._names(change.rules, rules))

    def as_json(self, change: Change) -> dict[str, Any]:
        """As `--format json` writes it."""
        values = {"before": change.before, "after": change.after, "value": change.value}
        return {
            "code": change.code,
            "what": change.owner.what,
            "name": change.owner.name,
            "pointer": change.pointer,
            "place": [list(step) for step in change.place],
            **{name: value for name, value in values.items() if value is not None},
            "measures": list(change.measures),
            "rules": list(change.rules),
            "sentence": self._sentence(change),
        }

    def _sentence(self, change: Change) -> str:
        before, after, value = change.before, change.after, change.value
        clause = ""
        if change.code == "source_changed":
            before, after = self._title(before or ""), self._title(after or "")
        if change.code == "reading_changed":
            value = change.place[-1][1]
            reading = READINGS[value]
            titles = {option.value: option.title[self.locale] for option in reading.options}
            before, after = (titles.get(each or "", each) for each in (before, after))
            clause = reading.text[self.locale]
        params = {"before": _short(before), "after": _short(after), "value": _short(value)}
        owner, place = self._owner(change.owner), self._place(change.place)
        return self._text(change.code, owner=owner, place=place, clause=clause, **params)

    def _owner(self, owner: Owner) -> str:
        what = self._text(f"what_{owner.what}")
        if not owner.name:
            return what
        title = _said(owner.title, self.locale)
        return self._text("owner", what=what, title=title or owner.name, name=owner.name)

    def _place(self, place: Iterable[tuple[str, str]]) -> str:
        steps = (
            self._text("place", title=self._title(key), entry=entry) if entry else self._title(key)
            for key, entry in place
        )
        return " › ".join(steps)

    def _title(self, key: str) -> str:
        texts = catalogue.texts(self.locale, "schema")
        return texts.get(key) or texts.get(key.rpartition(".")[2], key)

    def _names(self, names: Iterable[str], titles: dict[str, Text]) -> str:
        return _LISTED[self.locale].join(_said(titles.get(name, {}), self.locale) or name for name in names)

    def _text(self, key: str, **params: object) -> str:
        return catalogue.text(f"tools.change_{key}", self.locale, **params)


def _said(text: Text, locale: str) -> str:
    return text.get(locale) or text.get("default", "")


def _short(value: str | None) -> str:
    return catalogue.NOTHING if value is None else wire.shortened(value, _LONG)
