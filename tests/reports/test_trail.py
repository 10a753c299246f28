"""The audit trail within a scope, its filters, its pages."""

from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import Connection, select

from server import audit
from server.models.organisation import Unit
from server.reports.trail.reading import Wanted, done_since, exported, trail_page
from server.scope import EVERYTHING, Scope
from tests import builders
from tests.builders import DAY, NOW

EAST = Scope(unit_paths=("C01/D1/",))
ME = f"account:{UUID(int=1)}"


def write(connection: Connection, action: str, subject: str, *, actor: str = ME, days: int = 0) -> None:
    audit.record(connection, [audit.Entry(actor, action, subject, {})], at=NOW + days * DAY)


def actions(connection: Connection, scope: Scope = EVERYTHING, **wanted: object) -> list[str]:
    return [row.action for row in trail_page(connection, Wanted(**wanted), scope).rows]


def test_a_district_reads_about_its_own_and_about_nothing_else(connection: Connection) -> None:
    builders.create_units(connection)
    units = dict(connection.execute(select(Unit.code, Unit.id)).all())
    waves = {
        code: builders.create_wave(
            connection, code=f"W-{code or 'ALL'}", **({"unit_code": code} if code else {})
        )
        for code in ("D1", "D10", "")
    }
    before = connection.scalar(select(audit.AuditLine.id).order_by(audit.AuditLine.id.desc()).limit(1))
    for code in ("C01", "D1", "D10", "B101", "B201"):
        write(connection, f"unit_{code}", f"unit:{units[code]}")
    for code, wave_id in waves.items():
        write(connection, f"wave_{code or 'all'}", f"wave:{wave_id}")
    write(connection, "signed_in", ME)
    write(connection, "contacts_imported", "contact:*")
    rows = trail_page(connection, Wanted(), EAST).rows
    assert [row.action for row in rows if row.id > before] == ["wave_D1", "unit_B101", "unit_D1"]
    assert {row.action for row in trail_page(connection, Wanted(), EVERYTHING).rows} >= {
        "wave_all",
        "signed_in",
    }
    assert actions(connection, Scope(firm_ids=(UUID(int=3),))) == []
    assert actions(connection, EAST, subject=f"unit:{units['D10']}") == []


def test_lines_are_found_by_action_actor_subject_and_day(connection: Connection) -> None:
    write(connection, "wave_paused", "wave:a", days=-3)
    write(connection, "wave_resumed", "wave:a", days=-2, actor=f"{ME} for account:2")
    write(connection, "wave_closed", "wave:b", days=-2, actor="system")
    write(connection, "wave_launched", "wave:b")
    assert actions(connection) == ["wave_launched", "wave_closed", "wave_resumed", "wave_paused"]
    assert actions(connection, action="wave_closed") == ["wave_closed"]
    assert actions(connection, actor=ME) == ["wave_launched", "wave_resumed", "wave_paused"]
    assert actions(connection, subject="wave:a") == ["wave_resumed", "wave_paused"]
    assert actions(connection, day=date(2026, 5, 2)) == ["wave_closed", "wave_resumed"]
    assert actions(connection, day=date(2026, 5, 5)) == []
    done = done_since(connection, ME, EVERYTHING, start=NOW - timedelta(hours=1))
    assert [row.action for row in done] == ["wave_launched"]


def test_submissions_are_read_only_by_who_asks_for_them(connection: Connection) -> None:
    write(connection, "wave_launched", "wave:a")
    write(connection, "submission_stored", "submission:1", actor="invitation:1")
    assert actions(connection) == ["wave_launched"]
    assert actions(connection, action="submission_stored") == ["submission_stored"]


def test_pages_follow_each_other_without_a_gap(connection: Connection) -> None:
    for number in range(7):
        write(connection, f"wave_{number}", "wave:a")
    seen, before = [], 0
    while True:
        page = trail_page(connection, Wanted(before=before), EVERYTHING, limit=3)
        seen += [row.action for row in page.rows]
        before = page.before
        if not before:
            break
    assert seen == [f"wave_{number}" for number in reversed(range(7))]
    [batch] = exported(connection, Wanted(), EVERYTHING)
    assert [row.action for row in batch] == seen
