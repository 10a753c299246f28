"""What a wave's messages will cost: for everybody who was drawn, as the texts will really be.

Texts differ by unit and language alone, since what each tells besides is equally long everywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from sqlalchemy import Connection, func, select

from server.db import AnyRow, AnySelect
from server.errors import Detail, Refusal
from server.fieldwork.links import TOKEN_BYTES, code_page, invitation_link
from server.fieldwork.outreach.keys import CODE_DIGITS, Given, grouped
from server.fieldwork.outreach.reminders import ReminderRules
from server.fieldwork.outreach.wording import Reader, kinds_for, write
from server.fieldwork.waves.audience import Audience, people_by_text
from server.models.contacts import Contact
from server.models.draws import FrameMember
from server.models.organisation import Unit
from server.notify.respect.rules import read_rules
from server.notify.segments import measure
from server.notify.texts import LIMITS, is_cut

IN_SAMPLE: Final = ("selected", "released")
# As long as a token of so many bytes is written.
TOKEN_LENGTH: Final = -(-TOKEN_BYTES * 8 // 6)


@dataclass(frozen=True, slots=True)
class Outlay:
    """What asking costs.

    Attributes:
        people: who gets a message.
        segments: of all messages together.
        longest: of the longest message.
        cost: exactly, at the price of a segment; `at_most` if all were as long as the longest.
        with_reminders: if everybody were reminded as often as the wave may, each time at that length.
        cut: names of units that are longer than a message takes.
        links_too_long: an address that leaves its limit.
    """

    people: int
    segments: int
    longest: int
    cost: Decimal
    at_most: Decimal
    with_reminders: Decimal
    cut: tuple[str, ...] = ()
    links_too_long: bool = False


def outlay(connection: Connection, wave: AnyRow, public_url: str) -> Outlay | None:
    """The cost of asking everybody who was drawn or works here; None before a draw, or where nobody is
    written to.

    Args:
        wave: with `unit_path`.
    """
    template = wave.settings.get("message")
    if not template:
        return None
    groups = connection.execute(_by_text(wave)).all()
    if not groups:
        return None
    return _outlay(wave, groups, sample_keys(wave, public_url), read_rules(connection).price)


def _by_text(wave: AnyRow) -> AnySelect:
    """How many people read each text: by unit and language."""
    if Audience.of(wave.settings).kind == "people":
        return people_by_text(wave)
    return (
        select(Unit.name, Unit.name_en, Contact.locale, func.count().label("people"))
        .join(FrameMember, FrameMember.unit_id == Unit.id)
        .join(Contact, Contact.id == FrameMember.contact_id)
        .where(FrameMember.wave_id == wave.id, FrameMember.outcome.in_(IN_SAMPLE))
        .group_by(Unit.name, Unit.name_en, Contact.locale)
    )


def refuse_long(connection: Connection, wave: AnyRow, public_url: str) -> None:
    """Raises: Refusal: invalid_fields when somebody's message would have more parts than the rules allow."""
    found, most = outlay(connection, wave, public_url), read_rules(connection).most_segments
    if found is not None and found.longest > most:
        params = {"segments": found.longest, "most": most}
        raise Refusal("invalid_fields", details=[Detail("message_segments", "/message_zh", params)])


def sample_keys(wave: AnyRow, public_url: str) -> Given:
    """What a message may tell, as long as real ones."""
    kinds = kinds_for(wave.settings, wave.settings["message"])
    own = invitation_link(public_url, "X" * TOKEN_LENGTH)
    link = own if "link" in kinds else code_page(public_url)
    return Given(link, grouped("0" * CODE_DIGITS) if "code" in kinds else "")


def _outlay(wave: AnyRow, groups: Sequence[AnyRow], given: Given, price: Decimal) -> Outlay:
    lengths = []
    cut = set()
    for group in groups:
        reader = Reader(group.locale, group.name, group.name_en, wave.opens_at)
        lengths.append(measure(write(wave, wave.settings["message"], reader, given)).segments)
        cut |= {name for name in (group.name, group.name_en or "") if is_cut("unit", name)}
    people = [group.people for group in groups]
    segments = sum(each * count for each, count in zip(lengths, people, strict=True))
    return Outlay(
        people=sum(people),
        segments=segments,
        longest=max(lengths),
        cost=segments * price,
        at_most=sum(people) * max(lengths) * price,
        with_reminders=sum(people) * max(lengths) * price * (1 + ReminderRules.of(wave.settings).times),
        cut=tuple(sorted(cut)),
        links_too_long=len(given.link) > LIMITS["link"],
    )
