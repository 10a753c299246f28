"""Commands: what they do, that they may be repeated, and one sentence when they cannot work."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import Engine, LargeBinary, delete, func, insert, select, text, update

from server import audit, migrations
from server.accounts import register, sessions
from server.app import create_app
from server.cli.keys import ENCRYPTED
from server.clock import SetClock
from server.config import S3Settings, Secret, Settings
from server.db import Base, db
from server.fieldwork.waves.drawing import draw_wave
from server.jobs import sealing
from server.keys import KeyRing
from server.models.accounts import Person, PersonPrivate
from server.models.audit import AuditAnchor, AuditSeal
from server.models.contacts import ContactPrivate, OptOut, ProgrammeOptOut
from server.models.definitions import Programme
from server.models.draws import Draw
from server.models.messages import InboundMessage, Message
from server.models.tasks import InvitationKey
from server.notify.protocol import Inbound
from server.notify.receiving import store_inbound
from server.scope import EVERYTHING
from server.storage.memory import MemoryStore
from server.storage.objects import S3Store
from tests import builders
from tests.conftest import START

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "correct horse battery"


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=list(arguments))


def refused(result: Result) -> str:
    """The sentence of a command that could not work: no traceback, nothing beside it."""
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit), result.exception
    [sentence] = result.output.strip().splitlines()
    assert sentence.startswith("Error: ")
    assert sentence.endswith(".")
    return sentence


@pytest.fixture
def other_app(settings: Settings, clock: SetClock, store: S3Store) -> Iterator[Any]:
    """Makes applications with other settings."""
    made: list[Flask] = []

    def make(**changes: Any) -> Flask:
        made.append(create_app(replace(settings, **changes), clock=clock, store=store))
        return made[-1]

    yield make
    for app in made:
        with app.app_context():
            db.engine.dispose()


def add_account(app: Flask, *options: str, password: str = PASSWORD) -> Result:
    return run(app, "accounts", "add", "Li.Na", "--name", "李娜", "--password", password, *options)


def test_an_added_account_signs_in(app: Flask, engine: Engine) -> None:
    with engine.begin() as connection:
        builders.create_units(connection)
    result = add_account(app, "--role", "branch_manager", "--unit", "D1")
    assert result.exit_code == 0, result.output
    with engine.connect() as connection:
        signed_in = sessions.sign_in(connection, "li.na", PASSWORD, address="", now=START)
        assert signed_in.identity.roles == ("branch_manager",)
        assert signed_in.identity.scope.unit_paths == ("C01/D1/",)


def test_an_account_with_every_fault_is_told_all_of_them(app: Flask) -> None:
    assert add_account(app, "--role", "auditor").exit_code == 0
    sentence = refused(add_account(app, "--role", "auditor", "--unit", "B999", password="short"))
    assert "li.na" in sentence
    assert "12" in sentence
    assert "B999" in sentence


def test_a_role_that_does_not_exist_is_a_usage_error(app: Flask) -> None:
    assert add_account(app, "--role", "king").exit_code == 2


def test_firms_and_their_keys(app: Flask, engine: Engine) -> None:
    keys = [
        run(app, "firms", *arguments).output.strip() for arguments in (("add", "ZX", "至信"), ("key", "ZX"))
    ]
    assert len(set(keys)) == 2
    with engine.connect() as connection:
        firms = {register.find_api_key(connection, key, now=START).firm_id for key in keys}
    assert len(firms) == 1
    assert "ZX" in refused(run(app, "firms", "add", "ZX", "至信"))
    assert "QQ" in refused(run(app, "firms", "key", "QQ"))


def test_a_new_key_is_one_that_the_settings_take(app: Flask) -> None:
    one, other = (run(app, "keys", "new").output.strip() for _ in range(2))
    assert one != other
    assert KeyRing([Secret(one), Secret(other)])


def test_rewriting_leaves_nothing_for_the_old_key(
    app: Flask, other_app: Any, engine: Engine, key: Secret, keys: KeyRing
) -> None:
    with engine.begin() as connection:
        message = {"zh": "请评价{unit}：{link}，或填写{code}"}
        builders.create_invitations(connection, keys, message=message)
        register.add_person(connection, "王芳", now=START, phone=("+8613912345678", keys))
        nobody = register.add_person(connection, "无号", now=START)
        connection.execute(insert(PersonPrivate).values(person_id=nobody))
        stopped = connection.scalars(select(ContactPrivate.phone_hash).limit(2)).all()
        wishes = [{"phone_hash": each, "source": "link", "at": START} for each in stopped]
        connection.execute(insert(OptOut), wishes)
        programme_id = connection.scalar(select(Programme.id).limit(1))
        connection.execute(
            insert(ProgrammeOptOut), [{**each, "programme_id": programme_id} for each in wishes]
        )
        reply = Inbound("SM1", "+8613712345678", "R", START)
        store_inbound(connection, "twilio", reply, keys, START)
    new = Secret(Fernet.generate_key().decode())
    rotating = other_app(keys=(new, key))
    for _ in range(2):  # and once more, which must change nothing
        result = run(rotating, "keys", "rewrite")
        assert result.exit_code == 0, result.output
        assert "said stop" not in result.output
    ring = KeyRing([new])
    with engine.connect() as connection:
        for table, hashed in (
            (ContactPrivate.phone, ContactPrivate.phone_hash),
            (Message.recipient, Message.recipient_hash),
            (InboundMessage.sender, InboundMessage.sender_hash),
            (InvitationKey.sealed, InvitationKey.hash),
        ):
            rows = connection.execute(select(table, hashed).where(table.is_not(None))).all()
            assert rows
            assert all(ring.lookup_hash(ring.decrypt(row[0])) == row[1] for row in rows)
        assert ring.decrypt(
            connection.scalars(select(PersonPrivate.phone).where(PersonPrivate.phone.is_not(None))).one()
        )
        assert ring.decrypt(connection.scalars(select(Message.text)).first())
        # Whoever said stop is still found, by the new key alone.
        for table in (OptOut, ProgrammeOptOut):
            still = (
                select(func.count())
                .select_from(table)
                .join(ContactPrivate, ContactPrivate.phone_hash == table.phone_hash)
            )
            assert connection.scalar(still) == len(stopped) == 2


def test_every_encrypted_column_is_rewritten() -> None:
    """A column that is forgotten here is lost with the old key."""
    columns = {
        (table.name, column.name)
        for table in Base.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary) and not column.name.endswith("hash")
    }
    rewritten = {(table.__tablename__, name) for table, _, names, _ in ENCRYPTED for name in names}
    assert columns - rewritten == {
        # Hashes of the audit chain and keys of draws: nobody's data.
        *((table, "head") for table in ("audit_seal", "audit_anchor")),
        ("wave", "prn_key"),
        # Files that are kept for an hour, between showing and applying them.
        *((table, "content") for table in ("import_part", "kept_import")),
        # A letterhead with tags, before anything is filled in.
        ("paper_template", "data"),
    }


def test_rewriting_says_which_wishes_stay_under_an_old_key(
    app: Flask, other_app: Any, engine: Engine, key: Secret, keys: KeyRing
) -> None:
    with engine.begin() as connection:
        values = {"phone_hash": keys.lookup_hash("+8613912345678"), "source": "reply", "at": START}
        connection.execute(insert(OptOut).values(**values))
    result = run(other_app(keys=(Secret(Fernet.generate_key().decode()), key)), "keys", "rewrite")
    assert result.exit_code == 0
    assert "1 numbers that said stop" in result.output


def test_rewriting_without_the_old_key_changes_nothing(
    app: Flask, other_app: Any, engine: Engine, keys: KeyRing
) -> None:
    with engine.begin() as connection:
        register.add_person(connection, "王芳", now=START, phone=("+8613912345678", keys))
    assert "ANFANG_KEYS" in refused(
        run(other_app(keys=(Secret(Fernet.generate_key().decode()),)), "keys", "rewrite")
    )
    with engine.connect() as connection:
        assert keys.decrypt(connection.scalar(select(PersonPrivate.phone)))
        assert connection.scalar(select(func.count()).select_from(Person)) == 1


@pytest.fixture
def audited(settings: Settings, clock: SetClock, engine: Engine) -> Iterator[Flask]:
    """An application with a store of its own, where no other test has left a head."""
    app = create_app(settings, clock=clock, store=MemoryStore())
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def anchored(audited: Flask, engine: Engine) -> Flask:
    """An application with three sealed lines whose head lies outside as well."""
    with engine.begin() as connection:
        audit.record(connection, [audit.Entry("system", each, "x", {}) for each in "abc"], at=START)
        audit.seal(connection, at=START)
    with audited.app_context():
        sealing.anchor_audit()
    return audited


def tamper(engine: Engine, *statements: Any) -> None:
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            connection.execute(statement)


def test_a_chain_that_holds_is_said_so(anchored: Flask) -> None:
    result = run(anchored, "audit", "verify")
    assert result.exit_code == 0, result.output
    assert result.output.startswith("3 lines hold")


def test_an_empty_chain_holds(audited: Flask) -> None:
    assert run(audited, "audit", "verify").exit_code == 0


def test_a_cut_tail_is_found_even_without_the_anchors(anchored: Flask, engine: Engine) -> None:
    tamper(engine, delete(AuditSeal).where(AuditSeal.position == 3), delete(AuditAnchor))
    result = run(anchored, "audit", "verify")
    assert result.exit_code == 1
    assert "position 3: not_as_anchored" in result.output


def test_a_changed_line_is_found(anchored: Flask, engine: Engine) -> None:
    tamper(engine, text("UPDATE audit_line SET action = 'x' WHERE action = 'b'"))
    result = run(anchored, "audit", "verify")
    assert result.exit_code == 1
    assert "position 2: changed" in result.output


def test_heads_that_are_gone_from_outside_are_a_finding(
    settings: Settings, anchored: Flask, clock: SetClock
) -> None:
    elsewhere = create_app(settings, clock=clock, store=MemoryStore())
    result = run(elsewhere, "audit", "verify")
    with elsewhere.app_context():
        db.engine.dispose()
    assert result.exit_code == 1
    assert "position 3: not_as_anchored" in result.output


def test_a_draw_repeats_until_somebody_changes_it(app: Flask, engine: Engine, keys: KeyRing) -> None:
    with engine.begin() as connection:
        builders.create_units(connection)
        builders.create_contacts(connection, keys)
        wave_id = builders.create_wave(connection, code="W1")
        draw_wave(connection, wave_id, EVERYTHING, by=builders.BY, now=START)
    assert run(app, "draws", "verify", "W1").exit_code == 0
    with engine.begin() as connection:
        connection.execute(text("UPDATE frame_member SET excluded = 'opt_out' WHERE position = 1"))
    result = run(app, "draws", "verify", "W1")
    assert result.exit_code == 1
    assert "does not repeat" in result.output
    with engine.begin() as connection:
        connection.execute(update(Draw).values(record={}))
    result = run(app, "draws", "verify", "W1")
    assert result.exit_code == 1
    assert "record_malformed" in result.output


def test_a_draw_whose_selection_was_exchanged_does_not_repeat(
    app: Flask, engine: Engine, keys: KeyRing
) -> None:
    with engine.begin() as connection:
        builders.create_units(connection)
        builders.create_contacts(connection, keys)
        wave_id = builders.create_wave(connection, code="W1", ratio=Decimal("0.5"), minimum=1)
        draw_wave(connection, wave_id, EVERYTHING, by=builders.BY, now=START)
        exchanged = text("UPDATE frame_member SET outcome = 'reserve' WHERE position = 0")
        connection.execute(exchanged)
    assert run(app, "draws", "verify", "W1").exit_code == 1


def test_a_wave_that_does_not_exist_is_a_sentence(app: Flask) -> None:
    assert "W9" in refused(run(app, "draws", "verify", "W9"))


def test_upgrading_may_be_repeated(app: Flask) -> None:
    outputs = [run(app, "db", "upgrade").output for _ in range(2)]
    assert outputs[0] == outputs[1]
    assert outputs[0].endswith(", 0 new definitions.\n")


@pytest.mark.parametrize("command", ["serve", "worker", "clock"])
def test_no_process_starts_on_a_database_that_would_lose_answers(other_app: Any, command: str) -> None:
    """The tests' PostgreSQL runs without fsync, which only ANFANG_ENV=test may."""
    assert "fsync=off" in refused(run(other_app(environment="production"), command))


@pytest.mark.parametrize("command", ["serve", "worker", "clock"])
def test_no_process_starts_on_another_schema(app: Flask, engine: Engine, command: str) -> None:
    with engine.begin() as connection:
        known = migrations.head()
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    try:
        assert "db upgrade" in refused(run(app, command))
    finally:
        with engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :known"), {"known": known})


COMMANDS = (
    ("accounts", "add", "x", "--name", "x", "--role", "auditor", "--password", PASSWORD),
    ("firms", "add", "ZX", "至信"),
    ("firms", "key", "ZX"),
    ("keys", "rewrite"),
    ("audit", "verify"),
    ("draws", "verify", "W1"),
    ("db", "upgrade"),
    ("serve",),
    ("worker",),
    ("clock",),
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_without_the_database_a_command_says_so(other_app: Any, command: tuple[str, ...]) -> None:
    away = other_app(database_url="postgresql://anfang@127.0.0.1:1/anfang")
    assert "DATABASE_URL" in refused(run(away, *command))


@pytest.mark.parametrize("command", [each for each in COMMANDS if each[0] != "db"], ids=" ".join)
def test_without_the_tables_a_command_says_so(
    settings: Settings, other_app: Any, command: tuple[str, ...]
) -> None:
    empty = settings.database_url.rpartition("/")[0] + "/postgres"
    assert "db upgrade" in refused(run(other_app(database_url=empty), *command))


def test_without_the_store_a_command_says_so(settings: Settings, clock: SetClock, anchored: Flask) -> None:
    store = MemoryStore()
    store.available = False
    app = create_app(settings, clock=clock, store=store)
    assert "S3_ENDPOINT_URL" in refused(run(app, "audit", "verify"))
    with app.app_context():
        db.engine.dispose()


@pytest.mark.parametrize("url", ["postgresql://u:secret@localhost:port/anfang"])
def test_settings_that_cannot_work_are_sentences_at_the_start(
    tmp_path: Path, s3_settings: S3Settings, url: str
) -> None:
    environ = {
        "PATH": os.environ["PATH"], "ANFANG_HOME": str(tmp_path), "DATABASE_URL": url,
        "S3_ENDPOINT_URL": s3_settings.endpoint_url, "S3_ACCESS_KEY_ID": "a", "S3_SECRET_ACCESS_KEY": "b",
        "SECRET_KEY": "x" * 32, "ANFANG_KEYS": Fernet.generate_key().decode(),
    }  # fmt: skip
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]
    done = subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("DATABASE_URL")
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr
