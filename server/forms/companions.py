"""Questions that a definition does not write out: evidence for a verdict, and the text beside "other"."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Literal, cast

from server.forms.elements import Element
from server.forms.expressions.operations import text_of
from server.forms.form import Companion, Evidence, Question, Role
from server.forms.localised import Template
from server.forms.problems import Report
from server.forms.properties import Property, Scalar, read_properties, table
from server.forms.types.behaviour import Behaviour, Control, decode_single, display_plain
from server.forms.types.files import photo_behaviour
from server.forms.types.texts import text_check

NOTE_LIMIT = 2_000
SUFFIXES: Mapping[Role, str] = {
    "note": "-note",
    "photo": "-photo",
    "nophoto": "-nophoto",
    "fixed": "-fixed",
    "comment": "-Comment",
}
PHOTOS = ("photo", "fixed")
EVIDENCE_PROPERTIES = table(
    Property("photo", "word", allowed=("always", "onFail")),
    Property("note", "word", allowed=("onFail",)),
    Property("fixed", "word", allowed=("onFail",)),
    Property("minLength", "whole", least=1, most=NOTE_LIMIT),
    Property("failOn", "list"),
)


def companion_name(name: str, role: Role) -> str:
    """The answer's name: `X-note`, `X-photo`, `X-nophoto`, `X-fixed`, `X-Comment`."""
    return name + SUFFIXES[role]


def companion_roles(element: Element) -> tuple[Role, ...]:
    """The companions an element asks for."""
    roles: list[Role] = ["comment"] if element.get("showOtherItem", bool, default=False) else []
    evidence = element.properties.get("evidence")
    if isinstance(evidence, dict):
        roles += ["note"] if "note" in evidence else []
        roles += ["photo", "nophoto"] if "photo" in evidence else []
        roles += ["fixed"] if "fixed" in evidence else []
    return tuple(roles)


def read_evidence(report: Report, element: Element, answers: Mapping[str, Scalar]) -> Evidence | None:
    """The `evidence` of an element. `answers` are its possible answers by their text."""
    raw = element.properties.get("evidence")
    if not isinstance(raw, dict):
        return None
    values = read_properties(report, element.at("evidence"), raw, EVIDENCE_PROPERTIES)
    scoring = element.properties.get("scoring")
    rules = scoring if isinstance(scoring, dict) else {}
    named = values.get("failOn")
    failing = _failing(named, rules, answers)
    _refuse_strangers(report, element, named, answers)
    if not failing and not named and "onFail" in values.values():
        report.error(element.at("evidence"), "evidence_fail_unknown")
    na = answers.get(str(rules.get("naValue", "")))
    return Evidence(
        element.name,
        cast("Literal['always', 'onFail', '']", values.get("photo", "")),
        "note" in values,
        cast("int", values.get("minLength", 1)),
        frozenset(failing),
        frozenset(() if na is None else (na,)),
        "fixed" in values,
    )


def _failing(fail_on: object, scoring: Mapping[str, object], answers: Mapping[str, Scalar]) -> list[Scalar]:
    """The answers that fail: those named, else those that earn less than the best one."""
    if isinstance(fail_on, list):
        return [answers[text] for value in fail_on if (text := text_of(value)) in answers]
    awards = scoring.get("awards")
    if not isinstance(awards, dict):
        return []
    earned = {str(value): points for value, raw in awards.items() if (points := _points(raw)) is not None}
    best = max(earned.values(), default=Decimal(0))
    na = str(scoring.get("naValue", ""))
    return [
        answers[value]
        for value, points in earned.items()
        if points < best and value in answers and value != na
    ]


def _refuse_strangers(report: Report, element: Element, named: object, answers: Mapping[str, Scalar]) -> None:
    """A slip in `failOn` would leave a failure without its photo, and nobody would notice."""
    for index, value in enumerate(named if isinstance(named, list) else []):
        text = text_of(value)
        if text not in answers:
            near = report.suggest(text, answers)
            report.error(
                f"{element.at('evidence')}/failOn/{index}",
                "evidence_answer_unknown",
                value=text[:64],
                suggestion=near,
            )


def _points(raw: object) -> Decimal | None:
    try:
        points = Decimal(str(raw))
    except InvalidOperation:
        return None
    return points if points.is_finite() else None


def _text_behaviour() -> Behaviour:
    control = Control("comment", attributes={"maxlength": str(NOTE_LIMIT)})
    return Behaviour(control, text_check(NOTE_LIMIT, lines=True), decode_single, display_plain)


def _only(parent: Question, role: Role) -> frozenset[Scalar]:
    """What has not failed cannot be put right."""
    return parent.evidence.failing if role == "fixed" and parent.evidence else frozenset()


def companions_of(parent: Question, roles: tuple[Role, ...]) -> tuple[Question, ...]:
    """The companion questions; they are seen and kept under their parent's conditions."""
    return tuple(
        replace(
            parent,
            name=companion_name(parent.name, role),
            type="file" if role in PHOTOS else "comment",
            title=Template({"default": ("",)}),
            description=None,
            behaviour=photo_behaviour() if role in PHOTOS else _text_behaviour(),
            conditions=(),
            choice_conditions=(),
            required=False,
            required_if=None,
            validators=(),
            evidence=None,
            companion=Companion(parent.name, role, _only(parent, role)),
            scoring=None,
        )
        for role in roles
    )
