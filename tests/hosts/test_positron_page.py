"""The card as in Positron: under the published base manager that Positron's is made of, alone in a webview of its own.

Positron draws each widget in a webview that it lays over the notebook, and moves the cells below when its height changes. So
the card has to keep its height from its first paint to its end. Both its manager and Colab's load the modules of widgets by
their name through requirejs: the page is the same.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.hosts.looks import CARD, SANDBOX, START, assert_quiet, expect_leads, expect_theme
from tests.hosts.pages import HostPage

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from notebooks.serve import Lab
    from tests.browser.window import Window

WATCH = """() => {
    window.heights = [];
    new ResizeObserver(() => window.heights.push(document.body.getBoundingClientRect().height)).observe(document.body);
}"""
"""Notes each height of the page, which holds nothing but the card: the height that the webview gets."""


@pytest.fixture
def webview(browser: Browser, server: Lab, windows: list[Window]) -> HostPage:
    windows.append(page := HostPage(browser, server, "colab"))
    page.page.set_viewport_size({"width": 900, "height": 700})
    page.open()
    return page


def test_the_webview_of_the_card_keeps_its_height(webview: HostPage) -> None:
    webview.run(SANDBOX.format(speed=20))
    webview.run(START.format(brief="Find 20 bakeries in Porto with a web shop"))
    card = webview.page.locator(CARD)
    expect(card).to_contain_text("Running")
    webview.page.evaluate(WATCH)
    expect_leads(card)
    expect(card.locator(".pill")).to_contain_text("Completed")
    webview.run("run.wait('cells', timeout=60);")
    heights = webview.page.evaluate("window.heights")
    changes = [after for before, after in pairwise(heights) if abs(after - before) > 1]
    # It grows to the room of its leads, and stays there. Figures and leads come in two messages, in either order.
    assert len(changes) <= 2, heights
    assert heights == sorted(heights)
    # Its webviews name the theme as those of VS Code do.
    webview.set_body(class_="vscode-dark", data_vscode_theme_kind="vscode-dark")
    expect_theme(card, "dark")
    assert_quiet(webview)
    assert webview.console_errors == []
