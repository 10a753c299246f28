"""The form of `chained` as somebody writes it by hand with marshmallow: fields, and conditions in Python."""

from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, pre_load, validate, validates_schema

from bench.chained import (
    AGAIN_REASONS,
    ASPECTS,
    CHANNELS,
    COMPLAINTS,
    ERRANDS,
    LEAST_DETAIL,
    LOW_ASPECTS,
    MOST_CHANNELS,
    PHONE,
    WAIT_REASONS,
)

Answers = dict[str, Any]
Condition = Callable[[Mapping[str, Any]], bool]


def _one_of(values: tuple[str, ...]) -> fields.String:
    return fields.String(validate=validate.OneOf(values))


def _some_of(values: tuple[str, ...], most: int | None = None) -> fields.List[str]:
    return fields.List(_one_of(values), validate=validate.Length(max=most or len(values)))


def _rated(most: int, *, least: int = 1) -> fields.Integer:
    return fields.Integer(strict=True, validate=validate.Range(min=least, max=most))


def _aspect_conditions(name: str) -> dict[str, Condition]:
    return {
        f"{name}_why": lambda said: said.get(name, 5) <= 2,
        f"{name}_detail": lambda said: "other" in said.get(f"{name}_why", ()),
    }


def _low(said: Mapping[str, Any]) -> int:
    return sum(said.get(name, 5) <= 2 for name in ASPECTS)


def _has_reason(said: Mapping[str, Any]) -> bool:
    return bool(said.get("recommend_why") or said.get("again_why"))


# In the order of the form: a question that is not asked has no answer for the conditions behind it.
_ASKED_WHEN: dict[str, Condition] = {
    "loan_amount": lambda said: said.get("errand") == "loan",
    "loan_explained": lambda said: said.get("errand") == "loan",
    "loan_wanted": lambda said: said.get("loan_explained", 5) <= 3 and said.get("loan_amount", 0) >= 100_000,
    "wait_reason": lambda said: said.get("waited", 0) > 10,
    "wait_note": lambda said: "other" in said.get("wait_reason", ()),
    "wait_call": lambda said: bool(said.get("wait_note")),
    "wait_phone": lambda said: said.get("wait_call") is True,
    **{question: holds for name in ASPECTS for question, holds in _aspect_conditions(name).items()},
    "recommend_why": lambda said: said.get("recommend", 10) <= 6 and _low(said) >= LOW_ASPECTS,
    "again_why": lambda said: said.get("again") is False,
    "email": _has_reason,
}
_OPTIONAL = frozenset(("loan_wanted", "recommend_why", "channels", "email"))


class Survey(Schema):
    """What is not asked is dropped before the fields look at it; what is required is asked for afterwards."""

    errand = _one_of(ERRANDS)
    loan_amount = fields.Integer(strict=True)
    loan_explained = _rated(5)
    loan_wanted = fields.String()
    waited = fields.Integer(strict=True)
    wait_reason = _some_of(WAIT_REASONS)
    wait_note = fields.String()
    wait_call = fields.Boolean()
    wait_phone = fields.String(validate=validate.Regexp(PHONE))
    hall = _rated(5)
    hall_why = _some_of(COMPLAINTS)
    hall_detail = fields.String(validate=validate.Length(min=LEAST_DETAIL))
    staff = _rated(5)
    staff_why = _some_of(COMPLAINTS)
    staff_detail = fields.String(validate=validate.Length(min=LEAST_DETAIL))
    speed = _rated(5)
    speed_why = _some_of(COMPLAINTS)
    speed_detail = fields.String(validate=validate.Length(min=LEAST_DETAIL))
    machines = _rated(5)
    machines_why = _some_of(COMPLAINTS)
    machines_detail = fields.String(validate=validate.Length(min=LEAST_DETAIL))
    safety = _rated(5)
    safety_why = _some_of(COMPLAINTS)
    safety_detail = fields.String(validate=validate.Length(min=LEAST_DETAIL))
    recommend = _rated(10, least=0)
    recommend_why = fields.String()
    again = fields.Boolean()
    again_why = _one_of(AGAIN_REASONS)
    channels = _some_of(CHANNELS, MOST_CHANNELS)
    email = fields.Email()

    @pre_load
    def drop_unasked(self, data: Mapping[str, Any], **_: Any) -> Answers:
        said = dict(data)
        for name, holds in _ASKED_WHEN.items():
            if name in said and not holds(said):
                del said[name]
        return said

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def ask_for_missing(self, _data: Answers, original: Mapping[str, Any], **_: Any) -> None:
        missing = {name: ["Missing data."] for name in self.fields if self._lacks(name, original)}
        if missing:
            raise ValidationError(missing)

    def _lacks(self, name: str, said: Mapping[str, Any]) -> bool:
        if name in said or (name in _ASKED_WHEN and not _ASKED_WHEN[name](said)):
            return False
        return name not in _OPTIONAL or (name == "email" and "mail" in said.get("channels", ()))
