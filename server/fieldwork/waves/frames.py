"""The sampling frame of a wave: which customers could be asked, in which stratum, and who may not and why."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from sys import intern
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Connection, func, select

from server.fieldwork.contacts.eligibility import Asking, Judged, exclusions
from server.fieldwork.waves.choices import ATTRIBUTE, Sampling
from server.models.contacts import Contact
from server.models.organisation import Unit
from server.sampling.frame import FrameMember as Candidate

WHOLE = ""  # the one stratum of a draw that makes no difference between outlets
AT_ONCE = 5_000  # members: a quarter of a second
UNSAID = "—"  # contacts without the attribute that makes the strata

STRATUM_OF: Mapping[str, Callable[[Judged], str]] = {
    "unit": lambda each: each.unit_code,
    "parent": lambda each: each.parent_code or each.unit_code,
    "none": lambda _: WHOLE,
}


class Drawable(Asking, Protocol):
    """What of a wave decides its draw: a stored wave's row, or `Planned`."""

    @property
    def id(self) -> UUID: ...


@dataclass(frozen=True, slots=True)
class Planned:
    """A wave as it would be drawn with other choices."""

    id: UUID
    unit_path: str | None
    programme_version_id: UUID
    prn_key: bytes
    settings: Mapping[str, Any]


def is_large(connection: Connection, wave: Drawable) -> bool:
    """Whether drawing from the wave's frame takes longer than somebody should wait for a page."""
    members = (
        select(Contact.id)
        .join(Unit, Unit.id == Contact.unit_id)
        .where(Unit.path.startswith(wave.unit_path or "", autoescape=True))
        .limit(AT_ONCE + 1)
    )
    return (connection.scalar(select(func.count()).select_from(members.subquery())) or 0) > AT_ONCE


def _by_attribute(each: Judged) -> str:
    return each.attribute or UNSAID


def customer_frame(connection: Connection, wave: Drawable, *, now: datetime) -> list[Candidate]:
    """The customers of the open units in the wave's subtree, with the reasons why some are not asked.

    A million of them fit into the memory of a process: where each belongs is read again as they are stored.
    """
    sampling = Sampling.from_json(wave.settings)
    attribute = sampling.by.removeprefix(ATTRIBUTE) if sampling.by.startswith(ATTRIBUTE) else None
    stratum_of = STRATUM_OF.get(sampling.by, _by_attribute)
    listed = sampling.method == "systematic"
    frame = [
        Candidate(
            each.member_id,
            intern(stratum_of(each)),
            intern(each.excluded) if each.excluded else None,
            intern(each.unit_path) if listed else "",
        )
        for each in exclusions(connection, wave, now=now, attribute=attribute)
    ]
    return sorted(frame, key=lambda each: each.id)
