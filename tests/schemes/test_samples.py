"""Every shipped programme settles its worked sample to what was computed by hand.

`expected.json` beside each `facts.json` holds the results and the arithmetic in `why`. Its `ledger`,
`actions` and `open` are complete; of the measures those are compared that are listed. A `variant` settles the
same facts under other readings or parameters, and compares the rows it lists; an `absent` row must not be
there.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from server import wire
from server.fieldwork.definitions.shipping import DEFINITIONS, DefinitionFile, shipped
from server.scoring.programmes.compiling import lint_programme
from server.scoring.settling.settlement import settle

SAMPLES = Path(__file__).parent
# What makes two rows of a list the same row.
KEYS = {
    "measures": ("measure", "subject", "period"),
    "ledger": ("rule", "subject", "period"),
    "actions": ("rule", "subject", "period", "do"),
    "open": ("rule", "subject", "period"),
}
COMPLETE = ("ledger", "actions", "open")
Row = Mapping[str, Any]


@cache
def newest() -> Mapping[str, DefinitionFile]:
    return {file.key: file for file in shipped("programmes")}


def sample_keys() -> list[str]:
    return sorted(path.parent.name for path in SAMPLES.glob("*/facts.json"))


def read(key: str, name: str) -> Any:
    return wire.loads((SAMPLES / key / name).read_bytes())


def settled(key: str, variant: Row | None = None) -> Row:
    facts = read(key, "facts.json")
    for name in ("policies", "parameters"):
        if variant and name in variant:
            facts[name] = {**facts.get(name, {}), **variant[name]}
    return settle(newest()[key].content, facts).to_json()


def variants() -> Iterator[Any]:
    for key in sample_keys():
        for index, variant in enumerate(read(key, "expected.json").get("variants", [])):
            yield pytest.param(key, variant, id=f"{key}-{index}")


def identity(row: Row, listing: str) -> tuple[Any, ...]:
    # A row may name a finding where the settlement says `period`: both are what the rule fired for.
    named = {"period": row.get("finding"), **row} if "period" not in row else row
    return tuple(named.get(part) for part in KEYS[listing])


def shown_wrong(listing: str, expected: list[Row], found: list[Row]) -> Iterator[str]:
    """What differs, with the arithmetic of whoever computed it by hand."""
    by_identity = {identity(row, listing): row for row in found}
    for row in expected:
        match = by_identity.get(identity(row, listing))
        if row.get("absent"):
            if match is not None:
                yield f"{listing} {identity(row, listing)} should not be there: {row.get('why', '')}"
            continue
        if match is None:
            yield f"{listing} {identity(row, listing)} is missing: {row.get('why', '')}"
            continue
        for name, value in row.items():
            if name not in ("why", "finding", *KEYS[listing]) and match.get(name) != value:
                where = f"{listing} {identity(row, listing)} {name}"
                yield f"{where}: {match.get(name)!r} instead of {value!r}: {row.get('why', '')}"


@pytest.mark.parametrize("key", sample_keys())
def test_sample_settles_as_computed_by_hand(key: str) -> None:
    result, expected = settled(key), read(key, "expected.json")
    wrong = [line for name in KEYS for line in shown_wrong(name, expected.get(name, []), result[name])]
    for name in COMPLETE:
        wanted = {identity(row, name) for row in expected.get(name, [])}
        found = (row for row in result[name] if identity(row, name) not in wanted)
        wrong += [f"{name} {row} was not expected" for row in found]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("key", "variant"), list(variants()))
def test_another_reading_gives_another_result(key: str, variant: Row) -> None:
    result = settled(key, variant)
    wrong = [line for name in KEYS for line in shown_wrong(name, variant.get(name, []), result[name])]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("key", sample_keys())
def test_the_same_inputs_give_the_same_bytes(key: str) -> None:
    assert json.dumps(settled(key)) == json.dumps(settled(key))


def test_every_programme_with_measures_has_a_sample() -> None:
    settling = {key for key, file in newest().items() if file.content.get("measures")}
    assert settling == set(sample_keys())


@pytest.mark.parametrize("key", sample_keys())
def test_no_scheme_needs_another(key: str, tmp_path: Path) -> None:
    """Deleting a definition breaks nothing else: each settles when it is the only one there is."""
    file = newest()[key]
    alone = tmp_path / "programmes" / key
    alone.mkdir(parents=True)
    source = DEFINITIONS / "programmes" / key / f"{file.version}.json"
    (alone / f"{file.version}.json").write_bytes(source.read_bytes())
    (only,) = shipped("programmes", tmp_path)
    assert settle(only.content, read(key, "facts.json")).to_json()["measures"]


def test_e12_as_it_was_printed_is_refused() -> None:
    """Parts of 15, 20, 5 and 5 under a declared 55 (law 15, reading A32); the shipped scheme swaps."""
    problems = lint_programme(read("department-goals", "as-printed.json"))
    errors = [(each.code, each.params["sum"], each.params["expected"]) for each in problems]
    assert errors == [("points_do_not_add_up", "45", "55")]
