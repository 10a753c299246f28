"""Facts from JSON: every problem at once, with its pointer, and nothing half read."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from server import wire
from server.scoring.arithmetic import Value, exact_value
from server.scoring.exact import ONE, ZERO, answered_number
from server.scoring.problems import Problem
from server.scoring.programmes.definition import Programme
from server.scoring.programmes.settings import misfit, policy_misfit, setting_of
from server.scoring.programmes.shapes import Part, read
from server.scoring.reading import Findings, suggestion
from server.scoring.settling.fact_shapes import FACTS, LISTS
from server.scoring.settling.facts import (
    Adjustment,
    Decision,
    Delivery,
    Duty,
    Facts,
    Fields,
    Finding,
    Past,
    Score,
    Subject,
)
from server.scoring.settling.imported import Imports
from server.scoring.settling.lost_lines import bonus_of, lines_of, published_of, raw_of, sections_of

HUNDRED = Fraction(100)


class FactsInvalid(ValueError):
    """Facts that cannot be settled; carries every problem found."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        """Keep the problems in the order of the facts."""
        super().__init__(", ".join(f"{problem.pointer}: {problem.code}" for problem in problems))
        self.problems = problems


@dataclass
class _Reading:
    programme: Programme
    findings: Findings
    as_of: date
    subjects: dict[str, Subject] = field(default_factory=dict)
    ids: set[tuple[str, str]] = field(default_factory=set)

    def subject(self, part: Part) -> bool:
        """Whether the subject of a fact is listed; reported when not."""
        name = part.text("subject")
        if name and name not in self.subjects:
            hint = suggestion(name, tuple(self.subjects)) if len(self.subjects) < 500 else ""
            self.findings.add(part.at("subject"), "unlisted_subject", "error", name=name, suggestion=hint)
        return name in self.subjects

    def fresh(self, part: Part, what: str) -> None:
        """Report an id that stands twice: counting it twice would move money."""
        key = (what, part.text("id"))
        if key in self.ids:
            self.findings.add(part.at("id"), "fact_twice", id=key[1])
        self.ids.add(key)

    def day(self, part: Part) -> date | None:
        """The date of a fact, None when it lies after the day of settlement."""
        text = part.text("date")
        if not text:
            return None
        day = date.fromisoformat(text)
        if day > self.as_of:
            self.findings.add(part.at("date"), "fact_after_as_of", date=text, as_of=self.as_of.isoformat())
        return day

    def known(self, part: Part, name: str, code: str, among: Mapping[str, object] | frozenset[str]) -> None:
        """Report by its code a name that the programme does not have."""
        value = part.text(name)
        if value and value not in among:
            hint = suggestion(value, tuple(among))
            self.findings.add(part.at(name), code, "error", name=value, suggestion=hint)


def read_facts(programme: Programme, data: object) -> Facts:
    """The facts of a settlement.

    Raises:
        FactsInvalid: with every problem.
    """
    findings = Findings()
    whole = read(FACTS, data, "", findings)
    if not whole.has("asOf"):
        raise FactsInvalid(tuple(findings.problems))
    reading = _Reading(programme, findings, date.fromisoformat(whole.text("asOf")))
    parts = {name: tuple(_parts(whole, name, findings)) for name in LISTS}
    for part in parts["subjects"]:
        _subject(reading, part)
    _check_parents(reading, parts["subjects"])
    year = _year(reading, whole)
    facts = Facts(
        as_of=reading.as_of,
        year=year,
        parameters=_parameters(reading, whole),
        policies=_policies(reading, whole),
        subjects=reading.subjects,
        wave_ends=_wave_ends(parts["waves"]),
        scores=tuple(_each(reading, parts["scores"], _score)),
        findings=tuple(_each(reading, parts["findings"], _finding)),
        indicators=_indicators(reading, parts["indicators"], year),
        duties=tuple(_each(reading, parts["duties"], _duty)),
        deliveries=tuple(_each(reading, parts["deliveries"], _delivery)),
        decisions=_decisions(reading, parts["decisions"]),
        adjustments=tuple(_each(reading, parts["adjustments"], _adjustment)),
        history=tuple(_each(reading, parts["history"], _past)),
        fingerprint=wire.fingerprint(data) if isinstance(data, dict) else "",
    )
    if findings.fatal:
        raise FactsInvalid(tuple(findings.problems))
    return facts


def _parts(whole: Part, name: str, findings: Findings) -> Iterator[Part]:
    items = whole.values.get(name, [])
    if not isinstance(items, list):
        findings.add(whole.at(name), "scoring_wrong_type", expected="list")
        return
    for index, item in enumerate(items):
        yield read(LISTS[name], item, f"/{name}/{index}", findings)


def _each(
    reading: _Reading, parts: tuple[Part, ...], one: Callable[[_Reading, Part], Any | None]
) -> Iterator[Any]:
    return (fact for part in parts if (fact := one(reading, part)) is not None)


def _subject(reading: _Reading, part: Part) -> None:
    reading.fresh(part, "subject")
    reading.known(part, "kind", "unknown_kind", reading.programme.kinds)
    reading.subjects[part.text("id")] = Subject(
        id=part.text("id"),
        kind=part.text("kind"),
        name=part.text("name") or part.text("id"),
        attributes=_fields(part, "attributes"),
        roles={role: str(person) for role, person in part.mapping("roles").items()},
        parent=part.text("parent"),
        starts=date.fromisoformat(part.text("from") or date.min.isoformat()),
        ends=date.fromisoformat(part.text("to") or date.max.isoformat()),
    )


def _check_parents(reading: _Reading, parts: tuple[Part, ...]) -> None:
    """A parent is listed and of a kind above: so there is no way round in a circle."""
    for part in parts:
        parent, kind = part.text("parent"), reading.programme.kinds.get(part.text("kind"))
        if not parent or kind is None:
            continue
        if parent not in reading.subjects:
            reading.findings.add(part.at("parent"), "unlisted_subject", "error", name=parent, suggestion="")
        elif reading.subjects[parent].kind not in kind.above:
            params = {"name": parent, "kind": reading.subjects[parent].kind, "below": kind.name}
            reading.findings.add(part.at("parent"), "parent_not_above", "error", **params)


def _year(reading: _Reading, whole: Part) -> int:
    text = whole.text("year")
    if text and not (text.isascii() and text.isdecimal() and len(text) == 4):
        reading.findings.add(whole.at("year"), "scoring_wrong_type", expected="year")
    elif text:
        return int(text)
    return reading.programme.calendar.year_of(reading.as_of)


def _parameters(reading: _Reading, whole: Part) -> Mapping[str, Value]:
    """The programme's parameters, the facts' own values first; all that are missing are named at once."""
    given = whole.mapping("parameters")
    known = reading.programme.parameters
    for name in given.keys() - known.keys():
        hint = suggestion(name, tuple(known))
        pointer = f"/parameters/{wire.pointer_part(name)}"
        reading.findings.add(pointer, "unknown_parameter", "error", name=name, suggestion=hint)
    values: dict[str, Value] = {}
    for name, parameter in known.items():
        raw = given.get(name, parameter.default)
        problem = ("parameter_missing", {"name": name}) if raw is None else misfit(parameter, raw)
        if problem:
            reading.findings.add(f"/parameters/{name}", problem[0], "error", **problem[1])
        else:
            values[name] = exact_value(setting_of(parameter, raw))
    return values


def _policies(reading: _Reading, whole: Part) -> Mapping[str, str]:
    chosen = dict(reading.programme.policies)
    for key, value in whole.mapping("policies").items():
        problem = policy_misfit(key, value)
        if problem:
            reading.findings.add(f"/policies/{wire.pointer_part(key)}", problem[0], "error", **problem[1])
        else:
            chosen[key] = str(value)
    return chosen


def _wave_ends(parts: tuple[Part, ...]) -> Mapping[str, date]:
    ends = ((part.text("name"), part.text("to")) for part in parts)
    return {name: date.fromisoformat(day) for name, day in ends if day}


def _fields(part: Part, name: str = "fields") -> Fields:
    return {key: exact_value(value) for key, value in part.mapping(name).items()}


def _figure(part: Part, name: str, default: Fraction | None = None) -> Fraction | None:
    """An exact number; text that is none is reported."""
    value = part.values.get(name)
    return default if value is None else answered_number(value) if not isinstance(value, Fraction) else value


def _score(reading: _Reading, part: Part) -> Score | None:
    reading.fresh(part, "score")
    reading.known(part, "instrument", "undeclared_instrument", reading.programme.instruments)
    day = reading.day(part)
    if not reading.subject(part) or day is None or part.text("state", "approved") != "approved":
        return None
    scale = _figure(part, "scale") or HUNDRED
    raw = raw_of(part, scale, reading.findings)
    earned, possible = _figure(part, "earned"), _figure(part, "possible")
    return Score(
        id=part.text("id"),
        instrument=part.text("instrument"),
        subject=part.text("subject"),
        wave=part.text("wave"),
        day=day,
        raw=raw,
        published=published_of(part, raw),
        earned=earned if earned is not None else raw or ZERO,
        possible=possible if possible is not None else scale,
        scale=scale,
        n=part.whole("n", 1),
        rater=part.text("rater"),
        lines=lines_of(part, scale / possible if possible else ONE, reading.findings),
        sections=sections_of(part),
        bonus=bonus_of(part),
        fields=_fields(part),
    )


def _finding(reading: _Reading, part: Part) -> Finding | None:
    reading.fresh(part, "finding")
    day = reading.day(part)
    if not reading.subject(part) or day is None or part.text("status") != "confirmed":
        return None
    return Finding(
        id=part.text("id"),
        subject=part.text("subject"),
        day=day,
        item=part.text("item"),
        code=part.text("code"),
        section=part.text("section"),
        points=_figure(part, "points"),
        source=part.text("source"),
        kind=part.text("kind"),
        person=part.text("person"),
        amount=_figure(part, "amount"),
        fields=_fields(part),
    )


def _indicators(
    reading: _Reading, parts: tuple[Part, ...], year: int
) -> Mapping[tuple[str, str, str], Value]:
    found: dict[tuple[str, str, str], Value] = {}
    imports = Imports(reading.programme, year, reading.findings)
    for part in parts:
        if reading.subject(part):
            imports.check(part, reading.subjects[part.text("subject")].kind)
        key = (part.text("name"), part.text("subject"), part.text("period"))
        if key in found:
            reading.findings.add(part.pointer, "fact_twice", id=" ".join(key))
        found[key] = exact_value(part.values.get("value"))
    return found


def _duty(reading: _Reading, part: Part) -> Duty | None:
    day = reading.day(part)
    if not reading.subject(part) or day is None:
        return None
    done = part.values.get("done") is True
    return Duty(part.text("duty"), part.text("subject"), day, done, part.text("person"), _fields(part))


def _delivery(reading: _Reading, part: Part) -> Delivery | None:
    dates = frozenset(rule.name for rule in reading.programme.calendar.dates)
    reading.known(part, "date", "unknown_date", dates)
    try:
        at = datetime.fromisoformat(part.text("at"))
    except ValueError:
        reading.findings.add(part.at("at"), "scoring_wrong_type", expected="date")
        return None
    if not reading.subject(part):
        return None
    # A deadline ends with the day of the place; without a zone it is the time of the place already.
    local = at.astimezone(reading.programme.zone) if at.tzinfo else at
    period = part.text("period")
    return Delivery(part.text("date"), part.text("subject"), period, local.replace(tzinfo=None))


def _decisions(reading: _Reading, parts: tuple[Part, ...]) -> Mapping[tuple[str, str, str], Decision]:
    rules = frozenset(rule.name for rule in reading.programme.rules)
    found = {}
    for part in parts:
        reading.known(part, "rule", "unknown_rule", rules)
        reading.subject(part)
        about = part.text("finding") or part.text("period")
        key = (part.text("rule"), part.text("subject"), about)
        if key in found:
            reading.findings.add(part.pointer, "fact_twice", id=" ".join(key))
        amount = _figure(part, "amount")
        if amount is None:
            reading.findings.add(part.at("amount"), "scoring_not_exact")
        else:
            found[key] = Decision(*key, amount, part.text("by"), part.text("reason"))
    return found


def _adjustment(reading: _Reading, part: Part) -> Adjustment | None:
    reading.known(part, "measure", "unknown_measure", reading.programme.measures)
    amount = _figure(part, "amount")
    if not reading.subject(part) or amount is None:
        return None
    measure, subject, period = (part.text(name) for name in ("measure", "subject", "period"))
    return Adjustment(measure, subject, period, amount, part.text("by"), part.text("reason"))


def _past(reading: _Reading, part: Part) -> Past | None:
    reading.known(part, "measure", "unknown_measure", reading.programme.measures)
    if not reading.subject(part):
        return None
    value = exact_value(part.values.get("value"))
    return Past(
        part.text("measure"), part.text("subject"), part.text("period"), value, part.text("grade") or None
    )
