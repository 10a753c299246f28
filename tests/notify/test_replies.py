"""What people answer by SMS: wishes first, then answers however they are written, and words are kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.notify.replies import BARE, HELP, MEANINGS, START, STOP, Reply, Scale, meaning_of

# As a telecom operator asks after every visit: 1 is the best.
THREE = Scale({1: 1, 2: 2, 3: 3}, {"满意": 1, "一般": 2, "不满意": 3, "Satisfied": 1, "Dissatisfied": 3})
TEN = Scale({number: number for number in range(11)})
YES_NO = Scale({1: "yes", 2: "no"}, {"愿意": "yes", "不愿意": "no", "Yes": "yes", "No": "no"})


@pytest.mark.parametrize(
    "word", ["R", "r", "Ｒ", " t ", "TD", "ｔｄ", "N", "STOP", "Stop.", "退订", "退订！", "拒 收", "TD退订"]
)
def test_a_wish_to_stop_comes_before_everything(word: str) -> None:
    for scale in (BARE, THREE, TEN, Scale({1: "stop"}, {"退订": 1, "R": 2})):
        assert meaning_of(word, scale) == Reply("stop")


@pytest.mark.parametrize(
    "word",
    [
        "开始",
        "恢复",
        "恢复接收",
        "继续接收",
        "重新接收",
        "开始接收！",
        "取消退订",
        "重新订阅",
        "Start",
        "RESUME",
    ],
)
def test_who_stopped_can_begin_again_in_natural_words(word: str) -> None:
    for scale in (BARE, THREE, TEN):
        assert meaning_of(word, scale) == Reply("start")
    sentence = f"你们什么时候{word}营业"
    assert meaning_of(sentence) == Reply("words", words=sentence)


@pytest.mark.parametrize(
    "sentence", ["请不要退订我的套餐", "stop texting me", "N多人排队", "这里服务不错，R"]
)
def test_a_stop_word_in_a_sentence_is_a_sentence(sentence: str) -> None:
    assert meaning_of(sentence) == Reply("words", words=sentence)


@pytest.mark.parametrize(
    ("text", "scale", "value"),
    [
        ("5", BARE, 5),
        ("５", BARE, 5),
        (" 3 。", BARE, 3),
        ("5分", BARE, 5),
        ("3 星", BARE, 3),
        ("四颗星", BARE, 4),
        ("五", BARE, 5),
        ("伍", BARE, 5),
        ("两分", BARE, 2),
        ("①", BARE, 1),
        ("5 stars", BARE, 5),
        ("Five", BARE, 5),
        ("我打5分！", BARE, 5),
        ("选4", BARE, 4),
        ("回复 2", BARE, 2),
        ("10", TEN, 10),
        ("9", TEN, 9),
        ("十分", TEN, 10),
        ("非常满意", BARE, 5),
        ("满意", BARE, 4),
        ("一般", BARE, 3),
        ("不满意", BARE, 2),
        ("很不满意。", BARE, 1),
        ("very satisfied", BARE, 5),
        ("Dissatisfied", BARE, 2),
        ("满意", THREE, 1),
        ("不满意", THREE, 3),
        ("很满意", THREE, 1),
        ("非常不满意", THREE, 3),
        ("1", THREE, 1),
        ("dissatisfied", THREE, 3),
        ("YES", YES_NO, "yes"),
        ("不愿意", YES_NO, "no"),
        ("2", YES_NO, "no"),
    ],
)
def test_an_answer_is_understood_however_it_is_written(text: str, scale: Scale, value: object) -> None:
    assert meaning_of(text, scale) == Reply("answer", value)


@pytest.mark.parametrize(
    ("text", "scale", "reply"),
    [
        ("2，排队一个小时", BARE, Reply("answer", 2, "排队一个小时")),
        ("不满意。柜员一直看手机", THREE, Reply("answer", 3, "柜员一直看手机")),
        ("5分，谢谢小李", BARE, Reply("answer", 5, "谢谢小李")),
        ("9，下午打", BARE, Reply("ring", words="下午打")),
        ("9", BARE, Reply("ring")),
        ("请回电", THREE, Reply("ring")),
        ("3 月 5 日去的，没人理", BARE, Reply("words", words="3 月 5 日去的，没人理")),
        ("5号窗口态度差", BARE, Reply("words", words="5号窗口态度差")),
        ("我觉得满意的地方不多", THREE, Reply("words", words="我觉得满意的地方不多")),
        ("👍", BARE, Reply("words", words="👍")),
        ("好", YES_NO, Reply("words", words="好")),
        ("恢复", BARE, Reply("start")),
        ("UNSTOP", BARE, Reply("start")),
        ("帮助", BARE, Reply("help")),
        ("", BARE, Reply("empty")),
        (" 。\u200b ", BARE, Reply("empty")),
        ("7", BARE, Reply("impossible")),
        ("0", BARE, Reply("impossible")),
        ("1-5", BARE, Reply("impossible")),
        ("A", BARE, Reply("impossible")),
        ("六分", BARE, Reply("impossible")),
        ("愿意", BARE, Reply("words", words="愿意")),
    ],
)
def test_words_are_words_and_nonsense_is_nonsense(text: str, scale: Scale, reply: Reply) -> None:
    assert meaning_of(text, scale) == reply


SCALES = st.sampled_from([BARE, THREE, TEN, YES_NO])


@given(st.text(max_size=300), SCALES)
def test_everything_has_a_meaning_and_answers_are_on_the_scale(text: str, scale: Scale) -> None:
    reply = meaning_of(text, scale)
    assert reply.meaning in MEANINGS
    assert (reply.value is not None) == (reply.meaning == "answer")
    assert reply.value is None or reply.value in {*scale.numbers.values(), *scale.texts.values()}
    # Whoever wrote words has them kept, whatever else they meant.
    if reply.meaning == "words":
        assert reply.words


@given(
    st.sampled_from(sorted(STOP | START | HELP)),
    SCALES,
    st.sampled_from(["", " ", "。", "!", "\n", "\u200b"]),
)
def test_spaces_case_width_and_marks_change_no_wish(word: str, scale: Scale, around: str) -> None:
    meaning = meaning_of(word, scale).meaning
    assert meaning in {"stop", "start", "help"}
    wide = "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in word)
    for written in (word.upper(), wide, f"{around}{word}{around}"):
        assert meaning_of(written, scale).meaning == meaning


@given(st.text(alphabet="的一是不了人我在有他这为之大来以个中上们", min_size=2, max_size=60), SCALES)
def test_a_sentence_is_never_taken_for_nonsense(sentence: str, scale: Scale) -> None:
    assert meaning_of(sentence, scale).meaning not in {"empty", "impossible", "stop"}
