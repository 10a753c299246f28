"""Short ways to write the programmes and facts that settling tests need."""

from typing import Any

from server.scoring.settling.settlement import settle

Definition = dict[str, Any]
Facts = dict[str, Any]

OUTLETS: Definition = {
    "title": "考核",
    "subjects": [{"name": "outlet", "parent": "district"}, {"name": "district"}],
    "calendar": {
        "phases": [
            {"name": "first", "from": "01-01", "to": "04-30", "values": {"target": "92"}},
            {"name": "second", "from": "05-01", "to": "12-31", "values": {"target": "95"}},
        ]
    },
    "instruments": [{"name": "visit", "kind": "visit"}, {"name": "video", "kind": "video"}],
}
SUBJECTS = [
    {"id": "d", "kind": "district"},
    {"id": "o", "kind": "outlet", "parent": "d", "roles": {"manager": "m"}},
]


def programme(measures: list[Definition], rules: list[Definition] | None = None, **more: Any) -> Definition:
    """Outlets in a district with two phases; measures and rules are of outlets unless they say otherwise."""
    return {
        **OUTLETS,
        "measures": [{"of": "outlet", "per": "year", **measure} for measure in measures],
        "rules": [{"for": "outlet", "per": "year", "direction": "penalty", **rule} for rule in rules or []],
        **more,
    }


def visit(number: str, day: str, score: object, *lost: object, **more: Any) -> Facts:
    """An approved visit to outlet `o`; `lost` are items that lost a point, or lines."""
    lines = [line if isinstance(line, dict) else {"item": line, "lost": "1"} for line in lost]
    basic = {"id": number, "instrument": "visit", "subject": "o", "date": f"2026-{day}", "score": score}
    return {**basic, "lines": lines, **more}


def settled(definition: Definition, *scores: Facts, **facts: Any) -> Any:
    """The settlement as JSON, at the end of the year unless the facts say otherwise."""
    given = {"asOf": "2026-12-31", "subjects": SUBJECTS, "scores": list(scores), **facts}
    return settle(definition, given).to_json()


def number(result: Any, measure: str, period: str = "2026", subject: str = "o") -> Any:
    """The row of a measure."""
    (row,) = (
        row
        for row in result["measures"]
        if (row["measure"], row["subject"], row["period"]) == (measure, subject, period)
    )
    return row


def amounts(result: Any) -> dict[str, str]:
    """Rule → amount, for rules that fired once."""
    return {line["rule"]: line["amount"] for line in result["ledger"]}
