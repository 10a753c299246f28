import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.notify.segments import GSM_BASIC, GSM_EXTENSION, measure


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments"),
    [
        ("", "GSM-7", 0, 1),
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3),
        ("€" * 80, "GSM-7", 160, 1),
        ("€" * 81, "GSM-7", 162, 2),
        # 152 + an escape pair would tear the pair at 153: it moves to the second message as a whole.
        ("a" * 152 + "€" + "a" * 152, "GSM-7", 306, 3),
        ("a" * 151 + "€" + "a" * 153, "GSM-7", 306, 2),
        ("`", "UCS-2", 1, 1),
        ("å\nÅ@£", "GSM-7", 5, 1),
        ("评" * 70, "UCS-2", 70, 1),
        ("评" * 71, "UCS-2", 71, 2),
        ("评" * 134, "UCS-2", 134, 2),
        ("评" * 135, "UCS-2", 135, 3),
        ("a" * 70 + "，", "UCS-2", 71, 2),
        ("😀" * 35, "UCS-2", 70, 1),
        ("😀" * 36, "UCS-2", 72, 2),
        # 33 pairs fill 66 of 67 units: the 34th pair is not torn.
        ("😀" * 67, "UCS-2", 134, 3),
        ("😀" * 66, "UCS-2", 132, 2),
    ],
)
def test_vectors(text: str, encoding: str, units: int, segments: int) -> None:
    length = measure(text)
    assert (length.encoding, length.units, length.segments) == (encoding, units, segments)


def test_the_alphabet_has_its_127_characters_and_10_extensions() -> None:
    assert len(GSM_BASIC) == 127
    assert len(GSM_EXTENSION) == 10
    assert not GSM_BASIC & GSM_EXTENSION


MIXED = "a\n^€`评😀"


@given(st.text(alphabet=MIXED, max_size=350), st.text(alphabet=MIXED, max_size=5))
def test_more_text_never_costs_less(text: str, more: str) -> None:
    assert measure(text + more).segments >= measure(text).segments
    assert measure(text + more).units >= measure(text).units


@given(st.text(alphabet=MIXED, min_size=1, max_size=350))
def test_segments_hold_the_units(text: str) -> None:
    length = measure(text)
    alone, joined = (160, 153) if length.encoding == "GSM-7" else (70, 67)
    if length.units <= alone:
        assert length.segments == 1
    else:
        assert joined * length.segments >= length.units
        assert (joined - 1) * (length.segments - 1) < length.units
