"""What a visit's page shows of a round in the open, and of the recordings of a video check."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.db import AnyRow, connection
from server.fieldwork.definitions.compiled import programme_of
from server.fieldwork.recordings import requests
from server.fieldwork.recordings.requests import Shown
from server.followup.spot.fines import fines_of
from server.followup.spot.signing import signatures_of
from server.http.locale import locale
from server.scoring.exact import exact_text
from server.scoring.programmes.visiting import Visits
from server.services import services


@dataclass(frozen=True, slots=True)
class Spot:
    """A round in the open.

    Attributes:
        bounds: of a fine, in yuan; None where the programme allows none.
        items: the form's questions with their titles, by name.
        signatures: the newest first; see `signatures_of`.
        signable: there is a report that nobody has signed.
    """

    bounds: tuple[str, str] | None
    items: Mapping[str, str]
    fines: Sequence[AnyRow]
    signatures: Sequence[Mapping[str, Any]]
    signable: bool


@dataclass(frozen=True, slots=True)
class Recordings:
    """The requests of a video check, and the posts for which there is none, with their titles."""

    rows: Sequence[Shown]
    missing: Mapping[str, Mapping[str, str]]


def rules_of(wave: AnyRow) -> Visits:
    """How the programme has the visits of a wave made."""
    return programme_of(connection(), wave.programme_version_id).visits_of(wave.instrument_name)


def spot_of(wave: AnyRow, visit: AnyRow) -> Spot | None:
    """None for a visit of which nobody at the outlet may know."""
    rules, now = rules_of(wave), services().clock.now()
    if not rules.overt:
        return None
    pk = visit.submission_pk
    signatures = signatures_of(connection(), pk, now=now) if pk else ()
    return Spot(
        bounds=(exact_text(rules.fine.least), exact_text(rules.fine.most)) if rules.fine else None,
        items=_items(wave),
        fines=fines_of(connection(), visit.id),
        signatures=signatures,
        signable=pk is not None and all(each["standing"] != "signed" for each in signatures),
    )


def recordings_of(wave: AnyRow, visit: AnyRow) -> Recordings | None:
    """None where the programme names no posts."""
    if not rules_of(wave).posts:
        return None
    rows = requests.recordings_of(connection(), visit.id, now=services().clock.now())
    return Recordings(rows, requests.posts_missing(connection(), visit.id))


def _items(wave: AnyRow) -> Mapping[str, str]:
    form = services().forms.get(connection(), wave.form_version_id).form
    return {
        name: question.title.render(locale(), lambda _: "…")
        for name, question in form.questions.items()
        if question.companion is None and question.scoring is not None
    }
