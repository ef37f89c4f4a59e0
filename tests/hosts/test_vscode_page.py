"""The card under VS Code's own widget manager, with the classes and attributes by which its webviews name the theme."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.hosts.looks import (
    CARD,
    SANDBOX,
    SLOW,
    START,
    assert_quiet,
    cancel,
    expect_leads,
    expect_more_credits,
    expect_theme,
)
from tests.hosts.pages import HostPage

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from notebooks.serve import Lab
    from tests.browser.window import Window

# The four kinds of theme, each with the classes that VS Code gives the body, and what the card must wear.
THEMES = (
    ("vscode-dark", "vscode-dark", "dark"),
    ("vscode-light", "vscode-light", "light"),
    ("vscode-high-contrast", "vscode-high-contrast", "dark"),
    ("vscode-high-contrast-light", "vscode-high-contrast-light vscode-high-contrast", "light"),
)


@pytest.fixture
def vscode(browser: Browser, server: Lab, windows: list[Window]) -> HostPage:
    windows.append(page := HostPage(browser, server, "vscode"))
    page.open()
    return page


def test_the_card_lives_while_a_cell_blocks_and_is_cancelled(vscode: HostPage) -> None:
    vscode.run(SANDBOX.format(speed=40))
    vscode.run(START.format(brief=SLOW))
    card = vscode.page.locator(CARD)
    expect(card).to_contain_text("Running")
    vscode.start("time.sleep(600)")
    expect_more_credits(card)
    assert vscode.is_running(), "the card must change while the cell is still blocked in time.sleep"
    vscode.interrupt()
    cancel(card)
    expect(card.get_by_text("Running")).to_have_count(0)
    assert vscode.page.evaluate("window.page.closed") == 0
    assert_quiet(vscode)
    assert vscode.console_errors == []


def test_the_card_follows_the_theme_and_both_questions_are_answered(vscode: HostPage) -> None:
    vscode.run(SANDBOX.format(speed=200))
    vscode.run(START.format(brief="Find wholesale partners for us. scenario:needs_input"))
    card = vscode.page.locator(CARD)
    for kind, classes, theme in THEMES:
        vscode.set_body(class_=classes, data_vscode_theme_kind=kind)
        expect_theme(card, theme)
        behind = "rgb(255, 255, 255)" if kind == "vscode-light" else "rgba(0, 0, 0, 0)"
        expect(vscode.page.locator(".cell-output-ipywidget-background")).to_have_css("background-color", behind)
    card.get_by_label("Iberia").check()
    card.get_by_label("Confirm").check()
    card.get_by_role("button", name="Send").click()
    expect(card).to_contain_text("Completed")
    expect_leads(card)
    assert_quiet(vscode)
    assert vscode.console_errors == []
