"""Photos that back up what somebody filed: an appeal, a fix, an entry of the log."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, update

from server.intake.uploads import Place, accept
from server.models.submissions import Attachment
from server.photo_rules import PhotoRules
from server.storage.protocol import ObjectStore


def keep_photo(
    connection: Connection,
    store: ObjectStore,
    place: Place,
    data: bytes,
    *,
    rules: PhotoRules,
    now: datetime,
) -> None:
    """Store one, to be looked at like every other photo.

    Args:
        place: whose it is, as if that were a submission.

    Raises:
        PhotoRefused: as `accept`; nothing was written then.
    """
    kept = accept(connection, store, place, data, now=now, rules=rules)
    # Else it would be swept away with the photos that nobody names.
    mine = (
        Attachment.submission_id == place.submission_id,
        Attachment.attachment_id == UUID(str(kept["id"])),
    )
    connection.execute(update(Attachment).where(*mine).values(named=True))
