"""The key ring for personal data: the first key writes, all of them read.

Phone numbers and names are encrypted at rest and looked up by keyed hash, so a stolen dump shows neither,
and guessing numbers against the hashes needs the key.
"""

import hashlib
import hmac
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from server.config import Secret


class KeyLost(Exception):
    """A stored value was written with a key that is no longer on the ring."""


class KeyRing:
    """Encrypts, decrypts and hashes personal data.

    Rotation: put a new key in front, run `flask --app wsgi keys rewrite`, then take the old one away.
    """

    def __init__(self, keys: Sequence[Secret]) -> None:
        if not keys:
            raise ValueError("a key ring needs at least one key")
        texts = [key.reveal().encode() for key in keys]
        self._fernet = MultiFernet([Fernet(text) for text in texts])
        self._hash_keys = [hmac.digest(text, b"anfang lookup", "sha256") for text in texts]

    def encrypt(self, text: str) -> bytes:
        return self.encrypt_bytes(text.encode())

    def decrypt(self, token: bytes) -> str:
        """Raises KeyLost when no key on the ring wrote it."""
        return self.decrypt_bytes(token).decode()

    def encrypt_bytes(self, data: bytes) -> bytes:
        return self._fernet.encrypt(data)

    def decrypt_bytes(self, token: bytes) -> bytes:
        """Raises KeyLost when no key on the ring wrote it."""
        try:
            return self._fernet.decrypt(token)
        except InvalidToken:
            raise KeyLost("no key on the ring reads this value") from None

    def lookup_hash(self, text: str) -> bytes:
        """What is stored beside an encrypted value so that it can be found: HMAC-SHA-256, first key."""
        return hmac.digest(self._hash_keys[0], text.encode(), "sha256")

    def lookup_hashes(self, text: str) -> list[bytes]:
        """Every hash under which a value may have been stored, newest key first."""
        return [hmac.digest(key, text.encode(), "sha256") for key in self._hash_keys]


def token_hash(token: str) -> bytes:
    """What is stored of a token. It has at least 128 random bits, so the hash needs no key."""
    return hashlib.sha256(token.encode()).digest()
