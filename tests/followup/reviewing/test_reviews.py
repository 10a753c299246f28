"""Reports on their way through review: what counts meanwhile, what each decision moves, who may decide."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, Engine, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from server.errors import Refusal
from server.fieldwork.definitions.compiled import programme_of
from server.followup.corrections import corrected
from server.followup.doubts.weighing import weigh_when_complete
from server.followup.facts import Span, gather
from server.followup.pay.proposing import propose_for
from server.followup.reviewing import acting, claiming, reading, remarks
from server.followup.reviewing.acting import Judgement
from server.followup.reviewing.opening import open_reviews
from server.intake.prepare import Prepared
from server.intake.revising import newest_revision, revise
from server.intake.shelf import FormShelf
from server.keys import KeyRing
from server.models.audit import AuditLine
from server.models.definitions import Programme, ProgrammeVersion
from server.models.organisation import Unit
from server.models.pay import PayDecision, PayLine
from server.models.reviews import Review, ReviewStep
from server.models.submissions import Attachment, Finding
from server.models.tasks import Assignment
from server.models.visits import VisitReturn
from server.models.waves import Wave
from server.reports.results import wave_result
from server.scope import EVERYTHING, Scope
from tests.builders import BY, DAY, NOW
from tests.followup.reviewing.reviews_for_tests import (
    REVIEW,
    act,
    create_report,
    create_reports,
    create_reviewer,
    state_of,
)
from tests.followup.visits_for_tests import KEY, add_photo, create_wave, tell

WEST = Scope(("C01/D10/",))
ALONE: Mapping[str, Any] = {"review": {"second": 0, "eyes": 1}}


def facts(connection: Connection) -> dict[str, Any]:
    version = connection.execute(
        select(ProgrammeVersion.id, ProgrammeVersion.programme_id)
        .join(Programme, Programme.id == ProgrammeVersion.programme_id)
        .where(Programme.key == KEY)
    ).one()
    day = NOW.date()
    programme = programme_of(connection, version.id)
    return gather(connection, programme, version.programme_id, Span(2026, day, day, since=day)).facts


def counted(connection: Connection, wave_id: UUID) -> int:
    return wave_result(connection, wave_id, EVERYTHING, suppress_small=False).n


def codes_of(refused: pytest.ExceptionInfo[Refusal]) -> list[str]:
    return [each.code for each in refused.value.details] or [refused.value.code]


def findings(connection: Connection, pk: UUID) -> list[tuple[str, bool]]:
    rows = connection.execute(select(Finding.state, Finding.withdrawn_at).where(Finding.submission_pk == pk))
    return [(row.state, row.withdrawn_at is not None) for row in rows]


def test_a_report_counts_for_money_once_it_was_approved(connection: Connection, keys: KeyRing) -> None:
    _, report = create_reports(connection, keys)
    assert [(each["state"]) for each in facts(connection)["scores"]] == ["pending"]
    assert facts(connection)["findings"] == []
    act(connection, report.pk, create_reviewer(connection, "ann"), "approve")
    after = facts(connection)
    assert [each["state"] for each in after["scores"]] == ["approved"]
    assert [each["status"] for each in after["findings"]] == ["confirmed"]


def test_without_a_word_in_the_programme_a_report_counts_at_once(
    connection: Connection, keys: KeyRing
) -> None:
    _, report = create_reports(connection, keys, {})
    assert state_of(connection, report.pk) == "waiting"
    assert [each["state"] for each in facts(connection)["scores"]] == ["approved"]


@pytest.mark.parametrize("act_name", ["exclude", "reject"])
def test_what_is_taken_out_counts_nowhere_and_comes_back_whole(
    connection: Connection, keys: KeyRing, act_name: str
) -> None:
    wave_id, report = create_reports(connection, keys, ALONE)
    ann = create_reviewer(connection, "ann")
    assert counted(connection, wave_id) == 1
    act(connection, report.pk, ann, act_name, note="店庆，不具代表性")
    assert counted(connection, wave_id) == 0
    assert [each["state"] for each in facts(connection)["scores"]] == ["excluded"]
    assert findings(connection, report.pk) == [("pending", True)]
    act(connection, report.pk, ann, "reopen", note="录像证明当天正常", now=NOW + DAY)
    assert counted(connection, wave_id) == 1
    assert findings(connection, report.pk) == [("pending", False)]
    act(connection, report.pk, ann, "approve", now=NOW + DAY)
    assert findings(connection, report.pk) == [("confirmed", False)]


def test_an_excluded_visit_is_paid_and_a_rejected_one_is_not(connection: Connection, keys: KeyRing) -> None:
    wave_id, excluded = create_reports(connection, keys, ALONE)
    rejected = create_report(connection, keys, wave_id, "B102")
    late = create_report(connection, keys, wave_id, "B201")
    for each in (excluded, rejected, late):
        tell(connection, each.visit, "done")
    propose_for(connection, [excluded.visit.id, rejected.visit.id], now=NOW)
    ann = create_reviewer(connection, "ann")
    act(connection, excluded.pk, ann, "exclude", note="店庆")
    act(connection, rejected.pk, ann, "reject", note="没有去过")
    act(connection, late.pk, ann, "reject", note="没有去过")
    propose_for(connection, [late.visit.id], now=NOW)
    rows = connection.execute(
        select(PayLine.assignment_id, PayDecision.approved, PayDecision.reason).join(
            PayDecision, PayDecision.line_id == PayLine.id, isouter=True
        )
    ).all()
    assert {tuple(row) for row in rows} == {
        (excluded.visit.id, None, None),
        (rejected.visit.id, False, "没有去过"),
    }


def test_pay_that_was_approved_is_proposed_to_be_taken_back(connection: Connection, keys: KeyRing) -> None:
    _, report = create_reports(connection, keys, ALONE)
    tell(connection, report.visit, "done")
    propose_for(connection, [report.visit.id], now=NOW)
    fee = connection.scalars(select(PayLine.id)).one()
    decided = {"approved": True, "decided_by": BY, "decided_at": NOW}
    connection.execute(insert(PayDecision).values(line_id=fee, **decided))
    act(connection, report.pk, create_reviewer(connection, "ann"), "reject", note="没有去过")
    reversal = connection.execute(select(PayLine).where(PayLine.kind == "reversal")).one()
    assert (reversal.reverses_id, reversal.note) == (fee, "没有去过")


def test_two_people_take_a_report_out(connection: Connection, keys: KeyRing) -> None:
    wave_id, report = create_reports(connection, keys)
    ann, ben = create_reviewer(connection, "ann"), create_reviewer(connection, "ben")
    act(connection, report.pk, ann, "reject", note="没有去过")
    assert (state_of(connection, report.pk), counted(connection, wave_id)) == ("second", 1)
    with pytest.raises(Refusal) as refused:
        act(connection, report.pk, ann, "reject", note="真的没有")
    assert codes_of(refused) == ["review_second"]
    act(connection, report.pk, ben, "reject", note="同意")
    assert (state_of(connection, report.pk), counted(connection, wave_id)) == ("rejected", 0)
    steps = connection.execute(select(ReviewStep.act, ReviewStep.final).order_by(ReviewStep.number)).all()
    assert [tuple(each) for each in steps] == [("reject", False), ("reject", True)]


def test_one_person_acts_alone_with_a_reason_that_stays(connection: Connection, keys: KeyRing) -> None:
    _, report = create_reports(connection, keys, {"review": {"second": 100, "alone": True}})
    act(connection, report.pk, create_reviewer(connection, "ann"), "approve", alone="县支行只有我一人")
    assert connection.scalars(select(Review.alone)).one() is True
    assert connection.scalars(select(ReviewStep.alone)).one() == "县支行只有我一人"
    line = connection.execute(select(AuditLine.detail).where(AuditLine.action == "report_reviewed")).one()
    assert line.detail["alone"] == "县支行只有我一人"


def test_nobody_judges_their_own(connection: Connection, keys: KeyRing) -> None:
    _, report = create_reports(connection, keys)
    ann = create_reviewer(connection, "ann")
    connection.execute(update(Assignment).values(person_id=ann.person_id))
    with pytest.raises(Refusal) as refused:
        act(connection, report.pk, ann, "approve")
    assert codes_of(refused) == ["review_own"]
    at_outlet = create_reviewer(
        connection, "bo", connection.execute(select(Unit.id).where(Unit.code == "B101")).scalar_one()
    )
    with pytest.raises(Refusal) as refused:
        act(connection, report.pk, at_outlet, "approve")
    assert codes_of(refused) == ["review_own"]
    assert claiming.claim_next(connection, at_outlet, EVERYTHING, now=NOW) is None
    assert [row.own for row in reading.list_reviews(connection, EVERYTHING, at_outlet, "waiting").rows] == [
        True
    ]


def test_a_report_outside_the_scope_is_not_there(connection: Connection, keys: KeyRing) -> None:
    _, report = create_reports(connection, keys)
    ann = create_reviewer(connection, "ann")
    with pytest.raises(Refusal) as refused:
        act(connection, report.pk, ann, "approve", scope=WEST)
    assert codes_of(refused) == ["not_found"]
    assert claiming.claim_next(connection, ann, WEST, now=NOW) is None
    assert reading.list_reviews(connection, WEST, ann, "waiting").rows == []
    assert reading.count_reviews(connection, WEST)["waiting"] == 0


def test_answers_that_changed_since_they_were_read_are_read_again(
    connection: Connection, keys: KeyRing
) -> None:
    _, report = create_reports(connection, keys)
    with pytest.raises(Refusal) as refused:
        act(connection, report.pk, create_reviewer(connection, "ann"), "approve", read=uuid4())
    assert codes_of(refused) == ["conflict"]


def test_a_report_that_was_sent_back_waits_for_its_answer(connection: Connection, keys: KeyRing) -> None:
    _, report = create_reports(connection, keys)
    ann = create_reviewer(connection, "ann")
    back = {"assignment_id": report.visit.id, "number": 1, "questions": [], "text": "请补", "asked_by": BY}
    connection.execute(insert(VisitReturn).values(id=uuid4(), asked_at=NOW, due_at=NOW + DAY, **back))
    with pytest.raises(Refusal) as refused:
        act(connection, report.pk, ann, "approve")
    assert codes_of(refused) == ["review_sent_back"]
    assert claiming.claim_next(connection, ann, EVERYTHING, now=NOW) is None
    counts = reading.count_reviews(connection, EVERYTHING)
    assert counts == {"waiting": 0, "held": 0, "returned": 1}


def test_two_reviewers_at_once_get_two_reports(engine: Engine, keys: KeyRing) -> None:
    with engine.begin() as connection:
        wave_id, first = create_reports(connection, keys)
        second = create_report(connection, keys, wave_id, "B102")
        ann, ben = create_reviewer(connection, "ann"), create_reviewer(connection, "ben")
    with engine.connect() as one, engine.connect() as two:
        mine = claiming.claim_next(one, ann, EVERYTHING, now=NOW)
        # The other transaction is still open: its report is passed over, not waited for.
        yours = claiming.claim_next(two, ben, EVERYTHING, now=NOW)
        one.commit()
        two.commit()
    assert {mine, yours} == {first.pk, second.pk}
    with engine.begin() as connection:
        assert mine is not None
        with pytest.raises(Refusal) as refused:
            act(connection, mine, ben, "approve")
        assert codes_of(refused) == ["review_claimed"]
        act(connection, mine, ben, "approve", now=NOW + DAY)


def test_a_correction_is_a_revision_with_a_reason_and_somebody_else_approves(
    connection: Connection, keys: KeyRing
) -> None:
    wave_id, report = create_reports(connection, keys)
    ann, ben = create_reviewer(connection, "ann"), create_reviewer(connection, "ben")
    before = newest_revision(connection, report.pk)
    correction = Judgement(report.pk, "correct", before.id, f"account:{ann.account_id}", "照片里有人问候")
    doing = (ann, EVERYTHING, NOW)
    acting.correct(connection, FormShelf(), correction, {"greeting": "yes"}, doing)
    after = newest_revision(connection, report.pk)
    assert (after.number, after.answers["greeting"]) == (2, "yes")
    assert state_of(connection, report.pk) == "second"
    assert findings(connection, report.pk) == [("pending", True)]
    with pytest.raises(Refusal) as refused:
        act(connection, report.pk, ann, "approve")
    assert codes_of(refused) == ["review_second"]
    act(connection, report.pk, ben, "approve")
    result = wave_result(connection, wave_id, EVERYTHING, suppress_small=False)
    assert str(result.mean) == "100.00"
    agreed = reading.agreement(connection, EVERYTHING, now=NOW)
    assert [(each.name, each.agreement.looks, each.agreement.agreed) for each in agreed] == [("ann", 1, 1)]


@pytest.mark.parametrize(
    ("changes", "note", "codes"),
    [
        ({"greeting": "yes"}, "", ["field_required"]),
        ({"greeting": "no"}, "照旧", ["review_unchanged"]),
        ({"greeting": "maybe"}, "x", ["choice_unknown"]),
    ],
)
def test_a_correction_that_is_none(
    connection: Connection, keys: KeyRing, changes: dict[str, Any], note: str, codes: list[str]
) -> None:
    _, report = create_reports(connection, keys)
    ann = create_reviewer(connection, "ann")
    read = newest_revision(connection, report.pk).id
    judgement = Judgement(report.pk, "correct", read, BY, note)
    doing = (ann, EVERYTHING, NOW)
    with pytest.raises(Refusal) as refused:
        acting.correct(connection, FormShelf(), judgement, changes, doing)
    assert codes_of(refused) == codes


def test_rules_approve_what_nobody_needs_to_look_at(connection: Connection, keys: KeyRing) -> None:
    _, report = create_reports(connection, keys, {"review": {"look": 0, "second": 0}})
    assert state_of(connection, report.pk) == "waiting", "its evidence was not weighed yet"
    # As a firm's would: without a visit of ours there is nothing to weigh.
    connection.execute(update(Assignment).values(submission_id=uuid4()))
    connection.execute(text("DELETE FROM review"))
    open_reviews(connection, [report.pk], now=NOW)
    assert state_of(connection, report.pk) == "approved"
    assert connection.scalars(select(ReviewStep.account_id)).one() is None
    assert findings(connection, report.pk) == [("confirmed", False)]


def test_rules_approve_once_the_last_photo_came(connection: Connection, keys: KeyRing) -> None:
    _, report = create_reports(connection, keys, {"review": {"look": 0, "second": 0}})
    # As a firm's would: without a visit of ours there is nothing to weigh.
    connection.execute(update(Assignment).values(submission_id=uuid4()))
    add_photo(connection, report.visit, state="expected")
    photo_id = connection.execute(update(Attachment).values(named=True).returning(Attachment.id)).scalar_one()
    open_reviews(connection, [report.pk], now=NOW)
    assert state_of(connection, report.pk) == "waiting"
    connection.execute(update(Attachment).values(state="refused"))
    assert weigh_when_complete(connection, photo_id), "also for a report without a visit of ours"
    open_reviews(connection, [report.pk], now=NOW)
    assert state_of(connection, report.pk) == "approved"
    sealed = connection.scalars(select(AuditLine.actor).where(AuditLine.action == "report_reviewed"))
    assert list(sealed) == ["system:review"]


@pytest.mark.parametrize("act_before", ["approve", "propose", "exclude"])
def test_answers_that_change_outside_a_review_are_looked_at_again(
    connection: Connection, keys: KeyRing, act_before: str
) -> None:
    second = {"review": {"second": 100 if act_before == "propose" else 0, "eyes": 1}}
    _, report = create_reports(connection, keys, second)
    ann = create_reviewer(connection, "ann")
    act(connection, report.pk, ann, "approve" if act_before == "propose" else act_before, note="店庆日")
    stood = state_of(connection, report.pk)
    changed = corrected(connection, FormShelf(), report.pk, {"greeting": "yes"})
    assert isinstance(changed, Prepared)
    revise(connection, changed, reason="补", author=BY, now=NOW, keeps_photos=True)
    open_reviews(connection, [report.pk], now=NOW + DAY)
    expected = "excluded" if act_before == "exclude" else "waiting"
    assert (stood, state_of(connection, report.pk)) == (
        {"approve": "approved", "propose": "second", "exclude": "excluded"}[act_before],
        expected,
    )
    if expected == "waiting":
        assert {state for state, _ in findings(connection, report.pk)} == {"pending"}
        proposed = connection.execute(select(Review.proposed, Review.proposed_by)).one()
        assert proposed == (None, None)


def test_an_unusual_score_comes_first(connection: Connection, keys: KeyRing) -> None:
    wave_id, usual = create_reports(connection, keys)
    connection.execute(update(Wave).where(Wave.id == wave_id).values(opens_at=NOW - 30 * DAY))
    later = _second_wave(connection, wave_id)
    poor = create_report(connection, keys, later, greeting="no", queue="no")
    quiet = create_report(connection, keys, later, "B102", greeting="yes")
    rows = reading.list_reviews(connection, EVERYTHING, create_reviewer(connection, "ann"), "waiting").rows
    assert rows[0].submission_pk == poor.pk
    assert [(each["code"], each.get("points"), each.get("against")) for each in rows[0].reasons] == [
        ("outlier", "-50.00", "own")
    ]
    assert {row.submission_pk for row in rows[1:]} == {usual.pk, quiet.pk}
    row = next(row for row in rows if row.submission_pk == poor.pk)
    assert reading.report_before(connection, row, EVERYTHING) == usual.pk


def _second_wave(connection: Connection, wave_id: UUID) -> UUID:
    values = dict(connection.execute(select(Wave).where(Wave.id == wave_id)).one()._mapping)
    again = {**values, "id": uuid4(), "code": "V2", "opens_at": NOW - DAY, "prn_key": b"k" * 32}
    connection.execute(insert(Wave).values(**again))
    return UUID(str(again["id"]))


def test_steps_are_never_changed(connection: Connection, keys: KeyRing) -> None:
    _, report = create_reports(connection, keys)
    act(connection, report.pk, create_reviewer(connection, "ann"), "approve")
    with pytest.raises(DBAPIError, match="never changed"):
        connection.execute(update(ReviewStep).values(note="anders"))


def test_pages_of_the_queue_lose_nobody(connection: Connection, keys: KeyRing) -> None:
    wave_id, first = create_reports(connection, keys)
    others = [create_report(connection, keys, wave_id, code) for code in ("B102", "B201")]
    ann = create_reviewer(connection, "ann")
    whole = [row.submission_pk for row in reading.list_reviews(connection, EVERYTHING, ann, "waiting").rows]
    assert set(whole) == {first.pk, *(each.pk for each in others)}
    rest = reading.list_reviews(connection, EVERYTHING, ann, "waiting", after=whole[0]).rows
    assert [row.submission_pk for row in rest] == whole[1:]
    for pk in whole:
        act(connection, pk, ann, "approve")
    done = reading.list_reviews(connection, EVERYTHING, ann, "decided")
    assert len(done.rows) == 3


def test_remarks_are_kept_once_and_taken_out(connection: Connection) -> None:
    for sentence, code in (("请说明几点", ""), ("请说明几点", ""), ("排队时长以录像为准", "LOB-01")):
        remarks.add_remark(connection, sentence, code, by=BY, now=NOW)
    found = remarks.list_remarks(connection)
    assert [(each.sentence, each.item_code) for each in found] == [
        ("排队时长以录像为准", "LOB-01"),
        ("请说明几点", None),
    ]
    assert [each.sentence for each in remarks.list_remarks(connection, ["TEL-01"])] == ["请说明几点"]
    remarks.remove_remark(connection, found[0].id, by=BY, now=NOW)
    assert len(remarks.list_remarks(connection)) == 1
    with pytest.raises(Refusal):
        remarks.remove_remark(connection, found[0].id, by=BY, now=NOW)
    with pytest.raises(Refusal) as refused:
        remarks.add_remark(connection, " ", "", by=BY, now=NOW)
    assert codes_of(refused) == ["field_required"]


def test_a_self_check_is_not_looked_through_unless_said(connection: Connection, keys: KeyRing) -> None:
    wave_id = create_wave(connection, {}, "self_check", rules=REVIEW)
    report = create_report(connection, keys, wave_id)
    assert connection.scalar(select(Review.state).where(Review.submission_pk == report.pk)) is None
