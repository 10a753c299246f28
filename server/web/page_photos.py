"""Photos and short videos that come inside a page's own form, from a browser without JavaScript.

A file that is no photo must cost nobody their answers: they are saved without it, and the address that the
browser is sent on to says which file was refused and why.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from flask import request
from sqlalchemy import Connection

from server.forms import AnswerError, Question
from server.forms.problems import pointer_to
from server.forms.types.files import types_taken
from server.intake import uploads
from server.services import services
from server.storage.photos import REFUSALS, PhotoRefused
from server.storage.protocol import StoreUnavailable
from server.web.filling import Filling

NOT_STORED = "store_unavailable"
REASONS = REFUSALS | {NOT_STORED, "too_many_photos", "too_many_bytes"}
# A page of a checklist may hold a photo for each of its items, and somebody will pick a video. What is larger
# than this cannot be read at all, so the answers beside it would be lost.
LARGEST_PAGE = 8 * uploads.LARGEST_PHOTO


@dataclass(frozen=True, slots=True)
class Arrived:
    """References by field for the files that were taken, `field:code` for those that were not."""

    references: Mapping[str, list[Any]]
    refused: tuple[str, ...]


def expect() -> None:
    """Let the current request be as large as a page full of photos. Call it before its form is read."""
    request.max_content_length = LARGEST_PAGE


def take(connection: Connection, filling: Filling, index: int) -> Arrived:
    """Store the files of the current request that belong to the page it posts."""
    references: dict[str, list[Any]] = {}
    refused: list[str] = []
    for field, data, types in _files(filling, index):
        place = uploads.Place(filling.task.submission_id, filling.task.wave_id, field, types)
        try:
            reference = uploads.accept(
                connection,
                services().store,
                place,
                data,
                now=services().clock.now(),
                rules=services().settings.photos,
            )
        except PhotoRefused as refusal:
            refused.append(f"{field}:{refusal.code}")
        except StoreUnavailable:
            refused.append(f"{field}:{NOT_STORED}")
        else:
            references.setdefault(field, []).append(reference)
    return Arrived(references, tuple(refused))


def refusals(filling: Filling, index: int, refused: Iterable[str]) -> tuple[AnswerError, ...]:
    """The files that `<field>:<code>` names, each at the question of this page that it was meant for."""
    named = (each.rpartition(":") for each in refused)
    return tuple(
        AnswerError(filling.shown_at(field), pointer_to(field), code, {})
        for field, _, code in named
        if _types_taken(filling, index, field) and code in REASONS
    )


def _files(filling: Filling, index: int) -> Iterator[tuple[str, bytes, tuple[str, ...]]]:
    for name, file in request.files.items(multi=True):
        field = name.removesuffix("-file")
        types = _types_taken(filling, index, field)
        # Files of other pages stay as they are: whoever takes several pages at once comes to them next.
        if not types:
            continue
        with closing(file):
            data = file.read(uploads.LARGEST_PHOTO + 1)
        if data:
            yield field, data, types


def _types_taken(filling: Filling, index: int, field: str) -> tuple[str, ...]:
    """What a question of this page takes; nothing where it is none that takes files."""
    question = filling.shelved.form.questions.get(field)
    return taken_by(question) if question is not None and question.page == index else ()


def taken_by(question: Question) -> tuple[str, ...]:
    """The media types that a question takes; none unless it is answered with photos or videos."""
    return types_taken(question.behaviour.control.attributes["accept"]) if question.type == "file" else ()
