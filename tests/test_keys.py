"""The key ring: the first key writes, all read, and a lost key is said so."""

import pytest
from cryptography.fernet import Fernet

from server.config import Secret
from server.keys import KeyLost, KeyRing, token_hash

NUMBER = "+8613912345678"


def new_key() -> Secret:
    return Secret(Fernet.generate_key().decode())


def test_what_is_encrypted_reads_back_and_shows_nothing() -> None:
    ring = KeyRing([new_key()])
    stored = ring.encrypt("王小明")
    assert ring.decrypt(stored) == "王小明"
    assert "王小明".encode() not in stored
    assert ring.encrypt("王小明") != stored


def test_rotation_reads_the_old_and_writes_the_new() -> None:
    old, new = new_key(), new_key()
    stored = KeyRing([old]).encrypt(NUMBER)
    rotating = KeyRing([new, old])
    assert rotating.decrypt(stored) == NUMBER
    assert KeyRing([new]).decrypt(rotating.encrypt(NUMBER)) == NUMBER


@pytest.mark.parametrize("damage", ["other ring", "cut", "changed", "empty"])
def test_what_no_key_reads_is_a_lost_key(damage: str) -> None:
    ring = KeyRing([new_key(), new_key()])
    stored = ring.encrypt(NUMBER)
    damaged = {
        "other ring": KeyRing([new_key()]).encrypt(NUMBER),
        "cut": stored[:-8],
        "changed": stored[:20] + (b"A" if stored[20:21] != b"A" else b"B") + stored[21:],
        "empty": b"",
    }[damage]
    with pytest.raises(KeyLost):
        ring.decrypt(damaged)


def test_hashes_find_what_older_keys_stored() -> None:
    old, new = new_key(), new_key()
    stored = KeyRing([old]).lookup_hash(NUMBER)
    ring = KeyRing([new, old])
    assert ring.lookup_hashes(NUMBER) == [ring.lookup_hash(NUMBER), stored]
    assert ring.lookup_hash(NUMBER) == KeyRing([new]).lookup_hash(NUMBER)
    assert ring.lookup_hash(NUMBER) not in KeyRing([new, old]).lookup_hashes(NUMBER + "0")


def test_a_hash_needs_the_key() -> None:
    assert KeyRing([new_key()]).lookup_hash(NUMBER) != KeyRing([new_key()]).lookup_hash(NUMBER)


def test_a_ring_needs_a_key() -> None:
    with pytest.raises(ValueError, match="at least one"):
        KeyRing([])


def test_a_token_is_stored_as_a_hash_alone() -> None:
    assert token_hash("abc") == token_hash("abc") != token_hash("abd")
    assert b"abc" not in token_hash("abc")
