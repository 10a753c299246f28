"""Small programmes and facts whose numbers and lines are explained."""

from typing import Any

from server.scoring.settling.settlement import Settlement, settle

Row = dict[str, Any]

PHASES: Row = {
    "title": "t",
    "subjects": [{"name": "district"}, {"name": "outlet", "parent": "district"}],
    "parameters": [
        {
            "name": "per_point",
            "title": {"default": "每低1分", "en": "A point short"},
            "type": "money",
            "default": "200",
        }
    ],
    "calendar": {
        "phases": [
            {"name": "first", "from": "01-01", "to": "04-30", "values": {"target": "92"}},
            {"name": "second", "from": "05-01", "to": "12-31", "values": {"target": "95"}},
        ]
    },
    "instruments": [{"name": "visit", "kind": "visit"}],
    "measures": [
        {
            "name": "phase_score",
            "title": {"default": "阶段得分", "en": "Phase score"},
            "of": "outlet",
            "per": "phase",
            "scores": "visit",
        },
        {
            "name": "repeated",
            "title": {"default": "重复失分", "en": "Repeated points"},
            "of": "outlet",
            "per": "phase",
            "lost": {"instrument": "visit", "where": "{line.repeat}"},
        },
    ],
    "rules": [
        {
            "name": "below_target",
            "title": {"default": "未达目标处罚", "en": "Below the target"},
            "clause": "五(三)1",
            "for": "outlet",
            "per": "phase",
            "direction": "penalty",
            "shortfall": {
                "target": "{phase.target}",
                "score": "{phase_score}",
                "base": "1000",
                "perPoint": "{per_point}",
                "double": "{repeated}",
            },
            "payee": "manager",
        }
    ],
}
EXAMPLE_FACTS: Row = {
    "asOf": "2026-12-31",
    "subjects": [
        {"id": "d", "kind": "district"},
        {"id": "o1", "kind": "outlet", "parent": "d", "roles": {"manager": "m1"}},
        {"id": "o2", "kind": "outlet", "parent": "d", "name": "西街网点", "roles": {"manager": "m2"}},
    ],
    "scores": [
        {"id": "v1", "instrument": "visit", "subject": "o1", "date": "2026-03-01", "score": "92"},
        {
            "id": "v0",
            "instrument": "visit",
            "subject": "o2",
            "date": "2026-02-01",
            "score": "92",
            "lines": [{"item": "a", "lost": "1"}],
        },
        {
            "id": "v3",
            "instrument": "visit",
            "subject": "o2",
            "date": "2026-06-30",
            "score": "93",
            "lines": [{"item": "a", "lost": "1"}, {"item": "b", "lost": "6"}],
        },
    ],
}


def settled(facts: Row, measures: Any = (), rules: Any = ()) -> Settlement:
    """A programme of the year about outlets (o1, o2, in district d), with these measures and rules."""
    defaults = {"of": "outlet", "per": "year"}
    programme = {
        "title": "t",
        "subjects": [{"name": "district"}, {"name": "outlet", "parent": "district"}],
        "parameters": [
            {"name": "goal", "type": "number", "unit": "points", "default": "95"},
            {
                "name": "way",
                "type": "choice",
                "default": "a",
                "options": [{"value": "a", "title": {"default": "甲", "en": "the first"}}],
            },
        ],
        "calendar": {
            "dates": [{"name": "report", "title": {"default": "报告", "en": "Report"}, "on": "12-15"}]
        },
        "instruments": [{"name": "visit", "kind": "visit"}, {"name": "survey", "kind": "survey"}],
        "keyItems": [{"items": ["k"], "from": "2026-05-01", "notice": {"default": "通知", "en": "Notice 7"}}],
        "measures": [{**defaults, **each} for each in (*measures, *(RULE_MEASURES if rules else ()))],
        "rules": [{"for": "outlet", "per": "year", **each} for each in rules],
    }
    subjects = [
        {"id": "d", "kind": "district", "name": "North"},
        {
            "id": "o1",
            "kind": "outlet",
            "parent": "d",
            "name": "East",
            "attributes": {"group": "A", "closed": False, "recheck": "2026-05-05"},
            "roles": {"manager": "m1"},
        },
        {"id": "o2", "kind": "outlet", "parent": "d", "name": "West", "attributes": {"group": "A"}},
    ]
    more = facts.get("subjects", [])
    return settle(programme, {"asOf": "2026-12-31", **facts, "subjects": [*subjects, *more]})


RULE_MEASURES = (
    {"name": "mark", "scores": "visit"},
    {"name": "again", "lost": {"instrument": "visit", "where": "{line.repeat}"}},
    {"name": "worse", "lost": {"instrument": "visit", "where": "{line.repeat} and {line.key}"}},
)
