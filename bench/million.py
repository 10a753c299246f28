"""A database with a million submissions, and every page of the console asked for in it.

PostgreSQL itself makes the rows out of answers that were checked and scored once, with triggers and foreign
keys switched off; the counts are made afterwards, as for any rows that came past the triggers.
"""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Engine, select, text

from server import migrations
from server.accounts.register import NewAccount, add_account
from server.fieldwork.definitions.shipping import publish_shipped
from server.fieldwork.importing import SentFile
from server.fieldwork.organisation.unit_import import import_units
from server.fieldwork.waves.choices import Sampling
from server.fieldwork.waves.planning import plan_wave
from server.fieldwork.waves.plans import NewWave
from server.intake.prepare import Ask, Incoming, Prepared, prepare
from server.intake.shelf import FormShelf
from server.intake.tallying import count_again, fold_batch
from server.models.organisation import Subject
from server.models.waves import Wave

BY = "system"
LOGIN, PASSWORD = "bench", "bench-" + "p" * 20
PROGRAMME = "branch-service"
SURVEYS, VISITS = 10, 2
SUBMISSIONS = 1_000_000
# More are asked than answer.
ASKED_EACH = SUBMISSIONS // SURVEYS * 6 // 5
CONTACTS = 1_000_000
DISTRICTS, OUTLETS = 10, 300
ANSWERS = 400
ASPECTS = ("courtesy", "advice", "speed", "waiting", "order", "environment")
SEED = 7

# Ids in the order in which rows are made, as UUIDv7 are.
_POOL = """
CREATE FUNCTION bench_id(kind text, i bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
    'SELECT (''01900000-0'' || lpad(kind, 3, ''0'') || ''-7000-8000-'' || lpad(to_hex(i), 12, ''0''))::uuid';
CREATE TABLE bench_pool (
    number integer PRIMARY KEY, answers jsonb, sheet jsonb, raw text, published numeric, grade text
);
CREATE TABLE bench_outlet AS
    SELECT row_number() OVER (ORDER BY unit.code) - 1 AS number, unit.id AS unit_id, subject.id AS subject_id
    FROM unit JOIN subject ON subject.unit_id = unit.id WHERE unit.level = 'outlet';
ALTER TABLE bench_outlet ADD PRIMARY KEY (number);
"""

_CONTACTS = """
INSERT INTO contact (id, external_id, unit_id, locale, large_type, served_on, attributes, created_at)
SELECT bench_id('00', i), 'K' || lpad(i::text, 7, '0'), unit_id, 'zh', i % 50 = 0,
    current_date - (i % 60), jsonb_build_object('segment', (ARRAY['gold', 'silver', 'plain'])[1 + i % 3]),
    :now
FROM generate_series(0, :contacts - 1) AS i JOIN bench_outlet ON number = i % :outlets;
INSERT INTO contact_private (contact_id, phone, phone_hash)
SELECT bench_id('00', i), decode(repeat(md5('phone' || i), 6), 'hex'), sha256(i::text::bytea)
FROM generate_series(0, :contacts - 1) AS i;
INSERT INTO opt_out (phone_hash, source, at)
SELECT sha256((i * 199)::text::bytea), 'link', :now - make_interval(days => i % 300)
FROM generate_series(0, :contacts / 200 - 1) AS i;
INSERT INTO service_event (id, external_id, contact_id, unit_id, happened_at, business, channel, created_at)
SELECT gen_random_uuid(), 'E' || i, bench_id('00', i), unit_id,
    :now - make_interval(mins => i % 40000), '开户', 'counter', :now
FROM generate_series(0, :contacts / 10 - 1) AS i JOIN bench_outlet ON number = i % :outlets;
"""

# The contacts of one wave follow those of the one before, around the end and on from the first.
_SURVEY = """
INSERT INTO frame_member (wave_id, member_id, contact_id, unit_id, stratum, outcome, position)
SELECT :wave, 'K' || lpad(k::text, 7, '0'), bench_id('00', k), unit_id, 'all', 'selected', i
FROM generate_series(0, :asked - 1) AS i, LATERAL (SELECT (:first + i) % :contacts AS k)
JOIN bench_outlet ON number = k % :outlets;
INSERT INTO invitation (
    id, wave_id, contact_id, subject_id, submission_id, token_hash, locale, variables,
    created_at, expires_at, started_at, completed_at
)
SELECT bench_id(:code || '1', i), :wave, bench_id('00', k), subject_id,
    bench_id(:code || '4', i), sha256((:code || i)::bytea), 'zh', '{}', :opened, :closes,
    CASE WHEN i < :answered THEN :opened + make_interval(secs => i * :pace - 60) END,
    CASE WHEN i < :answered THEN :opened + make_interval(secs => i * :pace) END
FROM generate_series(0, :asked - 1) AS i, LATERAL (SELECT (:first + i) % :contacts AS k)
JOIN bench_outlet ON number = k % :outlets;
INSERT INTO message (
    id, dedupe_key, wave_id, invitation_id, kind, recipient, recipient_hash, text, segments, state,
    not_before, expires_at, created_at, accepted_at, delivered_at
)
SELECT gen_random_uuid(), :code || i, :wave, bench_id(:code || '1', i), 'invitation',
    decode(repeat(md5('phone' || i), 6), 'hex'), sha256(((:first + i) % :contacts)::text::bytea),
    decode(repeat(md5('text' || i), 12), 'hex'), 2,
    (ARRAY['undelivered', 'failed', 'accepted'] || array_fill('delivered'::text, ARRAY[97]))[1 + i % 100],
    :opened, :closes, :opened, :opened, :opened
FROM generate_series(0, :asked - 1) AS i;
"""
_ANSWERED = """
INSERT INTO submission (
    id, wave_id, submission_id, form_version_id, subject_id, door, content_hash, received_at
)
SELECT bench_id(:code || '2', i), :wave, bench_id(:code || '4', i), :form, subject_id, 'page',
    md5(i::text), :opened + make_interval(secs => i * :pace)
FROM generate_series(0, :answered - 1) AS i
JOIN bench_outlet ON number = ((:first + i) % :contacts) % :outlets;
INSERT INTO submission_revision (id, submission_pk, number, answers, created_at)
SELECT bench_id(:code || '3', i), bench_id(:code || '2', i), 1, answers, :opened
FROM generate_series(0, :answered - 1) AS i JOIN bench_pool ON number = (i * 7919) % :pool;
INSERT INTO score_sheet (revision_id, wave_id, subject_id, raw, published, grade, sheet)
SELECT bench_id(:code || '3', i), :wave, subject_id, raw, published, grade, sheet
FROM generate_series(0, :answered - 1) AS i
JOIN bench_outlet ON bench_outlet.number = ((:first + i) % :contacts) % :outlets
JOIN bench_pool ON bench_pool.number = (i * 7919) % :pool;
INSERT INTO audit_line (at, actor, action, subject, detail)
SELECT :opened + make_interval(secs => i * :pace), 'respondent', 'submission_stored',
    'submission:' || bench_id(:code || '2', i),
    jsonb_build_object('content_hash', md5(i::text), 'wave', CAST(:wave AS text))
FROM generate_series(0, :answered - 1) AS i;
"""
_VISITS = """
INSERT INTO frame_member (wave_id, member_id, unit_id, stratum, outcome, position)
SELECT :wave, unit.code, unit.id, 'all', 'selected', number
FROM bench_outlet JOIN unit ON unit.id = unit_id;
INSERT INTO assignment (
    id, wave_id, person_id, subject_id, submission_id, token_hash, variables,
    created_at, opens_at, expires_at, started_at, completed_at
)
SELECT bench_id(:code || '1', number), :wave, :person, subject_id, bench_id(:code || '4', number),
    sha256((:code || number)::bytea), '{}', :opened, :opened, :closes,
    CASE WHEN number < :answered THEN :opened END, CASE WHEN number < :answered THEN :opened END
FROM bench_outlet;
INSERT INTO finding (
    id, wave_id, subject_id, submission_pk, item, code, points, key_item, state, created_at
)
SELECT gen_random_uuid(), :wave, subject_id, bench_id(:code || '2', number),
    'OUT-' || lpad(i::text, 2, '0'), 'OUT-' || lpad(i::text, 2, '0'), 1, i = 1, 'pending', :opened
FROM bench_outlet, generate_series(1, 8) AS i WHERE number < :answered;
"""


@dataclass(frozen=True, slots=True)
class Filled:
    """What the pages are about."""

    survey: UUID
    visit: UUID
    planned: UUID


def fill(engine: Engine) -> Filled:
    """Migrate an empty database and put a million submissions into it: a few minutes."""
    now = datetime.now(UTC)
    migrations.upgrade(engine)
    with engine.begin() as connection:
        publish_shipped(connection, now=now)
        import_units(connection, SentFile(_units(), "units.csv", BY), now=now)
        new = NewAccount(LOGIN, "基准", PASSWORD, "administrator")
        account_id = add_account(connection, new, by=BY, now=now)
        person = connection.execute(
            text("SELECT person_id FROM account WHERE id = :id"), {"id": account_id}
        ).scalar_one()
        surveys = [_plan(connection, number, "satisfaction", now) for number in range(SURVEYS)]
        visits = [_plan(connection, number, "visit", now) for number in range(VISITS)]
        planned = _plan(connection, SURVEYS, "satisfaction", now)
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        _pool(connection, surveys[0])
        indexes = _set_indexes_aside(connection)
        _run(connection, _CONTACTS, {"now": now})
        for number, wave_id in enumerate(surveys):
            _collect(connection, wave_id, (_SURVEY, _ANSWERED), number, SUBMISSIONS // SURVEYS, {})
        for number, wave_id in enumerate(visits):
            _collect(connection, wave_id, (_VISITS, _ANSWERED), number, OUTLETS, {"person": person})
        for definition in indexes:
            connection.exec_driver_sql(definition)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE)"))
    with engine.begin() as connection:
        count_again(connection)
        while fold_batch(connection):
            pass
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE) wave_tally, tally_change"))
    return Filled(surveys[-1], visits[-1], planned)


# Built once over all rows, and not row by row; what keeps rows unique stays.
_INDEXES = """
SELECT indexname, indexdef FROM pg_indexes JOIN pg_class ON relname = indexname AND relkind = 'i'
WHERE schemaname = 'public' AND tablename = ANY (:tables)
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = pg_class.oid)
"""
FILLED = (
    "contact", "contact_private", "service_event", "frame_member", "invitation", "message",
    "submission", "submission_revision", "score_sheet", "finding", "audit_line",
)  # fmt: skip


def _set_indexes_aside(connection: Connection) -> list[str]:
    """Drop them; returns the statements that build them again."""
    found = connection.execute(text(_INDEXES), {"tables": list(FILLED)}).all()
    for name, _ in found:
        connection.execute(text(f"DROP INDEX {name}"))
    return [definition for _, definition in found]


def _units() -> bytes:
    rows = [("code", "name", "parent_code", "level"), ("C", "江城分行", "", "city")]
    rows += [(f"D{number:02}", f"第{number}区", "C", "district") for number in range(DISTRICTS)]
    rows += [
        (f"B{number:04}", f"第{number}支行", f"D{number % DISTRICTS:02}", "outlet")
        for number in range(OUTLETS)
    ]
    return "".join(",".join(row) + "\n" for row in rows).encode()


def _plan(connection: Connection, number: int, instrument: str, now: datetime) -> UUID:
    """One survey a month, the last of them open; the one after it is planned."""
    start = now - timedelta(days=30 * (SURVEYS - number) - 20)
    survey = instrument == "satisfaction"
    new = NewWave(
        programme=PROGRAMME,
        instrument=instrument,
        code=f"{'A' if survey else 'B'}{number}",
        title=f"第{number}期",
        opens_at=start,
        closes_at=start + timedelta(days=30),
        sampling=Sampling(ratio=Decimal("0.1")),
        message={"zh": "诚邀您评价{unit}：{link}"} if survey else {},
    )
    return plan_wave(connection, new, by=BY, now=min(now, start))


def _pool(connection: Connection, wave_id: UUID) -> None:
    """Answers to the survey, checked and scored as if they had come in."""
    _run(connection, _POOL, {})
    wave = connection.execute(select(Wave.form_version_id).where(Wave.id == wave_id)).one()
    ask = Ask(
        wave_id=wave_id,
        subject_id=connection.scalars(select(Subject.id)).first() or uuid4(),
        shelved=FormShelf().get(connection, wave.form_version_id),
        variables={"unit": "支行"},
        today=datetime.now(UTC).date(),
        door="page",
    )
    numbers = random.Random(SEED)
    rows = [{"number": number, **_answered(ask, numbers)} for number in range(ANSWERS)]
    connection.execute(
        text("INSERT INTO bench_pool VALUES (:number, :answers, :sheet, :raw, :published, :grade)"), rows
    )


def _answered(ask: Ask, numbers: random.Random) -> dict[str, Any]:
    stars = {name: numbers.choice((3, 4, 4, 5, 5, 5)) for name in ("overall", *ASPECTS)}
    prepared = prepare(Incoming(uuid4(), stars), ask)
    if not isinstance(prepared, Prepared) or prepared.sheet is None:
        raise RuntimeError(f"the survey's answers do not fit its form any more: {prepared}")
    sheet = prepared.sheet.to_json()
    scored = {name: sheet[name] for name in ("raw", "published", "grade")}
    return {"answers": json.dumps(dict(prepared.answers)), "sheet": json.dumps(sheet), **scored}


def _collect(
    connection: Connection,
    wave_id: UUID,
    scripts: Sequence[str],
    number: int,
    answered: int,
    more: dict[str, Any],
) -> None:
    wave = connection.execute(select(*Wave.__table__.columns).where(Wave.id == wave_id)).one()
    over = wave.closes_at < datetime.now(UTC)
    given = {
        "wave": wave_id, "code": wave.code, "form": wave.form_version_id, "answered": answered,
        "asked": ASKED_EACH, "first": number * ASKED_EACH, "opened": wave.opens_at, "closes": wave.closes_at,
        "pace": 86_400 * 18 / answered, "pool": ANSWERS, **more,
    }  # fmt: skip
    for script in scripts:
        _run(connection, script, given)
    connection.execute(
        text("UPDATE wave SET state = :state, launched_at = opens_at WHERE id = :wave"),
        {"wave": wave_id, "state": "closed" if over else "launched"},
    )


def _run(connection: Connection, script: str, given: dict[str, Any]) -> None:
    """One statement after the other, each with the parameters that it names."""
    sizes = {"contacts": CONTACTS, "outlets": OUTLETS, **given}
    for statement in filter(str.strip, script.split(";\n")):
        wanted = text(_typed(statement))
        connection.execute(wanted, {name: sizes[name] for name in wanted.compile().params})


def _typed(statement: str) -> str:
    """`::type` as SQLAlchemy wants it written."""
    return statement.replace("::", r"\:\:")
