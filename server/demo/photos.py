"""The photos of the demo's finished visits: painted, sent to the store, and verified like any other."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from server.db import AnyRow
from server.demo.canvas import Canvas
from server.demo.chance import stream
from server.demo.pictures import SceneKind, kind_for, painted
from server.demo.views import seen
from server.intake.uploads import Place, accept
from server.storage.protocol import ObjectStore

# A handful of scenes and a few photos a visit: enough to look at, little enough to inspect in a minute.
SCENES_A_KIND = 6
PHOTOS_A_VISIT = 3
# One photo in so many is an older one, for the queue of doubts.
RECYCLED = 40


class Album:
    """Paints each scene once; every photo is a view of its own, but for those that somebody takes twice."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._scenes: dict[tuple[SceneKind, int], Canvas] = {}
        self._older = b""

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
        number = int(hashlib.sha256(f"{question}{task_id}".encode()).hexdigest(), 16)
        if number % RECYCLED == 0 and self._older:
            return self._older
        key = (kind_for(question), number % SCENES_A_KIND)
        if key not in self._scenes:
            self._scenes[key] = painted(*key)
        view = seen(self._scenes[key], stream(number, "view"))
        self._older = self._older or view
        return view
