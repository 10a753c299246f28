import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, insert, select, update

from server import wire
from server.db import new_id
from server.errors import Refusal
from server.fieldwork.definitions import versions
from server.fieldwork.definitions.shipping import publish_shipped
from server.fieldwork.definitions.versions import LARGEST_DEFINITION, NewDraft
from server.models.audit import AuditLine
from server.models.definitions import Form, FormVersion
from server.models.waves import Wave
from server.scope import EVERYTHING, Scope
from tests import builders
from tests.blocking import wait_for_blocked
from tests.builders import BY, NOW
from tests.fieldwork.forms_for_tests import KEY, definition, drafted, published, scored, version_id

PART = Scope(unit_paths=("C01/D1/",))
WRONG = definition(pages=[])


def row_of(connection: Connection, number: int, scope: Scope = EVERYTHING) -> Any:
    return versions.find_version(connection, KEY, number, scope)


def publish(connection: Connection, row: Any, scope: Scope = EVERYTHING) -> None:
    versions.publish(connection, row, scope, by=BY, now=NOW)


def retire(connection: Connection, number: int, scope: Scope = EVERYTHING) -> None:
    versions.retire(connection, row_of(connection, number), scope, by=BY, now=NOW)


def delete(connection: Connection, row: Any, scope: Scope = EVERYTHING) -> None:
    versions.delete_draft(connection, row, scope, by=BY, now=NOW)


def states(connection: Connection) -> list[tuple[int, str]]:
    listed = versions.list_versions(connection, EVERYTHING, key=KEY)
    return [(row.version, row.status) for row in listed]


def refusals(refused: pytest.ExceptionInfo[Refusal]) -> list[tuple[str, str]]:
    return [(each.pointer, each.code) for each in refused.value.details]


def use(connection: Connection, number: int, state: str) -> None:
    """Let a wave of this state use the version."""
    builders.create_units(connection)
    wave_id = builders.create_wave(connection)
    cancelled = {"cancelled_at": NOW, "cancel_reason": "-"} if state == "cancelled" else {}
    values = {"form_version_id": version_id(connection, number), "state": state, **cancelled}
    connection.execute(update(Wave).where(Wave.id == wave_id).values(**values))


def test_a_draft_becomes_published_and_then_retired(connection: Connection) -> None:
    assert drafted(connection, definition()) == 1
    assert states(connection) == [(1, "draft")]
    publish(connection, row_of(connection, 1))
    retire(connection, 1)
    row = row_of(connection, 1)
    assert (row.status, row.published_at, row.retired_at, row.changed_at) == ("retired", NOW, NOW, NOW)
    assert row.content_hash == wire.fingerprint(row.content)
    actions = connection.scalars(
        select(AuditLine.action).where(AuditLine.subject == f"definition:{KEY}/1").order_by(AuditLine.id)
    ).all()
    assert actions == ["definition_drafted", "definition_published", "definition_retired"]


def test_a_draft_is_written_over_and_keeps_its_number(connection: Connection) -> None:
    published(connection, definition())
    assert drafted(connection, definition("a")) == 2
    seen = row_of(connection, 2).content_hash
    assert drafted(connection, definition("b"), replaces=seen) == 2
    assert states(connection) == [(2, "draft"), (1, "published")]
    assert row_of(connection, 2).content == definition("b")


def test_a_draft_with_errors_is_kept_but_not_published(connection: Connection) -> None:
    drafted(connection, WRONG)
    with pytest.raises(Refusal, match="invalid_fields") as refused:
        publish(connection, row_of(connection, 1))
    errors = versions.problems_of(WRONG)
    assert refusals(refused) == [(each.pointer, each.code) for each in errors if each.severity == "error"]
    assert states(connection) == [(1, "draft")]


def test_what_is_wrong_with_the_scoring_is_a_problem_too(connection: Connection) -> None:
    content = scored(100, yes="1", maybe="0")
    found = {problem.code for problem in versions.problems_of(content)}
    assert "award_unknown_choice" in found
    assert not versions.has_errors(versions.problems_of(scored(100)))


def test_a_warning_does_not_keep_from_publishing(connection: Connection) -> None:
    content = definition()
    del content["pages"][1]["elements"][0]["title"]
    assert {problem.severity for problem in versions.problems_of(content)} == {"warning"}
    assert published(connection, content) == 1


@pytest.mark.parametrize("content", [[], "text", 5, None])
def test_a_definition_is_an_object(connection: Connection, content: object) -> None:
    with pytest.raises(Refusal, match="invalid_fields") as refused:
        drafted(connection, content)
    assert refusals(refused) == [("/file", "definition_not_object")]


@pytest.mark.parametrize("key", ["", "A", "a b", "-a", "a-", "a/b", "..", "a" * 65, "表单", "a\n"])
def test_a_key_fits_into_addresses_and_file_names(connection: Connection, key: str) -> None:
    with pytest.raises(Refusal, match="invalid_fields") as refused:
        drafted(connection, definition(), key=key)
    assert refusals(refused) == [("/key", "form_key_characters")]


def test_a_note_has_an_end(connection: Connection) -> None:
    draft = NewDraft(KEY, definition(), note="x" * 201)
    with pytest.raises(Refusal, match="invalid_fields") as refused:
        versions.save_draft(connection, draft, EVERYTHING, by=BY, now=NOW)
    assert refusals(refused) == [("/note", "text_too_long")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "json_syntax"),
        (b"{", "json_syntax"),
        (b"\xff", "json_encoding"),
        (b'{"a":1,"a":2}', "json_duplicate_key"),
        (b"[" * 100_000, "json_depth"),
        (b'{"a":1e999}', "json_number"),
        (b'"' + b"x" * LARGEST_DEFINITION + b'"', "definition_too_large"),
    ],
)
def test_a_hostile_file_gets_a_sentence(data: bytes, code: str) -> None:
    with pytest.raises(Refusal, match="invalid_fields") as refused:
        versions.read_definition(data)
    assert refusals(refused) == [("/file", code)]


def test_what_a_colleague_saved_meanwhile_does_not_vanish(connection: Connection) -> None:
    drafted(connection, definition("a"))
    seen = row_of(connection, 1)
    drafted(connection, definition("b"), replaces=seen.content_hash)
    for replaces in ("", seen.content_hash):
        with pytest.raises(Refusal, match="conflict"):
            drafted(connection, definition("c"), replaces=replaces)
    for change in (publish, delete):
        with pytest.raises(Refusal, match="conflict"):
            change(connection, seen)
    assert row_of(connection, 1).content == definition("b")


def test_the_same_again_is_no_new_version(connection: Connection) -> None:
    published(connection, definition())
    with pytest.raises(Refusal, match="invalid_fields") as refused:
        drafted(connection, definition())
    assert refusals(refused) == [("/file", "definition_published_before")]


def test_nothing_goes_back(connection: Connection) -> None:
    published(connection, definition())
    row = row_of(connection, 1)
    for change in (publish, delete):
        with pytest.raises(Refusal, match="conflict"):
            change(connection, row)
    retire(connection, 1)
    with pytest.raises(Refusal, match="conflict"):
        retire(connection, 1)


@pytest.mark.parametrize("state", ["planned", "drawn", "launched"])
def test_a_version_that_a_wave_uses_is_not_retired(connection: Connection, state: str) -> None:
    published(connection, definition())
    use(connection, 1, state)
    with pytest.raises(Refusal, match="invalid_fields") as refused:
        retire(connection, 1)
    [detail] = refused.value.details
    assert (detail.code, detail.params) == ("form_in_use", {"waves": "2026-05-SAT"})


@pytest.mark.parametrize("state", ["closed", "cancelled"])
def test_a_wave_that_is_over_keeps_a_retired_version(connection: Connection, state: str) -> None:
    published(connection, definition())
    use(connection, 1, state)
    retire(connection, 1)
    assert [(row.version, row.waves) for row in versions.list_versions(connection, EVERYTHING, key=KEY)] == [
        (1, 1)
    ]


def test_deleting_the_only_draft_deletes_the_form(connection: Connection) -> None:
    drafted(connection, definition())
    delete(connection, row_of(connection, 1))
    assert connection.scalar(select(Form.id).where(Form.key == KEY)) is None


def test_deleting_a_draft_leaves_what_is_published(connection: Connection) -> None:
    published(connection, definition())
    drafted(connection, definition("a"))
    delete(connection, row_of(connection, 2))
    assert states(connection) == [(1, "published")]
    assert drafted(connection, definition("b")) == 2


@pytest.mark.parametrize("change", [publish, delete])
def test_forms_belong_to_the_whole_organisation(connection: Connection, change: Any) -> None:
    drafted(connection, definition())
    row = row_of(connection, 1, PART)
    with pytest.raises(Refusal, match="forbidden"):
        change(connection, row, PART)
    with pytest.raises(Refusal, match="forbidden"):
        versions.save_draft(connection, NewDraft("mine", definition()), PART, by=BY, now=NOW)


def test_who_sees_a_part_retires_nothing(connection: Connection) -> None:
    published(connection, definition())
    with pytest.raises(Refusal, match="forbidden"):
        retire(connection, 1, PART)


@pytest.mark.parametrize(
    ("scope", "all_of_it"),
    [
        (EVERYTHING, True),
        (Scope(unit_paths=("C01/",)), True),
        (PART, False),
        (Scope(unit_paths=()), False),
        (Scope(firm_ids=()), False),
    ],
)
def test_the_unit_at_the_top_is_the_whole(connection: Connection, scope: Scope, all_of_it: bool) -> None:
    builders.create_units(connection)
    assert versions.reaches_all(connection, scope) is all_of_it


def test_without_units_only_who_has_no_limit_reaches_all(connection: Connection) -> None:
    assert versions.reaches_all(connection, EVERYTHING)
    assert not versions.reaches_all(connection, Scope(unit_paths=("C01/",)))


def test_a_firm_sees_the_published_forms_of_its_waves(connection: Connection) -> None:
    builders.create_units(connection)
    firm = builders.create_firm(connection)
    builders.create_firm_wave(connection, firm)
    published(connection, definition())
    theirs = Scope(firm_ids=(firm.id,))
    listed = versions.list_versions(connection, theirs)
    assert [(row.key, row.version, row.waves) for row in listed] == [("hall-satisfaction", 1, 1)]
    assert versions.find_version(connection, "hall-satisfaction", 1, theirs).content["pages"]
    with pytest.raises(Refusal, match="not_found"):
        versions.find_version(connection, KEY, 1, theirs)
    with pytest.raises(Refusal, match="not_found"):
        versions.find_version(connection, "hall-satisfaction", 1, Scope(firm_ids=()))


def test_two_people_who_save_at_once_make_one_draft(engine: Engine) -> None:
    def colleague() -> str:
        with engine.begin() as connection:
            try:
                drafted(connection, definition("b"))
            except Refusal as refusal:
                return refusal.code
        return ""

    with ThreadPoolExecutor(1) as pool:
        with engine.begin() as connection:
            drafted(connection, definition("a"))
            saving = pool.submit(colleague)
            wait_for_blocked(engine, 1)
        assert saving.result() == "conflict"


def test_a_wave_planned_at_the_same_moment_keeps_its_version(engine: Engine) -> None:
    """Retiring waits for whoever is planning, and then sees the wave."""
    key = "hall-satisfaction"

    def retiring() -> str:
        with engine.begin() as connection:
            row = versions.find_version(connection, key, 1, EVERYTHING)
            try:
                versions.retire(connection, row, EVERYTHING, by=BY, now=NOW)
            except Refusal as refusal:
                return refusal.details[0].code
        return ""

    with ThreadPoolExecutor(1) as pool:
        with engine.begin() as connection:
            builders.create_units(connection)
            builders.create_wave(connection)
            waiting = pool.submit(retiring)
            wait_for_blocked(engine, 1)
        assert waiting.result() == "form_in_use"


def test_a_retired_version_is_planned_no_more(connection: Connection) -> None:
    builders.create_units(connection)
    row = versions.find_version(connection, "hall-satisfaction", 1, EVERYTHING)
    versions.retire(connection, row, EVERYTHING, by=BY, now=NOW)
    with pytest.raises(Refusal, match="invalid_fields") as refused:
        builders.create_wave(connection)
    assert refusals(refused) == [("/instrument", "form_not_published")]


def test_a_draft_gives_its_number_to_a_version_that_is_shipped(
    connection: Connection, tmp_path: Path
) -> None:
    published(connection, definition())
    drafted(connection, definition("a"))
    folder = tmp_path / "forms" / KEY
    folder.mkdir(parents=True)
    (folder / "1.json").write_text(json.dumps(definition()))
    (folder / "2.json").write_text(json.dumps(definition("b")))
    assert publish_shipped(connection, now=NOW, root=tmp_path) == 1
    assert states(connection) == [(3, "draft"), (2, "published"), (1, "published")]
    assert row_of(connection, 3).content == definition("a")


def test_shipping_again_publishes_nothing(connection: Connection) -> None:
    assert publish_shipped(connection, now=NOW) == 0


def test_one_draft_a_form_whoever_writes_it(connection: Connection) -> None:
    drafted(connection, definition())
    form_id = connection.scalar(select(Form.id).where(Form.key == KEY))
    second = {"id": new_id(), "form_id": form_id, "version": 2, "status": "draft", "content": {}}
    with pytest.raises(Exception, match="form_version_one_draft_idx"):
        connection.execute(insert(FormVersion).values(**second, content_hash="", created_at=NOW))
