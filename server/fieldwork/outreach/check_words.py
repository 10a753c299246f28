"""A word in the message that the bank's page and hotline confirm: whoever doubts a message can ask.

It follows from the wave's key, so it is stored nowhere and the same everywhere. It proves that a message
knows our word and no more than that: whoever got a real one knows it too, so no page asks for secrets.
"""

import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, select

from server.models.waves import Wave
from server.notify.replies import compact

WORDS: Final[dict[str, tuple[str, ...]]] = {
    locale: tuple(words)
    for locale, words in json.loads(Path(__file__).with_suffix(".json").read_text("utf-8")).items()
}


@dataclass(frozen=True, slots=True)
class Known:
    """A survey that is ours: who asks, and until when."""

    organisation: dict[str, str]
    title: str
    title_en: str | None
    closes_at: datetime


def check_word(wave_key: bytes, locale: str) -> str:
    """The word of a wave's messages in a language."""
    words = WORDS[locale if locale in WORDS else "zh"]
    digest = hmac.digest(wave_key, b"check word " + locale.encode(), "sha256")
    return words[int.from_bytes(digest[:8]) % len(words)]


def check_words(wave_key: bytes) -> dict[str, str]:
    """By language, for those who answer the hotline."""
    return {locale: check_word(wave_key, locale) for locale in WORDS}


def tells_word(settings: dict[str, Any]) -> bool:
    """Whether a wave's messages tell their word: else nobody could compare it."""
    return any("{check}" in template for template in settings.get("message", {}).values())


def find_survey(connection: Connection, typed: str, *, now: datetime) -> Known | None:
    """The running survey whose messages tell this word, in any language; None for a word of nobody's."""
    word = compact(typed[:100])
    running = select(Wave.prn_key, Wave.settings, Wave.title, Wave.title_en, Wave.closes_at).where(
        Wave.state.in_(("launched", "paused")), Wave.opens_at <= now, Wave.closes_at > now
    )
    for wave in connection.execute(running.order_by(Wave.opens_at.desc())):
        if tells_word(wave.settings) and word in _plain(check_words(wave.prn_key).values()):
            return Known(wave.settings["organisation"], wave.title, wave.title_en, wave.closes_at)
    return None


def _plain(words: Iterable[str]) -> set[str]:
    return {compact(word) for word in words}
