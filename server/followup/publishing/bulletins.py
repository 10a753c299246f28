"""What a bulletin (通报) of a version says beside its league table: who is called, what failed most."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, func, select

from server.db import AnyRow
from server.fieldwork.definitions.compiled import programme_of
from server.models.organisation import Subject, Unit
from server.models.settlements import Settlement
from server.scoring.programmes.definition import Text

# Items that a bulletin lists.
MOST: Final = 10
# What is done in front of everybody; orders and re-checks go to those they concern.
PUBLIC: Final = ("circulate", "commend", "notify", "suspend", "terminate", "not_renewed", "replace_by_tender")


@dataclass(frozen=True, slots=True)
class Called:
    """Those whom a rule calls by name for this round, such as the bottom three for the meeting.

    Attributes:
        names: of the subjects, by language, in the order of their codes.
    """

    rule: str
    title: Text
    act: str
    names: Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Failed:
    """An item and how many reports it failed in."""

    item: str
    code: str
    count: int


def called_by_name(connection: Connection, version: AnyRow, wave: AnyRow) -> Sequence[Called]:
    """By the settlement that was made with a version. Reads the whole: for whoever publishes the wave.

    Args:
        version: `settlement_id`, `snapshot`.
        wave: `programme_version_id`.
    """
    if version.settlement_id is None:
        return ()
    actions = connection.execute(
        select(Settlement.result["actions"]).where(Settlement.id == version.settlement_id)
    ).scalar_one()
    code = version.snapshot["wave"]["code"]
    wanted = [row for row in actions if row["period"] == code and row["do"] in PUBLIC]
    rules = {rule.name: rule for rule in programme_of(connection, wave.programme_version_id).rules}
    names = _names(connection, {row["subject"] for row in wanted})
    found: dict[tuple[str, str], list[str]] = {}
    for row in wanted:
        found.setdefault((row["rule"], row["do"]), []).append(row["subject"])
    return [
        Called(
            rule,
            rules[rule].title if rule in rules else {},
            act,
            [names.get(subject, {"zh": subject, "en": subject}) for subject in sorted(subjects)],
        )
        for (rule, act), subjects in found.items()
    ]


def failed_most(snapshot: Mapping[str, Any]) -> Sequence[Failed]:
    """The items with the most findings, each report once."""
    seen = {(row["report"], row["item"], row["code"]) for row in snapshot["findings"]}
    counts = Counter((item, code) for _, item, code in seen)
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return [Failed(item, code, count) for (item, code), count in ordered[:MOST]]


def _names(connection: Connection, codes: set[str]) -> Mapping[str, Mapping[str, str]]:
    rows = connection.execute(
        select(Subject.code, func.coalesce(Unit.name, Subject.name).label("name"), Unit.name_en)
        .join(Unit, Unit.id == Subject.unit_id, isouter=True)
        .where(Subject.code.in_(codes))
    )
    return {row.code: {"zh": row.name, "en": row.name_en or row.name} for row in rows}
