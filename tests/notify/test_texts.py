import pytest

from server.notify.segments import measure
from server.notify.texts import TemplateRefused, check_template, compose, compose_visit

LINK = "https://a.example/r/0123456789abcdefghijkl"
ZH = "您近日在{unit}办理了业务，请评价：{link}"
EN = "You visited {unit}. Please rate us: {link}"


def words(template: str | dict[str, str], locale: str = "zh") -> str:
    return compose(template, locale=locale, organisation="江城银行", unit="中山路支行", link=LINK)


@pytest.mark.parametrize(
    ("template", "locale", "text"),
    [
        (ZH, "zh", f"【江城银行】您近日在中山路支行办理了业务，请评价：{LINK} 拒收请回复R"),
        (EN, "en", f"[江城银行] You visited 中山路支行. Please rate us: {LINK} Reply R to stop"),
        (
            {"zh": ZH, "en": EN},
            "en",
            f"[江城银行] You visited 中山路支行. Please rate us: {LINK} Reply R to stop",
        ),
        ({"zh": ZH}, "en", f"【江城银行】您近日在中山路支行办理了业务，请评价：{LINK} 拒收请回复R"),
        (ZH, "fr", f"【江城银行】您近日在中山路支行办理了业务，请评价：{LINK} 拒收请回复R"),
        ("{optout}。请评价：{link}", "zh", f"【江城银行】拒收请回复R。请评价：{LINK}"),
        ("【{organisation}】请评价：{link}", "zh", f"【江城银行】请评价：{LINK} 拒收请回复R"),
    ],
)
def test_every_text_is_signed_and_says_how_to_refuse(
    template: str | dict[str, str], locale: str, text: str
) -> None:
    assert words(template, locale) == text


def test_the_link_ends_at_a_space_so_that_phones_open_it() -> None:
    assert f"{LINK} " in words(ZH)


def test_values_are_never_read_as_templates() -> None:
    text = compose(ZH, locale="zh", organisation="{link}", unit="{optout}{0.__class__}", link=LINK)
    assert text.startswith("【{link}】您近日在{optout}{0.__class__}办理了业务")


@pytest.mark.parametrize(
    ("template", "code", "params"),
    [
        ("{name}您好：{link}", "unknown_variable", {"name": "name"}),
        ("{link.__class__}{link}", "unknown_variable", {"name": "link.__class__"}),
        ("您好", "missing_link", {}),
    ],
)
def test_a_template_is_refused_where_it_is_written(template: str, code: str, params: dict[str, str]) -> None:
    with pytest.raises(TemplateRefused) as caught:
        check_template(template)
    assert (caught.value.code, caught.value.params) == (code, params)


def test_what_a_message_needs_depends_on_how_it_leads_to_the_form() -> None:
    check_template("请直接回复1至5分", ())
    with pytest.raises(TemplateRefused, match="missing_code"):
        check_template("请评价：{link}", ("link", "code"))
    # A template may ask for what this kind of message has not.
    with pytest.raises(TemplateRefused, match="unknown_variable"):
        words("{days}天内有效：{link}")


def test_a_visit_text_is_neutral_and_short() -> None:
    text = compose_visit(organisation="江城银行", unit="中山路支行", link=LINK)
    assert text.startswith("【江城银行】")
    assert text.endswith(f"{LINK} 拒收请回复R")
    assert "访" not in text
    assert measure(text).segments <= 2
