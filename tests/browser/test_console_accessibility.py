"""The console's pages for everybody: axe finds nothing, and nothing is wider than the screen."""

import re
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser

import server.web
from tests.browser.conftest import PHONE
from tests.browser.test_accessibility import RULES_OF
from tests.oracle.installed import node_modules
from tests.web.test_console_templates import pages_alone, rendered

STYLE = Path(server.web.__file__).parent / "static" / "app.css"
DESK = {"width": 1280, "height": 800}
# One of each kind of page: lists, forms, grids, charts, refusals.
CHOSEN = (
    "home", "wave_waiting", "results", "results_visits", "units", "person", "quarter", "sample", "coverage",
    "roster", "grid_asked", "dispatch_unfit", "duties_mine", "search", "contacts", "import_some",
    "reviews", "review", "photo", "publication", "published", "scorecard", "score_card", "appeal", "ledger",
    "orders", "order", "order_new", "finding_confirmed", "finding_new", "finding_history",
    "order_template_own",
)  # fmt: skip


@pytest.fixture(scope="module")
def pages() -> Flask:
    return pages_alone()


@pytest.mark.parametrize("name", CHOSEN)
def test_axe_finds_nothing_and_nothing_overflows(pages: Flask, browser: Browser, name: str) -> None:
    style = f"<style>{STYLE.read_text('utf-8')}</style>"
    html = re.sub(r'<link rel="stylesheet"[^>]*>', lambda _: style, rendered(pages, name))
    html = re.sub(r"<script[^>]*></script>", "", html)
    with browser.new_context(viewport=DESK, locale="zh-CN", reduced_motion="reduce") as context:
        page = context.new_page()
        page.set_content(html)
        page.evaluate((node_modules() / "axe-core" / "axe.min.js").read_text("utf-8"))
        found = page.evaluate("(tags) => axe.run({ runOnly: tags })", RULES_OF)
        assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found["violations"]] == []
        for screen in (DESK, PHONE):
            page.set_viewport_size(screen)
            assert page.evaluate("document.documentElement.scrollWidth") <= screen["width"]
