"""The page of leads in Chromium: used, without scripts, printed and full of hostile leads. It asks for nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest
from playwright.sync_api import expect

import origami_widgets as ow
from tests.browser.audit import AXE, TAGS
from tests.fixtures.hostile import CORPUS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Locator, Page

LEADS = 10_000


@pytest.fixture(scope="module")
def founders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    client = ow.Sandbox(speed=600).client()
    run = ow.start("Find 20 SaaS founders in Austin", client=client, show=False).wait("cells")
    return run.export(tmp_path_factory.mktemp("page") / "founders.html")[0]


class Opened:
    """A page from a disk, with all that it asked for and complained of."""

    def __init__(self, page: Page, file: Path) -> None:
        self.page = page
        self.asked: list[str] = []
        self.said: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("dialog", lambda dialog: self.said.append(dialog.message) or dialog.dismiss())
        page.goto(file.as_uri())
        self.asked.remove(file.as_uri())

    def assert_quiet(self) -> None:
        self.page.wait_for_timeout(200)
        assert (self.asked, self.said) == ([], [])


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    options = {"viewport": {"width": 1200, "height": 800}} | getattr(request, "param", {})
    context = browser.new_context(**options)
    yield context.new_page()
    context.close()


SIZES = [{"viewport": {"width": width, "height": 800}} for width in (430, 1200, 1500)]


@pytest.mark.parametrize("page", [*SIZES, SIZES[0] | {"color_scheme": "dark"}], indirect=True)
def test_it_can_be_searched_sorted_and_unfolded_and_asks_for_nothing(page: Page, founders: Path) -> None:
    opened = Opened(page, founders)
    table = page.get_by_role("table").first
    rows = table.get_by_role("row")
    expect(rows).to_have_count(14)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    head = table.get_by_role("columnheader", name="Fit")
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    fits = [int(text) for text in table.locator("tbody td:nth-child(2)").all_text_contents()]
    assert fits == sorted(fits)
    head.get_by_role("button").press("Enter")
    expect(head).to_have_attribute("aria-sort", "descending")
    page.get_by_role("searchbox", name="Search the leads").fill("ónd")
    expect(page.locator("output").first).to_have_text("1 / 13")
    expect(rows.filter(visible=True)).to_have_count(2)
    page.get_by_role("searchbox").fill("")
    page.locator("summary").first.click()
    expect(page.locator("details[open]")).to_contain_text("confidence")
    opened.assert_quiet()


@pytest.mark.parametrize("page", [{"java_script_enabled": False, **size} for size in SIZES[:2]], indirect=True)
def test_without_scripts_it_is_a_table_with_the_same_rows(page: Page, founders: Path) -> None:
    opened = Opened(page, founders)
    expect(page.get_by_role("table").first.get_by_role("row")).to_have_count(14)
    expect(page.get_by_role("searchbox")).to_have_count(0)
    page.locator("summary").first.click()
    expect(page.locator("details[open]")).to_contain_text("confidence")
    opened.assert_quiet()


def test_on_paper_all_rows_are_a_table_below_their_heads(page: Page, founders: Path) -> None:
    opened = Opened(page, founders)
    page.emulate_media(media="print")
    layout = "['table', 'thead', 'tr'].map(each => getComputedStyle(document.querySelector(each)).display)"
    assert page.evaluate(layout) == ["table", "table-header-group", "table-row"]
    expect(page.get_by_placeholder("Search")).to_be_hidden()
    assert len(page.pdf()) > 10_000
    opened.assert_quiet()


@pytest.mark.parametrize(
    "page", [{"bypass_csp": True, "color_scheme": scheme} for scheme in ("light", "dark")], indirect=True
)
def test_assistive_technology_finds_nothing_wrong(page: Page, founders: Path) -> None:
    Opened(page, founders)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("tags => window.axe.run({ runOnly: tags })", list(TAGS))
    assert [violation["id"] for violation in found["violations"]] == []


def wait_until_seen(row: Locator) -> None:
    """Wait until a person could click on this row where it stands.

    Chromium tells an `IntersectionObserver`, which Playwright asks, up to four seconds late of a row that was not laid
    out before; it is drawn in the next frame.
    """
    seen = """each => {
        const { x, y, width, height } = each.getBoundingClientRect();
        const there = each.checkVisibility({ contentVisibilityAuto: true });
        return there && each.contains(document.elementFromPoint(x + width / 2, y + height / 2));
    }"""
    row.page.wait_for_function(seen, arg=row.element_handle(), timeout=5_000)


def test_ten_thousand_leads_scroll_and_only_those_in_sight_are_laid_out(page: Page, tmp_path: Path) -> None:
    leads = pd.DataFrame({"Company": [f"Company {at}" for at in range(LEADS)], "Score": range(LEADS), "City": "Porto"})
    opened = Opened(page, ow.export(leads, tmp_path / "many.html")[0])
    last = page.locator("tbody th", has_text=f"Company {LEADS - 1}")
    assert not last.evaluate("each => each.checkVisibility({contentVisibilityAuto: true})")
    last.scroll_into_view_if_needed()
    wait_until_seen(last)
    page.get_by_role("button", name="Score").click()
    page.get_by_role("button", name="Score").click()
    # A person scrolls once the sorted leads are drawn: until then, the browser holds on to the row that was in sight.
    page.evaluate("new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    page.locator(".box").evaluate("box => { box.scrollTop = 0; }")
    wait_until_seen(last)
    opened.assert_quiet()


def test_hostile_leads_run_and_fetch_nothing(page: Page, tmp_path: Path) -> None:
    texts = [*CORPUS.values(), "</script><script>alert(1)</script>", "<img src='http://x.example/' onerror=alert(1)>"]
    leads = pd.DataFrame({"Company": texts, "Website": "javascript:alert(1)", "<b>Notes</b>": texts}, dtype=object)
    file = ow.export({"<script>alert(2)</script>": leads}, tmp_path / "hostile.html")[0]
    opened = Opened(page, file)
    expect(page.get_by_role("row")).to_have_count(len(texts) + 1)
    page.get_by_role("searchbox").fill("<script>")
    assert page.evaluate("[...document.links].every(link => /^(https?|mailto):/.test(link.href))")
    opened.assert_quiet()
