"""What a posted page does to the answers: buttons inside it, defaults, triggers, what is switched off."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, select, update
from werkzeug.datastructures import MultiDict

from server.forms import compile_form
from server.keys import KeyRing
from server.models.tasks import Draft
from server.models.waves import Wave
from server.web import page_buttons
from server.web.page_buttons import Press
from tests import builders
from tests.browser.every_kind import COLOURS, KINDS, RULES, form, page, question
from tests.fieldwork.forms_for_tests import published, version_id
from tests.web.test_respondent_pages import FIRST_FLIGHT, Page

Open = Callable[[dict[str, Any]], str]


@pytest.fixture
def link(engine: Engine, keys: KeyRing) -> Open:
    """From a form to the address of an invitation to fill it."""

    def create(asked: dict[str, Any]) -> str:
        with engine.begin() as connection:
            invitation = builders.create_invitation(connection, keys)
            number = published(connection, asked)
            connection.execute(update(Wave).values(form_version_id=version_id(connection, number)))
        return f"/r/{invitation.token}"

    return create


def send(client: FlaskClient, address: str, go: str = "next", **answers: Any) -> tuple[str, Page]:
    """Post the page at the address as it is drawn, with these answers; (where it leads, that page)."""
    shown = Page(client.get(address).text)
    [action] = [value for value in shown.values("action") if value.startswith(("/a/", "/r/"))]
    fields = MultiDict(shown.fields)
    for name, value in answers.items():
        fields.setlist(name, value if isinstance(value, list) else [value])
    posted = client.post(action, data=MultiDict([*fields.items(multi=True), ("go", go)]))
    assert posted.status_code == 303
    return posted.location, Page(client.get(posted.location).text)


def draft(engine: Engine) -> dict[str, Any]:
    with engine.connect() as connection:
        return connection.scalar(select(Draft.answers)) or {}


@pytest.mark.parametrize(
    ("go", "press"),
    [
        ("add:p", Press("add", "p")),
        ("moment:p[0].m", Press("moment", "p[0].m")),
        ("remove:my list:12", Press("remove", "my list", 12)),
        ("remove:p", None),
        ("remove:p:x", None),
        ("next", None),
        ("", None),
        ("add:", None),
    ],
)
def test_a_button_says_what_it_does(go: str, press: Press | None) -> None:
    assert page_buttons.pressed(MultiDict({"go": go})) == press
    assert page_buttons.pressed(MultiDict()) is None


@pytest.mark.parametrize("field", ["word", "staff[0].name", "nobody", "staff", "staff[0].nobody"])
def test_only_a_moment_takes_the_time(field: str) -> None:
    fields = MultiDict({"go": "now", field: "typed"})
    done = page_buttons.carried_out(Press("moment", field), compile_form(KINDS), fields, stamp="now")
    assert done.getlist(field) == ["typed"]


def test_a_list_keeps_the_panels_it_must_have(client: FlaskClient, engine: Engine, link: Open) -> None:
    people = question(
        "paneldynamic",
        "people",
        minPanelCount=1,
        maxPanelCount=2,
        templateElements=[question("text", "who")],
    )
    first = link(form(page("p", people)))
    at, _ = send(client, first, "add:people", **{"people[0].who": "Li"})
    at, _ = send(client, at, "add:people", **{"people[1].who": "Wang"})
    at, shown = send(client, at, "remove:people:7")
    assert shown.fields["people-count"] == "2"
    at, _ = send(client, at, "remove:people:0")
    assert draft(engine)["people"] == [{"who": "Wang"}]
    send(client, at, "remove:people:0")
    assert draft(engine)["people"] == [{"who": "Wang"}]


def test_what_was_blanked_is_not_given_again(client: FlaskClient, engine: Engine, link: Open) -> None:
    asked = [
        question("text", "city", defaultValue="Jiangcheng"),
        question("text", "again", defaultValueExpression="{city}"),
    ]
    first = link(form(page("p", *asked), page("q", question("text", "end"))))
    assert Page(client.get(first).text).fields["again"] == "Jiangcheng"
    at, _ = send(client, first, city="")
    back, shown = send(client, at, "back")
    assert (shown.fields["city"], shown.fields["again"]) == ("", "Jiangcheng")
    send(client, back, city="Linjiang")
    assert draft(engine).items() >= {"city": "Linjiang", "again": "Jiangcheng"}.items()


def test_a_hidden_question_waits_with_its_default(client: FlaskClient, engine: Engine, link: Open) -> None:
    asked = [
        question("radiogroup", "more", choices=["yes", "no"]),
        question("text", "detail", visibleIf="{more} = 'yes'", defaultValue="usual"),
    ]
    first = link(form(page("p", *asked), page("q", question("text", "end"))))
    at, shown = send(client, first, more="yes")
    assert "check=1" in at  # there is more on the page than a browser without script has seen
    assert shown.fields["detail"] == "usual"
    at, _ = send(client, at, detail="")
    assert draft(engine)["detail"] is None


@pytest.mark.parametrize(("live", "mood"), [([], "cross"), (["1"], "calm")])
def test_a_trigger_acts_once(
    live: list[str], mood: str, client: FlaskClient, engine: Engine, link: Open
) -> None:
    """A script has acted on its page already, and the person may have answered otherwise since."""
    answers = {"visit": "yes", "wait": "70", "why": "slow", "mood": "calm", "live": live}
    at, _ = send(client, link(RULES), **answers)
    assert draft(engine)["mood"] == mood
    back, _ = send(client, at, "back")
    send(client, back, mood="calm", live=live)
    assert draft(engine)["mood"] == "calm"


def test_a_script_spares_the_second_look(client: FlaskClient, link: Open) -> None:
    first = link(RULES)
    at, _ = send(client, first, visit="yes", live=["1"])
    assert at.endswith("/2")


def test_what_is_switched_off_is_sent_along(client: FlaskClient, engine: Engine, link: Open) -> None:
    able = "{visit} = 'no'"
    asked = [
        question("radiogroup", "visit", choices=["yes", "no"]),
        question("text", "half", inputType="number", enableIf=able),
        question("checkbox", "many", choices=COLOURS, enableIf=able),
        question("matrix", "table", rows=["n", "s"], columns=["good", "bad"], enableIf=able),
        question("paneldynamic", "people", templateElements=[question("text", "who")], enableIf=able),
    ]
    first = link(form(page("p", *asked), page("q", question("text", "end"))))
    given = {"half": "5", "many": ["red", "blue"], "table[s]": "bad", "people[0].who": "Li"}
    at, _ = send(client, first, visit="no", **given, **{"people-count": "1"})
    kept = draft(engine)
    back, _ = send(client, at, "back")
    send(client, back, visit="yes")
    send(client, back)
    assert draft(engine) == {**kept, "visit": "yes"}


def test_the_end_depends_on_the_answers(client: FlaskClient, link: Open) -> None:
    endings = [{"expression": "{stay} = 'no'", "html": "We are sorry."}]
    asked = form(
        page("p", question("radiogroup", "stay", choices=["yes", "no"])),
        completedHtml="Thank you.",
        completedHtmlOnCondition=endings,
    )
    at, shown = send(client, link(asked), "finish", stay="no")
    assert at.endswith("/done")
    assert "We are sorry." in shown.text


def test_random_orders_stay_as_they_are(client: FlaskClient, link: Open) -> None:
    asked = [question("radiogroup", f"q{number}", choices=COLOURS) for number in range(12)]
    first = link(form({**page("p", *asked), "questionsOrder": "random"}))
    orders = {tuple(Page(client.get(first).text).values("data-q")) for _ in range(3)}
    assert len(orders) == 1
    assert orders != {tuple(question["name"] for question in asked)}


@pytest.mark.parametrize("encoding", ["br", "gzip"])
def test_twenty_questions_with_rules_fit_one_flight(encoding: str, client: FlaskClient, link: Open) -> None:
    [rules, last] = RULES["pages"]
    more = [
        question(
            "radiogroup",
            f"aspect{number}",
            choices=COLOURS,
            visibleIf=f"{{visit}} = 'yes' or {{wait}} > {number}",
        )
        for number in range(7)
    ]
    asked = {**RULES, "pages": [{**rules, "elements": [*rules["elements"], *more]}, last]}
    response = client.get(link(asked), headers={"Accept-Encoding": encoding})
    assert response.headers["Content-Encoding"] == encoding
    assert len(str(response.headers)) + len(response.data) <= FIRST_FLIGHT
