"""The order in which a person meets questions and choices, where the form leaves it to chance.

Everything is sorted by a number that belongs to a seed and a name, so the seed is the record of the order.
"""

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from server.forms.form import Page, Panel, Question
from server.forms.properties import Choice

Item = Question | Panel


@dataclass(frozen=True, slots=True)
class Lottery:
    """Draws a number for each name. Without a seed everything keeps the form's order."""

    seed: str

    def shuffled_blocks(self, blocks: list[tuple[Item, ...]], salt: str) -> list[tuple[Item, ...]]:
        """The blocks by the numbers of their first names."""
        return sorted(blocks, key=lambda block: self._number(f"{salt}/{_first_name(block)}"))

    def choices(self, choices: Sequence[Choice], name: str) -> list[Choice]:
        """The choices of a question by their numbers."""
        return sorted(choices, key=lambda choice: self._number(f"{name}={choice.value}"))

    def _number(self, name: str) -> bytes:
        return hmac.digest(self.seed.encode(), name.encode(), hashlib.sha256)


def arranged(page: Page, lottery: Lottery) -> Iterator[Item]:
    """The page's panels and questions; a panel's questions stay behind it."""
    yield from _arranged(page.items, page.name, lottery, shuffle=page.shuffled)


def _arranged(items: tuple[Item, ...], salt: str, lottery: Lottery, *, shuffle: bool) -> Iterator[Item]:
    blocks = list(_blocks(items))
    for block in lottery.shuffled_blocks(blocks, salt) if shuffle and lottery.seed else blocks:
        head, *inner = block
        yield head
        if isinstance(head, Panel):
            yield from _arranged(tuple(inner), f"{salt}/{head.pointer}", lottery, shuffle=head.shuffled)


def _blocks(items: tuple[Item, ...]) -> Iterator[tuple[Item, ...]]:
    """Each question alone, each panel with all that stands in it."""
    position = 0
    while position < len(items):
        head = items[position]
        end = position + 1
        if isinstance(head, Panel):
            while end < len(items) and _is_inside(items[end], head):
                end += 1
        yield items[position:end]
        position = end


def _is_inside(item: Item, panel: Panel) -> bool:
    return item.depth > panel.depth if isinstance(item, Panel) else item.name in panel.questions


def _first_name(block: tuple[Item, ...]) -> str:
    head = block[0]
    return head.pointer if isinstance(head, Panel) else head.name


def arranged_choices(
    choices: tuple[Choice, ...], order: str, name: str, lottery: Lottery, locale: str
) -> Sequence[Choice]:
    """The choices of a question; "none of these" and "other" stay at the end."""
    if order not in ("asc", "desc", "random") or (order == "random" and not lottery.seed):
        return choices
    own = [choice for choice in choices if not choice.special]
    last = [choice for choice in choices if choice.special]
    if order == "random":
        return [*lottery.choices(own, name), *last]
    by_label = sorted(own, key=lambda choice: choice.label(locale).lower(), reverse=order == "desc")
    return [*by_label, *last]
