"""The one catalogue of errors that leave the system, as RFC 9457 problems with stable codes.

A code is a promise: clients branch on it, the catalogue of sentences has a text for it in every language,
and `docs/api.md` lists it. Errors inside a body (a question, a row) carry a pointer and a code of their own
and travel in `errors`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

# code -> HTTP status. A test proves that each has a sentence in every language.
STATUSES: dict[str, int] = {
    "bad_request": 400,
    "unreadable_body": 400,
    "csrf_failed": 400,
    "not_signed_in": 401,
    "sign_in_failed": 401,
    "bad_api_key": 401,
    "forbidden": 403,
    "not_found": 404,
    "unknown_wave": 404,
    "method_not_allowed": 405,
    "conflict": 409,
    "submission_differs": 409,
    "wave_not_open": 409,
    "wrong_state": 409,
    "parts_missing": 409,
    "no_letters": 409,
    "cap_still_reached": 409,
    "nothing_asked": 409,
    "draft_has_errors": 409,
    "duty_not_yet": 409,
    "duty_over": 409,
    "duty_done_already": 409,
    "duty_excused": 409,
    "link_finished": 410,
    "link_expired": 410,
    "import_gone": 410,
    "original_gone": 410,
    "too_large": 413,
    "too_many_rows": 413,
    "too_many_photos": 413,
    "too_many_bytes": 413,
    "wrong_content_type": 415,
    "invalid_answers": 422,
    "invalid_fields": 422,
    "box_outside": 422,
    "too_many_attempts": 429,
    "internal": 500,
    "store_unavailable": 503,
    "database_unavailable": 503,
}


@dataclass(frozen=True, slots=True)
class Detail:
    """One thing wrong inside a body.

    Attributes:
        code: stable, with a sentence in the catalogue.
        pointer: RFC 6901, into the body as it was sent.
        params: what the sentence names.
        question: the question's name where there is one.
        row: the line or row number as the sender counts, where there is one.
    """

    code: str
    pointer: str = ""
    params: Mapping[str, object] = field(default_factory=dict)
    question: str | None = None
    row: int | None = None


class Refusal(Exception):
    """A request that gets a problem as its answer."""

    def __init__(self, code: str, *, details: Sequence[Detail] = (), **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.status = STATUSES[code]
        self.details = tuple(details)
        self.params = params
