"""Photos of reports, to be covered in part by whoever reviews them."""

from uuid import UUID

from sqlalchemy import Connection, select

from server.db import AnyRow
from server.errors import Refusal
from server.models.submissions import Attachment, Submission
from server.scope import Scope


def find_photo(connection: Connection, photo_id: UUID, scope: Scope) -> AnyRow:
    """A verified photo with the inner id of its report (`submission_pk`); not a video.

    Raises:
        Refusal: not_found when there is none within the scope.
    """
    query = (
        select(*Attachment.__table__.columns, Submission.id.label("submission_pk"))
        .join(
            Submission,
            (Submission.submission_id == Attachment.submission_id)
            & (Submission.wave_id == Attachment.wave_id),
        )
        .where(Attachment.id == photo_id, Attachment.state == "verified")
        .where(Attachment.media_type.startswith("image/"))
    )
    row = connection.execute(scope.submissions(query)).first()
    if row is None:
        raise Refusal("not_found")
    return row
