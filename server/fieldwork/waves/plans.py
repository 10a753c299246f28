"""What a coordinator decides about a wave, checked as a whole."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from server.db import AnyRow
from server.errors import Detail, Refusal
from server.fieldwork.contacts.rolling.rules import rolling_problems
from server.fieldwork.outreach.channels import DEFAULT, lead_somewhere
from server.fieldwork.outreach.reminders import LINKS_TRIED, ReminderRules
from server.fieldwork.outreach.wording import WAYS
from server.fieldwork.waves.audience import Audience
from server.fieldwork.waves.choices import Coverage, Fatigue, Roster, Sampling
from server.models.organisation import Unit
from server.models.waves import Wave
from server.notify.approved import mismatch
from server.notify.respect.rules import cap_problems, read_rules
from server.notify.segments import measure
from server.notify.texts import TemplateRefused, check_letter, check_template
from server.scope import Scope

# What an address, a file name and a spreadsheet's cell all take as it is: firms send the code with every row.
CODE = re.compile(r"[A-Za-z0-9._-]{1,32}")
LONGEST_TITLE = 80
LONGEST_TITLE_EN = 120
# A year and its settlement; timetables of centuries take minutes to plan.
LONGEST_WAVE = timedelta(days=550)
FURTHEST_OPENING = timedelta(days=1_100)
# With its square, a letter of more would take a second page.
LONGEST_LETTER = 600
MOST_APPROVALS = 5
# What a plan itself says about a wave's settings.
OWN = frozenset(
    {
        "sampling", "message", "consent_required", "approvals", "price", "response", "roster", "fatigue",
        "rolling", "coverage", "organisation", "ratio", "minimum", "link", "reply", "approved",
        "reminders", "spend_cap", "audience", "channels", "letter", "fallback",
    }
)  # fmt: skip
UNKNOWN_INSTRUMENT = Detail("unknown_instrument", "/instrument")


@dataclass(frozen=True, slots=True)
class NewWave:
    """What a coordinator decides.

    Attributes:
        message: the SMS text template by language.
        link: how it leads to the form: `unique`, `code` or `reply`, as `wording.WAYS` has them.
        reply: whether the message itself can be answered.
        fallback: by language, what asks for a reply where two messages with a link came to nothing.
        channels: by which messages go, the first one first.
        letter: the text of letters by language; what it leaves out has words of ours.
        audience: whom the wave asks.
        approved: by language, the `text` that a provider approved and its `id`; the message must fit it.
        reminders: how often those who were reached and have not answered are reminded.
        spend_cap: what the wave's messages may cost in yuan; None for no cap of its own.
        coverage: for visits; None for surveys.
        approvals: how many people besides the one who launches must agree.
        consent: whether only contacts whose consent is on record are asked.
        price: of one message segment in yuan; `response` the share expected to answer. Both are for
            previews and decide nothing.
        others: settings that other rooms keep with the wave, such as the steps of its timetable.
        rolling: the settings of a wave that draws from yesterday's service events, day by day.
    """

    programme: str
    instrument: str
    code: str
    title: str
    opens_at: datetime
    closes_at: datetime
    title_en: str | None = None
    unit_code: str | None = None
    firm_id: UUID | None = None
    sampling: Sampling = field(default_factory=Sampling)
    message: Mapping[str, str] = field(default_factory=dict)
    link: str = "unique"
    reply: bool = False
    fallback: Mapping[str, str] = field(default_factory=dict)
    channels: Sequence[str] = DEFAULT
    letter: Mapping[str, str] = field(default_factory=dict)
    audience: Audience = field(default_factory=Audience)
    approved: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    reminders: ReminderRules = field(default_factory=ReminderRules)
    spend_cap: Decimal | None = None
    fatigue: Fatigue | None = None
    consent: bool = False
    rolling: Mapping[str, Any] | None = None
    coverage: Coverage | None = None
    roster: Roster = field(default_factory=Roster)
    approvals: int = 0
    price: Decimal = Decimal("0.05")
    response: Decimal = Decimal("0.1")
    others: Mapping[str, Any] = field(default_factory=dict)

    def settings(self) -> dict[str, Any]:
        """As the wave keeps them."""
        chosen: dict[str, Any] = {
            **self.others,
            "sampling": self.sampling.to_json(),
            "message": dict(self.message),
            "consent_required": self.consent,
            "approvals": self.approvals,
            "price": str(self.price),
            "response": str(self.response),
            "roster": self.roster.to_json(),
        }
        if_said: dict[str, Any] = {
            "link": self.link if self.link != "unique" else None,
            "reply": self.reply or None,
            "fallback": dict(self.fallback) or None,
            "channels": list(self.channels) if tuple(self.channels) != DEFAULT else None,
            "letter": dict(self.letter) or None,
            "audience": self.audience.to_json() if self.audience.kind != "customers" else None,
            "approved": {language: dict(each) for language, each in self.approved.items()} or None,
            "reminders": asdict(self.reminders) if self.reminders.times else None,
            "spend_cap": None if self.spend_cap is None else str(self.spend_cap),
            "fatigue": None if self.fatigue is None else self.fatigue.to_json(),
            "rolling": None if self.rolling is None else dict(self.rolling),
            "coverage": None if self.coverage is None else self.coverage.to_json(),
        }
        return chosen | {name: value for name, value in if_said.items() if value is not None}


def plan_of(wave: AnyRow) -> NewWave:
    """A stored wave as the plan it was made from."""
    settings = wave.settings
    return NewWave(
        programme=wave.programme,
        instrument=wave.instrument_name or wave.instrument,
        code=wave.code,
        title=wave.title,
        title_en=wave.title_en,
        opens_at=wave.opens_at,
        closes_at=wave.closes_at,
        unit_code=wave.unit_code,
        firm_id=wave.firm_id,
        sampling=Sampling.from_json(settings),
        message=settings.get("message", {}),
        link=settings.get("link", "unique"),
        reply=settings.get("reply", False),
        fallback=settings.get("fallback", {}),
        channels=settings.get("channels", DEFAULT),
        letter=settings.get("letter", {}),
        audience=Audience.of(settings),
        approved=settings.get("approved", {}),
        reminders=ReminderRules.of(settings),
        spend_cap=spend_cap(settings),
        fatigue=Fatigue.from_json(settings.get("fatigue")),
        consent=settings.get("consent_required", False),
        rolling=settings.get("rolling"),
        coverage=Coverage.from_json(settings.get("coverage")),
        roster=Roster.from_json(settings.get("roster")),
        approvals=settings.get("approvals", 0),
        price=Decimal(settings.get("price", "0.05")),
        response=Decimal(settings.get("response", "0.1")),
        others={name: value for name, value in settings.items() if name not in OWN},
    )


def spend_cap(settings: Mapping[str, Any]) -> Decimal | None:
    """What a wave's messages may cost in yuan; None where it has no cap of its own."""
    kept = settings.get("spend_cap")
    return None if kept is None else Decimal(kept)


def checked_plan(
    connection: Connection,
    new: NewWave,
    kind: str | None,
    scope: Scope,
    *,
    now: datetime,
    itself: UUID | None = None,
) -> dict[str, Any]:
    """The columns of a plan, whether it is new or an edited one.

    Args:
        kind: of the instrument; None when there is no such instrument.
        itself: the wave being edited, whose code is not taken by somebody else.

    Raises:
        Refusal: invalid_fields with every problem.
    """
    unit_id = _unit_id(connection, new.unit_code, scope)
    holder = connection.scalar(select(Wave.id).where(Wave.code == new.code.strip()))
    checks = (
        (kind is None, UNKNOWN_INSTRUMENT),
        *_text_checks(new),
        (holder not in {None, itself}, Detail("code_taken", "/code", {"code": new.code})),
        *_date_checks(new, now),
        (
            not 0 <= new.approvals <= MOST_APPROVALS,
            Detail("approvals_range", "/approvals", {"most": MOST_APPROVALS}),
        ),
        (_asks_in_vain(new, kind), Detail("field_required", "/message_zh")),
        (bool(new.unit_code) and unit_id is None, Detail("unknown_unit", "/unit", {"unit": new.unit_code})),
        (not new.unit_code and unit_id is None and not scope.reaches(""), Detail("unit_needed", "/unit")),
    )
    problems = [detail for wrong, detail in checks if wrong] + _message_problems(new) + _choice_problems(new)
    problems += _too_long(new, read_rules(connection).most_segments)
    if problems:
        raise Refusal("invalid_fields", details=problems)
    return {
        "code": new.code.strip(),
        "title": new.title.strip(),
        "title_en": new.title_en,
        "unit_id": unit_id,
        "opens_at": new.opens_at,
        "closes_at": new.closes_at,
        "settings": {**new.settings(), "organisation": organisation_names(connection)},
    }


def organisation_names(connection: Connection) -> dict[str, str]:
    """How the whole organisation is called, by language: the root unit's names; empty without units."""
    root = select(Unit.name, Unit.name_en).where(Unit.parent_id.is_(None)).order_by(Unit.path).limit(1)
    row = connection.execute(root).first()
    return {"zh": row.name, "en": row.name_en or row.name} if row else {"zh": "", "en": ""}


def _unit_id(connection: Connection, code: str | None, scope: Scope) -> UUID | None:
    """The unit of the code within the scope; without a code the scope's own unit, where it has just one."""
    query = scope.units(select(Unit.id))
    if code:
        return connection.scalar(query.where(Unit.code == code))
    if scope.unit_paths is None or len(scope.unit_paths) != 1:
        return None
    return connection.scalar(query.where(Unit.path == scope.unit_paths[0]))


def _text_checks(new: NewWave) -> tuple[tuple[bool, Detail], ...]:
    code, title, title_en = new.code.strip(), new.title.strip(), new.title_en or ""
    return (
        (not code, Detail("field_required", "/code")),
        (bool(code) and not CODE.fullmatch(code), Detail("wave_code_characters", "/code")),
        (not title, Detail("field_required", "/title")),
        (len(title) > LONGEST_TITLE, Detail("text_too_long", "/title", {"limit": LONGEST_TITLE})),
        (
            len(title_en) > LONGEST_TITLE_EN,
            Detail("text_too_long", "/title_en", {"limit": LONGEST_TITLE_EN}),
        ),
    )


def _date_checks(new: NewWave, now: datetime) -> tuple[tuple[bool, Detail], ...]:
    backwards = new.closes_at <= new.opens_at
    return (
        (backwards, Detail("closes_before_opens", "/closes_at")),
        (not backwards and new.closes_at <= now, Detail("closes_in_past", "/closes_at")),
        (
            new.closes_at - new.opens_at > LONGEST_WAVE or abs(new.opens_at - now) > FURTHEST_OPENING,
            Detail("wave_too_long", "/closes_at", {"days": LONGEST_WAVE.days}),
        ),
    )


def _choice_problems(new: NewWave) -> list[Detail]:
    chosen = (new.sampling, new.fatigue, new.coverage, new.roster)
    found = [problem for choice in chosen if choice is not None for problem in choice.problems()]
    found += new.reminders.problems() + _audience_problems(new) + cap_problems(new.spend_cap)
    return found if new.rolling is None else [*found, *rolling_problems(new.rolling)]


def _audience_problems(new: NewWave) -> list[Detail]:
    """Only customers are drawn night by night, and nobody writes to whoever scans a poster."""
    drawn = new.audience.kind == "customers"
    reminds_nobody = new.audience.kind == "counter" and bool(new.reminders.times or new.reply)
    checks = (
        (new.rolling is not None and not drawn, "/audience"),
        (reminds_nobody, "/audience"),
    )
    return new.audience.problems() + [Detail("audience_not_so", where) for wrong, where in checks if wrong]


def _asks_in_vain(new: NewWave, kind: str | None) -> bool:
    """Whether people would be drawn whom no message can reach; firms and visits need none."""
    return kind == "survey" and not new.firm_id and not new.message and new.audience.kind != "counter"


def _message_problems(new: NewWave) -> list[Detail]:
    """A text without a link must fail now, not when two thousand people get it."""
    if new.link not in WAYS:
        return [Detail("field_invalid", "/link")]
    if new.link == "reply" and not new.reply:
        return [Detail("replies_not_taken", "/link")]
    if not lead_somewhere(new.channels, new.link):
        return [Detail("field_invalid", "/channels")]
    problems = _fallback_problems(new) + _letter_problems(new)
    for language, template in new.message.items():
        refused = _refused(f"/message_{language}", check_template, template, WAYS[new.link])
        problems += refused or _unapproved(new.approved.get(language), language, template)
    return problems


def _too_long(new: NewWave, most: int) -> list[Detail]:
    """Texts that are too long with their variables unfilled; the launch measures what will really be sent."""
    texts = {
        f"{name}_{each}": text
        for name in ("message", "fallback")
        for each, text in getattr(new, name).items()
    }
    lengths = {name: measure(text).segments for name, text in texts.items()}
    return [
        Detail("message_segments", f"/{name}", {"segments": segments, "most": most})
        for name, segments in lengths.items()
        if segments > most
    ]


def _fallback_problems(new: NewWave) -> list[Detail]:
    """The third message is the first that can fall back: two with a link go before it."""
    if not new.fallback:
        return []
    if not new.reply or new.link == "reply" or new.reminders.times < LINKS_TRIED:
        return [Detail("fallback_needs_reply", "/fallback_zh", {"times": LINKS_TRIED})]
    return [
        problem
        for language, template in new.fallback.items()
        for problem in _refused(f"/fallback_{language}", check_template, template, WAYS["reply"])
    ]


def _letter_problems(new: NewWave) -> list[Detail]:
    too_long = [language for language, template in new.letter.items() if len(template) > LONGEST_LETTER]
    return [
        problem
        for language, template in new.letter.items()
        for problem in _refused(f"/letter_{language}", check_letter, template)
    ] + [Detail("text_too_long", f"/letter_{each}", {"limit": LONGEST_LETTER}) for each in too_long]


def _refused(pointer: str, check: Callable[..., None], *template: Any) -> list[Detail]:
    """What a check of a template says, at the field that holds it."""
    try:
        check(*template)
    except TemplateRefused as refused:
        return [Detail(f"message_{refused.code}", pointer, refused.params)]
    return []


def _unapproved(approved: Mapping[str, str] | None, language: str, template: str) -> list[Detail]:
    """What was approved is what may be sent: a provider drops everything else."""
    found = mismatch(approved["text"], template) if approved else None
    if found is None:
        return []
    params = {"expected": found.expected or "∅", "found": found.found or "∅"}
    return [Detail("message_not_approved", f"/message_{language}", params)]
