"""A few hundred of the hostile files of `tests.storage.hostile`; `make hostile` inspects thousands."""

from collections import Counter

from server.storage.inspection import Inspector
from tests.storage import hostile

COUNT = 260


def test_hostile_files_take_nothing_down_and_leave_nothing_behind() -> None:
    found: Counter[str] = Counter()
    with Inspector() as inspector:
        for number in range(COUNT):
            name, data = hostile.make(number, "ordinary tests")
            verdict = hostile.judge(inspector, data)
            assert verdict != "LEAKED", (name, number)
            found[verdict] += 1
        assert hostile.judge(inspector, hostile.picture("JPEG", 0)) == "taken"
        assert inspector.lost == []
    assert found["taken"] > COUNT // 10
    assert found["broken"] + found["not_an_image"] > COUNT // 4


def test_a_leak_would_be_seen() -> None:
    """The judge is no rubber stamp: a picture that is passed on as it came is found out."""
    for name in ("polyglot", "described"):
        number = next(n for n in range(200) if hostile.make(n, "calibration")[0] == name)
        numbers = range(number, 200 * len(hostile.MAKERS), len(hostile.MAKERS))
        raw = (hostile.make(n, "calibration")[1] for n in numbers)
        jpegs = [data for data in raw if data.startswith(b"\xff\xd8\xff")]
        assert any(hostile.leaks(hostile.Redrawn(data, data)) for data in jpegs[:5])
