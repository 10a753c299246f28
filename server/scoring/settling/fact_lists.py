"""One function for each list of facts: scores, findings, imported numbers, duties and what people decided."""

import re
from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction

from server.scoring.arithmetic import Value, exact_value
from server.scoring.exact import ONE, ZERO
from server.scoring.programmes.definition import Rule
from server.scoring.programmes.shapes import Part
from server.scoring.settling.fact_reader import FactReader, fields_of, figure
from server.scoring.settling.facts import Adjustment, Decision, Delivery, Duty, Finding, Past, Score, Waiver
from server.scoring.settling.imported import Imports
from server.scoring.settling.lost_lines import (
    bonus_of,
    critical_of,
    grade_of,
    lines_of,
    points_of,
    published_of,
    raw_of,
    scale_of,
    sections_of,
)

_MIDNIGHT = re.compile(r"[T ]24:00")
# What a rule for single events is about -> the list that has it.
_EVENTS = {"finding": "finding", "visit": "score"}


def read_score(reading: FactReader, part: Part) -> Score | None:
    """A submission, None unless it is approved."""
    reading.fresh(part, "score")
    reading.known(part, "instrument", "undeclared_instrument", reading.programme.instruments)
    day = reading.day(part)
    if not reading.subject(part) or day is None or part.text("state", "approved") != "approved":
        return None
    reading.not_negative(part, "scale", "possible")
    ways = [name for name in ("score", "earned", "sheet") if part.has(name)]
    if len(ways) > 1:
        reading.findings.add(part.pointer, "programme_two_of", options=", ".join(ways))
    scale, stated = scale_of(part)
    raw = raw_of(part, scale, reading.findings)
    earned, possible = points_of(part)
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
        states_scale=stated,
        n=part.whole("n", 1),
        rater=part.text("rater"),
        lines=lines_of(part, scale / possible if possible else ONE, reading.findings),
        sections=sections_of(part),
        grade=grade_of(part),
        critical=critical_of(part),
        bonus=bonus_of(part),
        fields=fields_of(part),
    )


def read_finding(reading: FactReader, part: Part) -> Finding | None:
    """A finding, None unless it is confirmed."""
    reading.fresh(part, "finding")
    day = reading.day(part)
    reading.not_negative(part, "points", "amount")
    if not reading.subject(part) or day is None or part.text("status") != "confirmed":
        return None
    if reading.sections:
        reading.known(part, "section", "unknown_section", reading.sections)
    return Finding(
        id=part.text("id"),
        subject=part.text("subject"),
        day=day,
        item=part.text("item"),
        code=part.text("code"),
        section=part.text("section"),
        points=figure(part, "points"),
        source=part.text("source"),
        kind=part.text("kind"),
        person=part.text("person"),
        amount=figure(part, "amount"),
        fields=fields_of(part),
    )


def read_indicators(
    reading: FactReader, parts: tuple[Part, ...], year: int
) -> Mapping[tuple[str, str, str], Value]:
    """Imported numbers by name, subject and period."""
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


def read_duty(reading: FactReader, part: Part) -> Duty | None:
    """Something due on a day."""
    day = reading.day(part)
    if not reading.subject(part) or day is None:
        return None
    done, person, fields = part.values.get("done") is True, part.text("person"), fields_of(part)
    duty, subject = part.text("duty"), part.text("subject")
    if reading.duties:
        reading.known(part, "duty", "unknown_duty", reading.duties)
    return Duty(duty, subject, day, done, person, fields)


def read_delivery(reading: FactReader, part: Part) -> Delivery | None:
    """Something handed in."""
    dates = frozenset(rule.name for rule in reading.programme.calendar.dates)
    reading.known(part, "date", "unknown_date", dates)
    try:
        # 24:00 is the last moment of a day (reading A33), which Python cannot read.
        at = datetime.fromisoformat(_MIDNIGHT.sub(r"T23:59", part.text("at")))
    except ValueError:
        reading.findings.add(part.at("at"), "scoring_wrong_type", expected="date")
        return None
    if not reading.subject(part):
        return None
    # A deadline ends with the day of the place; without a zone it is the time of the place already.
    local = (at.astimezone(reading.programme.zone) if at.tzinfo else at).replace(tzinfo=None)
    if local.date() > reading.as_of:
        params = {"date": local.date().isoformat(), "as_of": reading.as_of.isoformat()}
        reading.findings.add(part.at("at"), "fact_after_as_of", "error", **params)
    day, subject, period = (part.text(name) for name in ("date", "subject", "period"))
    reading.once(part, "delivery", day, subject, period, local.isoformat())
    return Delivery(day, subject, period, local)


def read_decisions(reading: FactReader, parts: tuple[Part, ...]) -> Mapping[tuple[str, str, str], Decision]:
    """What people decided, by rule, subject and what it is about."""
    rules = {rule.name: rule for rule in reading.programme.rules}
    found = {}
    for part in parts:
        reading.known(part, "rule", "unknown_rule", rules)
        reading.subject(part)
        if part.text("rule") in rules:
            _check_decided(reading, part, rules[part.text("rule")])
        about = part.text("finding") or part.text("period")
        key = (part.text("rule"), part.text("subject"), about)
        if key in found:
            reading.findings.add(part.pointer, "fact_twice", id=" ".join(key))
        amount = figure(part, "amount")
        if amount is None:
            reading.findings.add(part.at("amount"), "scoring_not_exact")
        else:
            found[key] = Decision(*key, amount, part.text("by"), part.text("reason"))
    return found


def _check_decided(reading: FactReader, part: Part, rule: Rule) -> None:
    """What a person decided must be about something that the rule is asked about, or it would be lost."""
    if rule.decided is None:
        reading.findings.add(part.at("rule"), "rule_not_decided", rule=rule.name)
    elif rule.per in _EVENTS:
        about = part.text("finding") or part.text("period")
        if (_EVENTS[rule.per], about) not in reading.ids:
            reading.findings.add(part.pointer, "unknown_event", "error", name=about, suggestion="")
    else:
        reading.period(part, rule.per)


def read_waivers(reading: FactReader, parts: tuple[Part, ...]) -> Mapping[str, Waiver]:
    """Lines that appeals took away, by id. One whose rule fires no more stays without effect."""
    found = {}
    for part in parts:
        line = part.text("line")
        if line in found:
            reading.findings.add(part.pointer, "fact_twice", id=line)
        found[line] = Waiver(line, part.text("by"), part.text("reason"))
    return found


def read_adjustment(reading: FactReader, part: Part) -> Adjustment | None:
    """A correction by hand."""
    reading.known(part, "measure", "unknown_measure", reading.programme.measures)
    amount = figure(part, "amount")
    if not reading.subject(part) or amount is None:
        return None
    measure, subject, period = (part.text(name) for name in ("measure", "subject", "period"))
    if measure in reading.programme.measures:
        reading.period(part, reading.programme.measures[measure].per)
    reading.once(part, "adjustment", measure, subject, period, str(amount), part.text("reason"))
    return Adjustment(measure, subject, period, amount, part.text("by"), part.text("reason"))


def read_past(reading: FactReader, part: Part) -> Past | None:
    """A number of an earlier period."""
    reading.known(part, "measure", "unknown_measure", reading.programme.measures)
    if not reading.subject(part):
        return None
    measure = reading.programme.measures.get(part.text("measure"))
    period = None if measure is None else reading.period(part, measure.per)
    if period is not None and period.ends >= reading.as_of:
        params = {"period": period.id, "as_of": reading.as_of.isoformat()}
        reading.findings.add(part.at("period"), "history_not_past", "error", **params)
    reading.once(part, "history", *(part.text(name) for name in ("measure", "subject", "period")))
    value = _exact(part.values.get("value"))
    measure_name, subject, period_id, source = (
        part.text(name) for name in ("measure", "subject", "period", "source")
    )
    return Past(measure_name, subject, period_id, value, part.text("grade") or None, source)


def _exact(raw: object) -> Value:
    """A settled number, which may be no decimal: results write two thirds as "2/3"."""
    return exact_value(Fraction(raw) if isinstance(raw, str) and _RATIO.fullmatch(raw) else raw)


_RATIO = re.compile(r"-?[0-9]{1,400}/[1-9][0-9]{0,400}")
