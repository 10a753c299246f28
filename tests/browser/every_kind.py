"""A form with a question of every kind and a rule of every sort, for pages that must do all of it."""

from typing import Any

PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAA"
    "AABJRU5ErkJggg=="
)
COLOURS = ["red", "green", "blue"]


def question(kind: str, name: str, **properties: Any) -> dict[str, Any]:
    """A question titled by its name."""
    return {"type": kind, "name": name, "title": f"Title of {name}", **properties}


def page(name: str, *elements: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "title": f"Page {name}", "elements": list(elements)}


def form(*pages: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return {"title": "A form", "pages": list(pages), **properties}


KINDS: dict[str, Any] = form(
    page(
        "leaves",
        {"type": "panel", "name": "first", "title": "A panel", "elements": [question("text", "word")]},
        question("text", "number", inputType="number", min=1, max=9, description="Between 1 and 9"),
        question("text", "slide", inputType="range", min=0, max=10, step=1),
        question("text", "day", inputType="date", min="2026-01-01"),
        question("text", "mail", inputType="email"),
        question("comment", "words", maxLength=200),
        question("radiogroup", "one", choices=COLOURS, showOtherItem=True, isRequired=True),
        question("dropdown", "list", choices=COLOURS),
        question("checkbox", "many", choices=COLOURS, showSelectAllItem=True, showNoneItem=True),
        question("boolean", "sure", valueTrue="yes", valueFalse="no"),
        question("consent", "agreed", label="I agree to this"),
        {"type": "html", "name": "note", "html": "<p>A note between questions.</p>"},
        question("image", "picture", imageLink=PIXEL),
    ),
    page(
        "scales",
        question("rating", "rated"),
        question("rating", "nps", rateMin=0, rateMax=10, minRateDescription="no", maxRateDescription="yes"),
        question("rating", "stars", rateType="stars"),
        question("rating", "faces", rateType="smileys"),
        question("matrix", "table", rows=["north", "south"], columns=["good", "bad"], eachRowRequired=True),
        question("ranking", "order", choices=COLOURS),
        question(
            "ranking",
            "best",
            choices=COLOURS,
            selectToRankEnabled=True,
            maxSelectedChoices=2,
            isRequired=True,
        ),
    ),
    page(
        "groups",
        question(
            "multipletext",
            "contact",
            items=[
                {"name": "name", "title": "Name", "isRequired": True},
                {"name": "age", "title": "Age", "inputType": "number", "min": 0},
            ],
        ),
        question(
            "matrixdropdown",
            "desks",
            rows=["left", "right"],
            choices=["open", "closed"],
            columns=[
                {"name": "state", "title": "State", "cellType": "radiogroup"},
                {"name": "why", "title": "Why", "cellType": "text", "visibleIf": "{row.state} = 'closed'"},
            ],
        ),
        question(
            "paneldynamic",
            "staff",
            templateTitle="Person {panelIndex}",
            panelCount=1,
            minPanelCount=1,
            maxPanelCount=3,
            templateElements=[
                question("text", "name", isRequired=True),
                question("boolean", "kind"),
                question("comment", "how", visibleIf="{panel.kind} = false"),
                question("moment", "seen"),
            ],
        ),
    ),
    page(
        "hands",
        question("signaturepad", "signed"),
        question("geolocation", "where"),
        question("moment", "arrived"),
        question("file", "photo"),
    ),
)

RULES: dict[str, Any] = form(
    page(
        "rules",
        question("radiogroup", "visit", choices=["yes", "no"], isRequired=True),
        {
            "type": "panel",
            "name": "details",
            "title": "Details",
            "visibleIf": "{visit} = 'yes'",
            "elements": [
                question("text", "wait", inputType="number", min=0, max=600),
                question("comment", "why", requiredIf="{wait} > 20"),
            ],
        },
        question("text", "name"),
        question("text", "greeting", title="What should we say to {name}?"),
        question("checkbox", "seen", choices=COLOURS),
        question("radiogroup", "best", choicesFromQuestion="seen", choicesFromQuestionMode="selected"),
        question("text", "half", inputType="number", enableIf="{visit} = 'no'"),
        {"type": "expression", "name": "double", "title": "Twice the wait", "expression": "{twice} + 0"},
        question("dropdown", "mood", choices=["calm", "cross"], defaultValue="calm"),
        question("text", "extra", visibleIf="displayValue('mood') = 'cross' and {days} < 3650000"),
        question(
            "paneldynamic",
            "staff",
            panelCount=1,
            templateElements=[
                question("boolean", "kind"),
                question("comment", "how", visibleIf="{panel.kind} = false"),
            ],
        ),
        question("text", "total", visibleIf="{staff[0].kind} = false"),
    ),
    page("last", question("text", "end")),
    calculatedValues=[
        {"name": "twice", "expression": "iif({wait} notempty, {wait} * 2, 0)"},
        {"name": "days", "expression": "dateDiff('2026-01-01', today())"},
    ],
    triggers=[{"type": "setvalue", "expression": "{wait} > 60", "setToName": "mood", "setValue": "cross"}],
)
