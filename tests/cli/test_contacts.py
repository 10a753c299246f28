"""`flask contacts import`, `flask rolling verify`."""

from pathlib import Path

from flask import Flask
from sqlalchemy import Engine, func, select

from server.models.contacts import Contact, ServiceEvent
from tests import builders
from tests.builders import phone_of
from tests.cli.test_commands import refused, run


def file_of(folder: Path, *lines: str) -> str:
    path = folder / "list.csv"
    path.write_text("\n".join(lines), "utf-8")
    return str(path)


def count(engine: Engine, table: type[Contact] | type[ServiceEvent]) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def test_a_list_is_shown_then_imported(app: Flask, engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        builders.create_units(connection)
    file = file_of(tmp_path, "external_id,phone,unit_code", f"K1,{phone_of(1)},B101", "K2,12,B101")
    shown = run(app, "contacts", "import", file, "--dry-run")
    assert shown.exit_code == 0, shown.output
    assert "1 would be created, 0 would be changed, 0 unchanged, 1 left out." in shown.output
    assert "row 2: K1 created" in shown.output
    assert "row 3: " in shown.output
    assert count(engine, Contact) == 0
    assert "1 created, 0 changed" in run(app, "contacts", "import", file).output
    events = file_of(tmp_path, "external_id,contact,unit_code,happened_at", "E1,K1,B101,2026-05-03")
    assert "1 created" in run(app, "contacts", "import", events, "--events").output
    assert (count(engine, Contact), count(engine, ServiceEvent)) == (1, 1)


def test_a_file_of_which_nothing_can_be_used_ends_with_an_error(
    app: Flask, engine: Engine, tmp_path: Path
) -> None:
    result = run(app, "contacts", "import", file_of(tmp_path, "name", "x"))
    assert result.exit_code == 1
    assert result.output.strip().splitlines()[-1] == "Error: Nothing could be imported."


def test_an_unknown_wave_has_no_nights(app: Flask, engine: Engine) -> None:
    assert refused(run(app, "rolling", "verify", "NONE")) == "Error: There is no wave with the code NONE."
    assert run(app, "rolling", "draw").exit_code == 0
