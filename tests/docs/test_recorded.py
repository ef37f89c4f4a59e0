"""The recorded card of the site, in Chromium: it can be used as a saved card can, and asks nobody for anything."""

from __future__ import annotations

import functools
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect, sync_playwright

from notebooks.site import recorded
from tests.browser import chromium
from tests.browser.window import CARD, Window
from tests.hosts.looks import assert_quiet, expect_theme

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from tests.docs.built import Site

PAGE = recorded.PLACE.replace(".md", ".html")
CARD_PLACE = "[data-origami]"


class Handler(SimpleHTTPRequestHandler):
    """A server that says nothing."""

    def log_message(self, *_: object) -> None:
        pass


# The module's, and no longer: the event loop of Playwright's synchronous API (1.65) would stand in the way of later
# asyncio tests.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        started = chromium.launch(playwright)
        yield started
        started.close()


@pytest.fixture(scope="module")
def address(site: Site) -> Iterator[str]:
    """The address of the site on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(site.folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(("theme", "width"), [("light", 1000), ("dark", 320), ("light", 400)])
def test_the_card_can_be_used_and_the_page_asks_for_nothing(
    browser: Browser, address: str, theme: str, width: int
) -> None:
    window = Window(browser, address, {"width": width, "height": 900})
    window.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address.rstrip("/"))
    page = window.page
    page.emulate_media(color_scheme=theme)
    page.goto(f"{address}{PAGE}", wait_until="networkidle")
    card = page.locator(CARD)
    expect(card).to_have_count(1)
    expect(card).to_contain_text(recorded.TITLE)
    expect_theme(card, theme)
    # It starts on its leads, in the brief's order, and sorts and filters them.
    cells = card.get_by_role("gridcell")
    expect(cells.first).to_be_visible()
    expect(card.get_by_role("button", name="Qualified 13")).to_be_visible()
    card.get_by_role("button", name="Has e-mail").click()
    expect(card).to_contain_text("10 of 20 leads match")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    company = card.get_by_role("columnheader", name="Company")
    company.get_by_role("button").click()
    expect(company).to_have_attribute("aria-sort", "ascending")
    card.get_by_role("tab", name="People at").click()
    expect(card.get_by_role("tab", name="People at")).to_have_attribute("aria-selected", "true")
    card.get_by_role("button", name="More about this run").click()
    card.locator(".head").get_by_role("button", name="Copy the line that shows this run").click()
    assert str(page.evaluate("navigator.clipboard.readText()")).startswith("ow.attach(")
    assert asked == []
    assert_quiet(window)
    window.close()


def test_the_html_stays_where_the_script_cannot_draw(browser: Browser, address: str) -> None:
    window = Window(browser, address)
    window.page.route(f"**/{recorded.SCRIPT_PLACE}", lambda route: route.abort())
    window.page.goto(f"{address}{PAGE}")
    place = window.page.locator(CARD_PLACE)
    expect(place).to_contain_text(recorded.TITLE)
    expect(place).to_contain_text(recorded.BRIEF)
    expect(window.page.locator(CARD)).to_have_count(0)
    window.close()


def test_it_also_opens_from_a_disk(browser: Browser, site: Site) -> None:
    window = Window(browser, "file:///")
    window.page.goto((site.folder / PAGE).as_uri())
    expect(window.page.locator(CARD)).to_contain_text(recorded.TITLE)
    assert window.foreign_requests == []
    window.close()


def test_the_overview_leads_to_it(site: Site) -> None:
    # Once in the menu, once where a person reads how to try the package.
    assert site.pages["index.html"].links.count(PAGE) == 2


def test_it_is_recorded_as_the_same_run_each_time() -> None:
    assert recorded.card() == recorded.card()
