"""How long until the first question can be answered: a slow phone on a slow line opens two pages in turns."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, ViewportSize, sync_playwright

from bench.beside import survey_js
from bench.packages import Missing, program
from bench.serving import Served
from server.embedded.ports import LOOPBACK

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = ViewportSize(width=360, height=740)
BITS_A_SECOND = 400_000
ROUND_TRIP_MS = 400
SLOWER = 4
PATIENCE_MS = 120_000
CLICK_AGAIN_MS = 1_000
MOST_CLICKS = 10
BUDGET_SECONDS = 1.5
OURS = "ours"
SURVEY_JS = "survey-core + survey-js-ui"
SCRIPT = (Path(__file__).resolve().parent / "first_answer.js").read_text("utf-8")


@dataclass(frozen=True, slots=True)
class Opening:
    """One page opened once: seconds to the first answer, bytes received until then, requests."""

    seconds: float
    bytes: int
    requests: int


@dataclass(frozen=True, slots=True)
class Openings:
    """What was measured of each page, by its title, and why another is missing."""

    pages: Mapping[str, tuple[Opening, ...]]
    missing: tuple[str, ...]


def measure(served: Served, times: int) -> Openings:
    """Open our page and SurveyJS's in turns, each in a browser context of its own."""
    missing = []
    with ExitStack() as stack:
        addresses = {OURS: f"http://{LOOPBACK}:{served.port}{served.world.customer}"}
        try:
            browser = stack.enter_context(_chromium())
        except Missing as problem:
            return Openings({}, (f"the time to the first answer: {problem}",))
        try:
            addresses[SURVEY_JS] = stack.enter_context(survey_js())
        except Missing as problem:
            missing.append(f"{SURVEY_JS}: {problem}")
        pages: dict[str, list[Opening]] = {title: [] for title in addresses}
        for _ in range(times):
            for title, address in addresses.items():
                pages[title].append(_open(browser, address))
    return Openings({title: tuple(each) for title, each in pages.items()}, tuple(missing))


def median(openings: Sequence[Opening]) -> Opening:
    """The one in the middle by time."""
    middle = statistics.median_high(each.seconds for each in openings)
    return next(each for each in openings if each.seconds == middle)


@contextmanager
def _chromium() -> Iterator[Browser]:
    executable = program("chromium", "chromium-browser", "chromium-headless-shell")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


def _open(browser: Browser, address: str) -> Opening:
    with browser.new_context(viewport=PHONE, locale="zh-CN") as context:
        context.add_init_script(SCRIPT)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        received = _Received()
        received.listen(_slowed(context.new_cdp_session(page)))
        page.goto(address, wait_until="commit", timeout=PATIENCE_MS)
        seconds = _answer_first(page)
        return Opening(seconds, received.bytes, received.requests)


def _answer_first(page: Page) -> float:
    """Click the first field as soon as it is there; seconds from the navigation until it holds an answer."""
    page.evaluate("ms => firstAnswer.seen(ms)", PATIENCE_MS)
    for _ in range(MOST_CLICKS):
        # A page that still moves can slip away under the finger, and a person would press again.
        at = page.evaluate("() => firstAnswer.place()")
        if at is not None:
            page.mouse.click(at["x"], at["y"])
        milliseconds = page.evaluate("ms => firstAnswer.answered(ms)", CLICK_AGAIN_MS)
        if milliseconds is not None:
            return float(milliseconds) / 1000
    raise RuntimeError(f"{MOST_CLICKS} clicks on {page.url} answered nothing")


def _slowed(session: CDPSession) -> CDPSession:
    rate = BITS_A_SECOND / 8
    network = {
        "offline": False,
        "latency": ROUND_TRIP_MS,
        "downloadThroughput": rate,
        "uploadThroughput": rate,
    }
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.send("Network.emulateNetworkConditions", network)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    return session


@dataclass
class _Received:
    """What came over the line, response heads included. No slots: Playwright sets attributes on listeners."""

    bytes: int = 0
    requests: int = 0
    _inline: set[str] = field(default_factory=set)

    def listen(self, session: CDPSession) -> None:
        session.on("Network.requestWillBeSent", self._sent)
        session.on("Network.loadingFinished", self._finished)

    def _sent(self, event: dict[str, Any]) -> None:
        if event["request"]["url"].startswith("data:"):
            self._inline.add(event["requestId"])

    def _finished(self, event: dict[str, Any]) -> None:
        if event["requestId"] not in self._inline:
            self.bytes += int(event["encodedDataLength"])
            self.requests += 1
