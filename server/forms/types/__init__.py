"""The type table: every question type a form can use. A new type is one module, one row and one test form."""

from collections.abc import Mapping
from types import MappingProxyType

from server.forms.properties import Property
from server.forms.types.behaviour import QuestionType
from server.forms.types.consents import CONSENT
from server.forms.types.displays import EXPRESSION, HTML, IMAGE
from server.forms.types.files import FILE
from server.forms.types.grids import MATRIX
from server.forms.types.groups import MATRIXDROPDOWN, MULTIPLETEXT, PANELDYNAMIC
from server.forms.types.moments import MOMENT
from server.forms.types.places import GEOLOCATION
from server.forms.types.rankings import RANKING
from server.forms.types.selections import BOOLEAN, CHECKBOX, DROPDOWN, RADIOGROUP, RATING
from server.forms.types.signatures import SIGNATUREPAD
from server.forms.types.texts import COMMENT, TEXT

QUESTION_TYPES: Mapping[str, QuestionType] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            TEXT,
            COMMENT,
            RADIOGROUP,
            DROPDOWN,
            CHECKBOX,
            BOOLEAN,
            RATING,
            MATRIX,
            MATRIXDROPDOWN,
            MULTIPLETEXT,
            PANELDYNAMIC,
            FILE,
            RANKING,
            SIGNATUREPAD,
            GEOLOCATION,
            MOMENT,
            CONSENT,
            HTML,
            IMAGE,
            EXPRESSION,
        )
    }
)

# What every question may have, whatever its type.
COMMON: tuple[Property, ...] = (
    Property("type", "string", required=True),
    Property("name", "string", required=True),
    Property("title", "text"),
    Property("description", "text"),
    Property("visibleIf", "expression"),
    Property("enableIf", "expression"),
    Property("isRequired", "flag"),
    Property("requiredIf", "expression"),
    Property("requiredErrorText", "text"),
    Property("defaultValue", "value"),
    Property("defaultValueExpression", "expression"),
    Property("validators", "list"),
    Property("scoring", "object"),
    Property("evidence", "object"),
)
