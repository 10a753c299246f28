"""Names of an imported definition: every question gets one that we accept, and expressions follow."""

import re
from typing import Any

from server.forms.authoring.surveyjs.objects import Notebook

_ACCEPTED = re.compile(r"[^\W_](?:[\w -]{0,62}[\w-])?")
_REFUSED = re.compile(r"[^\w -]+")
# Properties that name a question without braces.
_POINTING = frozenset(("gotoName", "setToName", "choicesFromQuestion", "keyName"))


class Naming:
    """Gives names, remembers what was called otherwise, and changes every mention of it."""

    def __init__(self, book: Notebook) -> None:
        self._book = book
        self._taken: set[str] = set()
        self._containers: set[str] = set()
        self._changed: dict[str, str] = {}

    def question(self, name: str, pointer: str) -> str:
        """The name a question has from now on."""
        return self._given(self._taken, "question", name, pointer)

    def stored_as(self, name: str, stored: str, pointer: str) -> str | None:
        """The name under which SurveyJS keeps the answer (`valueName`), if nothing else is called so."""
        if stored.lower() in self._taken or not _ACCEPTED.fullmatch(stored):
            return None
        self._taken.add(stored.lower())
        self._changed.setdefault(name, stored)
        self._book.changed(pointer, "import_name", name=stored)
        return stored

    def container(self, kind: str, name: str, pointer: str) -> str:
        """The name of a page or panel, which nothing mentions."""
        return self._given(self._containers, kind, name, pointer)

    def adopt(self, inner: "Naming") -> None:
        """Changes inside a group concern the form's expressions too: `{panel.x}`, `{group[0].x}`."""
        for before, after in inner._changed.items():
            self._changed.setdefault(before, after)

    def _given(self, taken: set[str], kind: str, name: str, pointer: str) -> str:
        wanted = name if _ACCEPTED.fullmatch(name) else _REFUSED.sub("_", name).strip("_ ")[:60]
        if not _ACCEPTED.fullmatch(wanted):
            wanted = f"{kind} {wanted}".strip()[:60] if wanted else f"{kind}1"
        stem, given, number = kind if wanted == f"{kind}1" else f"{wanted} ", wanted, 1
        while given.lower() in taken:
            number += 1
            given = f"{stem}{number}"
        taken.add(given.lower())
        if given != name:
            self._book.changed(pointer, "import_name", name=given)
            if name and kind == "question":
                self._changed.setdefault(name, given)
        return given

    def apply(self, value: Any) -> None:
        """Change every mention of a changed name below `value`, in place."""
        if not self._changed:
            return
        items = (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        )
        for key, item in list(items):
            if not isinstance(item, str):
                self.apply(item)
            elif key in _POINTING:
                value[key] = self._changed.get(item, item)
            elif "{" in item and key != "name":
                value[key] = self._mentions(item)

    def _mentions(self, text: str) -> str:
        for before, after in self._changed.items():
            for end in ("}", ".", "["):
                for lead in ("{", "{panel.", "{row."):
                    text = text.replace(lead + before + end, lead + after + end)
        return text
