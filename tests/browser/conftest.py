"""A served application and Debian's Chromium, driven as people drive them."""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from threading import Thread

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import Engine
from werkzeug.serving import make_server

from server.app import create_app
from server.clock import SetClock
from server.config import Settings
from server.db import db
from server.jobs import worker_app
from server.outgoing import Outgoing
from server.queue import QUEUE
from server.storage.objects import S3Store

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


@pytest.fixture
def served(settings: Settings, engine: Engine, clock: SetClock) -> Iterator[Flask]:
    """The application, reachable at its own `public_url`, and its store open to it."""
    server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
    settings = replace(settings, public_url=f"http://127.0.0.1:{server.server_port}")
    store = S3Store(settings.s3, Outgoing())
    store.ensure_bucket([settings.public_url])
    server.app = create_app(settings, clock=clock, store=store)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server.app
    server.shutdown()
    thread.join()
    server.server_close()
    with server.app.app_context():
        db.engine.dispose()


@pytest.fixture
def address(served: Flask) -> str:
    return str(served.extensions["anfang"].settings.public_url)


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
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
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
        yield context.new_page()
