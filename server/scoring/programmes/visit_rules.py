"""Compiles what instruments say about their visits."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Final

from server.evidence.doubts import DOUBTS
from server.forms.suggestions import nearest
from server.scoring.exact import answered_number
from server.scoring.programmes.draft import Draft, text_of
from server.scoring.programmes.shapes import Part
from server.scoring.programmes.visiting import (
    DAYS,
    NARRATIVE,
    PASS,
    PASS_MODULE,
    PHOTO_SIDE,
    RADIUS,
    REVIEW,
    STAY,
    EvidenceRules,
    Fine,
    Pay,
    Quiz,
    Scenario,
    Visits,
)
from server.scoring.programmes.vocabulary import VISITED

SIDES: Final = (800, 3200)
MOST_WEIGHT: Final = 100
ZERO: Final = Fraction(0)


def compile_visits(draft: Draft, instruments: Iterable[Part]) -> Mapping[str, Visits]:
    """What is said about visits, by the name of their instrument. Problems go to the draft."""
    found = {}
    for instrument in instruments:
        part = instrument.part("visits")
        if part is not None:
            if instrument.text("kind") not in VISITED:
                draft.findings.add(instrument.at("visits"), "visits_of_visit", kind=instrument.text("kind"))
            found[instrument.text("name")] = _visits(draft, part)
    return found


def _visits(draft: Draft, part: Part) -> Visits:
    _check(draft, part)
    quiz, pay, fine, evidence = (part.part(name) for name in ("quiz", "pay", "fine", "evidence"))
    return Visits(
        overt=part.text("mode") == "overt",
        briefing=text_of(part, "briefing"),
        letter=text_of(part, "letter"),
        scenarios=tuple(
            Scenario(each.text("value"), text_of(each, "title"), text_of(each, "text"))
            for each in part.parts("scenarios")
        ),
        quiz=_quiz(quiz) if quiz else None,
        location=part.values.get("location") is True,
        photo_side=part.whole("photoSide", PHOTO_SIDE),
        evidence=_evidence(draft, evidence) if evidence else EvidenceRules(),
        pay=_pay(pay) if pay else None,
        fine=_fine(draft, fine) if fine else None,
        posts={each.text("name"): text_of(each, "title") for each in part.parts("posts")},
    )


def _check(draft: Draft, part: Part) -> None:
    seen: set[str] = set()
    for scenario in part.parts("scenarios"):
        value = scenario.text("value")
        if value in seen:
            draft.findings.add(scenario.at("value"), "visits_scenario_twice", value=value)
        seen.add(value)
    if part.has("photoSide") and not SIDES[0] <= part.whole("photoSide") <= SIDES[1]:
        draft.findings.add(part.at("photoSide"), "visits_photo_side", low=SIDES[0], high=SIDES[1])


def _quiz(part: Part) -> Quiz:
    return Quiz(
        part.text("form"),
        part.whole("version"),
        part.number("pass") or PASS,
        part.number("module") or PASS_MODULE,
    )


def _evidence(draft: Draft, part: Part) -> EvidenceRules:
    weights = {}
    for name, weight in part.mapping("weights").items():
        pointer = f"{part.at('weights')}/{name}"
        if name not in DOUBTS:
            draft.findings.add(pointer, "unknown_doubt", name=name, suggestion=nearest(name, tuple(DOUBTS)))
        elif (exact := answered_number(weight)) is None or not 0 <= exact <= MOST_WEIGHT:
            draft.findings.add(pointer, "visits_weight_bounds")
        else:
            weights[name] = exact
    return EvidenceRules(
        part.whole("radius", RADIUS),
        part.whole("stay", STAY),
        part.whole("narrative", NARRATIVE),
        part.whole("days", DAYS),
        part.whole("review", REVIEW),
        weights,
    )


def _pay(part: Part) -> Pay:
    return Pay(
        part.number("fee") or ZERO,
        part.number("attempt") or ZERO,
        part.number("expenses") or ZERO,
    )


def _fine(draft: Draft, part: Part) -> Fine:
    least, most = part.number("least") or ZERO, part.number("most") or ZERO
    if least > most:
        draft.findings.add(part.at("least"), "bounds_reversed", low=str(least), high=str(most))
    return Fine(least, most)
