"""Compiles rules: what follows from the numbers, in money and in deeds."""

from server.scoring.arithmetic import Formula
from server.scoring.programmes.definition import Action, Decided, Rule, Shortfall, Within
from server.scoring.programmes.draft import Draft, Reader, check_bounds, check_period, text_of
from server.scoring.programmes.shapes import Part

_OWN_ROWS = {"finding": ("finding",), "visit": ("score",)}
_PERSON = "person"
_AMOUNTS = ("amount", "shortfall", "decided")


def compile_rule(draft: Draft, part: Part) -> Rule | None:
    """One rule; None when it cannot be read. Problems go to the draft."""
    kind, per = part.text("for"), part.text("per")
    draft.known("unknown_kind", kind, part.at("for"), draft.kinds)
    reader = Reader(kind, per, _OWN_ROWS.get(per, ()))
    when, exempt, amount = (draft.formula(part, name, reader) for name in ("when", "exempt", "amount"))
    shortfall = _shortfall(draft, part.part("shortfall"), reader)
    decided = _decided(draft, part.part("decided"), reader)
    _check_consequence(draft, part)
    check_bounds(draft, part)
    check_period(draft, part)
    _check_payee(draft, part, part, "payee")
    actions = tuple(_action(draft, each, reader) for each in part.parts("actions"))
    formulas = (when, exempt, amount, *_formulas_of(shortfall, decided), *(each.due for each in actions))
    applied = {"A3", "A6", "A29", *(["A10"] if shortfall.once else [])} if shortfall else set()
    return Rule(
        name=part.text("name"),
        title=text_of(part, "title"),
        clause=part.text("clause"),
        kind=kind,
        per=per,
        when=when,
        exempt=exempt,
        direction=part.text("direction"),
        amount=amount,
        shortfall=shortfall,
        decided=decided,
        unit=part.text("unit", "yuan"),
        places=part.whole("places", 2),
        floor=part.number("floor"),
        cap=part.number("cap"),
        payee=part.text("payee", "subject"),
        actions=actions,
        reads=draft.measures_in(*formulas),
        readings=draft.readings_in(*formulas) | applied,
    )


def _check_consequence(draft: Draft, part: Part) -> None:
    written = [name for name in _AMOUNTS if part.has(name)]
    if len(written) > 1:
        draft.findings.add(part.pointer, "programme_two_of", options=", ".join(written))
    if written and not part.has("direction"):
        draft.findings.add(part.pointer, "programme_missing_property", property="direction")
    if not written and not part.parts("actions"):
        draft.findings.add(part.pointer, "rule_without_consequence")


def _check_payee(draft: Draft, rule: Part, part: Part, name: str) -> None:
    """A finding names a person; a month does not."""
    if part.text(name) == _PERSON and _PERSON not in draft.kinds and rule.text("per") != "finding":
        draft.findings.add(part.at(name), "payee_without_finding")


def _shortfall(draft: Draft, part: Part | None, reader: Reader) -> Shortfall | None:
    if part is None:
        return None
    target, score, per_point, double, both = (
        draft.formula(part, name, reader) for name in ("target", "score", "perPoint", "double", "both")
    )
    base = draft.compiled(part.text("base", "0"), part.at("base"), reader)
    if target is None or score is None or per_point is None or base is None:
        return None
    return Shortfall(target, score, base, per_point, double, both, part.text("once"))


def _decided(draft: Draft, part: Part | None, reader: Reader) -> Decided | None:
    if part is None:
        return None
    lowest, highest = (draft.formula(part, name, reader) for name in ("from", "to"))
    return None if lowest is None or highest is None else Decided(lowest, highest)


def _formulas_of(shortfall: Shortfall | None, decided: Decided | None) -> tuple[Formula | None, ...]:
    found: list[Formula | None] = []
    if shortfall:
        found += [shortfall.target, shortfall.score, shortfall.base, shortfall.per_point]
        found += [shortfall.double, shortfall.both]
    if decided:
        found += [decided.lowest, decided.highest]
    return tuple(found)


def _action(draft: Draft, part: Part, reader: Reader) -> Action:
    title, note = text_of(part, "title"), text_of(part, "note")
    due = draft.formula(part, "due", reader)
    within = part.part("within")
    span = None
    if within is not None:
        names = ("months", "days", "workingDays")
        if part.has("due"):
            draft.findings.add(part.pointer, "programme_two_of", options="within, due")
        span = Within(*(draft.formula(within, name, reader) for name in names))
    to, from_event = part.text("to", "subject"), part.text("from") == "event"
    return Action(part.text("do"), title, to, span, from_event, due, note)
