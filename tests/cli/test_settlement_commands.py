import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import Engine, func, select

from server.models.settlements import Settlement
from server.models.submissions import Submission
from tests import builders
from tests.followup.schemes_for_tests import KEY, published, scheme, visit_wave

MAKE = ("make", KEY, "--as-of", "2026-12-31")


def run(app: Flask, *arguments: str, group: str = "settlements") -> Result:
    return app.test_cli_runner().invoke(args=[group, *arguments])


def said(app: Flask, *arguments: str) -> Any:
    result = run(app, *arguments)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def visits(engine: Engine) -> Engine:
    """Three outlets with a visit each, committed."""
    with engine.begin() as connection:
        builders.create_units(connection)
        published(connection)
        wave_id = visit_wave(connection)
        for code, raw in {"B101": "88", "B102": "95", "B201": "85"}.items():
            builders.create_scored(connection, wave_id, code, [raw])
    return engine


def written(path: Path, content: object) -> str:
    path.write_text(json.dumps(content))
    return str(path)


def test_making_showing_and_making_again(app: Flask, visits: Engine) -> None:
    made = said(app, *MAKE)
    assert (made["replayed"], made["version"], len(made["difference"]["entries"])) == (False, 1, 3)
    again = said(app, *MAKE)
    assert (again["replayed"], again["settlement"]) == (True, made["settlement"])
    result = said(app, "show", made["settlement"])
    assert [line["amount"] for line in result["ledger"]] == ["1400.00", "2000.00", "500.00"]
    ledger = said(app, "show", made["settlement"], "--part", "ledger")["ledger"]
    assert [line["id"] for line in ledger] == [line["id"] for line in result["ledger"]]
    listed = run(app, "list").output
    assert listed.startswith(made["settlement"])
    assert f"{KEY} version 1, 2026 as of 2026-12-31: current, 3 ledger lines" in listed
    assert run(app, "list", "--programme", "other").output == ""


def test_what_is_stored_settles_to_the_same_on_files_alone(
    app: Flask, visits: Engine, tmp_path: Path
) -> None:
    made = said(app, *MAKE)["settlement"]
    definition = written(tmp_path / "scheme.json", scheme())
    facts = written(tmp_path / "facts.json", said(app, "show", made, "--part", "facts"))
    before = written(tmp_path / "before.json", said(app, "show", made))
    result = run(app, "settle", definition, "--facts", facts, "--before", before, group="programmes")
    assert result.exit_code == 0, result.output
    settled = json.loads(result.stdout)
    assert settled.pop("difference")["entries"] == []
    assert settled == said(app, "show", made)
    assert run(app, "verify", made).output == "The settlement repeats to the same result.\n"


def test_an_appeal_comes_with_a_file(app: Flask, visits: Engine, tmp_path: Path) -> None:
    said(app, *MAKE)
    with visits.connect() as connection:
        subject_id = builders.subject_of(connection, "B101")
        submission = connection.scalar(
            select(Submission.submission_id).where(Submission.subject_id == subject_id)
        )
    facts = written(
        tmp_path / "appeals.json", {"scores": [{"id": f"V1/{submission}", "state": "overturned"}]}
    )
    preview = said(app, *MAKE, "--facts", facts, "--preview")["difference"]
    made = said(app, *MAKE, "--facts", facts)
    assert made["difference"]["entries"] == preview["entries"]
    assert [(entry["amount"], entry.get("reverses")) for entry in preview["entries"]] == [
        ("-1400.00", "fine/B101/2026")
    ]


def test_a_preview_stores_nothing(app: Flask, visits: Engine) -> None:
    assert len(said(app, *MAKE, "--preview")["difference"]["entries"]) == 3
    with visits.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(Settlement)) == 0


def test_who_settled_is_written_down(app: Flask, visits: Engine) -> None:
    options = ("--name", "李娜", "--role", "administrator", "--password", "correct horse battery")
    assert run(app, "add", "li.na", *options, group="accounts").exit_code == 0
    said(app, *MAKE, "--by", "Li.Na")
    with visits.connect() as connection:
        assert str(connection.scalar(select(Settlement.created_by))).startswith("account:")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("make", "no-such", "--as-of", "2026-12-31"),
            "There is no published version of a programme no-such.",
        ),
        ((*MAKE, "--version", "9"), f"There is no version 9 of a programme {KEY}."),
        ((*MAKE, "--by", "nobody"), "There is no account nobody."),
        (("show", "00000000-0000-7000-8000-000000000001"), "There is no settlement 0"),
        (("rescore", "no-such", "--version", "1", "--preview"), "There is no wave with the code no-such."),
        (("rescore", "V1", "--version", "9", "--preview"), "/version: This version of the form"),
    ],
)
def test_one_sentence_when_it_cannot_work(
    app: Flask, visits: Engine, arguments: tuple[str, ...], sentence: str
) -> None:
    result = run(app, *arguments)
    assert result.exit_code == 1
    assert result.output.startswith(f"Error: {sentence}")


@pytest.mark.parametrize("text", ["[]", "{", '{"asOf": "2026-01-01"}', '{"parameters": {"x": 1}, "y": 2}'])
def test_a_file_that_is_no_facts(app: Flask, visits: Engine, tmp_path: Path, text: str) -> None:
    path = tmp_path / "facts.json"
    path.write_text(text)
    result = run(app, *MAKE, "--facts", str(path))
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert len(result.output.splitlines()) == (2 if '"y"' in text else 1)


def test_stored_scores_are_never_changed_by_a_command(app: Flask, visits: Engine) -> None:
    result = run(app, "rescore", "V1", "--version", "1")
    assert result.exit_code == 2
    assert "add --preview" in result.output


def test_a_rescoring_is_shown(app: Flask, visits: Engine) -> None:
    found = said(app, "rescore", "V1", "--version", "1", "--preview")
    assert (found["wave"], found["form"], found["version"]) == ("V1", "bank-branch-visit", 1)
    assert found["unfit"] == 3


@pytest.mark.parametrize(
    ("before", "sentence"),
    [
        ({"facts": {"year": "2025"}}, "The earlier settlement is of 2025, this one of 2026"),
        ({"facts": {"year": "2026"}, "ledger": [{}]}, "programme_missing_property"),
        ([], "scoring_wrong_type"),
    ],
)
def test_what_is_no_earlier_settlement(
    app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, before: object, sentence: str
) -> None:
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    definition = written(tmp_path / "scheme.json", scheme())
    facts = written(tmp_path / "facts.json", {"asOf": "2026-12-31"})
    earlier = written(tmp_path / "before.json", before)
    result = run(app, "settle", definition, "--facts", facts, "--before", earlier, group="programmes")
    assert result.exit_code == 1
    assert sentence in result.output


def test_a_programme_is_published_and_retired(app: Flask, engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / KEY
    folder.mkdir()
    path = written(folder / "scheme.json", scheme())
    publish = run(app, "publish", path, group="programmes")
    assert publish.output == f"{KEY} version 1 is published.\n"
    again = run(app, "publish", path, group="programmes")
    assert again.exit_code == 1
    assert again.output.startswith("Error: /file: This is the same as version 1")
    wrong = written(folder / "wrong.json", scheme(measures=[], title=3))
    assert run(app, "publish", wrong, group="programmes").output.startswith("Error: /")
    retired = run(app, "retire", KEY, "1", group="programmes")
    assert retired.output == f"{KEY} version 1 is retired.\n"
    missing = run(app, "retire", KEY, "7", group="programmes")
    assert missing.output == f"Error: There is no version 7 of a programme {KEY}.\n"
