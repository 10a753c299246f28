"""Planning a wave, and finding waves again within a scope."""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, case, cast, func, insert, select, update
from sqlalchemy.dialects.postgresql import JSONPATH, distinct_on

from server import audit
from server.db import AnyRow, new_id
from server.errors import Detail, Refusal
from server.fieldwork.organisation.units import reaches_all
from server.models.definitions import Form, FormVersion, Programme, ProgrammeVersion
from server.models.organisation import Unit
from server.models.waves import Wave
from server.notify.texts import TemplateRefused, check_template
from server.scope import EVERYTHING, Scope

# What an address, a file name and a spreadsheet's cell all take as it is: firms send the code with every row.
CODE = re.compile(r"[A-Za-z0-9._-]{1,32}")
LONGEST_TITLE = 80
LONGEST_TITLE_EN = 120
# A finding log, a ballot on paper or a panel has no wave of ours: its scores come with the facts.
PLANNED_KINDS = ("survey", "visit")
UNKNOWN_INSTRUMENT = Detail("unknown_instrument", "/instrument")
# A verdict of a form that asks for photos or notes.
EVIDENCE = '$.pages.**.evidence ? (@.type() == "object")'


@dataclass(frozen=True, slots=True)
class NewWave:
    """What a coordinator decides. `ratio` is a share of each stratum, `message` the SMS
    text template by language."""

    programme: str
    instrument: str
    code: str
    title: str
    opens_at: datetime
    closes_at: datetime
    title_en: str | None = None
    unit_code: str | None = None
    firm_id: UUID | None = None
    ratio: Decimal = Decimal("0.3")
    minimum: int = 5
    message: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Instrument:
    """A form used in a programme for one purpose."""

    programme_version_id: UUID
    programme: str
    programme_title: dict[str, str]
    name: str
    kind: str
    title: dict[str, str]
    form: str
    version: int


def instruments(connection: Connection) -> list[Instrument]:
    """What waves can be planned by: the surveys and visits with a form, of the newest published version of
    each programme."""
    rows = connection.execute(
        select(ProgrammeVersion.id, ProgrammeVersion.content, Programme.key)
        .join(Programme, Programme.id == ProgrammeVersion.programme_id)
        .where(ProgrammeVersion.status == "published")
        .ext(distinct_on(Programme.key))
        .order_by(Programme.key, ProgrammeVersion.version.desc())
    )
    return [
        _instrument_of(row, each)
        for row in rows
        for each in row.content.get("instruments", ())
        if each["kind"] in PLANNED_KINDS and "form" in each and "version" in each
    ]


def _instrument_of(programme: AnyRow, each: Mapping[str, Any]) -> Instrument:
    return Instrument(
        programme_version_id=programme.id,
        programme=programme.key,
        programme_title=_by_language(programme.content["title"]),
        name=each["name"],
        kind=each["kind"],
        title=_by_language(each.get("title", each["name"])),
        form=each["form"],
        version=each["version"],
    )


def _by_language(text: str | dict[str, str]) -> dict[str, str]:
    return {"default": text} if isinstance(text, str) else text


def plan_wave(
    connection: Connection, new: NewWave, *, by: str, now: datetime, scope: Scope = EVERYTHING
) -> UUID:
    """Create a planned wave. Without a unit it reaches everything that the planner's scope does.

    Raises:
        Refusal: invalid_fields with every problem.
    """
    instrument = _instrument(connection, new)
    kind = instrument.kind if instrument else None
    values = checked_plan(connection, new, kind, scope, now=now)
    if instrument is None:
        raise Refusal("invalid_fields", details=[UNKNOWN_INSTRUMENT])
    form_version_id = connection.scalar(
        select(FormVersion.id)
        .join(Form, Form.id == FormVersion.form_id)
        .where(Form.key == instrument.form, FormVersion.version == instrument.version)
        .where(FormVersion.status == "published")
        # A share, so that nobody retires the version before this wave has it.
        .with_for_update(of=FormVersion, read=True, key_share=True)
    )
    if form_version_id is None:
        raise Refusal("invalid_fields", details=[Detail("form_not_published", "/instrument")])
    if new.firm_id is None:
        refuse_evidence(connection, form_version_id, instrument.kind)
    wave_id = new_id()
    connection.execute(
        insert(Wave).values(
            id=wave_id,
            programme_version_id=instrument.programme_version_id,
            instrument=instrument.kind,
            instrument_name=instrument.name,
            form_version_id=form_version_id,
            firm_id=new.firm_id,
            # Of this wave alone: with one key for all waves the same people would be drawn every time.
            prn_key=secrets.token_bytes(32),
            created_at=now,
            **values,
        )
    )
    audit.record(connection, [audit.Entry(by, "wave_planned", f"wave:{wave_id}", {"code": new.code})], at=now)
    return wave_id


def refuse_evidence(connection: Connection, form_version_id: UUID, instrument: str) -> None:
    """A customer's page has no place for proof of a verdict: that is a shopper's work.

    Raises:
        Refusal: invalid_fields.
    """
    asks = func.jsonb_path_exists(FormVersion.content, cast(EVIDENCE, JSONPATH))
    if instrument == "survey" and connection.scalar(select(asks).where(FormVersion.id == form_version_id)):
        raise Refusal("invalid_fields", details=[Detail("form_asks_evidence", "/instrument")])


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
        (not 0 < new.ratio <= 1, Detail("ratio_out_of_range", "/ratio")),
        (new.minimum < 0, Detail("minimum_negative", "/minimum")),
        (_asks_in_vain(new, kind), Detail("field_required", "/message_zh")),
        (bool(new.unit_code) and unit_id is None, Detail("unknown_unit", "/unit", {"unit": new.unit_code})),
        (not new.unit_code and unit_id is None and not scope.reaches(""), Detail("unit_needed", "/unit")),
    )
    problems = [detail for wrong, detail in checks if wrong] + _message_problems(new)
    if problems:
        raise Refusal("invalid_fields", details=problems)
    return {
        "code": new.code.strip(),
        "title": new.title.strip(),
        "title_en": new.title_en,
        "unit_id": unit_id,
        "opens_at": new.opens_at,
        "closes_at": new.closes_at,
        "settings": {
            "ratio": str(new.ratio),
            "minimum": new.minimum,
            "message": dict(new.message),
            "organisation": organisation_names(connection),
        },
    }


def _instrument(connection: Connection, new: NewWave) -> Instrument | None:
    wanted = (new.programme, new.instrument)
    return next((each for each in instruments(connection) if (each.programme, each.name) == wanted), None)


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
    )


def refuse_over(wave: AnyRow, now: datetime) -> None:
    """Nobody could answer any more: people would be drawn, or asked, for nothing.

    Raises:
        Refusal: invalid_fields when the wave's last day has passed.
    """
    if wave.closes_at <= now:
        raise Refusal("invalid_fields", details=[Detail("wave_over", "/closes_at")])


def _asks_in_vain(new: NewWave, kind: str | None) -> bool:
    """Whether people would be drawn whom no message can reach; firms and visits need none."""
    return kind == "survey" and not new.firm_id and not new.message


def _message_problems(new: NewWave) -> list[Detail]:
    """A text without a link must fail now, not when two thousand people get it."""
    problems = []
    for language, template in new.message.items():
        try:
            check_template(template)
        except TemplateRefused as refused:
            problems.append(Detail(f"message_{refused.code}", f"/message_{language}", refused.params))
    return problems


def find_wave(connection: Connection, wave_id: UUID, scope: Scope) -> AnyRow:
    """The wave's row with `programme` (key), `programme_title`, and `kind`: `survey`, `visit`, or `firm`
    where a firm collects; of its unit `unit_code`, `unit_name`, `unit_name_en` and `unit_path`.

    Raises:
        Refusal: not_found when there is none within the scope.
    """
    row = connection.execute(scope.waves(_wave_query().where(Wave.id == wave_id))).first()
    if row is None:
        raise Refusal("not_found")
    return row


def find_wave_to_run(connection: Connection, wave_id: UUID, scope: Scope) -> AnyRow:
    """Like `find_wave`, for those who decide about the wave and not only read their part of it.

    Raises:
        Refusal: not_found, or forbidden when the wave also asks people outside the scope.
    """
    wave = find_wave(connection, wave_id, scope)
    if not may_run(connection, wave, scope):
        raise Refusal("forbidden")
    return wave


def may_run(connection: Connection, wave: AnyRow, scope: Scope) -> bool:
    """Whether a wave (its `unit_path` is enough) asks nobody outside the scope."""
    return scope.reaches(wave.unit_path) if wave.unit_path else reaches_all(connection, scope)


def list_waves(connection: Connection, scope: Scope) -> Sequence[AnyRow]:
    """The waves within the scope, newest first."""
    return connection.execute(scope.waves(_wave_query().order_by(Wave.opens_at.desc(), Wave.id))).all()


def _wave_query() -> Any:
    return (
        select(
            *Wave.__table__.columns,
            Programme.key.label("programme"),
            ProgrammeVersion.content["title"].label("programme_title"),
            case((Wave.firm_id.is_not(None), "firm"), else_=Wave.instrument).label("kind"),
            Unit.code.label("unit_code"),
            Unit.name.label("unit_name"),
            Unit.name_en.label("unit_name_en"),
            Unit.path.label("unit_path"),
        )
        .join(ProgrammeVersion, ProgrammeVersion.id == Wave.programme_version_id)
        .join(Programme, Programme.id == ProgrammeVersion.programme_id)
        .join(Unit, Unit.id == Wave.unit_id, isouter=True)
    )


def move_wave(connection: Connection, wave_id: UUID, *, before: str, after: str, now: datetime) -> None:
    """Change the state, once: of two people pressing the same button one gets `wrong_state`."""
    values = {"state": after} | ({"launched_at": now} if after == "launched" else {})
    moved = connection.execute(update(Wave).where(Wave.id == wave_id, Wave.state == before).values(**values))
    if moved.rowcount != 1:
        state = connection.scalar(select(Wave.state).where(Wave.id == wave_id))
        raise Refusal("wrong_state", state=state, needed=before)


def close_due(connection: Connection, *, now: datetime) -> int:
    """Close launched waves whose time is over; returns how many."""
    closed = connection.execute(
        update(Wave).where(Wave.state == "launched", Wave.closes_at < now).values(state="closed")
    )
    return closed.rowcount


def count_by_state(connection: Connection, scope: Scope) -> dict[str, int]:
    query = scope.waves(select(Wave.state, func.count()).group_by(Wave.state))
    return dict(connection.execute(query).all())
