"""The nearest known name for a misspelt one, and what other form languages call the same thing."""

import difflib
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

_LONGEST = 64
# What people write, without _ and -, in lower case -> the properties it may mean, the likeliest first.
_ELSEWHERE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "answers": ("choices",),
        "caption": ("title", "text"),
        "children": ("elements", "templateElements"),
        "condition": ("visibleIf", "expression"),
        "constraint": ("validators",),
        "constraints": ("validators",),
        "default": ("defaultValue",),
        "elements": ("templateElements",),
        "errormessage": ("text", "requiredErrorText"),
        "fields": ("elements", "templateElements", "items"),
        "formula": ("expression",),
        "help": ("description",),
        "helptext": ("description",),
        "hint": ("description", "placeholder"),
        "id": ("name", "value"),
        "key": ("name", "value"),
        "label": ("title", "text"),
        "language": ("locale",),
        "mandatory": ("isRequired",),
        "max": ("maxValue", "rateMax"),
        "message": ("text", "requiredErrorText"),
        "min": ("minValue", "rateMin"),
        "multiple": ("allowMultiple",),
        "options": ("choices",),
        "pattern": ("regex",),
        "questions": ("templateElements",),
        "relevant": ("visibleIf",),
        "required": ("isRequired",),
        "sections": ("pages",),
        "showif": ("visibleIf",),
        "subtitle": ("description",),
        "validation": ("validators",),
        "validator": ("validators",),
        "when": ("visibleIf", "expression"),
    }
)


def meant(name: str, known: Collection[str]) -> str:
    """The known property that people elsewhere call `name` (`required`, `label`, `visible_if`), or ""."""
    plain = name.lower().replace("_", "").replace("-", "")
    spelling = {other.lower(): other for other in known}
    if plain in spelling:
        return spelling[plain]
    return next((other for other in _ELSEWHERE.get(plain, ()) if other in known), "")


def nearest(word: str, options: Iterable[str]) -> str:
    """The most similar option without regard to case, or "". Very long words are not worth the search."""
    if len(word) > _LONGEST:
        return ""
    spelling = {option.lower(): option for option in options}
    near = difflib.get_close_matches(word.lower(), spelling, n=1, cutoff=0.6)
    return spelling[near[0]] if near else ""
