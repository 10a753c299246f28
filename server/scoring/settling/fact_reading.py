"""Facts from JSON: every problem at once, with its pointer, and nothing half read."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from server import wire
from server.scoring.arithmetic import Value, exact_value
from server.scoring.problems import Problem
from server.scoring.programmes.definition import Programme
from server.scoring.programmes.settings import misfit, policy_misfit, setting_of
from server.scoring.programmes.shapes import Part, read
from server.scoring.reading import Findings, suggestion
from server.scoring.settling import fact_lists
from server.scoring.settling.fact_reader import FactReader, fields_of
from server.scoring.settling.fact_shapes import FACTS, LISTS
from server.scoring.settling.facts import Facts, Subject

_YEAR = re.compile(r"[0-9]{4}", re.ASCII)


class FactsInvalid(ValueError):
    """Facts that cannot be settled; carries every problem found."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        """Keep the problems in the order of the facts."""
        super().__init__(", ".join(f"{problem.pointer}: {problem.code}" for problem in problems))
        self.problems = problems


def read_facts(programme: Programme, data: object) -> Facts:
    """The facts of a settlement.

    Raises:
        FactsInvalid: with every problem.
    """
    findings = Findings()
    whole = read(FACTS, data, "", findings)
    if not whole.has("asOf"):
        raise FactsInvalid(tuple(findings.problems))
    reading = FactReader(programme, findings, date.fromisoformat(whole.text("asOf")))
    parts = {name: tuple(_parts(whole, name, findings)) for name in LISTS}
    for part in parts["subjects"]:
        _subject(reading, part)
    _check_parents(reading, parts["subjects"])
    year = reading.year = _year(reading, whole)
    facts = Facts(
        as_of=reading.as_of,
        year=year,
        parameters=_parameters(reading, whole),
        policies=_policies(reading, whole),
        subjects=reading.subjects,
        wave_ends=_wave_ends(parts["waves"]),
        scores=tuple(_each(reading, parts["scores"], fact_lists.read_score)),
        findings=tuple(_each(reading, parts["findings"], fact_lists.read_finding)),
        indicators=fact_lists.read_indicators(reading, parts["indicators"], year),
        duties=tuple(_each(reading, parts["duties"], fact_lists.read_duty)),
        deliveries=tuple(_each(reading, parts["deliveries"], fact_lists.read_delivery)),
        decisions=fact_lists.read_decisions(reading, parts["decisions"]),
        waivers=fact_lists.read_waivers(reading, parts["waivers"]),
        adjustments=tuple(_each(reading, parts["adjustments"], fact_lists.read_adjustment)),
        history=tuple(_each(reading, parts["history"], fact_lists.read_past)),
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
    reading: FactReader, parts: tuple[Part, ...], one: Callable[[FactReader, Part], Any | None]
) -> Iterator[Any]:
    return (fact for part in parts if (fact := one(reading, part)) is not None)


def _subject(reading: FactReader, part: Part) -> None:
    reading.fresh(part, "subject")
    reading.known(part, "kind", "unknown_kind", reading.programme.kinds)
    reading.subjects[part.text("id")] = Subject(
        id=part.text("id"),
        kind=part.text("kind"),
        name=part.text("name") or part.text("id"),
        attributes=fields_of(part, "attributes"),
        roles={role: str(person) for role, person in part.mapping("roles").items()},
        parent=part.text("parent"),
        starts=date.fromisoformat(part.text("from") or date.min.isoformat()),
        ends=date.fromisoformat(part.text("to") or date.max.isoformat()),
    )


def _check_parents(reading: FactReader, parts: tuple[Part, ...]) -> None:
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


def _year(reading: FactReader, whole: Part) -> int:
    text, calendar = whole.text("year"), reading.programme.calendar
    year = calendar.year_of(reading.as_of)
    if text:
        year = int(text) if _YEAR.fullmatch(text) else 0
    # The calendar ends with the year 9998; the last scheme year must end as well.
    if not calendar.periods("year", year):
        reading.findings.add(whole.at("year" if text else "asOf"), "scoring_wrong_type", expected="year")
    return year


def _parameters(reading: FactReader, whole: Part) -> Mapping[str, Value]:
    """The programme's parameters, the facts' own values first; all that are missing are named at once."""
    given = _object(reading, whole, "parameters")
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


def _policies(reading: FactReader, whole: Part) -> Mapping[str, str]:
    chosen = dict(reading.programme.policies)
    for key, value in _object(reading, whole, "policies").items():
        problem = policy_misfit(key, value)
        if problem:
            reading.findings.add(f"/policies/{wire.pointer_part(key)}", problem[0], "error", **problem[1])
        else:
            chosen[key] = str(value)
    return chosen


def _object(reading: FactReader, whole: Part, name: str) -> Mapping[str, object]:
    if whole.has(name) and not isinstance(whole.values[name], Mapping):
        reading.findings.add(whole.at(name), "scoring_wrong_type", expected="object")
    return whole.mapping(name)


def _wave_ends(parts: tuple[Part, ...]) -> Mapping[str, date]:
    ends = ((part.text("name"), part.text("to")) for part in parts)
    return {name: date.fromisoformat(day) for name, day in ends if day}
