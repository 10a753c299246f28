"""A shopper's phone that is killed again and again, on a line that breaks, with a clock that is wrong.

What its page said was kept must be there after every kill, and at the server in the end, once.
"""

import io
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from PIL import Image
from playwright.sync_api import BrowserContext, Error, Page, Playwright, Route, sync_playwright
from sqlalchemy import Engine, func, select, update

from bench.opening import FLAGS
from bench.packages import program
from bench.serving import answers
from server import config
from server.db import engine_for
from server.embedded import children
from server.embedded.ports import remembered_ports
from server.fieldwork.links import new_token, phone_link
from server.models.submissions import Attachment, Submission
from server.models.tasks import Assignment
from server.models.visits import VisitEvent, VisitRecord
from server.models.waves import Wave

ROOT = Path(__file__).resolve().parents[1]
INSTRUMENT = "visit"
SEED = 1
SCREEN = {"width": 360, "height": 640}
AT = {"longitude": 118.0, "latitude": 32.0, "accuracy": 25}
CLOCK_FAST = timedelta(hours=3)
CLOCK_ERROR = timedelta(minutes=1)
SCRIPT = (
    (Path(__file__).resolve().parent / "phone_trial.js")
    .read_text("utf-8")
    .replace("$FAST", str(CLOCK_FAST // timedelta(milliseconds=1)))
)
# Of all requests, once the line is there at all.
BREAKS = 0.3
PHOTOS_AT_ONCE = 20
ACTS_BETWEEN_KILLS = 4
LONGEST_BEFORE_A_KILL = 0.3
START_SECONDS = 180.0
STOP_SECONDS = 60.0
PATIENCE_MS = 60_000
ARRIVED_MS = 600_000
SHOWN = "n => document.querySelectorAll('#tray .shot').length >= n"
MOMENTS = ("entered", "ticket", "called", "served", "left")
# The pages of the quiz that the visit asks first: its right answers.
PASSED = {
    "notes": "phone",
    "asked": "deny",
    "unsure": "reason",
    "photos": "no",
    "faces": "nofaces",
    "ties": "decline",
}


@dataclass(slots=True)
class Kept:
    """What the page has said is kept, so far; of moments, when that truly was."""

    notes: list[str] = field(default_factory=list)
    moments: dict[str, datetime] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    photos: int = 0


@dataclass(slots=True)
class Endured:
    """What a trial ended in. `broken` lists each promise that was not kept."""

    kills: int
    breaks: int = 0
    seconds: float = 0.0
    kept: Kept = field(default_factory=Kept)
    broken: list[str] = field(default_factory=list)


def measure_kills(kills: int, photos: int) -> Endured:
    """Make a visit of the demo on a phone that is killed so often, with so many photos in all.

    Raises:
        server.embedded.messages.EmbeddedError: when a part does not start.
        bench.packages.Missing: there is no Chromium.
    """
    with _demo() as (address, engine), sync_playwright() as playwright:
        trial = Trial(playwright, engine, address, Endured(kills))
        began = time.monotonic()
        try:
            trial.run(photos)
        finally:
            trial.phone.bury()
        trial.endured.seconds = time.monotonic() - began
        return trial.endured


def sentence(endured: Endured) -> str:
    """What came of it, for a terminal."""
    kept = endured.kept
    first = (
        f"{endured.kills} kills, {endured.breaks} broken requests, {endured.seconds:.0f} s: kept were"
        f" {kept.photos} photos, {len(kept.notes)} notes, {len(kept.moments)} moments,"
        f" {len(kept.answers)} answers; {len(endured.broken)} promises broken"
    )
    return "\n".join([first, *endured.broken])


class Phone:
    """A browser with a profile of its own that survives its kills."""

    def __init__(self, playwright: Playwright) -> None:
        self._playwright = playwright
        self._profile = Path(tempfile.mkdtemp(prefix="anfang-phone-"))
        self._chromium = program("chromium", "chromium-browser", "chromium-headless-shell")
        self.context: BrowserContext = self.switch_on()

    def switch_on(self) -> BrowserContext:
        self.context = self._playwright.chromium.launch_persistent_context(
            str(self._profile),
            executable_path=self._chromium,
            args=FLAGS,
            viewport=SCREEN,
            locale="zh-CN",
            has_touch=True,
            geolocation=AT,
            permissions=["geolocation"],
        )
        self.context.set_default_timeout(PATIENCE_MS)
        self.context.add_init_script(SCRIPT)
        return self.context

    def kill(self) -> None:
        """As when the battery is pulled: nobody is asked, nothing is flushed."""
        subprocess.run(["pkill", "-KILL", "-f", f"user-data-dir={self._profile}"], check=False)
        with suppress(Error):
            self.context.close()

    def bury(self) -> None:
        with suppress(Error):
            self.context.close()
        shutil.rmtree(self._profile, ignore_errors=True)


class Trial:
    """One visit, from its acceptance to the last photo."""

    def __init__(self, playwright: Playwright, engine: Engine, address: str, endured: Endured) -> None:
        self.endured = endured
        self.phone = Phone(playwright)
        self._engine = engine
        self._address = address
        self._chance = random.Random(SEED)
        self._page: Page = self.phone.context.pages[0]
        self._visit = self._assign()

    def run(self, photos: int) -> None:
        self._prepare()
        for number in range(self.endured.kills):
            print(f"kill {number + 1} of {self.endured.kills}", file=sys.stderr)
            self._open(offline=self._chance.random() < 0.5)
            self._look(f"kill {number}")
            for act in range(self._chance.randint(1, ACTS_BETWEEN_KILLS)):
                self._act(f"{number}-{act}")
            self._half_an_act()
            self.phone.kill()
            self.phone.switch_on()
        self._open(offline=False)
        self._look("the last kill")
        self._many_photos(photos - self.endured.kept.photos)
        self._hand_in()
        self._compare()

    def _assign(self) -> Assignment:
        """An open visit of the demo whose link we know, sent to a person who is not signed in yet."""
        token = new_token()
        with self._engine.begin() as connection:
            visit_id = connection.scalar(
                select(Assignment.id)
                .join(Wave, Wave.id == Assignment.wave_id)
                .where(Assignment.completed_at.is_(None), Assignment.accepted_at.is_(None))
                .where(Assignment.cancelled_at.is_(None), Assignment.person_id.is_not(None))
                .where(Wave.instrument_name == INSTRUMENT, Assignment.expires_at > datetime.now(UTC))
                .order_by(Assignment.id)
                .limit(1)
            )
            changed = update(Assignment).where(Assignment.id == visit_id).values(token_hash=token.hash)
            [row] = connection.execute(changed.returning(*Assignment.__table__.columns)).all()
        self._link = phone_link(self._address, token.text)
        return row

    def _prepare(self) -> None:
        page = self._page
        page.goto(self._link)
        page.get_by_role("button", name="不设").click()
        card = page.locator(f"#visit-{self._visit.id}")
        card.get_by_role("button", name="查看").click()
        page.get_by_label("我和我的亲友").check()
        page.get_by_role("button", name="接受").click()
        for name, value in PASSED.items():
            page.locator(f".quiz [data-q={name}] input[value={value}]").check(force=True)
        page.get_by_role("button", name="交卷").click()
        page.get_by_role("button", name="一键准备").click()
        page.get_by_text("不用网络也能用").wait_for()
        card.get_by_role("button", name="开始").click()
        page.get_by_role("button", name="同意", exact=True).click()
        self._until("() => document.querySelector('.sheet') === null && trial.kept > 0")

    def _open(self, *, offline: bool) -> None:
        context = self.phone.context
        context.set_offline(offline)
        # Everything that is sent, not the pages: they come from the phone itself.
        for sent in ("**/t/sent/**", "**/anfang/**"):
            context.route(sent, self._break)
        self._page = context.pages[0] if context.pages else context.new_page()
        self._page.goto(f"{self._address}/t/v/{self._visit.id}")
        self._until("() => document.getElementById('progress').textContent !== ''")

    def _break(self, route: Route) -> None:
        if self._chance.random() < BREAKS:
            self.endured.breaks += 1
            route.abort()
        else:
            route.continue_()

    def _until(self, holds: str, given: int = 0) -> None:
        """Ask the page until it says yes: its policy forbids Playwright's own way of waiting."""
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while not self._page.evaluate(holds, given):
            if time.monotonic() > deadline:
                raise TimeoutError(holds)
            time.sleep(0.05)

    def _tab(self, name: str) -> None:
        self._page.locator(f"#tab-{name}").click()

    def _act(self, named: str) -> None:
        """One thing, until the page says that it is kept."""
        self._chance.choice((self._note, self._moment, self._photo, self._answer, self._answer))(named)

    def _note(self, named: str) -> None:
        self._tab("inside")
        self._page.locator("#note").fill(f"记 {named}")
        self._page.locator("#note-add").click()
        self._page.locator("#notes").get_by_text(f"记 {named}", exact=True).wait_for()
        self.endured.kept.notes.append(f"记 {named}")

    def _moment(self, _named: str) -> None:
        self._tab("inside")
        left = [name for name in MOMENTS if name not in self.endured.kept.moments]
        if left:
            self._page.locator(f"[data-moment={left[0]}]").click()
            self._page.locator(f"[data-moment={left[0]}].taken").wait_for()
            self.endured.kept.moments[left[0]] = datetime.now(UTC)

    def _photo(self, _named: str) -> None:
        self._photos(1)

    def _photos(self, count: int) -> None:
        self._tab("inside")
        wanted = self.endured.kept.photos + count
        files = [
            {"name": f"{n}.jpg", "mimeType": "image/jpeg", "buffer": _picture(self._chance)}
            for n in range(count)
        ]
        self._page.set_input_files("#album", files)
        self._until(SHOWN, wanted)
        self.endured.kept.photos = wanted

    def _answer(self, _named: str) -> None:
        self._tab("answers")
        name = self._chance.choice(self._page.evaluate("trial.names()"))
        kept = self._page.evaluate("trial.kept")
        chosen = self._page.evaluate(
            "([name, last]) => trial.choose(name, last)", [name, self._chance.random() < 0.2]
        )
        if chosen is not None:
            self._until("n => trial.kept > n", kept)
            self.endured.kept.answers[chosen[0]] = chosen[1]

    def _half_an_act(self) -> None:
        """Something that nobody waits for: it may be kept or not, but as a whole."""
        self._tab("inside")
        picture = {"name": "half.jpg", "mimeType": "image/jpeg", "buffer": _picture(self._chance)}
        self._page.set_input_files("#album", picture)
        time.sleep(self._chance.random() * LONGEST_BEFORE_A_KILL)

    def _look(self, when: str) -> None:
        """Whether all that was kept is still there; what came in addition counts from now on."""
        self._tab("inside")
        kept, page = self.endured.kept, self._page
        self._until(SHOWN, kept.photos)
        kept.photos = page.locator("#tray .shot").count()
        notes = page.locator("#notes li span:nth-child(2)").all_text_contents()
        self._promise(set(kept.notes) <= set(notes), f"{when}: notes are gone")
        taken = [name for name in kept.moments if page.locator(f"[data-moment={name}].taken").count()]
        self._promise(len(taken) == len(kept.moments), f"{when}: moments are gone")
        for name, value in kept.answers.items():
            found = page.evaluate("name => trial.chosen(name)", name)
            self._promise(found == value, f"{when}: {name} was {value} and is {found}")

    def _many_photos(self, count: int) -> None:
        while count > 0:
            self._photos(min(count, PHOTOS_AT_ONCE))
            count -= PHOTOS_AT_ONCE

    def _hand_in(self) -> None:
        page = self._page
        self._tab("answers")
        page.evaluate("trial.fill()")
        self._tab("finish")
        page.locator("#declared").fill("周小舟")
        page.locator("#finish .go.wide").click()
        page.get_by_text("内容已经收到").wait_for(timeout=ARRIVED_MS)
        page.locator("#finish").get_by_text("已同步").wait_for(timeout=ARRIVED_MS)

    def _compare(self) -> None:
        """What the server has, against what the page said."""
        kept, mine = self.endured.kept, self._visit.submission_id
        with self._engine.connect() as connection:
            reports = connection.scalar(select(func.count()).where(Submission.submission_id == mine))
            self._promise(reports == 1, f"{reports} submissions of one visit")
            states = connection.scalars(select(Attachment.state).where(Attachment.submission_id == mine))
            verified = [state for state in states if state == "verified"]
            self._promise(len(verified) == kept.photos, f"{len(verified)} of {kept.photos} photos verified")
            notes = connection.scalars(
                select(VisitRecord.notes).where(VisitRecord.submission_id == mine)
            ).one()
            gone = set(kept.notes) - {each["text"] for each in notes}
            self._promise(not gone, f"notes did not arrive: {sorted(gone)}")
            events = connection.execute(select(VisitEvent).where(VisitEvent.submission_id == mine)).all()
        found = {event.kind: event for event in events}
        for name, at in kept.moments.items():
            event = found.get(name)
            # The phone's clock is wrong by the same hours when it sends: that takes them out again.
            told = event and event.at + (event.received_at - event.asked_at)
            self._promise(
                told is not None and abs(told - at) < CLOCK_ERROR, f"{name} was at {at}, by us at {told}"
            )

    def _promise(self, held: object, otherwise: str) -> None:
        if not held:
            self.endured.broken.append(otherwise)


@contextmanager
def _demo() -> Iterator[tuple[str, Engine]]:
    """`make run` in a folder of its own: where it answers, and its database."""
    home = Path(tempfile.mkdtemp(prefix="anfang-phones-"))
    try:
        port = remembered_ports(home / "web.port", 1)[0]
        environment = {**os.environ, "ANFANG_HOME": str(home), "PORT": str(port)}
        command = [sys.executable, "-m", "server.embedded", "run"]
        running = children.start("demo", command, home / "log" / "run.log", environment, ROOT)
        try:
            children.wait_until_ready(running, lambda: answers(port), START_SECONDS)
            settings = config.load({"ANFANG_HOME": str(home)})
            engine = engine_for(settings.database_url)
            yield settings.public_url, engine
            engine.dispose()
        finally:
            children.stop(running, signal.SIGINT, STOP_SECONDS)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _picture(chance: random.Random) -> bytes:
    """No two alike."""
    image = Image.effect_noise((640, 480), 60).convert("RGB")
    image.putpixel((0, 0), tuple(chance.randrange(256) for _ in range(3)))
    data = io.BytesIO()
    image.save(data, "JPEG")
    return data.getvalue()
