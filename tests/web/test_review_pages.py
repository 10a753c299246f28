"""Reviews at the console: the queue, a decision by two people, a correction; closed to branches."""

import re
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, select

from server.intake.revising import newest_revision
from server.models.reviews import Review, ReviewStep
from server.services import services
from tests.followup.reviewing.reviews_for_tests import Report, create_report, create_reports
from tests.http.staff import signed_in
from tests.web.test_wave_pages import Desk

REVIEWS = "/console/reviews"


@pytest.fixture
def report(app: Flask, engine: Engine) -> Report:
    with app.app_context(), engine.begin() as connection:
        _, made = create_reports(connection, services().keys)
    return made


def state_of(engine: Engine, pk: UUID) -> str:
    with engine.connect() as connection:
        return connection.execute(select(Review.state).where(Review.submission_pk == pk)).scalar_one()


def read_of(engine: Engine, pk: UUID) -> str:
    with engine.connect() as connection:
        return str(newest_revision(connection, pk).id)


def test_from_the_queue_to_a_decision_and_on_to_the_next(app: Flask, engine: Engine, report: Report) -> None:
    with app.app_context(), engine.begin() as connection:
        other = create_report(connection, services().keys, report.visit.task.wave_id, "B102")
    reviewer = Desk(*signed_in(app, engine, "reviewer"))
    assert "待审" in reviewer.get(REVIEWS)
    first = reviewer.post(f"{REVIEWS}/next")
    pk = UUID(first.headers["Location"].rpartition("/")[2])
    page = reviewer.get(f"{REVIEWS}/{pk}")
    assert "问候了吗" in page
    assert "没有人问候" in page
    done = reviewer.post(f"{REVIEWS}/{pk}", act="approve", read=read_of(engine, pk), next="1")
    assert state_of(engine, pk) == "approved"
    [left] = {report.pk, other.pk} - {pk}
    assert done.headers["Location"].endswith(str(left))
    over = reviewer.post(f"{REVIEWS}/{left}", act="approve", read=read_of(engine, left), next="1")
    assert over.headers["Location"].endswith("nothing=1")
    assert "没有轮到您审的报告" in reviewer.get(over.headers["Location"])
    assert str(pk) in reviewer.get(f"{REVIEWS}?view=decided")


def test_two_people_reject_and_the_page_says_who_waits_for_whom(
    app: Flask, engine: Engine, report: Report
) -> None:
    ann, ben = (Desk(*signed_in(app, engine, role)) for role in ("reviewer", "coordinator"))
    address = f"{REVIEWS}/{report.pk}"
    read = read_of(engine, report.pk)
    assert ann.post(address, act="reject", read=read).status_code == 422
    assert ann.post(address, act="reject", read=read, note="没有去过").status_code == 303
    assert "建议作废" in ben.get(address)
    assert 'value="reject"' not in ann.get(address), "nobody agrees with themselves"
    assert ben.post(address, act="reject", read=read, note="同意").status_code == 303
    assert state_of(engine, report.pk) == "rejected"


def test_a_correction_names_its_reason_and_scores_anew(app: Flask, engine: Engine, report: Report) -> None:
    reviewer = Desk(*signed_in(app, engine, "reviewer"))
    address = f"{REVIEWS}/{report.pk}/items/greeting"
    read = read_of(engine, report.pk)
    same = reviewer.post(address, read=read, answer="no", note="照旧")
    assert (same.status_code, "答案没有变化" in same.text) == (422, True)
    assert reviewer.post(address, read=read, answer="yes", note="录像里有人问候").status_code == 303
    page = reviewer.get(f"{REVIEWS}/{report.pk}")
    assert "100.00" in page
    assert "录像里有人问候" in page
    stale = reviewer.post(f"{REVIEWS}/{report.pk}", act="approve", read=read)
    assert (stale.status_code, "报告刚刚改过" in stale.text) == (409, True)
    assert reviewer.post(f"{REVIEWS}/{report.pk}/items/nothing", read=read, answer="x").status_code == 404


def test_an_item_without_a_fault_can_be_opened_and_corrected(
    app: Flask, engine: Engine, report: Report
) -> None:
    reviewer = Desk(*signed_in(app, engine, "reviewer"))
    assert 'id="item-queue"' not in reviewer.get(f"{REVIEWS}/{report.pk}")
    assert 'id="answer-queue"' in reviewer.get(f"{REVIEWS}/{report.pk}?item=queue")


def test_who_has_it_open_is_seen_and_may_be_relieved(app: Flask, engine: Engine, report: Report) -> None:
    ann, ben = (Desk(*signed_in(app, engine, role)) for role in ("reviewer", "coordinator"))
    address = f"{REVIEWS}/{report.pk}"
    ann.post(f"{address}/claim")
    assert "转由我审" in ben.get(address)
    assert ben.post(f"{REVIEWS}/next").headers["Location"].endswith("nothing=1")
    refused = ben.post(address, act="approve", read=read_of(engine, report.pk))
    assert (refused.status_code, "另有人正在审" in refused.text) == (422, True)
    assert ben.post(f"{address}/claim").status_code == 303
    assert ben.post(address, act="approve", read=read_of(engine, report.pk)).status_code == 303
    ann.post(f"{address}/claim", go="release")
    with engine.connect() as connection:
        assert connection.scalars(select(ReviewStep.act)).all() == ["approve"]


@pytest.mark.parametrize(
    ("held", "reads", "decides"),
    [
        (("auditor", None), 200, 403),
        (("reviewer", "D10"), 404, 404),
        (("branch_manager", "B101"), 403, 403),
        (("evaluated_body", None), 403, 403),
        (("owner", None), 403, 403),
    ],
)
def test_who_reads_and_who_decides(
    app: Flask, engine: Engine, report: Report, held: tuple[str, str | None], reads: int, decides: int
) -> None:
    desk = Desk(*signed_in(app, engine, *held))
    address = f"{REVIEWS}/{report.pk}"
    assert desk.client.get(address).status_code == reads
    assert desk.post(address, act="approve", read=read_of(engine, report.pk)).status_code == decides
    assert state_of(engine, report.pk) == "waiting"


def test_nonsense_is_told_and_breaks_nothing(app: Flask, engine: Engine, report: Report) -> None:
    reviewer = Desk(*signed_in(app, engine, "reviewer"))
    address = f"{REVIEWS}/{report.pk}"
    assert reviewer.post(address, act="approve", read="x").status_code == 409
    assert reviewer.post(address, act="publish", read=read_of(engine, report.pk)).status_code == 422
    assert reviewer.client.get(f"{REVIEWS}?after=x").status_code == 404
    assert reviewer.client.get(f"{REVIEWS}?view=x").status_code == 200
    assert reviewer.client.get(f"{REVIEWS}/{UUID(int=1)}").status_code == 404


def test_remarks_are_offered_where_notes_are_written(app: Flask, engine: Engine, report: Report) -> None:
    reviewer = Desk(*signed_in(app, engine, "reviewer"))
    assert reviewer.post(f"{REVIEWS}/remarks", sentence=" ").status_code == 422
    assert reviewer.post(f"{REVIEWS}/remarks", sentence="请说明<几点>").status_code == 303
    page = reviewer.get(f"{REVIEWS}/remarks")
    assert '<option value="请说明&lt;几点&gt;">' in reviewer.get(f"{REVIEWS}/{report.pk}")
    [remark] = re.findall(rf'action="({REVIEWS}/remarks/[0-9a-f-]+)"', page)
    assert reviewer.post(remark).status_code == 303
    assert "还没有批注" in reviewer.get(f"{REVIEWS}/remarks")
