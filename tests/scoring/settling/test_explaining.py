"""Explanations: every number can be taken apart, each step has a sentence, and the steps are the engine's."""

import ast
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from server import catalogue, wire
from server.fieldwork.definitions.shipping import shipped
from server.reports import explanations
from server.reports.explanations import outline, sentence
from server.scoring.settling import amounts, explaining, rules
from server.scoring.settling.explaining import Explanation, NotSettled, explain, explain_number
from server.scoring.settling.explaining.numbers import MOST_DEPTH
from server.scoring.settling.explaining.tree import LISTED
from server.scoring.settling.settlement import Settlement, settle
from tests.scoring.settling.explained_for_tests import EXAMPLE_FACTS, PHASES, settled

ROOT = Path(__file__).resolve().parents[3]
SCHEMES = ROOT / "tests" / "schemes"
PACKAGE = Path(explaining.__file__).parent
CASES = Path(__file__).parent / "explained"
TREE_ZH = """\
未达目标处罚：西街网点，2026年“second”阶段，扣罚 1,600.00 元。
  依据：五(三)1。
  得 93 分，比目标 95 分低 2 分，按线性计算。
    “second”阶段的 target 为 95。
    阶段得分（西街网点，2026年“second”阶段）为 93.00 分。
      只有一次得分，计 93 分。
        2026年6月30日（编号 v3）得 93 分。
  基数 1,000 元，低 2 分、每分 200 元计 400 元，共 1,400 元。
    每低1分（参数）为 200 元。
  其中 1 分加倍，每分再加 200 元，加 200 元，共 1,600 元。
    重复失分（西街网点，2026年“second”阶段）为 1.00 分。
      只有一次得分，计 1 分。
        只计符合 {line.repeat} 的。
        2026年6月30日（编号 v3）计失分 1 分。
          项目 a 失 1 分。
            2026年2月1日（编号 v0）已发现同一问题，这是第 2 次，属重复问题。
  记在“西街网点”的 manager（m2）名下。
  解读 A3：“每差1分扣200元”，与公式相比，不足1分的差距怎么算？这里采用“按比例计算，以公式为准”，\
另有“不足1分按1分计”“不足1分不计”。
  解读 A6：“加倍考核”加倍的是什么？既重复又属重点项目时翻几倍？这里采用“只对重复失分加倍，一律只翻一倍”，\
另有“只对重复失分加倍，两种情形各翻一倍（四倍）”“整笔处罚加倍”。
  解读 A7：“相同问题重复出现”，往前追溯多久？这里采用“同一考核年度、同一网点，已审定且未撤销”，\
另有“紧接的上一次检查”“不限时间”。
  解读 A29：已达标，或重复失分多于差距时，加倍怎么算？这里采用“达标不罚，加倍不超过差距”，\
另有“重复失分全部加倍”。
"""
TREE_EN = """\
Below the target: 西街网点, phase second of 2026: a penalty of 1,600.00 yuan.
  The clause: 五(三)1.
  93 points is 2 points below the target of 95 points, counted in proportion.
    The target of the phase “second” is 95.
    Phase score (西街网点, phase second of 2026) is 93.00 points.
      There is one score only: 93 points.
        30 Jun 2026 (no. v3): 93 points.
  1,000 yuan to begin with, and 2 points short at 200 yuan a point, 400 yuan: 1,400 yuan in all.
    A point short (a parameter) is 200 yuan.
  Doubled: 1 point at 200 yuan a point once more, 200 yuan; 1,600 yuan in all.
    Repeated points (西街网点, phase second of 2026) is 1.00 points.
      There is one score only: 1 point.
        Only where {line.repeat} holds.
        30 Jun 2026 (no. v3): 1 point lost.
          Item a lost 1 point.
            The same fault was found on 1 Feb 2026 (no. v0); this is time number 2, a repeat.
  It is booked to m2, manager of 西街网点.
  Reading A3: “200 yuan a point short”, beside a formula: what does part of a point cost? Used here: \
“In proportion, as the formula says”; the others are “A part of a point counts as a whole one”, \
“A part of a point costs nothing”.
  Reading A6: “Doubled”: what is doubled, and how often when a fault is both a repeat and a key item? \
Used here: “The repeated points only, and once”; the others are “The repeated points only, once for each \
reason (fourfold)”, “The whole penalty”.
  Reading A7: “The same issue again”: how far back does one look? Used here: “The same scheme year and \
outlet, approved and not overturned”; the others are “The visit just before”, “However long ago”.
  Reading A29: The target is met, or more points are repeated than the gap has: what is doubled? Used here: \
“Nothing when it is met; never more than the gap”; the others are “All repeated points”.
"""


def without_readings(step: Explanation) -> list[str]:
    parts = tuple(part for part in step.parts if part.code != "reading")
    return list(outline(Explanation(step.code, step.params, parts), "en"))


def text(step: Explanation, locale: str) -> str:
    return "".join(f"{line}\n" for line in outline(step, locale))


@pytest.mark.parametrize(("locale", "expected"), [("zh", TREE_ZH), ("en", TREE_EN)])
def test_the_1600_yuan_of_the_worked_example_are_explained_step_by_step(locale: str, expected: str) -> None:
    settlement = settle(PHASES, EXAMPLE_FACTS)
    assert text(explain(settlement, "below_target/o2/2026/second"), locale) == expected


def cases(name: str) -> list[Any]:
    """Measures or a rule, facts, what is asked for, and all that is said about it but for the readings."""
    rows = wire.loads((CASES / name).read_bytes())
    assert isinstance(rows, list)
    return [pytest.param(row, id=str(row["id"])) for row in rows if isinstance(row, dict)]


@pytest.mark.parametrize("case", cases("numbers.json"))
def test_a_number_is_explained_by_its_source(case: Any) -> None:
    settlement = settled(case["facts"], case["measures"])
    assert without_readings(explain_number(settlement, *case["asked"])) == case["said"]


@pytest.mark.parametrize("case", cases("lines.json"))
def test_a_line_is_explained_by_its_rule(case: Any) -> None:
    settlement = settled(case["facts"], rules=[case["rule"]])
    assert without_readings(explain(settlement, f"r/o1/{case['event']}")) == case["said"]


def calls(path: Path, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            yield node


def words(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value


def either(node: ast.expr) -> tuple[ast.expr, ...]:
    return (node.body, node.orelse) if isinstance(node, ast.IfExp) else (node,)


def test_every_step_and_every_open_decision_of_a_rule_is_explained() -> None:
    engine = [Path(module.__file__ or "") for module in (amounts, rules)]
    steps = {word for path in engine for call in calls(path, "Step") for word in words(call.args[0])}
    opened = {word for path in engine for call in calls(path, "Open") for word in words(call.args[1])}
    seen: set[str] = set()
    for param in cases("lines.json"):
        (case,) = param.values
        for entry in settled(case["facts"], rules=[case["rule"]]).entries:
            seen |= {step.code for step in getattr(entry, "steps", ())} | {getattr(entry, "code", "")}
    seen |= {"gap_charged_already", "doubled"}  # in the schemes and in the worked example
    assert steps <= seen
    assert {f"open_{code}" for code in opened} <= catalogue.texts("zh", "explain").keys()
    assert steps <= set(words(ast.parse((PACKAGE / "lines.py").read_text("utf-8"))))


def test_every_code_has_a_sentence() -> None:
    codes = {
        word
        for path in PACKAGE.glob("*.py")
        for name in ("said", "Explanation", "NotSettled")
        for call in calls(path, name)
        for each in either(call.args[0])
        if isinstance(each, ast.Constant)
        for word in words(each)
    }
    assert len(codes) > 80
    assert codes - catalogue.texts("zh", "explain").keys() == set()


def test_every_sentence_is_used() -> None:
    sources = [*PACKAGE.glob("*.py"), Path(explanations.__file__), ROOT / "server" / "cli" / "explaining.py"]
    said = (word for path in sources for word in words(ast.parse(path.read_text("utf-8"))))
    used = {word.removeprefix("explain.") for word in said}
    composed = ("unit_", "word_", "period_", "open_")
    unused = {key for key in catalogue.texts("zh", "explain").keys() - used if not key.startswith(composed)}
    assert unused == set()


def nodes(step: Explanation, depth: int = 0) -> Iterator[tuple[Explanation, int]]:
    yield step, depth
    for part in step.parts:
        yield from nodes(part, depth + 1)


def places(code: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(catalogue.texts("zh", "explain")[code]) if name}


def check(step: Explanation) -> None:
    """Each sentence has its parameters, nothing is explained twice, and the tree ends somewhere."""
    explained = set()
    for node, depth in nodes(step):
        assert places(node.code) <= node.params.keys(), node.code
        assert all(sentence(node, locale) for locale in catalogue.LOCALES)
        assert depth <= MOST_DEPTH * 6
        assert len(node.parts) <= LISTED * 3
        if node.code in ("number", "number_graded", "number_none") and node.parts:
            key = (json.dumps(node.to_json()["params"], sort_keys=True), node.code)
            assert key not in explained
            explained.add(key)
        assert not (node.code == "number_seen" and node.parts)


@cache
def scheme(key: str) -> Settlement:
    newest = {file.key: file.content for file in shipped("programmes")}
    return settle(newest[key], wire.loads((SCHEMES / key / "facts.json").read_bytes()))


@pytest.mark.parametrize("key", sorted(path.parent.name for path in SCHEMES.glob("*/facts.json")))
def test_every_number_of_a_scheme_is_explained(key: str) -> None:
    settlement = scheme(key)
    shown: Any = settlement.to_json()
    for row in shown["measures"]:
        step = explain_number(settlement, row["measure"], row["subject"], row["period"])
        check(step)
        said: Any = step.to_json()["params"]
        value = said.get("value")
        assert (value["value"] if isinstance(value, dict) else value) == row["published"]
        assert said.get("grade") == row.get("grade")
    for entry in settlement.entries:
        check(explain(settlement, entry.about.id))
    for row in shown["ledger"]:
        shown_line: Any = explain(settlement, row["id"]).to_json()
        assert shown_line["params"]["amount"] == {"value": row["amount"], "unit": row["unit"]}


def test_the_same_settlement_gives_the_same_explanation() -> None:
    one, two = (
        explain(settle(PHASES, EXAMPLE_FACTS), "below_target/o2/2026/second").to_json() for _ in range(2)
    )
    assert json.dumps(one) == json.dumps(two)


def test_json_holds_exact_numbers_and_texts_of_all_languages() -> None:
    facts = {"scores": [visit("v1", "2026-03-01", earned="8", possible="9")]}
    measure = {"name": "m", "title": {"default": "得分", "en": "Score"}, "scores": "visit"}
    shown: Any = explain_number(settled(facts, [measure]), "m", "o1", "2026").to_json()
    assert shown["params"]["title"] == {"default": "得分", "en": "Score"}
    assert shown["params"]["value"] == {"value": "88.89", "unit": "points"}
    assert shown["parts"][-1]["params"]["raw"] == {"value": "800/9", "unit": "points"}


def visit(name: str, day: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "instrument": "visit", "subject": "o1", "date": day, **more}


def test_a_reason_that_is_a_sentence_gets_no_second_full_stop() -> None:
    by_hand = {
        "measure": "m",
        "subject": "o1",
        "period": "2026",
        "by": "李",
        "amount": "1",
        "reason": "更正。",
    }
    measure = {"name": "m", "expression": "1"}
    said = list(
        outline(explain_number(settled({"adjustments": [by_hand]}, [measure]), "m", "o1", "2026"), "zh-CN")
    )
    assert said[-1] == "  李人工加 1，理由：更正。"


def test_long_lists_name_twenty_and_count_the_rest() -> None:
    facts = {
        "subjects": [{"id": f"x{i}", "kind": "outlet", "parent": "d"} for i in range(30)],
        "scores": [{**visit(f"v{i}", "2026-03-01", score=i), "subject": f"x{i}"} for i in range(25)],
    }
    measures = [
        {"name": "m", "scores": "visit"},
        {"name": "up", "of": "district", "rollUp": "m"},
    ]
    step = explain_number(settled(facts, measures), "up", "d", "2026")
    parts = step.parts[0].parts
    assert [part.code for part in parts] == ["number"] * LISTED + ["more", "without_number"]
    assert parts[LISTED].params == {"n": 5}
    assert not parts[0].parts  # so many are not taken apart as well


def test_a_long_chain_of_numbers_ends() -> None:
    chain = [
        {"name": f"m{i}", "expression": f"{{m{i - 1}}} + 1" if i else "1"} for i in range(MOST_DEPTH + 5)
    ]
    lines = list(outline(explain_number(settled({}, chain), chain[-1]["name"], "o1", "2026"), "en"))
    assert len(lines) == 2 * MOST_DEPTH + 1


@pytest.mark.parametrize(
    ("asked", "code", "suggestion"),
    [
        (("phase_scor", "o1", "2026/first"), "missing_measure", "phase_score"),
        (("phase_score", "o1x", "2026/first"), "missing_subject", "o1"),
        (("phase_score", "d", "2026/first"), "missing_subject", ""),
        (("phase_score", "o1", "2026/frst"), "missing_period", "2026/first"),
    ],
)
def test_what_is_not_there_is_said(asked: tuple[str, str, str], code: str, suggestion: str) -> None:
    with pytest.raises(NotSettled) as caught:
        explain_number(settle(PHASES, EXAMPLE_FACTS), *asked)
    assert caught.value.code == code
    assert caught.value.params["suggestion"] == suggestion


def test_a_line_that_is_not_there_is_said() -> None:
    with pytest.raises(NotSettled) as caught:
        explain(settle(PHASES, EXAMPLE_FACTS), "below_target/o2/2026/secnd")
    assert caught.value.params["suggestion"] == "below_target/o2/2026/second"
