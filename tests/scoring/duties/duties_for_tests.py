"""Duties of a small programme, compiled."""

from typing import Any

from server.scoring.duties.slots import Agenda, Settings
from server.scoring.programmes.compiling import compile_programme
from server.scoring.programmes.definition import Duty, Programme

# Labour Day of 2026 with its make-up Saturday.
CALENDAR = {
    "holidays": ["2026-05-01", "2026-05-04", "2026-05-05"],
    "workdays": ["2026-05-09"],
}


def programme(duty: dict[str, Any], **changes: Any) -> Programme:
    return compile_programme(
        {
            "title": "台账",
            "parameters": [
                {"name": "patrols", "type": "whole", "default": "2"},
                {"name": "unset", "type": "whole"},
            ],
            "subjects": [
                {"name": "area"},
                {"name": "hall", "parent": "area"},
                {"name": "clerk", "parent": "hall"},
            ],
            "calendar": CALENDAR,
            "instruments": [{"name": "check", "kind": "self_check", "form": "shop-self-check", "version": 1}],
            "duties": [{"name": "it", "of": "hall", "every": "day", **duty}],
            **changes,
        }
    )


def compiled(
    duty: dict[str, Any], settings: dict[str, Any] | None = None, **changes: Any
) -> tuple[Duty, Agenda]:
    made = programme(duty, **changes)
    return made.duties["it"], Agenda(made.calendar, Settings.of(made, settings))
