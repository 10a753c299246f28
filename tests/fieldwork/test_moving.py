"""A wave moves to another version: what has arrived stays, what is on the way is carried over when opened."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, select, update

from server.errors import Refusal
from server.fieldwork import drafts, responding
from server.fieldwork.carrying import PageAnswers
from server.fieldwork.drafts import SavedDraft
from server.fieldwork.responding import Task
from server.fieldwork.waves import moving
from server.intake.shelf import FormShelf
from server.keys import KeyRing
from server.models.audit import AuditLine
from server.models.tasks import Draft
from server.models.waves import Wave
from server.scope import EVERYTHING, Scope
from tests import builders
from tests.builders import BY, DAY, NOW
from tests.fieldwork.forms_for_tests import KEY, definition, drafted, published, scored, version_id

LATER = NOW + DAY
YES_NO, RENAMED = definition("yes", "no"), definition("certainly", "no")


def wave_of(connection: Connection, state: str = "planned", number: int = 1) -> UUID:
    builders.create_units(connection)
    wave_id = builders.create_wave(connection)
    cancelled = {"cancelled_at": NOW, "cancel_reason": "-"} if state == "cancelled" else {}
    values = {"form_version_id": version_id(connection, number), "state": state, **cancelled}
    connection.execute(update(Wave).where(Wave.id == wave_id).values(**values))
    return wave_id


def move(connection: Connection, wave_id: UUID, number: int, scope: Scope = EVERYTHING, **form: Any) -> None:
    target = version_id(connection, number, **form)
    moving.move_to_version(connection, wave_id, target, scope, by=BY, now=NOW)


def number_of(connection: Connection, wave_id: UUID) -> int:
    [found] = [row.version for row in moving.waves_of_form(connection, KEY, EVERYTHING) if row.id == wave_id]
    return int(found)


def refused_code(raised: pytest.ExceptionInfo[Refusal]) -> str:
    return raised.value.details[0].code if raised.value.details else raised.value.code


@pytest.mark.parametrize("state", ["planned", "drawn", "launched"])
def test_a_wave_that_is_not_over_moves_there_and_back(connection: Connection, state: str) -> None:
    for content in (YES_NO, RENAMED):
        published(connection, content)
    wave_id = wave_of(connection, state)
    for number in (2, 2, 1):
        move(connection, wave_id, number)
        assert number_of(connection, wave_id) == number
    details = connection.scalars(
        select(AuditLine.detail).where(AuditLine.action == "wave_form_moved").order_by(AuditLine.id)
    ).all()
    assert details == [{"from": 1, "to": 2, "state": state}, {"from": 2, "to": 1, "state": state}]


@pytest.mark.parametrize("state", ["closed", "cancelled"])
def test_a_wave_that_is_over_stays_where_it_is(connection: Connection, state: str) -> None:
    for content in (YES_NO, RENAMED):
        published(connection, content)
    wave_id = wave_of(connection, state)
    with pytest.raises(Refusal) as raised:
        move(connection, wave_id, 2)
    assert refused_code(raised) == "wrong_state"


def test_only_to_a_published_version_of_the_same_form(connection: Connection) -> None:
    published(connection, YES_NO)
    wave_id = wave_of(connection)
    drafted(connection, RENAMED)
    with pytest.raises(Refusal) as raised:
        move(connection, wave_id, 2)
    assert refused_code(raised) == "form_not_published"
    with pytest.raises(Refusal) as raised:
        move(connection, wave_id, 1, key="hall-satisfaction")
    assert refused_code(raised) == "form_not_published"


def test_who_plans_a_part_moves_no_wave_of_the_whole(connection: Connection) -> None:
    for content in (YES_NO, RENAMED):
        published(connection, content)
    wave_id = wave_of(connection)
    with pytest.raises(Refusal, match="forbidden"):
        move(connection, wave_id, 2, Scope(unit_paths=("C01/D1/",)))


@pytest.mark.parametrize("arrived", [True, False])
def test_answers_on_two_scales_are_not_averaged(connection: Connection, arrived: bool) -> None:
    for content in (scored(100), scored(10)):
        published(connection, content)
    wave_id = wave_of(connection, "launched")
    if not arrived:
        move(connection, wave_id, 2)
        return
    builders.create_scored(connection, wave_id, "B101", ["100"])
    with pytest.raises(Refusal) as raised:
        move(connection, wave_id, 2)
    assert refused_code(raised) == "form_scale_differs"


class Respondent:
    """Somebody who answers a launched wave of the short survey, opening it anew each time."""

    def __init__(self, connection: Connection, keys: KeyRing, number: int) -> None:
        invitation = builders.create_invitation(connection, keys)
        self.connection, self.forms, self.wave_id = connection, FormShelf(), invitation.wave_id
        self.token = invitation.token
        values = {"form_version_id": version_id(connection, number)}
        connection.execute(update(Wave).where(Wave.id == self.wave_id).values(**values))

    @property
    def task(self) -> Task:
        found = responding.find_by_token(self.connection, self.token, "invitation", now=NOW)
        assert found is not None
        return found

    def says(self, page: int = 0, *, left: dict[str, Any] | None = None, **answers: Any) -> SavedDraft:
        said = PageAnswers(page, answers, left_behind=left)
        return drafts.save_draft(self.connection, self.task, said, self.forms, now=LATER)

    def opens(self) -> SavedDraft:
        found = drafts.load_draft(self.connection, self.task, self.forms, now=LATER)
        assert found is not None
        return found

    def kept(self) -> Any:
        return self.connection.execute(select(*Draft.__table__.columns)).one()


@pytest.fixture
def respondent(connection: Connection, keys: KeyRing) -> Callable[..., Respondent]:
    def make(*contents: dict[str, Any]) -> Respondent:
        for content in contents:
            published(connection, content)
        return Respondent(connection, keys, 1)

    return make


def test_opening_shows_what_fits_and_writes_nothing(respondent: Callable[..., Respondent]) -> None:
    person = respondent(YES_NO, RENAMED)
    person.says(stay="yes")
    person.says(1, words="friendly")
    before = person.kept()
    move(person.connection, person.wave_id, 2)
    opened = person.opens()
    assert (opened.answers, opened.page) == ({"words": "friendly"}, 0)
    assert person.kept() == before


def test_saving_keeps_aside_what_did_not_fit(respondent: Callable[..., Respondent]) -> None:
    person = respondent(YES_NO, RENAMED)
    person.says(stay="yes", words="friendly")
    move(person.connection, person.wave_id, 2)
    saved = person.says(stay="certainly")
    row = person.kept()
    assert saved.answers == row.answers == {"words": "friendly", "stay": "certainly"}
    assert row.form_version_id == version_id(person.connection, 2)
    assert row.left_behind == [
        {
            "version_id": str(version_id(person.connection, 1)),
            "at": LATER.isoformat(),
            "answers": {"stay": "yes"},
            "asked_again": ["stay"],
        }
    ]
    [line] = person.connection.scalars(select(AuditLine).where(AuditLine.action == "draft_carried_over"))
    assert line


def test_moving_back_and_forth_loses_nothing(respondent: Callable[..., Respondent]) -> None:
    person = respondent(YES_NO, RENAMED)
    person.says(stay="yes")
    for number in (2, 1, 2):
        move(person.connection, person.wave_id, number)
        person.says(words="friendly")
    assert [each["answers"] for each in person.kept().left_behind] == [{"stay": "yes"}]
    person.says(stay="certainly")
    move(person.connection, person.wave_id, 1)
    person.says()
    assert [each["answers"] for each in person.kept().left_behind] == [{"stay": "yes"}, {"stay": "certainly"}]


def test_the_page_left_off_at_is_found_by_its_name(respondent: Callable[..., Respondent]) -> None:
    longer = definition("yes", "no")
    hello = {"type": "text", "name": "hello", "title": "Hello"}
    longer["pages"].insert(0, {"name": "zero", "elements": [hello]})
    person = respondent(YES_NO, longer)
    person.says(1, words="friendly")
    move(person.connection, person.wave_id, 2)
    assert person.opens().page == 2


def test_a_move_between_reading_and_saving_is_noticed(respondent: Callable[..., Respondent]) -> None:
    person = respondent(YES_NO, RENAMED)
    read = person.task
    move(person.connection, person.wave_id, 2)
    with pytest.raises(Refusal, match="conflict"):
        drafts.save_draft(person.connection, read, PageAnswers(0, {"stay": "yes"}), person.forms, now=LATER)


def test_what_a_page_of_another_version_said_is_put_aside(respondent: Callable[..., Respondent]) -> None:
    person = respondent(YES_NO)
    person.says(left={"answers": {"stay": "perhaps"}})
    assert person.kept().left_behind == [{"answers": {"stay": "perhaps"}}]


@pytest.mark.parametrize(("instrument", "moves"), [("survey", False), ("visit", True)])
def test_customers_are_not_asked_for_evidence(
    connection: Connection, instrument: str, *, moves: bool
) -> None:
    proving = definition("yes", "no")
    proving["pages"][0]["elements"][0]["evidence"] = {"photo": "always"}
    for content in (YES_NO, proving):
        published(connection, content)
    wave_id = wave_of(connection)
    connection.execute(update(Wave).where(Wave.id == wave_id).values(instrument=instrument))
    if moves:
        move(connection, wave_id, 2)
        assert number_of(connection, wave_id) == 2
        return
    with pytest.raises(Refusal) as raised:
        move(connection, wave_id, 2)
    assert refused_code(raised) == "form_asks_evidence"
    assert number_of(connection, wave_id) == 1
