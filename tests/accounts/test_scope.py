"""A subtree is one prefix: nothing beside it, nothing that merely begins like it."""

from uuid import UUID

import pytest
from sqlalchemy import Connection, insert, select, text

from server.accounts.identity import Holding, scope_of
from server.db import new_id
from server.models.organisation import Subject, Unit
from server.models.waves import Wave
from server.scope import EVERYTHING, Scope, ancestors
from tests import builders
from tests.conftest import START

FIRM = UUID(int=1)
# Codes that are prefixes of each other, and the two wildcards of LIKE.
CODES = ("B1", "B10", "B1/X", "B_", "B%", "BX", "B\\", "B1/X/Y")


@pytest.fixture
def units(connection: Connection) -> Connection:
    rows = [
        {"id": new_id(), "code": code, "name": code, "level": "outlet", "path": f"{code}/", "timezone": "UTC",
         "attributes": {}, "created_at": START}
        for code in CODES
    ]  # fmt: skip
    connection.execute(insert(Unit), rows)
    connection.execute(
        insert(Subject),
        [
            {"id": new_id(), "code": row["code"], "kind": "unit", "unit_id": row["id"], "name": ""}
            for row in rows
        ],
    )
    return connection


@pytest.mark.parametrize(
    ("paths", "visible"),
    [
        (None, set(CODES)),
        ((), set()),
        (("B1/",), {"B1", "B1/X", "B1/X/Y"}),
        (("B1/X/",), {"B1/X", "B1/X/Y"}),
        (("B10/",), {"B10"}),
        (("B_/",), {"B_"}),
        (("B%/",), {"B%"}),
        (("B\\/",), {"B\\"}),
        (("B10/", "B_/"), {"B10", "B_"}),
        (("B1/", "B1/X/"), {"B1", "B1/X", "B1/X/Y"}),
        (("Z/",), set()),
    ],
)
def test_a_subtree_and_nothing_else(
    units: Connection, paths: tuple[str, ...] | None, visible: set[str]
) -> None:
    scope = Scope(unit_paths=paths)
    assert set(units.scalars(scope.units(select(Unit.code)))) == visible
    assert set(units.scalars(scope.subjects(select(Subject.code)))) == visible


@pytest.fixture
def waves(connection: Connection) -> Connection:
    builders.create_units(connection)
    for code, unit in (("W", None), ("W-C01", "C01"), ("W-D1", "D1"), ("W-D10", "D10"), ("W-B101", "B101")):
        builders.create_wave(connection, code=code, unit_code=unit)
    return connection


@pytest.mark.parametrize(
    ("paths", "visible"),
    [
        (None, {"W", "W-C01", "W-D1", "W-D10", "W-B101"}),
        ((), set()),
        (("C01/",), {"W", "W-C01", "W-D1", "W-D10", "W-B101"}),
        (("C01/D1/",), {"W", "W-C01", "W-D1", "W-B101"}),
        (("C01/D10/",), {"W", "W-C01", "W-D10"}),
        (("C01/D1/B102/",), {"W", "W-C01", "W-D1"}),
    ],
)
def test_waves_that_reach_into_the_subtree_or_stand_above_it(
    waves: Connection, paths: tuple[str, ...] | None, visible: set[str]
) -> None:
    assert set(waves.scalars(Scope(unit_paths=paths).waves(select(Wave.code)))) == visible


@pytest.mark.parametrize("firms", [(), (FIRM,)])
def test_a_firm_sees_no_wave_that_is_not_its_own(waves: Connection, firms: tuple[UUID, ...]) -> None:
    assert waves.scalars(Scope(firm_ids=firms).waves(select(Wave.code))).all() == []


def test_the_subtree_is_found_by_the_index(units: Connection) -> None:
    """The index of patterns serves a prefix only while the prefix is escaped as LIKE understands it."""
    units.execute(text("SET LOCAL enable_seqscan = off"))
    query = Scope(unit_paths=("B_/",)).units(select(Unit.code))
    compiled = str(query.compile(units.engine, compile_kwargs={"literal_binds": True}))
    plan = units.scalars(text("EXPLAIN " + compiled.replace(":", "\\:"))).all()
    assert "unit_path_idx" in "\n".join(plan)


@pytest.mark.parametrize(("path", "expected"), [("C/", ["C/"]), ("C/D/B/", ["C/", "C/D/", "C/D/B/"])])
def test_ancestors(path: str, expected: list[str]) -> None:
    assert ancestors(path) == expected


@pytest.mark.parametrize(
    ("grants", "scope"),
    [
        ([], Scope(unit_paths=())),
        ([("C/", None)], Scope(unit_paths=("C/",))),
        ([("C/", None), ("D/", None)], Scope(unit_paths=("C/", "D/"))),
        ([("C/", None), (None, None)], EVERYTHING),
        ([(None, FIRM)], Scope(firm_ids=(FIRM,))),
        ([(None, None)], EVERYTHING),
        ([("C/", None), (None, FIRM)], Scope(unit_paths=("C/",), firm_ids=(FIRM,))),
        ([("C/", None), (None, FIRM), (None, None)], EVERYTHING),
    ],
)
def test_grants_make_the_scope(grants: list[tuple[str | None, UUID | None]], scope: Scope) -> None:
    assert scope_of(Holding("auditor", path, firm) for path, firm in grants) == scope
