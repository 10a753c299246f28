"""The photos of the demo's finished visits: painted, sent to the store, and verified like any other."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from server.db import AnyRow
from server.demo.pictures import kind_for, scene
from server.intake.uploads import Place, accept
from server.storage.protocol import ObjectStore

# A handful of scenes and a few photos a visit: enough to look at, little enough to inspect in a minute.
SCENES_A_KIND = 6
PHOTOS_A_VISIT = 3


class Album:
    """Paints each scene once and hands copies out."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._pictures: dict[tuple[str, int], bytes] = {}

    def shoot(
        self, connection: Connection, task: AnyRow, at: datetime
    ) -> Callable[[str], Mapping[str, Any] | None]:
        """A shopper's camera for one visit: a few photos, then the battery is empty."""
        taken: list[UUID] = []

        def photo(question: str) -> Mapping[str, Any] | None:
            if len(taken) == PHOTOS_A_VISIT:
                return None
            place = Place(task.submission_id, task.wave_id, f"{question}-photo")
            reference = accept(connection, self._store, place, self._picture(question, task.id), now=at)
            taken.append(UUID(reference["id"]))
            return reference

        return photo

    def _picture(self, question: str, task_id: UUID) -> bytes:
        kind = kind_for(question)
        number = int(hashlib.sha256(f"{question}{task_id}".encode()).hexdigest(), 16) % SCENES_A_KIND
        key = (kind, number)
        if key not in self._pictures:
            self._pictures[key] = scene(kind, number)
        return self._pictures[key]
