"""Who is told what after a visit, once, also when the clock was down."""

from uuid import UUID

from sqlalchemy import Connection, select

from server.fieldwork.waves.reading import find_wave
from server.followup.announcing import announce_due
from server.followup.appealing.deciding import Verdict, decide
from server.followup.appealing.filing import NewAppeal, file_appeal
from server.followup.appealing.weighing import Effect
from server.followup.publishing.checking import open_check
from server.followup.publishing.publishing import correct
from server.intake.shelf import FormShelf
from server.keys import KeyRing
from server.models.notices import Notice
from server.models.organisation import Unit
from server.scope import EVERYTHING
from tests.builders import BY, DAY, NOW
from tests.followup.publishing.waves_for_tests import create_closed, published, publisher, ref_of
from tests.followup.reviewing.reviews_for_tests import act, create_reviewer

FORMS = FormShelf()


def told(connection: Connection, kind: str) -> list[str]:
    query = select(Unit.code).join(Notice, Notice.unit_id == Unit.id).where(Notice.kind == kind)
    return list(connection.scalars(query.order_by(Unit.code, Notice.at)))


def test_every_branch_hears_of_a_window_and_of_a_publication_once(
    connection: Connection, keys: KeyRing
) -> None:
    closed = create_closed(connection, keys, publication={"check": 2, "decided": "other"})
    open_check(connection, closed.wave_id, EVERYTHING, by=BY, now=NOW)
    assert announce_due(connection, now=NOW) == 3
    assert announce_due(connection, now=NOW) == 0
    assert told(connection, "facts_to_check") == ["B101", "B102", "B201"]
    published(connection, closed, now=NOW + 7 * DAY)
    assert announce_due(connection, now=NOW + 8 * DAY) == 3
    assert told(connection, "scores_published") == ["B101", "B102", "B201"]


def test_an_embargo_is_kept_and_its_end_is_told_by_a_clock_that_was_down(
    connection: Connection, keys: KeyRing
) -> None:
    closed = create_closed(connection, keys)
    published(connection, closed, visible_from=NOW + 2 * DAY)
    assert announce_due(connection, now=NOW + DAY) == 0
    assert announce_due(connection, now=NOW + 5 * DAY) == 3


def test_of_a_correction_those_hear_whom_it_moves(connection: Connection, keys: KeyRing) -> None:
    closed = create_closed(connection, keys)
    published(connection, closed)
    announce_due(connection, now=NOW)
    act(connection, closed.reports["B102"].pk, closed.ann, "reopen", note="复核")
    wave = find_wave(connection, closed.wave_id, EVERYTHING)
    correct(connection, FORMS, wave, "复核", publisher(closed.ben, now=NOW + DAY))
    assert announce_due(connection, now=NOW + DAY) == 2
    assert told(connection, "scores_published") == ["B101", "B101", "B102", "B102", "B201"]


def test_who_appealed_hears_the_answer(connection: Connection, keys: KeyRing) -> None:
    closed = create_closed(connection, keys)
    published(connection, closed)
    ref = ref_of(connection, closed.reports["B101"])
    appeal_id: UUID = file_appeal(
        connection, NewAppeal("照片", BY, ref, "greeting"), EVERYTHING, now=NOW + DAY
    )
    announce_due(connection, now=NOW + DAY)
    verdict = Verdict(appeal_id, "upheld", "看得清", Effect({"greeting": "yes"}))
    decide(connection, FORMS, verdict, publisher(create_reviewer(connection, "cay"), now=NOW + DAY))
    announce_due(connection, now=NOW + DAY)
    assert told(connection, "appeal_decided") == ["B101"]
