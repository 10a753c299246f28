"""Appeals from filing to everything that follows: score, ranks, money; and who may not decide."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, Engine, insert, select, update

from server.db import new_id
from server.errors import Refusal
from server.fieldwork.waves.reading import find_wave
from server.followup.appealing.deciding import Decided, Verdict, decide
from server.followup.appealing.filing import NewAppeal, file_appeal, take_back
from server.followup.appealing.weighing import Effect, weigh_effect
from server.followup.publishing.checking import open_check
from server.followup.publishing.publishing import newest
from server.followup.reviewing.claiming import Reviewer
from server.intake.revising import newest_revision
from server.intake.shelf import FormShelf
from server.keys import KeyRing
from server.models.accounts import RoleGrant
from server.models.appeals import Appeal
from server.models.organisation import Unit
from server.models.reviews import Review, ReviewStep
from server.models.settlements import LedgerLine
from server.models.submissions import Finding
from server.scope import EVERYTHING, Scope
from tests.builders import BY, DAY, NOW
from tests.followup.publishing.waves_for_tests import Closed, create_closed, published, publisher, ref_of
from tests.followup.reviewing.reviews_for_tests import create_reviewer

FORMS = FormShelf()
B101, EAST = Scope(("C01/D1/B101/",)), Scope(("C01/D1/",))
YES = Effect({"greeting": "yes"})
MANAGER = "account:manager"


@pytest.fixture
def closed(connection: Connection, keys: KeyRing) -> Closed:
    made = create_closed(connection, keys)
    published(connection, made)
    return made


@pytest.fixture
def cay(connection: Connection) -> Reviewer:
    return create_reviewer(connection, "cay")


def filed(connection: Connection, closed: Closed, **changes: Any) -> UUID:
    ref = ref_of(connection, closed.reports["B101"])
    scope, now = changes.pop("scope", B101), changes.pop("now", NOW + DAY)
    values = {"said": "照片里柜员已问候", "by": MANAGER, "ref": ref, "item": "greeting", **changes}
    return file_appeal(connection, NewAppeal(**values), scope, now=now)


def decided(connection: Connection, appeal_id: UUID, who: Reviewer, **changes: Any) -> Decided:
    scope = changes.pop("scope", EVERYTHING)
    values = {"verdict": "upheld", "answer": "照片看得清", "effect": YES, **changes}
    by = publisher(who, scope=scope, now=NOW + 2 * DAY)
    return decide(connection, FORMS, Verdict(appeal_id, **values), by)


def codes_of(refused: pytest.ExceptionInfo[Refusal]) -> list[str]:
    return [each.code for each in refused.value.details] or [refused.value.code]


def ledger(connection: Connection) -> list[tuple[str, Decimal]]:
    rows = connection.execute(select(LedgerLine.subject, LedgerLine.amount).order_by(LedgerLine.id))
    return [(row.subject, row.amount) for row in rows]


def test_a_preview_says_what_would_change_and_changes_nothing(connection: Connection, closed: Closed) -> None:
    wave = find_wave(connection, closed.wave_id, EVERYTHING)
    about = (wave, closed.reports["B101"].pk)
    found = weigh_effect(connection, FORMS, about, YES, (EVERYTHING, NOW + DAY))
    assert (found.before, found.after) == (Decimal("50.00"), Decimal("100.00"))
    assert [(each.subject, each.after and each.after["rank"]) for each in found.moved] == [("B101", 1)]
    assert found.contrast is not None
    assert [(line["subject"], line["amount"]) for line in found.contrast.entries] == [("B101", "-1800.00")]
    gone = weigh_effect(connection, FORMS, about, Effect({}, excluded=True), (EVERYTHING, NOW + DAY))
    assert (gone.after, [each.after for each in gone.moved]) == (None, [None])
    assert newest_revision(connection, closed.reports["B101"].pk).number == 1
    assert ledger(connection) == [("B101", Decimal("1800.00"))]


def test_an_upheld_appeal_recomputes_all_that_follows(
    connection: Connection, closed: Closed, cay: Reviewer
) -> None:
    followed = decided(connection, filed(connection, closed), cay)
    pk = closed.reports["B101"].pk
    assert newest_revision(connection, pk).answers["greeting"] == "yes"
    row = newest(connection, closed.wave_id)
    assert row is not None
    assert (row.id, row.number) == (followed.publication_id, 2)
    assert [(each["subject"], each["rank"]) for each in row.snapshot["subjects"]] == [
        ("B101", 1),
        ("B102", 1),
        ("B201", 1),
    ]
    assert row.snapshot["findings"] == []
    assert ledger(connection) == [("B101", Decimal("1800.00")), ("B101", Decimal("-1800.00"))]
    assert row.settlement_id == followed.settlement_id
    acts = connection.scalars(select(ReviewStep.act).where(ReviewStep.submission_pk == pk)).all()
    assert sorted(acts) == ["approve", "correct"]


def test_a_refused_appeal_changes_nothing_but_its_answer(
    connection: Connection, closed: Closed, cay: Reviewer
) -> None:
    appeal_id = filed(connection, closed)
    followed = decided(connection, appeal_id, cay, verdict="refused", answer="录像里没有问候")
    assert followed == Decided(None, None)
    row = connection.execute(select(Appeal).where(Appeal.id == appeal_id)).one()
    assert (row.state, row.answer, row.effect) == ("refused", "录像里没有问候", None)
    last = newest(connection, closed.wave_id)
    assert last is not None
    assert last.number == 1


def test_a_whole_report_may_be_taken_out(connection: Connection, closed: Closed, cay: Reviewer) -> None:
    appeal_id = filed(connection, closed, item=None, said="走错了网点")
    decided(connection, appeal_id, cay, effect=Effect({}, excluded=True))
    pk = closed.reports["B101"].pk
    assert connection.scalar(select(Review.state).where(Review.submission_pk == pk)) == "excluded"
    gone = select(Finding.withdrawn_at).where(Finding.submission_pk == pk)
    assert None not in connection.scalars(gone).all()
    row = newest(connection, closed.wave_id)
    assert row is not None
    assert [each["subject"] for each in row.snapshot["subjects"]] == ["B102", "B201"]
    assert sum(amount for _, amount in ledger(connection)) == 0


def test_a_ledger_line_is_waived_and_stays_waived(
    connection: Connection, closed: Closed, cay: Reviewer
) -> None:
    line = connection.scalars(select(LedgerLine.id)).one()
    appeal_id = filed(connection, closed, ref=None, item=None, line_id=line, said="已另行处理")
    decided(connection, appeal_id, cay, effect=None)
    assert ledger(connection) == [("B101", Decimal("1800.00")), ("B101", Decimal("-1800.00"))]
    # The next settlement finds the same rule firing, and still nobody pays.
    other = filed(connection, closed, item="queue", now=NOW + 2 * DAY)
    decided(connection, other, cay, effect=Effect({"queue": "no"}))
    assert sum(amount for _, amount in ledger(connection)) == 0


def test_an_objection_before_publication_corrects_the_report_alone(
    connection: Connection, keys: KeyRing, cay: Reviewer
) -> None:
    closed = create_closed(connection, keys, publication={"check": 2, "decided": "other"})
    open_check(connection, closed.wave_id, EVERYTHING, by=BY, now=NOW)
    appeal_id = filed(connection, closed, now=NOW)
    stage = connection.scalar(select(Appeal.stage).where(Appeal.id == appeal_id))
    assert stage == "objection"
    with pytest.raises(Refusal) as refused:
        published(connection, closed, now=NOW + 7 * DAY)
    assert codes_of(refused) == ["publication_objections"]
    assert decided(connection, appeal_id, cay) == Decided(None, None)
    published(connection, closed, now=NOW + 7 * DAY)
    row = newest(connection, closed.wave_id)
    assert row is not None
    assert (row.number, row.snapshot["mean"]) == (1, "100.00")


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"said": " "}, ["field_required"]),
        ({"said": "x" * 1001}, ["text_too_long"]),
        ({"now": NOW + 30 * DAY}, ["appeal_closed"]),
        ({"scope": Scope(("C01/D1/B102/",))}, ["not_found"]),
        ({"ref": "unknown"}, ["not_found"]),
        ({"item": "words"}, ["unknown_question"]),
        ({"ref": None, "line_id": uuid4()}, ["not_found"]),
    ],
)
def test_what_is_not_taken(
    connection: Connection, closed: Closed, changes: dict[str, Any], codes: list[str]
) -> None:
    with pytest.raises(Refusal) as refused:
        filed(connection, closed, **changes)
    assert codes_of(refused) == codes


def test_two_people_who_file_at_once_file_once(engine: Engine, keys: KeyRing) -> None:
    with engine.begin() as connection:
        closed = create_closed(connection, keys)
        published(connection, closed)

    def file_one(_: int) -> str:
        with engine.begin() as connection:
            try:
                filed(connection, closed)
            except Refusal as refused:
                return refused.details[0].code
            return "filed"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(file_one, range(2))) == ["appeal_twice", "filed"]


def test_the_same_is_disputed_once_at_a_time(connection: Connection, closed: Closed) -> None:
    first = filed(connection, closed)
    with pytest.raises(Refusal) as refused:
        filed(connection, closed)
    assert codes_of(refused) == ["appeal_twice"]
    with pytest.raises(Refusal):
        take_back(connection, first, B101, by="account:somebody", now=NOW)
    take_back(connection, first, B101, by=MANAGER, now=NOW)
    filed(connection, closed)


def test_who_reviewed_or_published_does_not_decide(connection: Connection, closed: Closed) -> None:
    appeal_id = filed(connection, closed)
    for who in (closed.ann, closed.ben):
        with pytest.raises(Refusal) as refused:
            decided(connection, appeal_id, who)
        assert codes_of(refused) == ["appeal_imposed"]


def test_somebody_above_decides_where_the_programme_wants_it(
    connection: Connection, keys: KeyRing, cay: Reviewer
) -> None:
    closed = create_closed(connection, keys, publication={"decided": "above"})
    published(connection, closed)
    district = select(Unit.id).where(Unit.code == "D1").scalar_subquery()
    for who in (closed.ann, closed.ben):
        grant = {"id": new_id(), "account_id": who.account_id, "role": "reviewer", "unit_id": district}
        connection.execute(insert(RoleGrant).values(**grant))
    appeal_id = filed(connection, closed)
    with pytest.raises(Refusal) as refused:
        decided(connection, appeal_id, cay, scope=EAST)
    assert codes_of(refused) == ["appeal_above"]
    decided(connection, appeal_id, cay, scope=Scope(("C01/",)))


def test_the_money_follows_who_answers_for_a_part_only(
    connection: Connection, closed: Closed, cay: Reviewer
) -> None:
    followed = decided(connection, filed(connection, closed), cay, scope=EAST)
    assert followed.settlement_id is not None
    assert sum(amount for _, amount in ledger(connection)) == 0


@pytest.mark.parametrize("filed_by", ["person:{person}", "account:9 for account:{account},account:8"])
def test_nobody_decides_about_their_own(
    connection: Connection, closed: Closed, cay: Reviewer, filed_by: str
) -> None:
    appeal_id = filed(connection, closed)
    by = filed_by.format(person=cay.person_id, account=cay.account_id)
    connection.execute(update(Appeal).values(filed_by=by))
    with pytest.raises(Refusal) as refused:
        decided(connection, appeal_id, cay)
    assert codes_of(refused) == ["appeal_own"]


def test_an_answer_that_the_form_does_not_take_upholds_nothing(
    connection: Connection, closed: Closed, cay: Reviewer
) -> None:
    appeal_id = filed(connection, closed)
    with pytest.raises(Refusal) as refused, connection.begin_nested():
        decided(connection, appeal_id, cay, effect=Effect({"greeting": "maybe"}))
    assert codes_of(refused) == ["choice_unknown"]
    assert connection.scalar(select(Appeal.state).where(Appeal.id == appeal_id)) == "open"
