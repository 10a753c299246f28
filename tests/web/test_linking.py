"""A page's script holds the declarations that it needs, and runs in browsers of 2016."""

import re
import subprocess
from collections.abc import Iterator

from server.web import linking
from server.web.linking import STATIC, needed_by, rows_of, script
from tests.oracle.installed import node_modules

_LOCAL = re.compile(r"\bfunction (?:\w* ?)\(([^)]*)\)|^ +(?:var|function) (\w+)", re.MULTILINE)
STARTS = sorted(
    name
    for source in linking.SOURCES
    for name in re.findall(r"^function (start\w+)", (STATIC / source).read_text("utf-8"), re.MULTILINE)
)


def declared() -> set[str]:
    found = re.findall(r"^(?:function|var) (\w+)", "\n".join(sources()), re.MULTILINE)
    assert len(found) == len(set(found))
    return set(found)


def sources() -> Iterator[str]:
    return ((STATIC / source).read_text("utf-8") for source in linking.SOURCES)


def test_a_script_holds_what_is_needed_and_no_more() -> None:
    tree = [
        "and",
        ["=", ["name", "a", []], ["value", 1]],
        ["empty", ["call", "sum", ["items", ["value", 2]]]],
    ]
    rows = set(rows_of(tree))
    assert rows == {
        "operators.and",
        "operators['=']",
        "operators.empty",
        "nodes.name",
        "nodes.value",
        "nodes.items",
        "nodes.call",
        "functions.sum",
    }
    needed = needed_by(rows)
    assert {"equal", "flattened", "operators"} <= needed
    assert not {"operators['<']", "functions.round", "comparable", "startPage"} & needed


def test_no_local_name_is_that_of_a_declaration() -> None:
    """The linker reads names, not scopes: a parameter of the same name would carry the declaration along."""
    local = {
        name.strip()
        for source in sources()
        for parameters, variable in _LOCAL.findall(source)
        for name in (*parameters.split(","), variable)
    }
    assert local & declared() == set()


def test_comments_have_lines_of_their_own() -> None:
    assert [line for source in sources() for line in source.splitlines() if re.search(r"\S.*//", line)] == []


def test_the_whole_library_is_of_2015() -> None:
    rows = [name for name in linking._declared() if not name.isidentifier()]
    acorn = node_modules() / "acorn" / "bin" / "acorn"
    code = script(STARTS, rows)
    done = subprocess.run(
        ("node", str(acorn), "--ecma5", "--silent"), input=code, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    # What ES5 has, and browsers of 2016 have not.
    assert (
        re.search(
            r"(?<!classList\.)\b(fetch|Promise|Symbol|Map|Set|closest|includes|append|remove|padStart)\(",
            code,
        )
        is None
    )
