"""Messages as files: one line a reference, whole files only, and what comes back taken once."""

import csv
import hashlib
import os
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path

import pytest

from server.clock import SetClock
from server.config import BatchSettings
from server.notify.gateways.batch import BatchGateway
from server.notify.protocol import Absent, DeliveryReport, OutgoingSms, Receipt, SendRefused, SendUnknown

NOW = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)


def sms(number: int, text: str = '【江城银行】请评价，“好”或\n"差"') -> OutgoingSms:
    return OutgoingSms(f"ref-{number}", "+8613800138000", text)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def gateway(tmp_path: Path, clock: SetClock) -> BatchGateway:
    return BatchGateway(BatchSettings(tmp_path, "gbk", lines=3, seconds=60), clock)


def batches(folder: Path) -> list[list[str]]:
    """The references of each finished batch."""
    found = []
    for path in sorted((folder / "out").iterdir()):
        with path.open(encoding="gbk", newline="") as file:
            heading, *rows = csv.reader(file)
        assert heading == ["reference", "recipient", "text", "handed_over"]
        found.append([row[0] for row in rows])
    return found


def test_a_batch_appears_whole_when_it_is_full_or_its_time_is_over(
    gateway: BatchGateway, clock: SetClock, tmp_path: Path
) -> None:
    for number in (1, 2, 2, 3, 1, 4, 3):
        assert gateway.send(sms(number)).provider_id == f"ref-{number}"
    assert batches(tmp_path) == [["ref-1", "ref-2", "ref-3"]]
    clock.advance(timedelta(seconds=59))
    assert list(gateway.collect()) == []
    assert len(batches(tmp_path)) == 1
    clock.advance(timedelta(seconds=1))
    assert list(gateway.collect()) == []
    assert batches(tmp_path) == [["ref-1", "ref-2", "ref-3"], ["ref-4"]]
    [first, _] = sorted((tmp_path / "out").iterdir())
    with first.open(encoding="gbk", newline="") as file:
        assert list(csv.reader(file))[1][2] == sms(1).text


@pytest.mark.parametrize("lost", range(1, 60, 7))
def test_a_crash_in_the_middle_of_a_line_leaves_no_half_and_writes_none_twice(
    gateway: BatchGateway, tmp_path: Path, lost: int
) -> None:
    gateway.send(sms(1))
    gateway.send(sms(2))
    batch = tmp_path / "open" / "batch.csv"
    os.truncate(batch, batch.stat().st_size - lost)
    # What the crash took was not noted either.
    for note in (tmp_path / "noted").rglob("*"):
        if note.is_file():
            note.unlink()
    after = BatchGateway(BatchSettings(tmp_path, "gbk", lines=2), SetClock(NOW))
    assert after.find(sms(1), NOW) == DeliveryReport("ref-1", "accepted")
    assert after.find(sms(2), NOW) == Absent()
    for number in (1, 2, 3):
        after.send(sms(number))
    assert batches(tmp_path) == [["ref-1", "ref-2"]]


def test_two_processes_share_a_folder(gateway: BatchGateway, tmp_path: Path, clock: SetClock) -> None:
    other = BatchGateway(BatchSettings(tmp_path, "gbk", lines=3), clock)
    for number in range(6):
        (gateway, other)[number % 2].send(sms(number))
        (other, gateway)[number % 2].send(sms(number))
    assert [len(each) for each in batches(tmp_path)] == [3]
    assert gateway.send(sms(6)).provider_id == "ref-6"
    written = sorted(chain.from_iterable(batches(tmp_path)))
    assert written == [f"ref-{number}" for number in range(6)]


def test_what_cannot_be_written_is_refused_or_unknown(gateway: BatchGateway, tmp_path: Path) -> None:
    with pytest.raises(SendRefused) as caught:
        gateway.send(sms(1, "好👍"))
    assert (caught.value.code, caught.value.provider_code) == ("blocked_content", "unencodable")
    gateway.send(sms(1))
    # The line is written and cannot be noted: nobody may say that it is not there.
    in_the_way = tmp_path / "noted" / hashlib.sha256(b"ref-2").hexdigest()[:2]
    in_the_way.touch()
    with pytest.raises(SendUnknown):
        gateway.send(sms(2))
    in_the_way.unlink()
    assert gateway.find(sms(2), NOW) == DeliveryReport("ref-2", "accepted")
    away = BatchGateway(BatchSettings(tmp_path / "absent"), SetClock(NOW))
    with pytest.raises(SendRefused) as caught:
        away.send(sms(1))
    assert (caught.value.code, caught.value.permanent) == ("misconfigured", False)
    assert away.find(sms(1), NOW) is None


def test_receipts_and_replies_are_taken_once_and_bad_lines_are_named(
    gateway: BatchGateway, tmp_path: Path
) -> None:
    gateway.send(sms(1))
    put = tmp_path / "in"
    (put / "1.csv").write_bytes("编号,状态码\nref-1,DELIVRD\n,MK:0001\nref-2,\nref-3,MK:0001\n".encode("gbk"))
    (put / "2.csv").write_text(
        "\ufefffrom,content,time\n13800138000,退订,2026-05-04 09:30\nBANK,,\n", "utf-8"
    )
    (put / "3.csv").write_text("a,b\n1,2\n", "utf-8")
    (put / "4.csv").write_bytes(b"\x89PNG\0\0")
    (put / "5.csv.part").write_text("reference,code\n", "utf-8")
    (put / ".6.csv").write_text("reference,code\n", "utf-8")
    first = list(gateway.collect())
    assert first[0].receipts == [
        Receipt("ref-1", DeliveryReport("ref-1", "delivered", "DELIVRD")),
        Receipt("ref-3", DeliveryReport("ref-3", "undelivered", "MK:0001")),
    ]
    said = first[1].replies
    assert [(each.sender, each.text) for each in said] == [("+8613800138000", "退订"), ("BANK", "")]
    assert said[0].at == datetime(2026, 5, 4, 1, 30, tzinfo=UTC)
    # Nothing was committed: the same comes again, under the same ids.
    assert list(gateway.collect())[1].replies == said
    for portion in gateway.collect():
        portion.done()
    assert list(gateway.collect()) == []
    assert sorted(path.name for path in put.iterdir()) == [".6.csv", "5.csv.part"]
    done = tmp_path / "done"
    assert (done / "1.csv.problems").read_text("utf-8").splitlines()[1:] == [
        "3,unusable: reference",
        "4,unusable: code",
    ]
    assert {path.name for path in done.glob("*.problems")} == {
        "1.csv.problems", "3.csv.problems", "4.csv.problems",
    }  # fmt: skip
    (put / "1.csv").write_text("reference,code\nref-9,DELIVRD\n", "utf-8")
    [again] = gateway.collect()
    again.done()
    assert len(list(done.glob("*1.csv"))) == 2
