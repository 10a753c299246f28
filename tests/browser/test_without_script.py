"""A whole questionnaire on a phone that runs no scripts: every kind, repeats, photos, times."""

import io
import re
from collections.abc import Callable
from typing import Any

from PIL import Image
from playwright.sync_api import Page, expect
from sqlalchemy import Engine, select

from server.intake.own_words import joined
from server.models.submissions import Attachment, SubmissionRevision, SubmissionText
from tests.browser.every_kind import KINDS

Ask = Callable[[dict[str, Any]], str]


def photo() -> bytes:
    data = io.BytesIO()
    Image.effect_noise((400, 300), 50).convert("RGB").save(data, "JPEG")
    return data.getvalue()


def choose(page: Page, **answers: str) -> None:
    for name, value in answers.items():
        page.check(f"[name={name}][value='{value}']", force=True)


def go_on(page: Page) -> None:
    page.click(".go button, nav .go")


def fill_leaves(page: Page) -> None:
    typed = {"word": "hello", "number": "7", "slide": "3", "day": "2026-05-04", "mail": "a@b.cn"}
    for name, value in typed.items():
        page.fill(f"[name={name}]", value)
    choose(page, one="other", many="red", sure="false", agreed="true")
    page.fill("[name=one-Comment]", "grey")
    page.select_option("[name=list]", "blue")


def fill_scales(page: Page) -> None:
    choose(page, rated="4", nps="10", stars="5", faces="1")
    for row in ("north", "south"):
        page.check(f"[name='table[{row}]'][value=bad]", force=True)
    for place, colour in enumerate(("blue", "red", "green"), 1):
        page.select_option(f"[name='order[{colour}]']", str(place))
    page.select_option("[name='best[red]']", "1")


def fill_groups(page: Page) -> None:
    page.fill("[name='contact.name']", "Li")
    page.fill("[name='contact.age']", "75")
    page.click("[value='add:staff']")
    expect(page).to_have_url(re.compile("#in-staff-2$"))
    expect(page.locator("[name='contact.name']")).to_have_value("Li")
    page.fill("[name='staff[0].name']", "Wang")
    page.fill("[name='staff[1].name']", "Zhao")
    page.click("[value='moment:staff[1].seen']")
    expect(page.locator(".stamp")).to_have_text("2026-05-04 10:00:00")
    page.check("[name='desks[left].state'][value=closed]", force=True)
    page.check("[name='staff[1].kind'][value=false]", force=True)
    go_on(page)
    # Two conditions have come true that this phone could not follow: the page comes back with more on it.
    page.fill("[name='desks[left].why']", "repairs")
    page.fill("[name='staff[1].how']", "curtly")
    page.click("[value='remove:staff:0']")
    expect(page.locator("[name='staff[0].name']")).to_have_value("Zhao")
    expect(page.locator("[name='staff[0].how']")).to_have_value("curtly")
    expect(page.locator("[name='staff[1].name']")).to_have_count(0)


def fill_hands(page: Page) -> None:
    page.fill("[name=signed]", "Li Hua")
    page.fill("[name=where]", "31.2304，121.4737")
    page.set_input_files("[name=photo-file]", {"name": "x.jpg", "mimeType": "image/jpeg", "buffer": photo()})
    page.click("[value='moment:arrived']")
    expect(page.locator(".stamp")).to_have_text("2026-05-04 10:00:00")
    expect(page.locator("[name=photo]")).to_be_checked()


def walk(page: Page, engine: Engine, *, is_signed: bool = False) -> dict[str, Any]:
    """The answers as they were stored, own words among them."""
    for place, fill in enumerate((fill_leaves, fill_scales, fill_groups, fill_hands)):
        expect(page.locator(f"[name=page][value='{place}']")).to_have_count(1)
        fill(page)
        go_on(page)
    if is_signed:
        expect(page).to_have_url(re.compile("/sign$"))
        page.fill("[name=declared]", "Li Hua")
        page.click("button.go")
    expect(page).to_have_url(re.compile("/done$"))
    with engine.connect() as connection:
        texts = connection.execute(select(SubmissionText.question, SubmissionText.text))
        own = {row.question: row.text for row in texts}
        return joined(connection.scalar(select(SubmissionRevision.answers)) or {}, own)


def check(stored: dict[str, Any], engine: Engine) -> None:
    expected = {
        "number": 7,
        "slide": 3,
        "one": "other",
        "sure": "no",
        "agreed": True,
        "nps": 10,
        "stars": 5,
        "table": {"north": "bad", "south": "bad"},
        "order": ["blue", "red", "green"],
        "best": ["red"],
        "arrived": "2026-05-04T10:00:00+08:00",
        "contact": {"name": "Li", "age": 75},
        "desks": {"left": {"state": "closed", "why": "repairs"}},
        "staff": [{"name": "Zhao", "kind": False, "how": "curtly", "seen": "2026-05-04T10:00:00+08:00"}],
        "signed": "typed:Li Hua",
    }
    assert expected.items() <= stored.items()
    with engine.connect() as connection:
        assert list(connection.scalars(select(Attachment.question))) == ["photo"]


def test_a_customer_answers_every_kind(
    phone: Page, ask_customer: Ask, engine: Engine, work: Callable[[], None]
) -> None:
    phone.goto(ask_customer(KINDS))
    check(walk(phone, engine), engine)
    work()
    with engine.connect() as connection:
        assert list(connection.scalars(select(Attachment.state))) == ["verified"]


def test_a_shopper_answers_every_kind(phone: Page, ask_shopper: Ask, engine: Engine) -> None:
    phone.goto(ask_shopper(KINDS))
    check(walk(phone, engine, is_signed=True), engine)
