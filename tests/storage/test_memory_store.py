from datetime import timedelta

import pytest

from server.storage.memory import MemoryStore
from server.storage.protocol import (
    ObjectFacts,
    ObjectMissing,
    ObjectStore,
    ObjectTooLarge,
    StoreUnavailable,
)


def test_it_keeps_describes_and_removes_objects() -> None:
    store: ObjectStore = MemoryStore()
    store.put("a/b", b"1234", "image/png")
    assert store.get("a/b", limit=4) == b"1234"
    assert store.stat("a/b") == ObjectFacts(4, "image/png")
    with pytest.raises(ObjectTooLarge):
        store.get("a/b", limit=3)
    store.delete("a/b")
    store.delete("a/b")
    assert store.stat("a/b") is None
    with pytest.raises(ObjectMissing):
        store.get("a/b", limit=4)


def test_it_can_be_away() -> None:
    store = MemoryStore()
    assert store.reachable()
    store.available = False
    assert not store.reachable()
    for call in (
        lambda: store.put("a", b"1", "image/png"),
        lambda: store.get("a", 1),
        lambda: store.stat("a"),
        lambda: store.delete("a"),
        lambda: store.link("a", timedelta(minutes=1)),
        lambda: store.upload_target("a", media_type="image/png", size=1, expires_in=timedelta(minutes=1)),
    ):
        with pytest.raises(StoreUnavailable):
            call()
