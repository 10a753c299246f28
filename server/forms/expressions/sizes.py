"""How much a list may hold: lists of lists are bounded where they are made.

Without it `[{c1}, {c1}]` in a chain of calculated values doubles with every link, and a chain of 999 links
nests deeper than Python can follow.
"""

MAX_ITEMS = 1_000
# Answers nest four deep: panels, their questions, lists of choices or files.
MAX_NESTING = 8


def bounded(items: list[object]) -> list[object] | None:
    """The list, None where it holds more than `MAX_ITEMS` in all or nests deeper than `MAX_NESTING`."""
    left = MAX_ITEMS
    pending: list[tuple[list[object], int]] = [(items, 1)]
    while pending:
        inner, depth = pending.pop()
        left -= len(inner)
        if left < 0 or depth > MAX_NESTING:
            return None
        for item in inner:
            if isinstance(item, list):
                pending.append((item, depth + 1))
            elif isinstance(item, dict):
                pending.append((list(item.values()), depth + 1))
    return items
