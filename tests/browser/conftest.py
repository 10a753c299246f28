"""A served application and Debian's Chromium, driven as people drive them."""

import asyncio
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from threading import Condition, Thread
from typing import Any

import pytest
from flask import Flask
from jinja2 import BytecodeCache
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import Connection, Engine, update
from werkzeug.serving import make_server

from server.app import create_app
from server.clock import SetClock
from server.config import Settings
from server.db import db
from server.keys import KeyRing
from server.models.waves import Wave
from server.outgoing import Outgoing
from server.queue import QUEUE
from server.storage.objects import S3Store
from server.worker import worker_app
from tests.builders import create_invitation, create_units, create_visit
from tests.fieldwork.forms_for_tests import published, version_id

# The shell is the same engine without windows of its own, which cost a third of these tests.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"width": 360, "height": 640}


class InFlight:
    """Counts the requests that are being answered.

    A browser that goes away leaves some behind, each in a thread of its own with a connection of its own:
    whoever disposes of the pool under them leaves that connection open.
    """

    def __init__(self, answer: Callable[..., Iterable[bytes]]) -> None:
        self._answer = answer
        self._count = 0
        self._changed = Condition()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self._add(1)
        try:
            return self._answer(environ, start_response)
        finally:
            self._add(-1)

    def wait(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._count == 0, timeout=30)

    def _add(self, number: int) -> None:
        with self._changed:
            self._count += number
            self._changed.notify_all()


@pytest.fixture
def served(
    settings: Settings, engine: Engine, clock: SetClock, compiled_templates: BytecodeCache
) -> Iterator[Flask]:
    """The application, reachable at its own `public_url`, and its store open to it."""
    server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
    settings = replace(settings, public_url=f"http://127.0.0.1:{server.server_port}")
    store = S3Store(settings.s3, Outgoing())
    store.ensure_bucket([settings.public_url])
    server.app = create_app(settings, clock=clock, store=store)
    server.app.jinja_env.bytecode_cache = compiled_templates
    answering = InFlight(server.app.wsgi_app)
    server.app.wsgi_app = answering
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server.app
    server.shutdown()
    thread.join()
    server.server_close()
    answering.wait()
    with server.app.app_context():
        db.engine.dispose()


@pytest.fixture
def address(served: Flask) -> str:
    return str(served.extensions["anfang"].settings.public_url)


@pytest.fixture
def ask_customer(address: str, engine: Engine, keys: KeyRing) -> Callable[[dict[str, Any]], str]:
    """From a form to the link of somebody who is asked to fill it."""

    def ask(form: dict[str, Any]) -> str:
        with engine.begin() as connection:
            invitation = create_invitation(connection, keys)
            use_form(connection, form)
        return f"{address}/r/{invitation.token}"

    return ask


@pytest.fixture
def ask_shopper(address: str, engine: Engine, keys: KeyRing) -> Callable[[dict[str, Any]], str]:
    """From a form to the link of a visit."""

    def ask(form: dict[str, Any]) -> str:
        with engine.begin() as connection:
            create_units(connection)
            visit = create_visit(connection, keys, accepted=True)
            use_form(connection, form)
        return f"{address}/v/{visit.token}"

    return ask


def use_form(connection: Connection, form: dict[str, Any]) -> None:
    """Let the one wave there is ask this form."""
    number = published(connection, form)
    connection.execute(update(Wave).values(form_version_id=version_id(connection, number)))


@pytest.fixture
def work(served: Flask) -> Callable[[], None]:
    """Run every waiting job, as the worker process would."""

    async def drain() -> None:
        with served.app_context():
            procrastinate = worker_app(served)
        async with procrastinate.open_async():
            await procrastinate.run_worker_async(
                queues=[QUEUE], wait=False, listen_notify=False, install_signal_handlers=False
            )

    def run() -> None:
        # A thread of its own: Playwright already runs an event loop in this one.
        thread = Thread(target=lambda: asyncio.run(drain()))
        thread.start()
        thread.join()

    return run


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert chromium, "make test installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def desk(browser: Browser) -> Iterator[Page]:
    """A coordinator's screen."""
    with browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN") as context:
        yield context.new_page()


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """An old phone without JavaScript."""
    with browser.new_context(viewport=PHONE, locale="zh-CN", java_script_enabled=False) as context:
        yield context.new_page()


@pytest.fixture
def smart_phone(browser: Browser) -> Iterator[Page]:
    with browser.new_context(viewport=PHONE, locale="zh-CN", has_touch=True) as context:
        page = context.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        yield page
        assert problems == []
