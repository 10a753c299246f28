"""Compiles duties: what somebody must do again and again, and how it is proved that it was done."""

from collections.abc import Iterable, Mapping

from server.forms.suggestions import nearest
from server.scoring.exact import exact_text, parse_exact
from server.scoring.programmes.definition import Duty, DutyField
from server.scoring.programmes.draft import SETTINGS, Draft, text_of
from server.scoring.programmes.shapes import Part

PERSON = "person"
EVENT = "event"
FORM = "form"
# What the ledger itself says of every duty, as `{duty.…}` reads it.
OWN_FIELDS = ("duty", "date", "done", "person", "period", "count", "times", "late", "signed", "about")
_COUNTED_DAYS = ("opens", "due", "grace", "times")
# A day has no days to count, and what happens when it happens has no days of its own.
_UNUSED: Mapping[str, tuple[str, ...]] = {
    "day": ("opens", "due"),
    EVENT: ("days", "opens", "times", "counted", "each", "from", "until", "delivers"),
}
_NEEDS = {"counted": "times", "instrument": "proof"}


def compile_duties(draft: Draft, parts: Iterable[Part]) -> Mapping[str, Duty]:
    """The duties by name. Problems go to the draft."""
    return {part.text("name"): _duty(draft, part) for part in parts}


def check_named(draft: Draft, measures: Iterable[Part], duties: Mapping[str, Duty]) -> None:
    """Where a programme says what its duties are, a measure of another one reads what nobody will ever do."""
    sources = (source for part in measures if (source := part.part("duties")) is not None)
    for source in sources if duties else ():
        for name in source.words("duty"):
            if name not in duties:
                params = {"name": name, "suggestion": nearest(name, duties)}
                draft.findings.add(source.at("duty"), "duty_undeclared", "warning", **params)


def _duty(draft: Draft, part: Part) -> Duty:
    _check_who(draft, part)
    _check_proof(draft, part)
    _check_days(draft, part)
    draft.known("unknown_date", part.text("delivers"), part.at("delivers"), draft.dates)
    opens, due, grace, times = (draft.formula(part, name, SETTINGS) for name in _COUNTED_DAYS)
    return Duty(
        name=part.text("name"),
        title=text_of(part, "title"),
        help=text_of(part, "help"),
        of=part.text("of"),
        by=part.text("by"),
        each=part.text("each"),
        every=part.text("every"),
        days=frozenset(part.words("days")),
        opens=opens,
        due=due,
        grace=grace,
        times=times,
        counted=part.values.get("counted") is True,
        starts=part.text("from"),
        ends=part.text("until"),
        proof=frozenset(part.words("proof")),
        instrument=part.text("instrument"),
        fields=tuple(map(_field, _fields(draft, part))),
        delivers=part.text("delivers"),
    )


def _check_who(draft: Draft, part: Part) -> None:
    """One for each person needs a role, one for each unit below needs a kind below."""
    kind, each = part.text("of"), part.text("each")
    draft.known("unknown_kind", kind, part.at("of"), draft.kinds)
    if each == PERSON and not part.has("by"):
        draft.findings.add(part.at("each"), "programme_property_without", property="each", needs="by")
    if each in ("", PERSON):
        return
    draft.known("unknown_kind", each, part.at("each"), draft.kinds)
    if each in draft.kinds and kind not in draft.kinds[each].above:
        draft.findings.add(part.at("each"), "duty_each_not_below", name=each, kind=kind)


def _check_proof(draft: Draft, part: Part) -> None:
    """A form that proves a duty is that of an instrument."""
    if part.has("instrument"):
        draft.instrument(part.text("instrument"), part.at("instrument"))
    if FORM in part.words("proof") and not part.has("instrument"):
        draft.findings.add(part.at("proof"), "programme_property_without", property=FORM, needs="instrument")
    for name, needs in _NEEDS.items():
        if part.has(name) and not part.has(needs):
            draft.findings.add(part.at(name), "programme_property_without", property=name, needs=needs)


def _check_days(draft: Draft, part: Part) -> None:
    every = part.text("every")
    for name in _UNUSED.get(every, ()):
        if part.has(name):
            draft.findings.add(part.at(name), "duty_property_unused", property=name, every=every)
    first, last = (parse_exact(part.text(name)) for name in ("opens", "due"))
    if first is not None and last is not None and first > last:
        params = {"low": exact_text(first), "high": exact_text(last)}
        draft.findings.add(part.at("opens"), "bounds_reversed", "error", **params)


def _fields(draft: Draft, part: Part) -> Iterable[Part]:
    taken = set(OWN_FIELDS)
    for each in part.parts("fields"):
        name = each.text("name")
        if name in taken:
            draft.findings.add(each.at("name"), "programme_name_taken", name=name)
        taken.add(name)
    return part.parts("fields")


def _field(part: Part) -> DutyField:
    return DutyField(
        name=part.text("name"),
        title=text_of(part, "title"),
        type=part.text("type"),
        unit=part.text("unit"),
        required=part.values.get("required") is True,
    )
