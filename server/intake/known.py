"""What a form knows of the unit before the start: the `variables` its definition may declare."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement

from server.db import AnyRow
from server.models.organisation import Unit

# What a query must select for `of_unit`. A firm's subject need not be a unit.
COLUMNS: tuple[ColumnElement[Any], ...] = (
    Unit.name.label("unit_name"),
    Unit.name_en.label("unit_name_en"),
    Unit.code.label("unit_code"),
    Unit.level.label("unit_level"),
    Unit.attributes.label("unit_attributes"),
)
_LONGEST = 200


def of_unit(row: AnyRow, name: str | None = None) -> dict[str, Any]:
    """`unit`, `unit_en`, `unit_code`, `unit_level`, and each plain attribute of the unit as `unit_<its key>`.

    Args:
        row: with `COLUMNS`.
        name: of the subject, where it is no unit.
    """
    known = name or row.unit_name
    attributes: Mapping[str, Any] = row.unit_attributes or {}
    return {
        **{f"unit_{key}": value for key, value in attributes.items() if _is_plain(value)},
        "unit": known,
        "unit_en": row.unit_name_en or known,
        "unit_code": row.unit_code,
        "unit_level": row.unit_level,
    }


def _is_plain(value: object) -> bool:
    """An expression can read texts, numbers, yes and no; a long text belongs into no invitation."""
    return isinstance(value, bool | int | float) or (isinstance(value, str) and len(value) <= _LONGEST)
