"""Photos and videos as the desk sees them: by addresses of the store that last for minutes."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from server.db import AnyRow
from server.intake.uploads import LARGE, SHOWN, SMALL
from server.storage.protocol import ObjectStore
from server.storage.videos import EXTENSIONS

PHOTO_LIFETIME: Final = timedelta(minutes=10)
# Whoever watches asks for more of it on the way.
VIDEO_LIFETIME: Final = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo by a small and a large one, or a video with its length.

    Attributes:
        small, large: of a photo, as it was drawn anew; else empty.
        video: of a video, without what it says about itself: a page may play it, else it is only saved.
        lasting: how long a video is, as `m:ss`; empty where it does not say.
    """

    small: str = ""
    large: str = ""
    video: str = ""
    lasting: str = ""


def picture_of(store: ObjectStore, photo: AnyRow) -> Picture:
    """Of a verified attachment: attachment_id, object_key, media_type, duration_ms."""
    key = photo.object_key
    if photo.media_type not in EXTENSIONS:
        return Picture(store.link(key + SMALL, PHOTO_LIFETIME), store.link(key + LARGE, PHOTO_LIFETIME))
    name = f"{photo.attachment_id}.{EXTENSIONS[photo.media_type]}"
    link = store.link(key + SHOWN, VIDEO_LIFETIME, name, photo.media_type)
    seconds = (photo.duration_ms or 0) // 1000
    return Picture(video=link, lasting=f"{seconds // 60}:{seconds % 60:02}" if seconds else "")
