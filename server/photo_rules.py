"""How large photos and videos may be, and how long what came with them is kept."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

NUMBER: Final = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)
MEGABYTE: Final = 1024 * 1024
# What a form may ask for, and what the number of bytes of one file has room for in the database.
MOST_VIDEO_MB: Final = 2_000


@dataclass(frozen=True, slots=True)
class PhotoRules:
    """The settings of one deployment.

    Attributes:
        video_bytes: of one video; `submission_bytes` of all photos and videos of one submission, and
            `submission_photos` how many these may be.
        originals_days: how long a photo's bytes as they came are kept after it was verified.
        quarantine_days: how long refused bytes are kept.
        orphan_days: how long photos are kept that no answers name.
    """

    video_bytes: int = 200 * MEGABYTE
    submission_bytes: int = 1_000 * MEGABYTE
    submission_photos: int = 300
    originals_days: int = 180
    quarantine_days: int = 30
    orphan_days: int = 30


DEFAULT_PHOTO_RULES: Final = PhotoRules()


def read_photo_rules(values: Mapping[str, str], problems: list[str]) -> PhotoRules:
    """From settings by their names; what makes no sense is added to `problems`."""

    def number(name: str, default: int, most: int = 99_999) -> int:
        text = values.get(name, str(default))
        if not NUMBER.fullmatch(text) or int(text) > most:
            problems.append(f"{name} is {text!r}; it must be a number from 1 to {most}.")
            return default
        return int(text)

    default = DEFAULT_PHOTO_RULES
    return PhotoRules(
        video_bytes=number("PHOTOS_VIDEO_MB", default.video_bytes // MEGABYTE, MOST_VIDEO_MB) * MEGABYTE,
        submission_bytes=number("PHOTOS_SUBMISSION_MB", default.submission_bytes // MEGABYTE) * MEGABYTE,
        submission_photos=number("PHOTOS_A_SUBMISSION", default.submission_photos),
        originals_days=number("PHOTOS_ORIGINALS_DAYS", default.originals_days),
        quarantine_days=number("PHOTOS_QUARANTINE_DAYS", default.quarantine_days),
        orphan_days=number("PHOTOS_ORPHAN_DAYS", default.orphan_days),
    )
