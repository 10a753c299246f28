"""Small forms and their versions, made as people make them."""

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from server.fieldwork.definitions import versions
from server.fieldwork.definitions.versions import NewDraft
from server.models.definitions import Form, FormVersion
from server.scope import EVERYTHING
from tests.builders import BY, NOW

KEY = "short-survey"


def definition(*choices: str, **more: Any) -> dict[str, Any]:
    """One question with these choices; `more` are properties of the form."""
    question = {
        "type": "radiogroup",
        "name": "stay",
        "title": {"default": "还来吗？", "en": "Stay?"},
        "choices": list(choices or ("yes", "no")),
    }
    words = {"type": "comment", "name": "words", "title": {"default": "为什么？", "en": "Why?"}}
    pages = [{"name": "first", "elements": [question]}, {"name": "second", "elements": [words]}]
    return {"title": {"default": "短问卷", "en": "Short survey"}, "pages": pages, **more}


def scored(scale: int, **awards: str) -> dict[str, Any]:
    made = definition(scoring={"method": "points", "scale": scale})
    made["pages"][0]["elements"][0]["scoring"] = {"awards": awards or {"yes": "1", "no": "0"}, "weight": "1"}
    return made


def drafted(connection: Connection, content: object, *, key: str = KEY, replaces: str = "") -> int:
    draft = NewDraft(key=key, content=content, replaces=replaces)
    return versions.save_draft(connection, draft, EVERYTHING, by=BY, now=NOW)


def published(connection: Connection, content: object, *, key: str = KEY) -> int:
    number = drafted(connection, content, key=key)
    row = versions.find_version(connection, key, number, EVERYTHING)
    versions.publish(connection, row, EVERYTHING, by=BY, now=NOW)
    return number


def version_id(connection: Connection, number: int, *, key: str = KEY) -> UUID:
    return connection.execute(
        select(FormVersion.id)
        .join(Form, Form.id == FormVersion.form_id)
        .where(Form.key == key, FormVersion.version == number)
    ).scalar_one()
