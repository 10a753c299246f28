"""A wave from approved reports to published, appealed and corrected, through the console, by four people."""

import io
import json
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import docx
import pytest
from flask import Flask
from sqlalchemy import Engine, select, update

from server import audit
from server.db import new_id
from server.models.appeals import Appeal
from server.models.organisation import Unit
from server.models.publications import Publication, PublishedReport
from server.models.submissions import Attachment
from server.models.waves import Wave
from server.services import services
from tests.conftest import START
from tests.followup.publishing.waves_for_tests import Closed, create_closed
from tests.http.staff import signed_in
from tests.storage.test_inspection import photo
from tests.web.test_wave_pages import Desk

DAY = timedelta(days=1)


@pytest.fixture
def closed(app: Flask, engine: Engine) -> Closed:
    with app.app_context(), engine.begin() as connection:
        return create_closed(connection, services().keys)


@dataclass(frozen=True, slots=True)
class People:
    """Who has a part in it."""

    coordinator: Desk
    owner: Desk
    manager: Desk
    administrator: Desk


@pytest.fixture
def people(app: Flask, engine: Engine) -> People:
    roles = (("coordinator", None), ("owner", None), ("branch_manager", "B101"), ("administrator", None))
    return People(*(Desk(*signed_in(app, engine, *each)) for each in roles))


def read_of(page: str) -> str:
    found = re.search(r'name="read" value="([0-9a-f]+)"', page)
    assert found is not None
    return found[1]


def publish(engine: Engine, people: People, closed: Closed) -> str:
    """Proposed by the coordinator, agreed to by the owner; returns the address of the wave's publication."""
    address = f"/console/waves/{closed.wave_id}/publication"
    page = people.coordinator.get(address)
    assert people.coordinator.post(address, go="propose", read=read_of(page)).status_code == 303
    with engine.connect() as connection:
        proposal = connection.execute(
            select(Publication.id).where(Publication.state == "proposed")
        ).scalar_one()
    assert people.owner.post(f"/console/publications/{proposal}", go="agree").status_code == 303
    return address


def ref_of(engine: Engine, pk: UUID) -> str:
    with engine.connect() as connection:
        query = select(PublishedReport.ref).where(PublishedReport.submission_pk == pk)
        return connection.execute(query).scalar_one()


def test_from_a_preview_to_a_corrected_version(
    app: Flask, engine: Engine, closed: Closed, people: People
) -> None:
    results = f"/console/waves/{closed.wave_id}/results"
    moved = people.manager.client.get(results)
    assert moved.status_code == 302, "a branch learns nothing before publication"
    assert people.manager.client.get(f"{results}.json").status_code == 404
    assert "还没有公布" in people.manager.get(moved.headers["Location"])
    address = publish(engine, people, closed)
    assert "83.33" in people.manager.get(f"/console/waves/{closed.wave_id}/published")
    assert "翠湖支行" not in people.manager.get(f"/console/waves/{closed.wave_id}/published")
    ref = ref_of(engine, closed.reports["B101"].pk)
    assert f"/console/scores/{ref}" in people.manager.get("/console/scores")
    card = people.manager.get(f"/console/scores/{ref}")
    assert "先改什么" in card
    assert "问候了吗" in card
    filed = people.manager.post(f"/console/scores/{ref}", item="greeting", said="照片里柜员已问候")
    assert filed.status_code == 303
    with engine.connect() as connection:
        appeal_id = connection.execute(select(Appeal.id)).scalar_one()
    appeal = f"/console/appeals/{appeal_id}"
    assert "有 1 件异议或申诉待裁定" in people.administrator.get("/console")
    shown = people.administrator.get(f"{appeal}?answer=yes")
    assert "50.00 → 100.00" in shown
    assert people.owner.post(appeal, verdict="refused", reply="x").status_code == 422
    refused = people.administrator.post(appeal, verdict="upheld", reply="照片看得清")
    assert (refused.status_code, "请写明支持后怎样更正" in refused.text) == (422, True)
    done = people.administrator.post(appeal, verdict="upheld", reply="照片看得清", answer="yes")
    assert done.status_code == 303
    assert "第 2 版" in people.manager.get(f"/console/waves/{closed.wave_id}/published")
    card = people.manager.get(f"/console/scores/{ref}")
    assert "照片看得清" in card
    assert "100.00" in card
    assert "appeal:" in people.coordinator.get(address)


def test_evidence_comes_with_an_appeal_and_is_looked_at(
    app: Flask, engine: Engine, closed: Closed, people: People
) -> None:
    publish(engine, people, closed)
    ref = ref_of(engine, closed.reports["B101"].pk)
    fields = {"csrf": people.manager.csrf, "item": "greeting", "said": "见照片"}
    fields["photos"] = (io.BytesIO(photo(40, 30)), "a.jpg")
    sent = people.manager.client.post(
        f"/console/scores/{ref}", data=fields, content_type="multipart/form-data"
    )
    assert sent.status_code == 303
    with engine.connect() as connection:
        row = connection.execute(select(Attachment).where(Attachment.question == "appeal")).one()
        assert (row.named, row.submission_id) == (True, connection.scalar(select(Appeal.id)))
    fields["photos"] = (io.BytesIO(b"no picture"), "a.jpg")
    fields["item"] = ""
    refused = people.manager.client.post(
        f"/console/scores/{ref}", data=fields, content_type="multipart/form-data"
    )
    assert refused.status_code == 422
    with engine.connect() as connection:
        assert len(connection.scalars(select(Appeal.id)).all()) == 1, "nothing is filed by half"


def test_a_branch_finds_out_neither_who_nor_when(
    app: Flask, engine: Engine, closed: Closed, people: People
) -> None:
    report = closed.reports["B101"]
    with app.app_context(), engine.begin() as connection:
        connection.execute(
            Attachment.__table__.insert().values(
                id=new_id(), submission_id=report.visit.task.submission_id, attachment_id=new_id(),
                wave_id=closed.wave_id, question="greeting", object_key="photos/x", media_type="image/jpeg",
                size=3, sha256="0" * 64, state="verified", named=True, created_at=START,
            )
        )  # fmt: skip
        services().store.put("photos/x-320.jpg", b"jpg", "image/jpeg")
    publish(engine, people, closed)
    ref = ref_of(engine, report.pk)
    card = people.manager.get(f"/console/scores/{ref}")
    with engine.connect() as connection:
        ids = (report.pk, report.visit.task.submission_id, report.visit.id, report.visit.person_id)
        assert not [each for each in ids if str(each) in card]
    assert not re.search(r"2026年5月4日 ?1[0-9]:", card)
    photo = people.manager.client.get(f"/console/scores/{ref}/photos/0-small.jpg")
    assert (photo.status_code, photo.data) == (200, b"jpg")
    assert not {"Last-Modified", "ETag"} & set(photo.headers.keys())
    for address in (
        f"/console/submissions/{report.pk}",
        f"/console/reviews/{report.pk}",
        f"/console/scores/{ref_of(engine, closed.reports['B102'].pk)}",
        f"/console/scores/{ref}/photos/7-small.jpg",
        f"/console/scores/{ref}/photos/0-whole.jpg",
        "/console/appeals",
        f"/console/waves/{closed.wave_id}/publication",
    ):
        assert people.manager.client.get(address).status_code in (403, 404), address


def test_the_morning_card_takes_what_is_worth_most(engine: Engine, closed: Closed, people: People) -> None:
    publish(engine, people, closed)
    card = people.manager.get(f"/console/scores/{ref_of(engine, closed.reports['B101'].pk)}/card")
    assert "问候了吗" in card
    assert "改好可得 50.00 分" in card


def test_before_its_day_only_publishers_see_a_version(
    app: Flask, engine: Engine, closed: Closed, people: People
) -> None:
    address = f"/console/waves/{closed.wave_id}/publication"
    read = read_of(people.coordinator.get(address))
    day = (START + 9 * DAY).date().isoformat()
    fields = {"go": "propose", "read": read, "visible_from": day}
    assert people.coordinator.post(address, **fields).status_code == 303
    with engine.connect() as connection:
        proposal = connection.execute(select(Publication.id)).scalar_one()
    people.owner.post(f"/console/publications/{proposal}", go="agree")
    ref = ref_of(engine, closed.reports["B101"].pk)
    assert people.manager.client.get(f"/console/scores/{ref}").status_code == 404
    assert "还没有公布" in people.manager.get(f"/console/waves/{closed.wave_id}/published")
    assert "已公布" in people.owner.get(address)


@pytest.mark.parametrize(
    ("role", "unit", "status"),
    [
        ("branch_manager", "B101", 403),
        ("evaluated_body", None, 403),
        ("reviewer", None, 403),
        ("auditor", None, 403),
        ("coordinator", "D10", 403),
    ],
)
def test_who_may_not_publish(
    app: Flask, engine: Engine, closed: Closed, role: str, unit: str | None, status: int
) -> None:
    desk = Desk(*signed_in(app, engine, role, unit))
    address = f"/console/waves/{closed.wave_id}/publication"
    assert desk.client.get(address).status_code == status
    assert desk.post(address, go="propose", read="x").status_code == status


def test_nonsense_is_told_and_publishes_nothing(
    app: Flask, engine: Engine, closed: Closed, people: People
) -> None:
    address = f"/console/waves/{closed.wave_id}/publication"
    assert people.coordinator.post(address, go="propose", read="stale").status_code == 409
    read = read_of(people.coordinator.get(address))
    assert people.coordinator.post(address, go="propose", read=read, visible_from="x").status_code == 422
    assert people.coordinator.post(address, go="check").status_code == 422
    with engine.begin() as connection:
        connection.execute(update(Wave).values(state="launched"))
    assert people.coordinator.post(address, go="propose", read=read).status_code == 422
    for path in (f"/console/publications/{new_id()}", f"/console/appeals/{new_id()}", "/console/scores/x"):
        assert people.administrator.client.get(path).status_code == 404
    with engine.connect() as connection:
        assert connection.scalar(select(Publication.id)) is None
        assert connection.scalar(select(Unit.id)) is not None


def test_a_running_round_is_no_secret_to_be_counted_out(
    app: Flask, engine: Engine, closed: Closed, people: People
) -> None:
    """A branch that watches a counter go from 0 to 1 knows the day, and so who it was."""
    with engine.begin() as connection:
        connection.execute(update(Wave).values(state="launched"))
    pages = ("/console/waves", f"/console/waves/{closed.wave_id}")
    for page in pages:
        told, hidden = people.owner.get(page), people.manager.get(page)
        assert "100.0%" in told or ">3<" in told
        assert "100.0%" not in hidden
        assert not re.search(r'class="num">1<|<b[^>]*>1</b>', hidden)
    results = people.manager.client.get(f"/console/waves/{closed.wave_id}/results")
    assert results.status_code == 302


def test_a_version_is_proved_by_a_file_alone(
    app: Flask, engine: Engine, closed: Closed, people: People, tmp_path: Path
) -> None:
    publish(engine, people, closed)
    with engine.connect() as connection:
        version = connection.execute(select(Publication.id)).scalar_one()
    address = f"/console/publications/{version}.json"
    unsealed = people.owner.client.get(address).get_json()
    with engine.begin() as connection:
        audit.seal(connection, at=START)
    shown = people.owner.client.get(address).get_json()
    assert people.manager.client.get(address).status_code == 403

    def prove(told: dict[str, Any]) -> tuple[int, str]:
        file = tmp_path / "proof.json"
        file.write_text(json.dumps(told), "utf-8")
        ran = app.test_cli_runner().invoke(args=["audit", "prove", str(file)])
        return ran.exit_code, ran.output

    assert prove(shown)[0] == 0
    assert "not sealed yet" in prove(unsealed)[1]
    line = shown["sealed"]["line"]
    cases: list[tuple[dict[str, Any], str]] = [
        ({**shown, "snapshot": {**shown["snapshot"], "mean": "99.00"}}, "not what the hash says"),
        (
            {**shown, "sealed": {**shown["sealed"], "line": [*line[:2], "account:x", *line[3:]]}},
            "lead to its head",
        ),
        ({**shown, "sealed": {**shown["sealed"], "previous": "00"}}, "lead to its head"),
        ({}, "not what the hash says"),
    ]
    for told, problem in cases:
        code, said = prove(told)
        assert (code, problem in said) == (1, True), said


def test_a_line_of_the_ledger_is_appealed_and_held(engine: Engine, people: People, closed: Closed) -> None:
    publish(engine, people, closed)
    address = f"/console/waves/{closed.wave_id}/published"
    line = re.search(r'name="line" value="([0-9a-f-]+)"', people.manager.get(address))
    assert line is not None
    refused = people.manager.post(address, line=line[1], said=" ")
    assert refused.status_code == 422
    evidence = (io.BytesIO(photo(40, 30)), "a.jpg")
    assert people.manager.post(address, line=line[1], said="当天停业", photos=evidence).status_code == 303
    page = people.manager.get(address)
    assert 'name="line"' not in page, "it is filed"
    assert people.manager.post(address, line="x", said="x").status_code == 404
    assert people.manager.post(address, line=line[1], said="又一次").status_code == 422
    assert "当天停业" in people.administrator.get(appeal_of(engine))


def appeal_of(engine: Engine) -> str:
    with engine.connect() as connection:
        return f"/console/appeals/{connection.execute(select(Appeal.id)).scalar_one()}"


def test_a_bulletin_on_paper(engine: Engine, people: People, closed: Closed) -> None:
    publish(engine, people, closed)
    with engine.connect() as connection:
        version = connection.execute(select(Publication.id)).scalar_one()
    address = f"/console/publications/{version}/bulletin"
    assert people.coordinator.client.get(f"{address}.pdf").data[:5] == b"%PDF-"
    word = docx.Document(io.BytesIO(people.coordinator.client.get(f"{address}.docx").data))
    said = [
        *(each.text for each in word.paragraphs),
        *(c.text for t in word.tables for r in t.rows for c in r.cells),
    ]
    assert "服务质量检查情况通报" in said
    assert any("问候了吗" in each for each in said), "what failed"
    assert people.manager.client.get(f"{address}.pdf").status_code == 403


def test_a_proposal_has_no_bulletin_yet(engine: Engine, people: People, closed: Closed) -> None:
    address = f"/console/waves/{closed.wave_id}/publication"
    people.coordinator.post(address, go="propose", read=read_of(people.coordinator.get(address)))
    with engine.connect() as connection:
        version = connection.execute(select(Publication.id)).scalar_one()
    assert people.owner.client.get(f"/console/publications/{version}/bulletin.pdf").status_code == 404
