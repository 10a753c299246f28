"""The chain: made in batches by one sealer, and every kind of tampering shows."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, Engine, func, select, text
from sqlalchemy.exc import DatabaseError

from server import audit
from server.audit import Damage, Entry
from server.models.audit import AuditLine, AuditSeal
from tests.conftest import START


def write(connection: Connection, *actions: str) -> None:
    entries = [Entry("account:1", action, "wave:2", {"名": "值", "n": 1.5}) for action in actions]
    audit.record(connection, entries, at=START)


@contextmanager
def tampering(connection: Connection) -> Iterator[None]:
    """As somebody who owns the database: the guard does not hold against them, the chain does."""
    connection.execute(text("SET LOCAL session_replication_role = replica"))
    yield
    connection.execute(text("SET LOCAL session_replication_role = origin"))


@pytest.fixture
def chain(connection: Connection) -> Connection:
    """Six sealed lines."""
    write(connection, *"abcdef")
    assert audit.seal(connection, at=START) == 6
    return connection


def damages(connection: Connection, *outside: tuple[int, bytes]) -> list[Damage]:
    return list(audit.verify(connection, outside))


def test_an_empty_chain_holds(connection: Connection) -> None:
    assert audit.head(connection) == (0, audit.FIRST_HEAD)
    assert audit.seal(connection, at=START) == 0
    assert damages(connection) == []


def test_sealing_chains_each_line_once_and_goes_on(chain: Connection) -> None:
    position, first = audit.head(chain)
    assert (position, audit.seal(chain, at=START)) == (6, 0)
    write(chain, "g")
    assert audit.seal(chain, at=START) == 1
    position, second = audit.head(chain)
    assert position == 7
    assert first != second
    assert damages(chain, (6, first), (7, second)) == []


def test_a_line_that_commits_late_is_sealed_later(engine: Engine) -> None:
    """Its number is smaller than those already sealed: a sealer that remembers a number would lose it."""
    with engine.connect() as slow, engine.connect() as quick:
        write(slow, "late")
        write(quick, "early")
        quick.commit()
        audit.seal(quick, at=START)
        quick.commit()
        slow.commit()
        assert audit.seal(quick, at=START) == 1
        quick.commit()
        assert damages(quick) == []
        order = select(AuditLine.action).join(AuditSeal, AuditSeal.line_id == AuditLine.id)
        assert quick.scalars(order.order_by(AuditSeal.position)).all() == ["early", "late"]


def test_two_sealers_at_once_do_not_fork(engine: Engine) -> None:
    with engine.begin() as connection:
        write(connection, "a", "b")
    with engine.connect() as one, engine.connect() as other:
        assert audit.seal(one, at=START) == 2
        assert audit.seal(other, at=START) == 0
        one.commit()
        other.commit()
        assert audit.seal(other, at=START) == 0
        assert audit.head(other)[0] == 2


def test_what_is_rolled_back_leaves_no_line(engine: Engine) -> None:
    with engine.connect() as connection:
        write(connection, "a")
        connection.rollback()
        assert connection.scalar(select(func.count()).select_from(AuditLine)) == 0


CHANGES = {
    "action": "UPDATE audit_line SET action = 'x' WHERE id = {third}",
    "actor": "UPDATE audit_line SET actor = 'account:9' WHERE id = {third}",
    "subject": "UPDATE audit_line SET subject = 'wave:9' WHERE id = {third}",
    "detail": """UPDATE audit_line SET detail = '{{"n": 2}}' WHERE id = {third}""",
    "time": "UPDATE audit_line SET at = at + interval '1 microsecond' WHERE id = {third}",
    "request": "UPDATE audit_line SET request_id = 'other-request' WHERE id = {third}",
    "line taken out": "DELETE FROM audit_line WHERE id = {third}",
    "head": "UPDATE audit_seal SET head = sha256(head) WHERE position = 3",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_shows_at_its_place(chain: Connection, change: str) -> None:
    third = chain.scalar(select(AuditSeal.line_id).where(AuditSeal.position == 3))
    with tampering(chain):
        chain.execute(text(change.format(third=third)))
    assert damages(chain)[0] == Damage(3, "changed")


def test_one_changed_line_is_reported_once(chain: Connection) -> None:
    with tampering(chain):
        chain.execute(text("UPDATE audit_line SET action = 'x' WHERE action = 'c'"))
    assert damages(chain) == [Damage(3, "changed")]


def test_a_line_taken_out_with_its_seal_is_missing(chain: Connection) -> None:
    with tampering(chain):
        chain.execute(text("DELETE FROM audit_seal WHERE position = 3"))
        chain.execute(text("DELETE FROM audit_line WHERE action = 'c'"))
    assert Damage(3, "missing") in damages(chain)


def test_closing_the_gap_does_not_hide_it(chain: Connection) -> None:
    with tampering(chain):
        chain.execute(text("DELETE FROM audit_seal WHERE position = 3"))
        for position in (4, 5, 6):
            chain.execute(
                text(f"UPDATE audit_seal SET position = {position - 1} WHERE position = {position}")
            )
    assert damages(chain)


def test_the_first_line_taken_out_is_missing(chain: Connection) -> None:
    with tampering(chain):
        chain.execute(text("DELETE FROM audit_seal WHERE position = 1"))
    assert Damage(1, "missing") in damages(chain)


def test_lines_that_change_places_show(chain: Connection) -> None:
    with tampering(chain):
        for old, new in ((2, -2), (3, 2), (-2, 3)):
            chain.execute(text(f"UPDATE audit_seal SET position = {new} WHERE position = {old}"))
    assert {damage.problem for damage in damages(chain)} == {"changed"}


def test_a_tail_cut_off_shows_against_the_anchor(chain: Connection) -> None:
    position, head = audit.head(chain)
    audit.anchored(chain, position=position, value=head, place="audit/heads/6", at=START)
    with tampering(chain):
        chain.execute(text("DELETE FROM audit_seal WHERE position > 4"))
    assert damages(chain) == [Damage(6, "not_as_anchored")]
    with tampering(chain):
        chain.execute(text("DELETE FROM audit_anchor"))
    assert damages(chain) == []
    assert damages(chain, (position, head)) == [Damage(6, "not_as_anchored")]


def test_a_chain_made_anew_shows_against_the_head_outside(chain: Connection) -> None:
    outside = audit.head(chain)
    with tampering(chain):
        chain.execute(text("DELETE FROM audit_seal"))
        chain.execute(text("UPDATE audit_line SET action = 'x' WHERE action = 'c'"))
    audit.seal(chain, at=START)
    assert damages(chain) == []
    assert damages(chain, outside) == [Damage(6, "not_as_anchored")]


@pytest.mark.parametrize("table", ["audit_line", "audit_seal"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_the_database_refuses_to_edit_the_log(chain: Connection, table: str, statement: str) -> None:
    column = "action" if table == "audit_line" else "head"
    with pytest.raises(DatabaseError, match="never changed"):
        chain.execute(text(statement.format(table, column, column)))


def test_lines_carry_the_request_that_wrote_them(connection: Connection) -> None:
    token = audit.request_id.set("request-1")
    try:
        write(connection, "a")
    finally:
        audit.request_id.reset(token)
    assert connection.scalar(select(AuditLine.request_id)) == "request-1"
