"""The board in other hosts: a run of it opens as its card where the host has a widget manager, and says how where not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.window import Window, confirm
from tests.hosts import marimo
from tests.hosts.looks import SANDBOX, assert_quiet, expect_leads, expect_theme
from tests.hosts.marimo import Cell
from tests.hosts.pages import HostPage

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Locator

    from notebooks.serve import Lab

BOARD = ".origami-board"
BATCH = """batch = ow.start_many(
    {"Porto": "Find partners. scenario:needs_input", "Faro": "Find dentists. scenario:slow"}
)"""


def row_of(board: Locator, name: str) -> Locator:
    return board.locator("tbody tr").filter(has_text=name)


@pytest.mark.parametrize("name", ["colab", "vscode"])
def test_a_run_is_opened_answered_and_another_one_cancelled(
    browser: Browser, server: Lab, windows: list[Window], name: str
) -> None:
    windows.append(host := HostPage(browser, server, name))
    host.open()
    # The slow run goes on for 18 s: it must still be there to be cancelled after all else.
    host.run(SANDBOX.format(speed=50))
    host.run(BATCH)
    board = host.page.locator(BOARD)
    expect(row_of(board, "Porto")).to_contain_text("Needs your answer")
    row_of(board, "Porto").locator(".brief").click()
    card = board.locator(".opened .origami-card")
    card.get_by_label("Iberia").check()
    card.get_by_label("Confirm").check()
    card.get_by_role("button", name="Send").click()
    # The follow-up goes on in the card and in the row.
    expect(card).to_contain_text("Completed")
    expect_leads(card)
    expect(row_of(board, "Porto").first).to_contain_text("Completed")
    row_of(board, "Porto").locator(".brief").first.click()
    expect(card).to_have_count(0)
    row_of(board, "Faro").get_by_role("button", name="Cancel").click()
    confirm(row_of(board, "Faro"), "Yes, cancel it")
    expect(row_of(board, "Faro")).to_contain_text("Stopped")
    assert_quiet(host)
    assert host.console_errors == []


def test_marimo_shows_the_board_and_the_line_that_shows_a_card(
    browser: Browser, windows: list[Window], tmp_path: Path
) -> None:
    cells = [
        Cell(SANDBOX.format(speed=100), gives=("ow", "time")),
        Cell(f"{BATCH}\nbatch", takes=("ow",), gives=("batch",)),
    ]
    served = marimo.start(tmp_path, "run", cells, theme="dark")
    try:
        windows.append(window := Window(browser, served.url))
        window.page.goto(served.url)
        board = window.page.locator(BOARD)
        expect_theme(board, "dark")
        expect(row_of(board, "Porto")).to_contain_text("Needs your answer")
        row_of(board, "Porto").locator(".brief").click()
        expect(board.locator(".opened")).to_contain_text(re.compile(r'ow\.attach\("[\w-]+/v2_run-\w+"\)'))
        row_of(board, "Faro").get_by_role("button", name="Cancel").click()
        confirm(row_of(board, "Faro"), "Yes, cancel it")
        expect(row_of(board, "Faro")).to_contain_text("Stopped")
        assert_quiet(window)
    finally:
        served.stop()
