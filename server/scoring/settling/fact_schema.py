"""The JSON Schema (2020-12) of facts, made from the tables that reading uses."""

from server.scoring.programmes.schema import DIALECT, Schema, Shapes, Texts, titled
from server.scoring.settling.fact_shapes import FACTS, LINE, LISTS

PATH = "/schemas/facts.json"
_PREFIX = "facts."
_OBJECT: Schema = {"type": "object"}
# Properties that hold what a programme or an institution names itself.
_FREE = (
    "facts.parameters",
    "facts.policies",
    "score.fields",
    "score.sections",
    "score.sheet",
    "finding.fields",
    "duty.fields",
    "subject.attributes",
    "subject.roles",
)


def facts_schema(texts: Texts) -> Schema:
    """The schema of a facts file, as it stands at `/schemas/facts.json`.

    Args:
        texts: titles by key, as `server.scoring.programmes.schema.Shapes` takes them.
    """
    own: dict[str, Schema] = dict.fromkeys(_FREE, _OBJECT)
    shapes = Shapes(texts, _PREFIX, own)
    own["score.lines"] = {"type": "array", "items": shapes.reference(LINE)}
    # The lists of a year are longer than any list of a definition may be.
    own |= {
        f"facts.{name}": {"type": "array", "items": shapes.reference(shape)} for name, shape in LISTS.items()
    }
    own["facts.year"] = {"type": "string", "pattern": "^[0-9]{4}$"}
    head = {"$schema": DIALECT, "$id": PATH, **titled(texts, ("schema_facts",))}
    return {**head, **shapes.object_of(FACTS), "$defs": shapes.definitions}
