"""Reads the `scoring` object of one question into line rules, one for each row of a matrix."""

from collections.abc import Callable
from fractions import Fraction

from server.scoring.awards import (
    Award,
    BestChoice,
    DeductedFrom,
    NumberDeducted,
    NumberItself,
    Rescaled,
    SumOfChoices,
    choice_key,
)
from server.scoring.definitions import CRITICAL_LEVELS, ItemDefinition, Label, LineRule
from server.scoring.exact import ONE, ZERO, answered_number
from server.scoring.form_level import FormLevel
from server.scoring.reading import Findings, ObjectReader, suggestion

PROPERTIES = (
    "section",
    "weight",
    "awards",
    "deductFrom",
    "scaleTo",
    "scaleFrom",
    "naValue",
    "bonus",
    "critical",
    "criticalOn",
    "rows",
    "key",
    "code",
    "kind",
    "listedAsHardware",
)


def read_item(item: ItemDefinition, form: FormLevel, findings: Findings) -> tuple[LineRule, ...]:
    """The line rules of a question; () when it cannot be scored, with the reasons in `findings`."""
    reader = ObjectReader(item.scoring, f"{item.pointer}/scoring", findings, PROPERTIES)
    build = _AWARDS.get(item.answer)
    if build is None:
        findings.add(reader.pointer, "item_not_scorable", item=item.name)
        return ()
    na_value = _na_value(reader, item)
    award = build(reader, item, form, na_value)
    weight = reader.number("weight", ONE, positive=True) or ONE
    critical, critical_on = _critical(reader, item, form)
    section = _section(reader, form)
    label = Label(
        code=reader.text("code"),
        kind=reader.text("kind"),
        key=reader.flag("key"),
        listed_as_hardware=reader.flag("listedAsHardware"),
    )
    row_weights = _row_weights(reader, item)
    if award is None:
        return ()
    return tuple(
        LineRule(
            question=item.name,
            row=row,
            section=section,
            weight=weight * row_weight,
            award=award,
            na_value=na_value,
            bonus=reader.flag("bonus"),
            critical=critical,
            critical_on=critical_on,
            label=label,
        )
        for row, row_weight in row_weights.items()
    )


def _section(reader: ObjectReader, form: FormLevel) -> str:
    name = reader.text("section")
    known = [section.name for section in form.sections]
    if name and name not in known:
        reader.report("section", "section_unknown", section=name, suggestion=suggestion(name, known))
    if not name and known and not reader.data.get("bonus"):
        reader.report("section", "section_missing")
    return name


def _na_value(reader: ObjectReader, item: ItemDefinition) -> str | None:
    if not reader.has("naValue"):
        return None
    value = choice_key(reader.data["naValue"])
    if value not in item.choices:
        reader.report(
            "naValue", "na_unknown_choice", choice=value, suggestion=suggestion(value, item.choices)
        )
    return value


def _critical(
    reader: ObjectReader, item: ItemDefinition, form: FormLevel
) -> tuple[str | None, frozenset[str]]:
    answers = frozenset(choice_key(value) for value in reader.objects("criticalOn"))
    for answer in sorted(answers.difference(item.choices)):
        hint = suggestion(answer, item.choices)
        reader.report("criticalOn", "critical_unknown_choice", choice=answer, suggestion=hint)
    if not reader.has("critical"):
        if answers:
            reader.report("criticalOn", "critical_without_level")
        return None, frozenset()
    level = reader.option("critical", CRITICAL_LEVELS, "item")
    if not answers:
        reader.report("critical", "critical_without_answers")
    if level == "section" and not form.sections:
        reader.report("critical", "critical_without_section")
    if level == "grade" and not form.bands:
        reader.report("critical", "critical_without_bands")
    return level, answers


def _row_weights(reader: ObjectReader, item: ItemDefinition) -> dict[str | None, Fraction]:
    weights = reader.numbers("rows")
    for row, weight in weights.items():
        if row not in item.rows:
            reader.report("rows", "row_unknown", row=row, suggestion=suggestion(row, item.rows))
        elif weight <= 0:
            reader.report("rows", "scoring_not_positive")
    if item.answer != "matrix":
        return {None: ONE}
    return {row: weights.get(row, ONE) for row in item.rows}


def _points(
    reader: ObjectReader, item: ItemDefinition, form: FormLevel, na: str | None
) -> dict[str, Fraction] | None:
    """The awards of choices, checked against the choices that exist."""
    written = reader.data.get("awards")
    if not isinstance(written, dict):
        reader.report(
            "awards", "awards_missing" if written is None else "awards_not_for_type", **_shown(written)
        )
        return None
    for choice in written:
        if choice not in item.choices:
            hint = suggestion(choice, item.choices)
            reader.report("awards", "award_unknown_choice", choice=choice, suggestion=hint)
    for choice in item.choices:
        if choice not in written and choice != na:
            reader.report("awards", "award_missing", choice=choice)
    if na in written:
        reader.report("awards", "award_for_na", choice=na or "")
    points = reader.numbers("awards")
    _check_signs(reader, form, points)
    return points


def _shown(written: object) -> dict[str, str]:
    return {} if written is None else {"awards": str(written)}


def _check_signs(reader: ObjectReader, form: FormLevel, points: dict[str, Fraction]) -> None:
    bonus = reader.data.get("bonus") is True
    if bonus and any(value < 0 for value in points.values()):
        reader.report("awards", "bonus_negative")
    if (form.method == "deduct" and not bonus) or reader.has("deductFrom"):
        for choice, value in points.items():
            if value > 0:
                reader.report("awards", "award_positive", choice=choice)


def _choice_award(
    reader: ObjectReader, item: ItemDefinition, form: FormLevel, na: str | None
) -> Award | None:
    points = _points(reader, item, form, na)
    return None if points is None else _marked(reader, form, BestChoice(points))


def _sum_award(reader: ObjectReader, item: ItemDefinition, form: FormLevel, na: str | None) -> Award | None:
    points = _points(reader, item, form, na)
    return None if points is None else _marked(reader, form, SumOfChoices(points))


def _marked(reader: ObjectReader, form: FormLevel, award: Award) -> Award | None:
    """The award, or the marks of the item that it takes from."""
    if not reader.has("deductFrom"):
        return award
    if form.method == "deduct" or reader.data.get("bonus") is True:
        reader.report("deductFrom", "deduct_from_twice")
    marks = reader.number("deductFrom", positive=True)
    return None if marks is None else DeductedFrom(marks, award)


def _number_award(
    reader: ObjectReader, item: ItemDefinition, form: FormLevel, na: str | None
) -> Award | None:
    if reader.has("scaleTo"):
        return _rescaled(reader, item, form)
    if reader.data.get("awards") != "value":
        return _choice_award(reader, item, form, na)
    if reader.has("deductFrom"):
        return _marked(reader, form, NumberDeducted())
    if form.method == "deduct" and reader.data.get("bonus") is not True:
        return NumberDeducted()
    maximum = answered_number(item.maximum)
    if maximum is None:
        reader.report("awards", "range_missing", item=item.name)
        return None
    return NumberItself(maximum)


def _rescaled(reader: ObjectReader, item: ItemDefinition, form: FormLevel) -> Award | None:
    if reader.has("awards") or reader.has("deductFrom"):
        reader.report("scaleTo", "awards_and_scale")
    if form.method == "deduct":
        reader.report("scaleTo", "awards_not_for_type", awards="scaleTo")
    scale = reader.number("scaleTo", positive=True)
    from_zero = reader.option("scaleFrom", ("minimum", "zero"), "minimum") == "zero"
    low, high = (ZERO if from_zero else answered_number(item.minimum)), answered_number(item.maximum)
    if low is None or high is None or low >= high:
        reader.report("scaleTo", "range_missing", item=item.name)
        return None
    return None if scale is None else Rescaled(low, high, scale)


_AwardBuilder = Callable[[ObjectReader, ItemDefinition, FormLevel, str | None], Award | None]
_AWARDS: dict[str, _AwardBuilder] = {
    "single": _choice_award,
    "matrix": _choice_award,
    "multiple": _sum_award,
    "number": _number_award,
}
