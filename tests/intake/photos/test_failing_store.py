"""A store that is away, slow, torn or lying, before the real one: nothing is lost, and no lie is believed."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests
from sqlalchemy import Engine

from server import jobs, worker
from server.config import S3Settings
from server.intake.uploads import LARGE, SMALL, promise
from server.outgoing import Outgoing
from server.storage.objects import S3Store
from server.storage.protocol import StoreUnavailable
from tests.builders import NOW
from tests.intake.sending import PHOTO, inspected, promised, rows, stored_promise, wave
from tests.storage import fault_proxy
from tests.storage.fault_proxy import Fault, FaultProxy

HASTY = Outgoing(connect_seconds=0.5, read_seconds=0.5, attempts=1)
# What an inspection asks of the store: the photo, two pictures written, each read again.
STEPS = 5


@pytest.fixture
def proxy(s3_settings: S3Settings, store: S3Store) -> Iterator[FaultProxy]:
    with FaultProxy(s3_settings.endpoint_url).running() as running:
        yield running


@pytest.fixture
def failing(proxy: FaultProxy, s3_settings: S3Settings) -> S3Store:
    """The store as it is seen through the proxy, by a client that does not try twice."""
    return S3Store(replace(s3_settings, endpoint_url=proxy.url, public_endpoint_url=proxy.url), HASTY)


def state_of(engine: Engine) -> str:
    with engine.connect() as connection:
        [row] = rows(connection)
    return str(row.state)


def sent(engine: Engine, store: S3Store) -> Any:
    """A photo whose bytes are in the real store."""
    row = stored_promise(engine, store)
    store.put(row.object_key, PHOTO, "image/jpeg")
    return row


@pytest.mark.parametrize("step", range(STEPS))
@pytest.mark.parametrize(
    "fault",
    [fault_proxy.busy, fault_proxy.broken, fault_proxy.silent],
    ids=lambda fault: fault.__name__,
)
def test_whatever_fails_in_the_middle_is_done_again(
    engine: Engine, store: S3Store, proxy: FaultProxy, failing: S3Store, fault: Fault, step: int
) -> None:
    row = sent(engine, store)
    proxy.faults.extend([fault_proxy.well] * step + [fault])
    with pytest.raises(StoreUnavailable):
        inspected(engine, failing, row)
    assert state_of(engine) == "expected"
    assert inspected(engine, failing, row).state == "verified"
    assert store.stat(row.object_key + SMALL) is not None


@pytest.mark.parametrize(
    "fault", [fault_proxy.torn, fault_proxy.held(threading.Event())], ids=["torn", "slow"]
)
def test_a_photo_that_does_not_come_through_stays_expected(
    engine: Engine, store: S3Store, proxy: FaultProxy, failing: S3Store, fault: Fault
) -> None:
    row = sent(engine, store)
    proxy.faults.append(fault)
    with pytest.raises(StoreUnavailable):
        inspected(engine, failing, row)
    assert state_of(engine) == "expected"
    assert inspected(engine, failing, row).state == "verified"


def test_a_store_that_is_away_for_a_while_loses_nothing(
    engine: Engine, store: S3Store, proxy: FaultProxy, failing: S3Store
) -> None:
    row = sent(engine, store)
    proxy.always = fault_proxy.busy
    for _ in range(5):
        with pytest.raises(StoreUnavailable):
            inspected(engine, failing, row)
        assert state_of(engine) == "expected"
    proxy.always = fault_proxy.well
    assert inspected(engine, failing, row).state == "verified"


def test_the_worker_tries_again_for_hours() -> None:
    assert "inspect_attachment" not in jobs.RECURRING
    waits = [worker.RETRY.exponential_wait**attempt for attempt in range(1, worker.RETRY.max_attempts)]
    assert sum(waits) > 3600


@pytest.mark.parametrize("fault", [fault_proxy.altering, fault_proxy.shortening])
def test_other_bytes_than_were_sent_are_never_verified(
    engine: Engine, store: S3Store, proxy: FaultProxy, failing: S3Store, fault: Fault
) -> None:
    row = sent(engine, store)
    proxy.always = fault
    after = inspected(engine, failing, row)
    assert (after.state, after.problem) == ("refused", "other_bytes")
    proxy.always = fault_proxy.well
    store.put(row.object_key, PHOTO, "image/jpeg")
    assert inspected(engine, failing, row).state == "verified"


def test_a_store_that_takes_a_photo_and_keeps_nothing_is_found_out(
    engine: Engine, proxy: FaultProxy, failing: S3Store
) -> None:
    with engine.begin() as connection:
        target = promise(connection, failing, promised(wave(connection)), now=NOW)
        [row] = rows(connection)
    proxy.faults.append(fault_proxy.swallowing)
    for wanted in ("expected", "verified"):
        answer = requests.post(target.url, data=target.fields, files={"file": PHOTO}, timeout=30)
        assert answer.status_code == 204
        assert inspected(engine, failing, row).state == wanted


@pytest.mark.parametrize("step", [1, 3])
def test_a_store_that_keeps_no_picture_is_found_out(
    engine: Engine, store: S3Store, proxy: FaultProxy, failing: S3Store, step: int
) -> None:
    row = sent(engine, store)
    proxy.faults.extend([fault_proxy.well] * step + [fault_proxy.swallowing])
    with pytest.raises(StoreUnavailable):
        inspected(engine, failing, row)
    assert state_of(engine) == "expected"
    assert inspected(engine, failing, row).state == "verified"
    assert all(store.stat(row.object_key + size) for size in (SMALL, LARGE))
