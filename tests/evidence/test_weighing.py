"""What is doubted about a visit, and what is not: each rule by its cases."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.coordinates import Point, from_wgs84
from server.evidence.doubts import DOUBTS
from server.evidence.positions import least_time, with_distance
from server.evidence.visit import (
    EarlierNarrative,
    EarlierPhoto,
    Moment,
    Narrative,
    OtherVisit,
    Photo,
    Place,
    Visit,
)
from server.evidence.weighing import RULES as EVERY_RULE
from server.evidence.weighing import confidence_of, weigh
from server.evidence.wording import grams, similarity
from server.scoring.programmes.visiting import EvidenceRules
from tests.evidence.cases import (
    CAME,
    DAY,
    HONEST,
    HOUR,
    MINUTE,
    OUTLET,
    SAID,
    USUAL,
    codes,
    local,
    moments,
    with_fixes,
)

# A hundredth of a degree north is 1.1 km.
AWAY = Place(OUTLET.longitude, OUTLET.latitude + 0.02, "GCJ-02")
NEAR = Place(OUTLET.longitude, OUTLET.latitude + 0.001, "GCJ-02")
HASH = 0x0F0F_3C3C_5A5A_9999


def test_an_honest_visit_raises_no_doubt() -> None:
    found = weigh(HONEST, EvidenceRules())
    assert (found.score, found.doubts) == (100, ())


def test_what_is_unknown_is_never_doubted() -> None:
    bare = Visit(HONEST.zone, HONEST.opens_at, HONEST.expires_at, HONEST.handed_in_at)
    assert weigh(bare, EvidenceRules(narrative=80)).score == 100


def test_every_doubt_of_the_table_has_its_rule() -> None:
    assert {rule.__name__ for rule in EVERY_RULE} == set(DOUBTS)


@pytest.mark.parametrize(
    ("fixes", "accuracy", "doubted"),
    [
        ([], 30, False),
        ([NEAR, NEAR], 30, False),
        ([AWAY], 30, True),
        ([AWAY], None, True),
        ([AWAY], 2_000, True),  # half a kilometre is the most that is excused
        ([Place(OUTLET.longitude, OUTLET.latitude + 0.005, "GCJ-02")], 300, False),
        ([AWAY, NEAR, NEAR], 30, False),  # out of a cellar
        ([AWAY, NEAR], 30, False),
        ([AWAY, AWAY, NEAR], 30, True),
    ],
)
def test_far_away(fixes: list[Place], accuracy: int | None, doubted: bool) -> None:
    assert codes(with_fixes(HONEST, *fixes, accuracy=accuracy)) == (["far_away"] if doubted else [])


def test_datums_are_brought_together_before_distances_are_measured() -> None:
    there = from_wgs84(Point(121.47, 31.23), "GCJ-02")
    visit = replace(HONEST, place=Place(there.longitude, there.latitude, "GCJ-02"))
    assert codes(with_fixes(visit, Place(121.47, 31.23, "WGS-84"))) == []
    unconverted = replace(HONEST, place=Place(121.47, 31.23, "GCJ-02"))
    assert codes(with_fixes(unconverted, Place(121.47, 31.23, "WGS-84"))) == ["far_away"]


def test_the_distance_counts_when_the_position_was_emptied() -> None:
    kept = [replace(each, distance=3_000, accuracy=20) for each in HONEST.moments]
    assert codes(replace(HONEST, moments=tuple(kept))) == ["far_away"]


@pytest.mark.parametrize(
    ("consented", "place", "expected"),
    [
        (True, OUTLET, (NEAR, 111)),
        (True, None, (NEAR, None)),
        (False, OUTLET, (None, None)),
    ],
)
def test_what_may_be_kept_of_a_position(consented: bool, place: Place | None, expected: Any) -> None:
    assert with_distance(place, NEAR, consented=consented) == expected
    assert with_distance(place, None, consented=consented) == (None, None)


def test_the_same_position_in_minutes_that_differ() -> None:
    assert codes(with_fixes(HONEST, NEAR, NEAR, NEAR)) == ["fixes_identical"]
    moved = Place(NEAR.longitude, NEAR.latitude + 0.0000001, NEAR.datum)
    assert codes(with_fixes(HONEST, NEAR, NEAR, moved, moved, NEAR)) == []
    at_once = replace(HONEST, moments=tuple(replace(each, at=CAME) for each in HONEST.moments))
    assert "fixes_identical" not in codes(with_fixes(at_once, NEAR, NEAR, NEAR))


@pytest.mark.parametrize(
    ("kilometres", "minutes"), [(0.4, 0), (1, 1), (5.5, 7), (10.5, 13), (60.5, 21), (1200, 192)]
)
def test_how_long_a_way_takes_at_the_least(kilometres: float, minutes: int) -> None:
    assert round(least_time(kilometres * 1000) / MINUTE) == minutes


@pytest.mark.parametrize(
    ("north", "gap", "doubted"),
    [
        (0.09, 40, False),  # ten kilometres
        (0.09, 5, True),
        (0.09, -10, True),  # in two places at once
        (0.004, 0, False),  # across the street
        (1.0, 60, False),  # the next city, by train
        (1.0, 10, True),
    ],
)
@pytest.mark.parametrize("before", [True, False])
def test_ways_that_nobody_can_have_made(north: float, gap: int, doubted: bool, before: bool) -> None:
    place = Place(OUTLET.longitude, OUTLET.latitude + north, "GCJ-02")
    went = CAME + USUAL[-1] * MINUTE
    if before:
        other = OtherVisit("v", place, CAME - (gap + 20) * MINUTE, CAME - gap * MINUTE)
    else:
        other = OtherVisit("v", place, went + gap * MINUTE, went + (gap + 20) * MINUTE)
    found = weigh(replace(HONEST, other_visits=(other,)), EvidenceRules()).doubts
    assert [each.code for each in found] == (["travel_impossible"] if doubted else [])
    assert all(each.where == {"visit": "v"} for each in found)


@pytest.mark.parametrize(
    ("changes", "doubted"),
    [
        ({"moments": moments(0, 1, 3, 5, 9)}, ["stay_short"]),
        ({"moments": moments(0, 1, 3, 5, 10)}, []),
        ({"moments": moments(0)}, []),  # nobody knows when they left
        ({"opens_at": CAME + 10 * MINUTE}, []),
        ({"opens_at": CAME + DAY}, ["outside_window"]),
        ({"expires_at": CAME - HOUR}, ["outside_window"]),
        ({"expires_at": CAME + MINUTE}, []),  # leaving later is no matter
        ({"hours": None}, []),
        ({"hours": ()}, ["outside_hours"]),
        ({"hours": ((CAME + 10 * MINUTE, CAME + HOUR),)}, []),
        ({"hours": ((CAME + HOUR, CAME + 2 * HOUR),)}, ["outside_hours"]),
        ({"moments": moments(*USUAL, slow=9 * MINUTE)}, []),
        ({"moments": moments(*USUAL, slow=11 * MINUTE), "photos": ()}, ["clock_apart"]),
        ({"moments": moments(*USUAL, slow=-400 * DAY), "photos": ()}, ["clock_apart"]),
        ({"moments": moments(*USUAL, later=3 * DAY)}, []),  # without a network for days
        ({"moments": moments(0, 12, 9, 16, 22)}, ["moments_out_of_order"]),
        ({"moments": moments(*USUAL, later=-10 * MINUTE)}, ["moments_out_of_order"]),
    ],
)
def test_times(changes: dict[str, Any], doubted: list[str]) -> None:
    assert codes(replace(HONEST, **changes)) == doubted


def test_a_moment_that_was_noted_again_counts_as_noted_last() -> None:
    early = replace(HONEST.moments[-1], id="first", at=CAME + 2 * MINUTE)
    early = replace(early, received_at=early.received_at - HOUR, asked_at=early.asked_at - HOUR)
    assert codes(replace(HONEST, moments=(*HONEST.moments, early))) == []


@pytest.mark.parametrize(
    ("seconds", "answers", "doubted"), [([0, 6, 12], 40, True), ([0, 30, 90], 40, False), ([0, 1], 40, False)]
)
def test_answers_in_haste(seconds: list[int], answers: int, doubted: bool) -> None:
    pages = [
        Moment(str(each), "page", CAME + HOUR + timedelta(seconds=each), CAME + 2 * HOUR, CAME + 2 * HOUR)
        for each in seconds
    ]
    visit = replace(HONEST, moments=(*HONEST.moments, *pages), answers=answers)
    assert codes(visit) == (["answers_hasty"] if doubted else [])


@pytest.mark.parametrize(
    ("minutes", "weight"),
    [
        (None, 0),
        (-55, 0),
        (75, 0),
        (180, 0),  # a phone on the other clock of Xinjiang
        (9 * 60, 0),  # the ticket, at home in the evening
        (24 * 60, 25),
        (-9 * 60, 25),
        (-300 * 24 * 60, 25),
    ],
)
def test_photos_of_another_time(minutes: int | None, weight: int) -> None:
    taken = None if minutes is None else local(CAME + minutes * MINUTE)
    found = weigh(replace(HONEST, photos=(Photo("p", "aa", taken),)), EvidenceRules()).doubts
    assert [(each.code, each.weight) for each in found] == ([("photo_other_time", weight)] if weight else [])


def test_a_camera_is_read_by_the_phones_own_error() -> None:
    wrong = 5 * HOUR
    photo = Photo("p", "aa", local(CAME - wrong))
    assert codes(replace(HONEST, moments=moments(*USUAL, slow=wrong), photos=(photo,))) == ["clock_apart"]


def test_without_moments_a_photo_is_of_the_window() -> None:
    old = replace(HONEST, moments=(), photos=(Photo("p", "aa", local(CAME - 30 * DAY)),))
    assert codes(old) == ["photo_other_time"]
    assert codes(replace(HONEST, moments=())) == []


def earlier(bits: int = 0, **changes: Any) -> EarlierPhoto:
    """Another visit's photo whose hash differs in that many bits."""
    values = {"sha256": "bb", "difference_hash": HASH ^ ((1 << bits) - 1), "detail": 40, **changes}
    return EarlierPhoto("e", "v", **values)


@pytest.mark.parametrize(
    ("other", "code"),
    [
        (earlier(sha256="aa"), "photo_reused"),
        (earlier(40, sha256="aa"), "photo_reused"),
        (earlier(sha256="aa", same_task=True), None),
        (earlier(0), "photo_alike"),
        (earlier(5), "photo_alike"),
        (earlier(5, same_task=True), None),
        (earlier(5, detail=3), None),
        (earlier(5, detail=None), None),
        (earlier(5, difference_hash=None), None),
        (earlier(6), None),
        (earlier(6, same_person=True), "photo_suspect"),
        (earlier(12, same_person=True), "photo_suspect"),
        (earlier(12, same_person=True, same_place=True), None),
        (earlier(13, same_person=True), None),
    ],
)
def test_photos_of_other_visits(other: EarlierPhoto, code: str | None) -> None:
    found = weigh(replace(HONEST, earlier_photos=(other,)), EvidenceRules()).doubts
    assert [each.code for each in found] == ([code] if code else [])
    assert all(each.where == {"photo": "front"} and each.params["visit"] == "v" for each in found)


def test_a_picture_without_detail_is_compared_with_nothing() -> None:
    wall = replace(HONEST, photos=(Photo("p", "aa", None, HASH, 2),))
    assert codes(replace(wall, earlier_photos=(earlier(0),))) == []


def test_one_doubt_a_photo_about_the_nearest() -> None:
    others = (earlier(12, same_person=True), earlier(4), earlier(3, same_task=True))
    found = weigh(replace(HONEST, earlier_photos=others), EvidenceRules()).doubts
    assert [(each.code, each.params["bits"]) for each in found] == [("photo_alike", 4)]


@pytest.mark.parametrize(
    ("text", "doubted"),
    [
        (SAID, True),
        (SAID.replace("，", ", ").replace("。", " !"), True),
        (SAID.replace("一杯水", "一杯茶"), True),
        (SAID[:20], False),
        ("柜员态度冷淡，没有起身相迎，办理挂失时让我填了三张单子，前后用了四十分钟。", False),
    ],
)
def test_copied_words(text: str, doubted: bool) -> None:
    visit = replace(HONEST, earlier_narratives=(EarlierNarrative("v", text),))
    assert codes(visit) == (["narrative_copied"] if doubted else [])


def test_a_phrase_that_everybody_uses_is_not_copied() -> None:
    phrase = "态度热情，业务熟练。"
    visit = replace(HONEST, narratives=(Narrative("q", phrase),))
    assert codes(replace(visit, earlier_narratives=(EarlierNarrative("v", phrase),))) == []


@pytest.mark.parametrize(("least", "doubted"), [(0, False), (30, False), (60, True)])
def test_short_words(least: int, doubted: bool) -> None:
    assert codes(HONEST, EvidenceRules(narrative=least)) == (["narrative_short"] if doubted else [])


@given(st.text(max_size=60), st.text(max_size=60))
def test_similarity_is_symmetric_and_whole_only_with_itself(one: str, other: str) -> None:
    a, b = grams(one), grams(other)
    assert similarity(a, b) == similarity(b, a)
    assert 0 <= similarity(a, b) <= 100
    assert (similarity(a, b) == 100) == (bool(a) and a == b)


WEIGHED = st.tuples(st.sampled_from(list(DOUBTS)), st.integers(0, 100).map(Fraction))


@given(st.lists(WEIGHED), WEIGHED)
def test_another_doubt_never_raises_confidence(doubts: list[tuple[str, Fraction]], more: Any) -> None:
    assert 0 <= confidence_of([*doubts, more]) <= confidence_of(doubts) <= 100
    assert confidence_of([*doubts, *doubts]) == confidence_of(doubts)


def test_confidence_is_exact_and_a_programme_weighs() -> None:
    assert confidence_of([("far_away", Fraction(40)), ("stay_short", Fraction(25))]) == 45
    assert confidence_of([("far_away", Fraction(100, 3))]) == Fraction(200, 3)
    visit = with_fixes(HONEST, AWAY)
    assert weigh(visit, EvidenceRules(weights={"far_away": Fraction(60)})).score == 40
    assert weigh(visit, EvidenceRules(weights={"far_away": Fraction(0)})).doubts == ()


def test_small_doubts_together_do_not_outweigh_a_large_one() -> None:
    small = [(code, Fraction(weight)) for code, weight in DOUBTS.items() if weight <= 15]
    assert len(small) == 5
    assert confidence_of(small) > confidence_of([("photo_reused", Fraction(DOUBTS["photo_reused"]))])
