"""Opening hours as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.fieldwork.organisation.opening_hours import (
    DAYS,
    HOLIDAYS,
    WEEKDAYS,
    NotHours,
    read_hours,
    right_spans,
    write_hours,
)


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("周一至周五 9:00-17:00；周六 9:00-16:00", "Mo-Fr 09:00-17:00; Sa 09:00-16:00"),
        ("周一至五9:00—17:30", "Mo-Fr 09:00-17:30"),
        ("星期一到星期日 08:30～18:00", "Mo-Su 08:30-18:00"),
        ("周六、周日 10:00-16:00", "Sa-Su 10:00-16:00"),
        ("周六日 10:00-16:00", "Sa-Su 10:00-16:00"),
        ("周一三五 9:00-12:00", "Mo 09:00-12:00; We 09:00-12:00; Fr 09:00-12:00"),
        ("9:00-17:00", "Mo-Su 09:00-17:00"),
        ("每天 9点-17点半；周日休息", "Mo-Sa 09:00-17:30"),
        ("工作日：9:00-12:00、13:30-17:00；节假日休息", "Mo-Fr 09:00-12:00,13:30-17:00; PH off"),
        ("周一至周五 8:30-17:00，法定节假日除外", None),
        ("周一至周五 8:30-17:00；法定节假日除外", "Mo-Fr 08:30-17:00; PH off"),
        ("全天", "Mo-Su 00:00-24:00"),
        ("24小时；节假日 9:00-12:00", "Mo-Su 00:00-24:00; PH 09:00-12:00"),
        ("周五至周一 9:00-12:00", "Mo 09:00-12:00; Fr-Su 09:00-12:00"),
        ("Mon-Fri 09:00-17:00; Saturday 9:00 to 16:00; holidays closed",
         "Mo-Fr 09:00-17:00; Sa 09:00-16:00; PH off"),
        ("每天休息", "Mo-Su off"),
        ("周一至周五", None),
        ("周一 17:00-9:00", None),
        ("周一 9:00-25:00", None),
        ("周一 9:00-12:00,11:00-13:00", None),
        ("周一 9:60-12:00", None),
        ("至周五 9:00-12:00", None),
        ("周一至 9:00-12:00", None),
        ("一 9:00-12:00", None),
        ("节假日至周五 9:00-12:00", None),
        ("早上九点开门", None),
        ("monkey 9:00-10:00", None),
        ("", None),
        ("；；", None),
        ("周" * 400, None),
    ],
)  # fmt: skip
def test_what_is_written_is_what_is_printed(written: str, printed: str | None) -> None:
    if printed is None:
        with pytest.raises(NotHours):
            read_hours(written)
    else:
        assert write_hours(read_hours(written)) == printed


def test_what_is_stored() -> None:
    stored = read_hours("周一至周六 9:00-17:00；周六 9:00-16:00；节假日休息")
    assert set(stored) == set(DAYS)
    assert stored["mon"] == [["09:00", "17:00"]]
    assert stored["sat"] == [["09:00", "16:00"]]
    assert stored["sun"] == stored[HOLIDAYS] == []
    assert HOLIDAYS not in read_hours("周一至周五 9:00-17:00")


minutes = st.integers(0, 24 * 60)
clocks = minutes.map(lambda each: f"{each // 60:02}:{each % 60:02}")
day_spans = (
    st.lists(clocks, unique=True, max_size=6)
    .map(sorted)
    .map(lambda times: [list(pair) for pair in zip(times[::2], times[1::2], strict=False)])
)
weeks = st.fixed_dictionaries(dict.fromkeys(WEEKDAYS, day_spans), optional={HOLIDAYS: day_spans})


@given(weeks)
def test_what_is_printed_reads_back_the_same(hours: dict[str, list[list[str]]]) -> None:
    assert all(map(right_spans, hours.values()))
    assert read_hours(write_hours(hours)) == hours


@given(st.text(alphabet="周一至五日9:00-17；休息 ,Mon", max_size=30))
def test_any_text_gives_hours_or_is_refused(text: str) -> None:
    try:
        hours = read_hours(text)
    except NotHours:
        return
    assert all(map(right_spans, hours.values()))
