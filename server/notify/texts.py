"""The words of our messages: who asks, about what, where to, and how to refuse.

A programme brings the template; signature and refusal words are ours, so that none goes out without them. In
mainland China the signature stands in 【】 at the front, and a message without it is not delivered.
"""

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, Self

VARIABLES: Final = frozenset({"organisation", "unit", "link", "optout", "code", "check", "days"})
LETTER_VARIABLES: Final = frozenset({"organisation", "unit", "days", "until"})
# What words without a link may tell.
WORDS: Final = ("unit", "organisation", "optout")
# How long a variable may be, in characters: providers approve templates with such limits (35 at Aliyun).
LIMITS: Final = MappingProxyType(
    {"organisation": 20, "unit": 30, "link": 60, "code": 14, "check": 12, "days": 3}
)
FALLBACK_LOCALE: Final = "zh"
_VARIABLE: Final = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Wording:
    """What is the same in every message of a language."""

    signature: str
    optout: str
    optout_link: str
    visit: str
    visit_return: str
    visit_answer: str
    signing: str
    set_up: str
    sign_in: str
    sign_in_link: str
    thanks: str
    ring: str
    reprompt: str
    reprompt_ring: str
    by_link: str
    by_code: str


WORDINGS: Final[dict[str, Wording]] = {
    "zh": Wording(
        signature="【{organisation}】",
        optout="拒收请回复R",
        optout_link="不想参加请打开：{link}/decline",
        visit="您有一项新任务：{unit}。请打开链接查看并填写：{link}",
        visit_answer="您的问题有了回复。请打开链接查看：{link}",
        signing="{unit}今天的检查结果请您过目并签字，链接请勿转发：{link}",
        visit_return="您交来的{unit}还有几处请补充。请打开链接查看：{link}",
        set_up="您的登录名是{login}。请在{days}天内打开链接设置密码，链接只能用一次，请勿转发：{link}",
        sign_in="验证码{code}，{minutes}分钟内有效。请勿告诉任何人。",
        sign_in_link="请在{days}天内用手机打开链接登录，链接只能用一次，请勿转发：{link}",
        thanks="已收到您的回复，谢谢您！",
        ring="已收到，我们会尽快给您回电，谢谢您！",
        reprompt="抱歉，没有看懂您的回复。请直接回复数字：{choices}。",
        reprompt_ring="需要我们回电请回复9。",
        by_link="谢谢！请打开之前短信里的链接填写。",
        by_code="谢谢！请打开 {page} 填写，编码在之前的短信里。",
    ),
    "en": Wording(
        signature="[{organisation}] ",
        optout="Reply R to stop",
        optout_link="To refuse, open: {link}/decline",
        visit="You have a new task: {unit}. Open this link: {link}",
        visit_answer="Your question has an answer. Open this link: {link}",
        signing="Please read and sign what was found at {unit}. Do not pass the link on: {link}",
        visit_return="A few details are still needed about {unit}. Open this link: {link}",
        set_up="Your sign-in name is {login}. Set your password within {days} days; the link works once,"
        " do not pass it on: {link}",
        sign_in="Your code is {code}, valid for {minutes} minutes. Tell nobody.",
        sign_in_link="Open this link on your phone within {days} days to sign in; it works once,"
        " do not pass it on: {link}",
        thanks="We have your reply. Thank you!",
        ring="Thank you. We will call you back soon.",
        reprompt="Sorry, we did not understand your reply. Please reply with a number: {choices}.",
        reprompt_ring=" Reply 9 if you want us to call you.",
        by_link="Thank you! To answer, please open the link in our earlier message.",
        by_code="Thank you! To answer, please open {page} and enter the code from our earlier message.",
    ),
}


# What a letter says where its wave says nothing.
LETTERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "zh": "尊敬的客户：\n\n您最近在{unit}办理过业务。您的感受对我们很重要，诚邀您用一分钟评价这次服务。"
        "\n\n调查到{until}为止，感谢您的帮助。",
        "en": "Dear customer,\n\nYou recently visited {unit}. What you think of our service matters to us:"
        " would you take a minute to tell us?\n\nThe survey ends on {until}. Thank you for your help.",
    }
)


@dataclass(frozen=True, slots=True)
class WrittenLetter:
    """A letter as its message keeps it: the lines of the envelope up to the first blank one, the words,
    then a line each for the code, where it is typed, and the address that the square holds.

    The envelope is here because a letter's recipient is the number by which its reader is known: so whatever
    holds for a number (wishes to stop, rules against asking too often, its history) holds for letters.
    """

    envelope: str
    body: str
    code: str
    code_page: str
    link: str

    def to_text(self) -> str:
        return "\n".join((self.envelope, "", self.body, self.code, self.code_page, self.link))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Raises: ValueError for a text that is no letter."""
        envelope, _, rest = text.partition("\n\n")
        body, code, code_page, link = rest.rsplit("\n", 3)
        return cls(envelope, body, code, code_page, link)


class TemplateRefused(Exception):
    """A template that cannot become a message: `unknown_variable` (with its name), `missing_<variable>`."""

    def __init__(self, code: str, **params: str) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


def compose(
    template: str | Mapping[str, str],
    *,
    locale: str,
    organisation: str,
    unit: str,
    link: str,
    more: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """An invitation's text, signed and with the words that refuse.

    Args:
        template: with `VARIABLES` in braces, or one for each language.
        locale: `zh` or `en`; what has no words here is written in Chinese.
        more: the other variables' values: `code`, `check`, `days`; other words that refuse as `optout`.

    Raises:
        TemplateRefused: `unknown_variable`, also for one without a value.
    """
    chosen, language = choose(template, locale)
    wording = WORDINGS[language]
    values = {"organisation": organisation, "unit": unit, "link": link, "optout": wording.optout, **more}
    return _filled(chosen, values, wording)


def compose_letter(
    template: Mapping[str, str], *, locale: str, organisation: str, unit: str, until: str, days: str
) -> str:
    """The words of a letter; how to answer and how to refuse is printed on each.

    Args:
        until: the last day to answer. A letter waits to be printed, and days are counted too soon.

    Raises:
        TemplateRefused: `unknown_variable`.
    """
    chosen, _ = choose({**LETTERS, **template}, locale)
    values = {"organisation": organisation, "unit": unit, "until": until, "days": days}
    _refuse_unknown(chosen, values)
    # Forms send other line ends, and paragraphs are what stands between blank lines.
    return _VARIABLE.sub(lambda found: values[found[1]], "\n".join(chosen.splitlines()))


def check_letter(template: str) -> None:
    """Raises: TemplateRefused: `unknown_variable`."""
    _refuse_unknown(template, LETTER_VARIABLES)


def refusal_by_link(link: str, *, locale: str = FALLBACK_LOCALE) -> str:
    """The words that refuse where no answer would be read, as in an e-mail."""
    wording = WORDINGS[locale if locale in WORDINGS else FALLBACK_LOCALE]
    return wording.optout_link.format(link=link)


def compose_visit(*, organisation: str, unit: str, link: str, locale: str = FALLBACK_LOCALE) -> str:
    """A task's text for a visitor, in neutral words: others see the phone on which it arrives."""
    wording = WORDINGS[locale if locale in WORDINGS else FALLBACK_LOCALE]
    return compose(wording.visit, locale=locale, organisation=organisation, unit=unit, link=link)


def compose_visit_return(*, organisation: str, unit: str, link: str, locale: str = FALLBACK_LOCALE) -> str:
    """What a visitor reads whose report comes back with questions; as neutral as the task itself was."""
    wording = WORDINGS[locale if locale in WORDINGS else FALLBACK_LOCALE]
    return compose(wording.visit_return, locale=locale, organisation=organisation, unit=unit, link=link)


def compose_visit_answer(*, organisation: str, link: str, locale: str = FALLBACK_LOCALE) -> str:
    """What a visitor reads whose question was answered, as neutral as the task itself was."""
    wording = WORDINGS[locale if locale in WORDINGS else FALLBACK_LOCALE]
    return compose(wording.visit_answer, locale=locale, organisation=organisation, unit="", link=link)


def compose_signing(*, organisation: str, unit: str, link: str, locale: str = FALLBACK_LOCALE) -> str:
    """What an outlet's manager reads who is asked to sign. It asks for nothing that could be refused."""
    wording = WORDINGS[locale if locale in WORDINGS else FALLBACK_LOCALE]
    return _signed(wording.signing.format(unit=cut("unit", unit), link=link), wording, organisation)


def compose_set_up(
    *, organisation: str, login: str, days: int, link: str, locale: str = FALLBACK_LOCALE
) -> str:
    """The text with which somebody sets a password. It asks for nothing that could be refused."""
    wording = WORDINGS[locale if locale in WORDINGS else FALLBACK_LOCALE]
    return _signed(wording.set_up.format(login=login, days=days, link=link), wording, organisation)


def compose_sign_in(*, organisation: str, code: str, minutes: int, locale: str = FALLBACK_LOCALE) -> str:
    """The text with which a phone is signed in."""
    wording = WORDINGS[locale if locale in WORDINGS else FALLBACK_LOCALE]
    return _signed(wording.sign_in.format(code=code, minutes=minutes), wording, organisation)


def compose_sign_in_link(*, organisation: str, days: int, link: str, locale: str = FALLBACK_LOCALE) -> str:
    """The text with a link that signs a phone in, in neutral words: others may see it."""
    wording = WORDINGS[locale if locale in WORDINGS else FALLBACK_LOCALE]
    return _signed(wording.sign_in_link.format(days=days, link=link), wording, organisation)


def compose_reply(
    name: Literal["thanks", "ring", "reprompt"], *, locale: str, organisation: str, choices: str, rings: bool
) -> str:
    """What we say to somebody who answered a message.

    Args:
        choices: what can be replied; `rings`: whether 9 asks for a call. Both are for who is asked again.
    """
    wording = WORDINGS[locale if locale in WORDINGS else FALLBACK_LOCALE]
    if name != "reprompt":
        return _signed(getattr(wording, name), wording, organisation)
    asked = wording.reprompt.replace("{choices}", choices) + (wording.reprompt_ring if rings else "")
    return _signed(f"{asked} {wording.optout}", wording, organisation)


def compose_way(name: Literal["by_link", "by_code"], *, locale: str, organisation: str, page: str) -> str:
    """How to answer, for somebody who answered a message that takes no answers.

    Args:
        page: the address where codes are typed.
    """
    wording = WORDINGS[locale if locale in WORDINGS else FALLBACK_LOCALE]
    way = getattr(wording, name).format(page=page)
    return _signed(f"{way} {wording.optout}", wording, organisation)


def compose_words(words: str, *, organisation: str, unit: str, locale: str = FALLBACK_LOCALE) -> str:
    """Words of ours without a link, with `WORDS` in braces; signed and with the words that refuse.

    Raises:
        TemplateRefused: `unknown_variable`.
    """
    wording = WORDINGS[locale if locale in WORDINGS else FALLBACK_LOCALE]
    values = {"organisation": organisation, "unit": cut("unit", unit), "optout": wording.optout}
    return _filled(words, values, wording)


def compose_alert(words: str, *, organisation: str, locale: str = FALLBACK_LOCALE) -> str:
    """What somebody asked to be told. It asks for nothing that could be refused."""
    return _signed(words, WORDINGS[locale if locale in WORDINGS else FALLBACK_LOCALE], organisation)


def check_template(template: str, needed: Sequence[str] = ("link",)) -> None:
    """Refuse a template at the time it is written, not at the launch.

    Args:
        needed: variables without which nobody could answer.

    Raises:
        TemplateRefused: `unknown_variable`, `missing_link`, `missing_code`.
    """
    _refuse_unknown(template, VARIABLES)
    for name in needed:
        if name not in used(template):
            raise TemplateRefused(f"missing_{name}")


def check_words(words: str) -> None:
    """As `check_template`, for words without a link. Raises: TemplateRefused: `unknown_variable`."""
    _refuse_unknown(words, WORDS)


def is_cut(variable: str, value: str) -> bool:
    """Whether a value is longer than its variable takes, so that a message shows only its beginning."""
    return len(value) > LIMITS[variable]


def cut(variable: str, value: str) -> str:
    """A value as a message shows it. Full stops stay in the alphabet in which a text is cheaper."""
    limit = LIMITS[variable]
    if len(value) <= limit:
        return value
    return value[: limit - 2] + ".." if value.isascii() else value[: limit - 1] + "…"


def used(template: str) -> frozenset[str]:
    """The names of the variables that a template asks for."""
    return frozenset(_VARIABLE.findall(template))


def _refuse_unknown(template: str, known: Container[str]) -> None:
    for name in sorted(used(template)):
        if name not in known:
            raise TemplateRefused("unknown_variable", name=name)


def choose(template: str | Mapping[str, str], locale: str) -> tuple[str, str]:
    """The template for a reader, and the language it is written in."""
    language = locale if locale in WORDINGS else FALLBACK_LOCALE
    if isinstance(template, str):
        return template, language
    if language in template:
        return template[language], language
    # A text is never mixed: where only another language was written, its signature and refusal come along.
    other = next(name for name in (FALLBACK_LOCALE, *WORDINGS) if name in template)
    return template[other], other


def _filled(template: str, values: Mapping[str, str], wording: Wording) -> str:
    _refuse_unknown(template, values)
    body = _VARIABLE.sub(lambda found: values[found[1]], template)
    # A space and no comma: phones take full-width punctuation after an address for a part of it.
    refusal = "" if "{optout}" in template else " " + values["optout"]
    return _signed(body + refusal, wording, values["organisation"])


def _signed(body: str, wording: Wording, organisation: str) -> str:
    signature = wording.signature.format(organisation=organisation)
    return body if body.startswith(signature) else signature + body
