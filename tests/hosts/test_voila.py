"""The card in a real voila: its outputs can't be replaced any more, so the live card must stay right to the end."""

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
from tests.hosts.voila import VoilaPage

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser

    from notebooks.serve import Lab
    from tests.browser.window import Window


@pytest.fixture
def open_voila(browser: Browser, server: Lab, windows: list[Window]) -> Callable[..., VoilaPage]:
    """Return a function that shows the page of a brief."""

    def open_page(brief: str, *, speed: float, theme: str) -> VoilaPage:
        window = VoilaPage(browser, server)
        windows.append(window)
        window.open([SANDBOX.format(speed=speed) + READS_FAST, START.format(brief=brief)], theme=theme)
        return window

    return open_page


def test_the_card_is_cancelled_and_stays_as_it_ended(open_voila: Callable[..., VoilaPage]) -> None:
    voila = open_voila(SLOW, speed=40, theme="dark")
    card = voila.page.locator(CARD)
    expect(card).to_contain_text("Running")
    expect_theme(card, "dark")
    expect_more_credits(card)
    cancel(card)

    voila.wait_received("update_display_data")
    said = card.inner_text()
    voila.ask('"kind":"clock"')
    expect(card.get_by_text("Kernel stopped")).to_be_hidden()
    assert card.inner_text() == said
    assert_quiet(voila)
