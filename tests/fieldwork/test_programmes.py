import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

from server.errors import Refusal
from server.fieldwork.definitions import programmes
from server.fieldwork.definitions.programmes import NewProgramme
from server.fieldwork.definitions.shipping import ProgrammeWrong, publish_shipped
from server.models.audit import AuditLine
from server.models.definitions import Programme, ProgrammeVersion
from server.scope import EVERYTHING, Scope
from tests import builders
from tests.builders import BY, NOW
from tests.followup.schemes_for_tests import KEY, published, scheme, visit_wave

EAST = Scope(unit_paths=("C01/D1/",))


def publish(connection: Connection, content: object, scope: Scope = EVERYTHING, **changes: Any) -> int:
    new = NewProgramme(**{"key": KEY, "content": content, **changes})
    return programmes.publish_programme(connection, new, scope, by=BY, now=NOW)


def refused(connection: Connection, content: object, **changes: Any) -> list[tuple[str, str]]:
    with pytest.raises(Refusal) as raised:
        publish(connection, content, **changes)
    return [(each.pointer, each.code) for each in raised.value.details]


def states(connection: Connection) -> list[tuple[int, str]]:
    rows = programmes.list_programmes(connection, EVERYTHING, key=KEY)
    return [(row.version, row.status) for row in rows]


def test_a_file_becomes_the_next_version(connection: Connection) -> None:
    assert (publish(connection, scheme()), publish(connection, scheme(fine="500"), note=" 罚减半 ")) == (1, 2)
    assert states(connection) == [(2, "published"), (1, "published")]
    newest = programmes.find_programme(connection, KEY, EVERYTHING)
    assert (newest.version, newest.note, newest.content) == (2, "罚减半", scheme(fine="500"))
    assert programmes.find_programme(connection, KEY, EVERYTHING, version=1).content == scheme()
    query = select(AuditLine.subject).where(AuditLine.action == "definition_published")
    assert connection.scalars(query.order_by(AuditLine.id.desc()).limit(1)).one() == f"definition:{KEY}/2"


def test_what_is_wrong_is_not_published(connection: Connection) -> None:
    measures = scheme()["measures"]
    wrong = scheme(measures=[{**measures[0], "scores": "vist"}, {**measures[1], "rank": "no_such"}])
    pointers = [pointer for pointer, _ in refused(connection, wrong)]
    assert [pointer[:11] for pointer in pointers] == ["/measures/0", "/measures/1"]
    assert refused(connection, [])
    assert refused(connection, scheme(), key="Not A Key") == [("/key", "form_key_characters")]
    assert refused(connection, scheme(), note="x" * 201) == [("/note", "text_too_long")]
    assert states(connection) == []


def test_the_forms_it_names_are_published(connection: Connection) -> None:
    instruments = scheme()["instruments"]
    instruments[0]["version"] = 99
    found = refused(connection, scheme(instruments=instruments))
    assert found == [("/instruments/0/form", "form_not_published")]


def test_the_same_again_is_no_new_version(connection: Connection) -> None:
    published(connection)
    assert refused(connection, scheme()) == [("/file", "definition_published_before")]


def test_retiring_leaves_the_version_before(connection: Connection) -> None:
    published(connection)
    published(connection, fine="500")
    row = programmes.find_programme(connection, KEY, EVERYTHING)
    programmes.retire_programme(connection, row, EVERYTHING, by=BY, now=NOW)
    assert states(connection) == [(2, "retired"), (1, "published")]
    assert programmes.find_programme(connection, KEY, EVERYTHING).version == 1
    with pytest.raises(Refusal, match="conflict"):
        programmes.retire_programme(connection, row, EVERYTHING, by=BY, now=NOW)


def test_a_version_in_use_is_not_retired(connection: Connection) -> None:
    builders.create_units(connection)
    published(connection)
    visit_wave(connection)
    row = programmes.find_programme(connection, KEY, EVERYTHING)
    with pytest.raises(Refusal) as raised:
        programmes.retire_programme(connection, row, EVERYTHING, by=BY, now=NOW)
    assert [each.params for each in raised.value.details] == [{"waves": "V1"}]


def test_a_part_of_the_bank_publishes_and_retires_nothing(connection: Connection) -> None:
    builders.create_units(connection)
    with pytest.raises(Refusal, match="forbidden"):
        publish(connection, scheme(), EAST)
    published(connection)
    row = programmes.find_programme(connection, KEY, EAST)
    with pytest.raises(Refusal, match="forbidden"):
        programmes.retire_programme(connection, row, EAST, by=BY, now=NOW)


def test_a_firm_sees_the_programmes_of_its_waves(connection: Connection) -> None:
    builders.create_units(connection)
    published(connection)
    firm = builders.create_firm(connection)
    scope = Scope(firm_ids=(firm.id,))
    with pytest.raises(Refusal, match="not_found"):
        programmes.find_programme(connection, KEY, scope)
    builders.create_firm_wave(connection, firm, programme=KEY, instrument="hall")
    assert [row.key for row in programmes.list_programmes(connection, scope)] == [KEY]


def shipped_file(folder: Path, content: object) -> Path:
    path = folder / "programmes" / KEY / "1.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(content))
    return folder


def test_a_wrong_file_is_not_shipped_and_every_problem_is_named(
    connection: Connection, tmp_path: Path
) -> None:
    wrong = scheme(rules=[{**scheme()["rules"][0], "for": "otlet"}], no_such=1)
    with pytest.raises(ProgrammeWrong) as raised:
        publish_shipped(connection, now=NOW, root=shipped_file(tmp_path, wrong))
    said = str(raised.value)
    assert said.startswith(f"{KEY}/1.json ")
    assert "/no_such: " in said
    assert "/rules/0/for: " in said


def test_what_is_shipped_says_who_published_it(connection: Connection, tmp_path: Path) -> None:
    assert publish_shipped(connection, now=NOW, root=shipped_file(tmp_path, scheme())) == 1
    row = connection.execute(
        select(ProgrammeVersion.created_by, ProgrammeVersion.published_by, ProgrammeVersion.published_at)
        .join(Programme, Programme.id == ProgrammeVersion.programme_id)
        .where(Programme.key == KEY)
    ).one()
    assert tuple(row) == ("system", "system", NOW)
