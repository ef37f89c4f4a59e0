"""In JupyterLab's windowing mode "full", cells that are scrolled away are hidden or leave the page, and cards with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.window import CARD, FOLLOW_UP, confirm

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.lab import LabPage

CONTENT = "window.jupyterapp.shell.currentWidget.content"
FULL = f"""() => {{ {CONTENT}.notebookConfig = {{ ...{CONTENT}.notebookConfig, windowingMode: "full" }}; }}"""
SCROLL = f"index => {CONTENT}.scrollToItem(index)"
TALL = "print('\\n'.join(map(str, range(60))))"
IS_AWAY = f"""() => {{
    const {{ node }} = {CONTENT}.widgets[1];
    return !node.isConnected || getComputedStyle(node).display === "none";
}}"""


def test_a_live_card_that_is_scrolled_out_and_in_is_current_and_works(card_in: Callable[..., LabPage]) -> None:
    lab = card_in("Find bakeries in Porto. scenario:slow", *[TALL] * 12, "run.wait(); print(run.status)")
    # By itself: positions count only cells that the page has.
    card = lab.page.locator(CARD)
    expect(card).to_contain_text("Running")
    lab.page.evaluate(FULL)
    last = 2 + 12
    for index in range(2, last):
        lab.run_cell(index)
    for times in range(3):
        lab.page.evaluate(SCROLL, last)
        lab.page.wait_for_function(IS_AWAY)
        lab.page.evaluate(SCROLL, 1)
        expect(card).to_have_count(1)
        expect(card).to_be_visible()
        if times < 2:
            expect(card).to_contain_text("Running")
    # It ends while it is away.
    lab.page.evaluate(SCROLL, last)
    lab.page.wait_for_function(IS_AWAY)
    lab.run_cell(last)
    expect(lab.page.get_by_text("completed", exact=True)).to_be_visible()
    lab.page.evaluate(SCROLL, 1)
    expect(card).to_have_count(1)
    expect(card).to_contain_text("Completed")
    card.get_by_role("button", name=FOLLOW_UP).click()
    card.get_by_role("button", name="Find more").click()
    confirm(card, "Yes, start it")
    expect(card).to_contain_text("2 briefs", timeout=60_000)
    assert lab.errors_of_ours == []
