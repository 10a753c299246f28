"""Somebody presses the button five times: everybody is answered, one submission is stored."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, select
from werkzeug.test import TestResponse

from server.keys import KeyRing
from server.models.submissions import Submission
from server.models.tasks import RespondentSession
from tests.builders import ASPECTS, create_invitation

PRESSED = 5


def all_at_once(press: Callable[[int], TestResponse]) -> list[TestResponse]:
    with ThreadPoolExecutor(PRESSED) as pool:
        return list(pool.map(press, range(PRESSED)))


def test_redeeming_five_times_at_once_lets_everybody_on(app: Flask, engine: Engine, keys: KeyRing) -> None:
    with engine.begin() as connection:
        link = f"/r/{create_invitation(connection, keys).token}"
    clients = [app.test_client() for _ in range(PRESSED)]
    answered = all_at_once(
        lambda turn: clients[turn].post(link, data={"page": "0", "overall": "4", "go": "next"})
    )
    assert [response.status_code for response in answered] == [303] * PRESSED
    with engine.connect() as connection:
        assert connection.scalar(select(func.count(RespondentSession.id))) == PRESSED


def test_handing_in_five_times_at_once_stores_one(
    app: Flask, client: FlaskClient, engine: Engine, keys: KeyRing
) -> None:
    with engine.begin() as connection:
        link = f"/r/{create_invitation(connection, keys).token}"
    page = client.post(link, data={"page": "0", "overall": "4", "go": "next"}).location
    words = client.post(page, data={"page": "1", **dict.fromkeys(ASPECTS, "4"), "go": "next"}).location
    ref = words.split("/")[2]
    cookie = client.get_cookie("answer", path=f"/a/{ref}")
    assert cookie is not None
    headers = {"Cookie": f"answer={cookie.value}"}

    def press(_turn: int) -> TestResponse:
        return app.test_client(use_cookies=False).post(
            words, data={"page": "3", "comment": "很好", "go": "finish"}, headers=headers
        )

    answered = all_at_once(press)
    assert {response.location for response in answered} == {f"/a/{ref}/done"}
    with engine.connect() as connection:
        assert connection.scalar(select(func.count(Submission.id))) == 1
