"""Permanent random numbers: one for each unit and wave, fixed by a key that is committed to in advance."""

import hashlib
import hmac

from server.sampling.frame import SamplingError

LEAST_KEY_BYTES = 16  # below 128 bits the published commitment could be searched for its key


def check_key(wave_key: bytes) -> None:
    """Refuse a guessable key.

    Raises:
        SamplingError: `wave_key_too_short`.
    """
    if len(wave_key) < LEAST_KEY_BYTES:
        raise SamplingError("wave_key_too_short", bytes=LEAST_KEY_BYTES)


def prn(wave_key: bytes, unit_id: str) -> int:
    """The first 8 bytes of HMAC-SHA-256(wave key, unit id in UTF-8), as an unsigned big-endian integer."""
    return int.from_bytes(hmac.digest(wave_key, unit_id.encode(), "sha256")[:8], "big")


def key_commitment(wave_key: bytes) -> str:
    """SHA-256 of the key, published with the plan: nobody can choose a key after seeing the draw."""
    return hashlib.sha256(wave_key).hexdigest()


def derived_key(wave_key: bytes, purpose: str) -> bytes:
    """A key of its own for another purpose than the members' numbers: HMAC-SHA-256(key, 0xFF + purpose).

    No id in UTF-8 holds the byte 0xFF, so nobody's number can coincide with it.
    """
    return hmac.digest(wave_key, b"\xff" + purpose.encode(), "sha256")
