from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, Engine, func, insert, select, text
from sqlalchemy.exc import DBAPIError

from server.intake.prepare import Prepared
from server.intake.record import Receipt, record
from server.intake.uploads import Place, Promise, promise
from server.keys import KeyRing
from server.models.audit import AuditLine
from server.models.submissions import (
    Attachment,
    Finding,
    Pending,
    ScoreSheet,
    Submission,
    SubmissionRevision,
    SubmissionText,
)
from server.models.tasks import Assignment, Draft, Invitation
from server.scoring.sheet import lost_points
from server.storage.memory import MemoryStore
from tests import builders
from tests.blocking import wait_for_blocked
from tests.builders import NOW, hall_answers
from tests.intake.conftest import PHOTO, Making, with_photo


def count(connection: Connection, table: Any) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0


def store_one(engine: Engine, prepared: Prepared) -> Receipt:
    with engine.begin() as connection:
        [receipt] = record(connection, [prepared], actor="firm:test", now=NOW)
    return receipt


def at_once(engine: Engine, batches: list[list[Prepared]]) -> list[list[Receipt]]:
    """Each batch in a thread, a connection and a transaction of its own, all started together."""
    started = Barrier(len(batches))

    def run(batch: list[Prepared]) -> list[Receipt]:
        with engine.begin() as connection:
            connection.execute(text("SELECT 1"))
            started.wait(timeout=30)
            return record(connection, batch, actor="firm:test", now=NOW)

    with ThreadPoolExecutor(len(batches)) as pool:
        return list(pool.map(run, batches))


def test_created_then_replayed_then_conflict(engine: Engine, made: Making) -> None:
    first = made()
    again = made(submission_id=first.incoming.submission_id)
    other = made(hall_answers(4), first.incoming.submission_id)
    receipts = [store_one(engine, each) for each in (first, again, other)]
    assert [receipt.outcome for receipt in receipts] == ["created", "replayed", "conflict"]
    assert {receipt.received_at for receipt in receipts} == {NOW}
    with engine.connect() as connection:
        for table in (Submission, SubmissionRevision, ScoreSheet, Pending):
            assert count(connection, table) == 1
        stored = connection.scalar(select(SubmissionRevision.answers))
        assert stored["overall"] == 5


def test_a_replay_gets_the_time_of_the_first_arrival(connection: Connection, made: Making) -> None:
    first = made()
    record(connection, [first], actor="firm:test", now=NOW)
    [receipt] = record(connection, [first], actor="firm:test", now=NOW + builders.DAY)
    assert (receipt.outcome, receipt.received_at) == ("replayed", NOW)


def test_five_at_once_are_one_row_and_one_receipt(engine: Engine, made: Making) -> None:
    submission_id = uuid4()
    receipts = [
        receipt
        for batch in at_once(engine, [[made(submission_id=submission_id)] for _ in range(5)])
        for receipt in batch
    ]
    assert sorted(receipt.outcome for receipt in receipts) == ["created", *["replayed"] * 4]
    assert len({replace(receipt, outcome="created") for receipt in receipts}) == 1
    with engine.connect() as connection:
        assert count(connection, Submission) == count(connection, ScoreSheet) == 1
        assert count(connection, Pending) == 1


def test_of_two_contents_at_once_one_is_stored(engine: Engine, made: Making) -> None:
    submission_id = uuid4()
    batches = [[made(hall_answers(stars), submission_id)] for stars in (4, 5)]
    outcomes = [receipt.outcome for [receipt] in at_once(engine, batches)]
    assert sorted(outcomes) == ["conflict", "created"]
    with engine.connect() as connection:
        stored = connection.scalar(select(SubmissionRevision.answers))
    assert stored["overall"] == (4 if outcomes[0] == "created" else 5)


def test_the_same_rows_in_two_orders_do_not_wait_for_each_other(engine: Engine, made: Making) -> None:
    """While a third holds the middle row, both stop there, and would hold each other's last row."""
    first, middle, last = (made(submission_id=UUID(int=number)) for number in (1, 5, 9))
    orders = [[first, middle, last], [last, middle, first]]

    def run(batch: list[Prepared]) -> list[Receipt]:
        with engine.begin() as connection:
            return record(connection, batch, actor="firm:test", now=NOW)

    with ThreadPoolExecutor(2) as pool:
        with engine.connect() as holding:
            record(holding, [middle], actor="firm:test", now=NOW)
            running = [pool.submit(run, batch) for batch in orders]
            wait_for_blocked(engine, 2)
            holding.rollback()
        receipts = [receipt for future in running for receipt in future.result()]
    assert sorted(receipt.outcome for receipt in receipts) == ["created"] * 3 + ["replayed"] * 3
    with engine.connect() as connection:
        assert count(connection, Submission) == 3


def test_the_same_id_twice_in_a_batch(connection: Connection, made: Making) -> None:
    first = made()
    same = made(submission_id=first.incoming.submission_id)
    other = made(hall_answers(4), first.incoming.submission_id)
    receipts = record(connection, [first, same, other], actor="firm:test", now=NOW)
    assert [receipt.outcome for receipt in receipts] == ["created", "replayed", "conflict"]
    assert count(connection, Submission) == 1


def test_receipts_come_in_the_order_of_the_batch(connection: Connection, made: Making) -> None:
    rows = [made(submission_id=UUID(int=number)) for number in (9, 3, 7, 1)]
    receipts = record(connection, rows, actor="firm:test", now=NOW)
    assert [receipt.submission_id.int for receipt in receipts] == [9, 3, 7, 1]


def test_a_failure_in_the_middle_leaves_nothing(engine: Engine, made: Making) -> None:
    broken = made()
    # PostgreSQL refuses NUL in text; every door refuses it earlier.
    unstorable = replace(broken, texts={"comment": "\x00"})
    with pytest.raises((DBAPIError, ValueError)), engine.begin() as connection:
        record(connection, [made(), unstorable], actor="firm:test", now=NOW)
    with engine.connect() as connection:
        for table in (Submission, SubmissionRevision, SubmissionText, ScoreSheet, Pending):
            assert count(connection, table) == 0
        stored = select(func.count()).where(AuditLine.action == "submission_stored")
        assert connection.scalar(stored) == 0


def test_every_new_submission_leaves_an_audit_line(connection: Connection, made: Making) -> None:
    rows = [made(), made()]
    record(connection, rows, actor="firm:test", now=NOW)
    record(connection, rows, actor="firm:test", now=NOW)
    lines = connection.execute(
        select(AuditLine.actor, AuditLine.detail).where(AuditLine.action == "submission_stored")
    ).all()
    assert [line.actor for line in lines] == ["firm:test"] * 2
    assert {line.detail["content_hash"] for line in lines} == {row.content_hash for row in rows}


def test_texts_are_rows_of_their_own(connection: Connection, made: Making) -> None:
    record(connection, [made(hall_answers(comment="很热心"))], actor="firm:test", now=NOW)
    answers = connection.scalar(select(SubmissionRevision.answers))
    assert "comment" not in answers
    assert connection.execute(select(SubmissionText.question, SubmissionText.text)).all() == [
        ("comment", "很热心")
    ]


def test_findings_carry_points_and_wait_for_review(connection: Connection, made: Making) -> None:
    opinion = made(hall_answers(2))
    record(connection, [opinion], actor="firm:test", now=NOW)
    assert count(connection, Finding) == 0
    assert opinion.sheet is not None
    lost = replace(lost_points(opinion.sheet)[0], points=Fraction(1, 3))
    record(connection, [replace(made(), lost=(lost,))], actor="firm:test", now=NOW)
    finding = connection.execute(select(Finding.item, Finding.points, Finding.state)).one()
    assert (finding.item, str(finding.points), finding.state) == (lost.item, "0.333333", "pending")


def test_promised_photos_are_missing_until_they_are_verified(connection: Connection, made: Making) -> None:
    submitted = with_photo(made())
    [receipt] = record(connection, [submitted], actor="firm:test", now=NOW)
    assert receipt.missing_attachments == (UUID(PHOTO.id),)
    connection.execute(text("UPDATE attachment SET state = 'refused'"))
    [receipt] = record(connection, [submitted], actor="firm:test", now=NOW)
    assert receipt.missing_attachments == (UUID(PHOTO.id),)
    connection.execute(text("UPDATE attachment SET state = 'verified'"))
    [receipt] = record(connection, [submitted], actor="firm:test", now=NOW)
    assert (receipt.outcome, receipt.missing_attachments) == ("replayed", ())


def announced(connection: Connection, prepared: Prepared, sha256: str, wave_id: UUID) -> None:
    place = Place(prepared.incoming.submission_id, wave_id, PHOTO.question)
    new = Promise(place, UUID(PHOTO.id), PHOTO.type, PHOTO.size, sha256)
    promise(connection, MemoryStore(), new, now=NOW)
    connection.execute(text("UPDATE attachment SET state = 'verified'"))


@pytest.mark.parametrize(("sha256", "missing"), [("a" * 64, 0), ("b" * 64, 1)])
def test_the_bytes_that_answers_name_are_those_that_count(
    connection: Connection, made: Making, sha256: str, missing: int
) -> None:
    submitted = with_photo(made())
    announced(connection, submitted, sha256, submitted.ask.wave_id)
    [receipt] = record(connection, [submitted], actor="firm:test", now=NOW)
    assert len(receipt.missing_attachments) == missing
    assert connection.scalar(select(Attachment.sha256)) == PHOTO.sha256


def test_a_photo_that_was_taken_again_is_not_waited_for(connection: Connection, made: Making) -> None:
    submitted = made()
    announced(connection, submitted, "a" * 64, submitted.ask.wave_id)
    connection.execute(text("UPDATE attachment SET state = 'expected'"))
    [receipt] = record(connection, [submitted], actor="firm:test", now=NOW)
    assert receipt.missing_attachments == ()


def test_a_task_is_finished_and_its_draft_gone(connection: Connection, keys: KeyRing, made: Making) -> None:
    visit = builders.create_visit(connection, keys)
    sent = made(submission_id=visit.submission_id)
    add_draft(connection, sent)
    record(connection, [replace(sent, ask=replace(sent.ask, wave_id=visit.wave_id))], actor="test", now=NOW)
    assert connection.scalar(select(Assignment.completed_at)) == NOW
    assert count(connection, Draft) == 0


def test_a_firm_cannot_finish_anybodys_task(connection: Connection, keys: KeyRing, made: Making) -> None:
    """Firms choose their submission ids; one of them may be the id of a customer's invitation."""
    builders.create_contacts(connection, keys)
    wave_id = builders.create_wave(connection, state="launched")
    builders.invite_all(connection, keys, wave_id)
    submission_id = connection.scalar(select(Invitation.submission_id).limit(1))
    sent = made(submission_id=submission_id)
    add_draft(connection, sent)
    [receipt] = record(connection, [sent], actor="firm:test", now=NOW)
    assert receipt.outcome == "created"
    assert connection.scalar(select(func.count(Invitation.completed_at))) == 0
    assert count(connection, Draft) == 1


def add_draft(connection: Connection, sent: Prepared) -> None:
    connection.execute(
        insert(Draft).values(
            submission_id=sent.incoming.submission_id,
            form_version_id=sent.ask.shelved.form_version_id,
            answers={},
            page=0,
            revision=1,
            updated_at=NOW,
        )
    )
