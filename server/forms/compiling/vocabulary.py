"""Which properties the form, its pages, panels, triggers and questions may have: the tables that reading,
the published schema and docs/forms.md share.
"""

from collections.abc import Mapping
from types import MappingProxyType

from server.forms.properties import Property, table
from server.forms.types import COMMON, QUESTION_TYPES

FORM_PROPERTIES = table(
    Property("$schema", "string"),
    Property("title", "text"),
    Property("description", "text"),
    Property("locale", "string"),
    Property("completedHtml", "text"),
    Property("completedHtmlOnCondition", "list"),
    Property("clearInvisibleValues", "word", allowed=("onHidden", "onComplete", "none")),
    Property("questionsOnPageMode", "word", allowed=("standard", "questionPerPage")),
    Property("questionsOrder", "word", allowed=("initial", "random")),
    Property("variables", "list"),
    Property("calculatedValues", "list"),
    Property("triggers", "list"),
    Property("pages", "list", required=True),
    Property("scoring", "object"),
)
PAGE_PROPERTIES = table(
    Property("name", "string", required=True),
    Property("title", "text"),
    Property("description", "text"),
    Property("visibleIf", "expression"),
    Property("questionsOrder", "word", allowed=("initial", "random")),
    Property("elements", "list", required=True),
)
PANEL_PROPERTIES = table(Property("type", "string", required=True), *PAGE_PROPERTIES.values())
VARIABLE_PROPERTIES = table(
    Property("name", "string", required=True),
    Property("title", "text"),
)
CALCULATED_PROPERTIES = table(
    Property("name", "string", required=True),
    Property("expression", "expression", required=True),
    Property("includeIntoResult", "flag"),
)
ENDING_PROPERTIES = table(
    Property("expression", "expression", required=True),
    Property("html", "text", required=True),
)
TRIGGER_PROPERTIES: Mapping[str, Mapping[str, Property]] = MappingProxyType(
    {
        name: table(
            Property("type", "string", required=True),
            Property("expression", "expression", required=True),
            *rows,
        )
        for name, rows in {
            "complete": (),
            "skip": (Property("gotoName", "string", required=True),),
            "setvalue": (
                Property("setToName", "string", required=True),
                Property("setValue", "value", required=True),
            ),
        }.items()
    }
)
QUESTION_PROPERTIES: Mapping[str, Mapping[str, Property]] = MappingProxyType(
    {name: table(*COMMON, *kind.properties) for name, kind in QUESTION_TYPES.items()}
)

# Evidence and points belong to questions of the form itself, not to those that are asked again in each row.
_OUTSIDE_ONLY = frozenset(("type", "scoring", "evidence"))


def part_properties(kind: str, kind_property: str) -> Mapping[str, Property]:
    """The properties of a question inside a panel, row or multipletext; `kind_property` names its type."""
    rows = QUESTION_PROPERTIES[kind].items()
    own = () if not kind_property else (Property(kind_property, "string"),)
    return table(*own, *(row for name, row in rows if name not in _OUTSIDE_ONLY))
