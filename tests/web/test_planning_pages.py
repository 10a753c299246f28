"""Planning as a coordinator does it: the sample, the outlets, the roster, approvals, a whole period."""

import re
from collections.abc import Sequence
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select

from server.clock import SetClock
from server.fieldwork.waves.choices import Coverage
from server.keys import KeyRing
from server.models.accounts import Person
from server.models.draws import FrameMember
from server.models.messages import Message
from server.models.tasks import Assignment
from server.models.waves import Wave
from tests import builders
from tests.builders import DAY, NOW
from tests.http.staff import signed_in
from tests.web.test_wave_pages import Desk


@pytest.fixture
def coordinator(app: Flask, engine: Engine) -> Desk:
    return Desk(*signed_in(app, engine, "coordinator"))


@pytest.fixture
def survey(engine: Engine, keys: KeyRing, app: Flask) -> UUID:
    with engine.begin() as connection:
        builders.create_units(connection)
        builders.create_contacts(connection, keys, each=6)
        return builders.create_wave(connection)


@pytest.fixture
def visits(engine: Engine, keys: KeyRing, app: Flask) -> UUID:
    """A planned wave of visits, and two shoppers with phones."""
    with engine.begin() as connection:
        builders.create_units(connection)
        for name, phone in (("甲", "+8613800000001"), ("乙", "+8613800000002")):
            builders.create_shopper(connection, keys, name, phone)
        return builders.create_wave(connection, instrument="visit", coverage=Coverage())


def wave_of(engine: Engine, wave_id: UUID) -> Wave:
    with engine.connect() as connection:
        return connection.execute(select(*Wave.__table__.columns).where(Wave.id == wave_id)).one()


def count(engine: Engine, *conditions: object) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(Assignment).where(*conditions)) or 0


def shown(html: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found, name
    return found[1]


def chosen(engine: Engine, wave_id: UUID) -> Sequence[str]:
    with engine.connect() as connection:
        return connection.scalars(
            select(FrameMember.member_id).where(
                FrameMember.wave_id == wave_id, FrameMember.outcome == "selected"
            )
        ).all()


def test_a_sample_is_previewed_before_it_is_kept(coordinator: Desk, survey: UUID, engine: Engine) -> None:
    path = f"/console/waves/{survey}/sample"
    preview = coordinator.get(
        f"{path}?method=proportional&by=unit&ratio=&size=5&minimum=1&response=10&price=0.05"
    )
    assert "抽样预览" in preview
    assert "短信费用" in preview
    assert wave_of(engine, survey).settings["sampling"]["method"] == "stratified"
    saved = coordinator.post(
        path, method="proportional", by="unit", size="5", minimum="1", response="10", price="0.05"
    )
    assert saved.status_code == 303
    assert wave_of(engine, survey).settings["sampling"]["size"] == 5


def test_choices_that_contradict_each_other_are_told_at_their_fields(coordinator: Desk, survey: UUID) -> None:
    answer = coordinator.post(
        f"/console/waves/{survey}/sample",
        method="stratified", by="unit", ratio="150", minimum="9", cap="3", response="x", price="0.05",
    )  # fmt: skip
    assert answer.status_code == 422
    assert "请填写数字" in answer.text


def test_a_wave_waits_for_as_many_people_as_it_asks_for(
    coordinator: Desk, app: Flask, survey: UUID, engine: Engine
) -> None:
    path = f"/console/waves/{survey}"
    coordinator.post(
        f"{path}/edit", title="五月", code="W1", opens_on="2026-05-04", closes_on="2026-05-18", approvals="1"
    )
    coordinator.post(f"{path}/draw")
    refused = coordinator.post(f"{path}/launch", confirmed="yes")
    assert refused.status_code == 422
    assert "还差 1 人同意" in refused.text
    # One's own agreement is not another's.
    coordinator.post(f"{path}/approve", read=shown(coordinator.get(path), "read"))
    assert coordinator.post(f"{path}/launch", confirmed="yes").status_code == 422
    owner = Desk(*signed_in(app, engine, "owner"))
    owner.post(f"{path}/approve", read=shown(owner.get(path), "read"))
    assert coordinator.post(f"{path}/launch", confirmed="yes").status_code == 303


def test_an_agreement_to_another_plan_is_none(
    coordinator: Desk, app: Flask, survey: UUID, engine: Engine
) -> None:
    path = f"/console/waves/{survey}"
    fields = {"title": "五月", "code": "W1", "opens_on": "2026-05-04", "approvals": "1"}
    coordinator.post(f"{path}/edit", **fields, closes_on="2026-05-18")
    owner = Desk(*signed_in(app, engine, "owner"))
    read = shown(owner.get(path), "read")
    coordinator.post(f"{path}/edit", **fields, closes_on="2026-05-19")
    assert owner.post(f"{path}/approve", read=read).status_code == 422


def test_a_paused_wave_waits_and_goes_on(coordinator: Desk, survey: UUID, engine: Engine) -> None:
    path = f"/console/waves/{survey}"
    coordinator.post(f"{path}/draw")
    coordinator.post(f"{path}/launch", confirmed="yes")
    assert coordinator.post(f"{path}/pause").status_code == 422
    coordinator.post(f"{path}/pause", reason="短信内容有误")
    assert wave_of(engine, survey).state == "paused"
    coordinator.post(f"{path}/resume")
    coordinator.post(f"{path}/extend", closes_on="2026-06-30", reason="答复偏少")
    assert wave_of(engine, survey).closes_at > NOW + 40 * DAY
    coordinator.post(f"{path}/close", reason="已够")
    assert wave_of(engine, survey).state == "closed"


def test_a_copy_has_the_same_choices_and_another_key(coordinator: Desk, survey: UUID, engine: Engine) -> None:
    path = f"/console/waves/{survey}/copy"
    form = coordinator.get(path)
    names = ("code", "title", "opens_on", "closes_on")
    made = coordinator.post(path, **{name: shown_value(form, name) for name in names})
    assert made.status_code == 303, made.text
    copied = wave_of(engine, UUID(made.location.rsplit("/", 1)[1]))
    assert copied.settings["sampling"] == wave_of(engine, survey).settings["sampling"]
    assert copied.prn_key != wave_of(engine, survey).prn_key


def shown_value(html: str, name: str) -> str:
    found = re.search(rf'id="{name}" name="{name}"[^>]* value="([^"]*)"', html)
    assert found, name
    return found[1]


def test_from_promises_to_links(
    coordinator: Desk, visits: UUID, engine: Engine, clock: SetClock, app: Flask, keys: KeyRing
) -> None:
    """Outlets are chosen, given to people, told on launch, handed on; the wave's grid shows each."""
    path = f"/console/waves/{visits}"
    assert "做不到" in coordinator.get(f"{path}/coverage?share=100&per_parent=1&budget=1")
    page = coordinator.get(f"{path}/coverage?share=100&per_parent=1")
    assert "可以做到" in page
    coordinator.post(f"{path}/coverage", share="100", per_parent="1")
    assert coordinator.post(f"{path}/coverage/draw").status_code == 303
    assert len(chosen(engine, visits)) == len(builders.OUTLETS)
    assert "核对一致" in coordinator.post(f"{path}/verify").text

    roster = coordinator.get(f"{path}/roster")
    assert coordinator.post(f"{path}/roster", read="other").status_code == 422
    assert coordinator.post(f"{path}/roster", read=shown(roster, "read")).status_code == 303
    assert count(engine, Assignment.wave_id == visits) == len(builders.OUTLETS)
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(Message)) == 0

    coordinator.post(f"{path}/launch", confirmed="yes")
    builders.tell(engine, keys, visits)
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(Message)) == len(builders.OUTLETS)

    grid = coordinator.get(f"{path}/visits")
    first = re.search(r'name="chosen" value="([^"]+)"', grid)
    assert first
    with engine.connect() as connection:
        other = connection.scalar(select(Person.id).where(Person.name == "乙"))
    asked = coordinator.post(f"{path}/visits", act="reassign", chosen=first[1])
    assert asked.status_code == 200
    assert "由谁接手" in asked.text
    done = coordinator.post(
        f"{path}/visits",
        act="reassign",
        chosen=first[1],
        confirmed="yes",
        taker=f"person:{other}",
        reason="请假",
    )
    assert done.status_code == 303, done.text
    assert count(engine, Assignment.replaces_id == UUID(first[1]), Assignment.person_id == other) == 1
    assert count(engine, Assignment.cancelled_at.is_not(None)) == 1


def test_an_outlet_that_is_closed_gives_way_to_another(
    coordinator: Desk, visits: UUID, engine: Engine
) -> None:
    path = f"/console/waves/{visits}"
    coordinator.post(f"{path}/coverage", share="60", per_parent="1")
    coordinator.post(f"{path}/coverage/draw")
    before = chosen(engine, visits)
    assert len(before) == 2
    coordinator.post(f"{path}/roster", read=shown(coordinator.get(f"{path}/roster"), "read"))
    first = re.search(r'name="chosen" value="([^"]+)"', coordinator.get(f"{path}/visits"))
    assert first
    act = {"act": "replace", "chosen": first[1], "confirmed": "yes", "reason": "门口贴了公告"}
    assert coordinator.post(f"{path}/visits", **act, cause="bored").status_code == 422
    assert coordinator.post(f"{path}/visits", **act, cause="closed").status_code == 303
    with engine.connect() as connection:
        [substitute] = connection.execute(
            select(FrameMember.member_id, FrameMember.stands_for).where(FrameMember.outcome == "released")
        ).all()
    assert substitute.stands_for in before
    assert substitute.member_id not in before
    # What was drawn is still what is recorded, and the substitute waits for somebody to go.
    assert "核对一致" in coordinator.post(f"{path}/verify").text
    assert "已替换" in coordinator.get(f"{path}/visits")
    coordinator.post(f"{path}/roster", read=shown(coordinator.get(f"{path}/roster"), "read"))
    assert count(engine, Assignment.wave_id == visits, Assignment.cancelled_at.is_(None)) == 2


def test_a_period_is_planned_at_once(coordinator: Desk, engine: Engine, app: Flask) -> None:
    with engine.begin() as connection:
        builders.create_units(connection)
    address = "programme=hall-supervisors&kind=month&day=2026-05-20"
    page = coordinator.get(f"/console/plan?{address}")
    names = set(re.findall(r'name="((?:title|code|opens_on|closes_on|share|budget)-\d+)"', page))
    fields = {name: shown_value(page, name) for name in names}
    places = sorted({name.rsplit("-", 1)[1] for name in names})
    assert places
    posted = {**fields, "programme": "hall-supervisors", "kind": "month", "day": "2026-05-20"}
    nothing = coordinator.post("/console/plan", **posted)
    assert nothing.status_code == 422
    assert "请至少选择一项" in nothing.text
    answer = coordinator.post("/console/plan", **posted, **{f"keep-{place}": "yes" for place in places})
    assert answer.status_code == 303, re.findall(r'class="error"[^>]*>([^<]*)', answer.text)
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(Wave)) == len(places)
    again = coordinator.get(f"/console/plan?{address}")
    assert f"已有 {fields['code-0']}" in again


def test_an_act_without_visits_says_so(coordinator: Desk, visits: UUID) -> None:
    for act in ("reassign", "extend", "call_off"):
        answer = coordinator.post(f"/console/waves/{visits}/visits", act=act, confirmed="yes")
        assert answer.status_code == 422
        assert "nothing" not in answer.text
        assert 'role="alert"' in answer.text


@pytest.mark.parametrize("page", ["sample", "coverage"])
def test_a_previews_address_carries_no_token(
    coordinator: Desk, survey: UUID, engine: Engine, page: str
) -> None:
    """Browsers send every field of a form that is asked by GET; only the button that saves may name it."""
    wave_id = survey
    if page == "coverage":
        with engine.begin() as connection:
            wave_id = builders.create_wave(connection, instrument="visit", code="V", coverage=Coverage())
    html = coordinator.get(f"/console/waves/{wave_id}/{page}")
    form = next(
        each for each in re.findall(r"<form.*?</form>", html, re.S) if 'method="get"' in each and page in each
    )
    assert not re.search(r'<input[^>]*name="csrf"', form)
    assert re.search(r'<button[^>]*name="csrf"[^>]*formmethod="post"', form)
