"""The card under the widget manager that Colab builds on, with the version of anywidget's script that Colab loads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.hosts.looks import (
    CARD,
    READS_FAST,
    SANDBOX,
    SLOW,
    START,
    assert_quiet,
    cancel,
    expect_more_credits,
    expect_theme,
)
from tests.hosts.pages import HostPage

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from notebooks.serve import Lab
    from tests.browser.window import Window


@pytest.fixture
def colab(browser: Browser, server: Lab, windows: list[Window]) -> HostPage:
    windows.append(page := HostPage(browser, server, "colab"))
    page.open()
    return page


def test_the_card_lives_while_a_cell_blocks_and_goes_on_after_the_end(colab: HostPage) -> None:
    colab.run(SANDBOX.format(speed=40) + READS_FAST)
    colab.run(START.format(brief=SLOW))
    card = colab.page.locator(CARD)
    expect(card).to_contain_text("Running")
    # Colab's dark theme is a color-scheme of the page.
    colab.page.evaluate("document.documentElement.style.colorScheme = 'dark'")
    expect_theme(card, "dark")
    colab.page.evaluate("document.documentElement.style.colorScheme = 'light'")
    expect_theme(card, "light")

    colab.start("time.sleep(600)")
    expect_more_credits(card)
    assert colab.is_running(), "the card must change while the cell is still blocked in time.sleep"
    colab.interrupt()

    cancel(card)
    # Its output is replaced in the notebook, but this view of it is still seen.
    colab.run("while not run.conversation.presentation.frozen: time.sleep(0.1)")
    expect(card).to_contain_text("Stopped")
    expect(card.get_by_text("Kernel stopped")).to_be_hidden()
    assert colab.page.evaluate("window.page.closed") == 0, "the comm must not close under a card that is seen"
    assert_quiet(colab)
    assert colab.console_errors == []
