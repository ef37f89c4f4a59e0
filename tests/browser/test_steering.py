"""Steering by hand: by keyboard alone, from two windows, with the focus and the typed words where they belong."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.window import ACTIVE, BOARD, CARD, FOLLOW_UP

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator

    from tests.browser.lab import LabPage

RUNS = "from origami_widgets.run.settings import client_or_default\nprint(len(client_or_default(None).list_runs(run.agent_id).items))"


def tab_to(lab: LabPage, wanted: Locator, *, most: int = 40) -> None:
    """Press Tab until something has the focus."""
    for _ in range(most):
        if wanted.evaluate(f"node => node === {ACTIVE}"):
            return
        lab.page.keyboard.press("Tab")
    raise AssertionError(f"{most} times Tab did not reach {wanted}")


def test_the_keyboard_alone_answers_and_follows_up(card_in: Callable[..., LabPage]) -> None:
    lab = card_in("Find wholesale partners for us. scenario:needs_input")
    card = lab.output(1).locator(CARD)
    expect(card).to_contain_text("Needs your answer", timeout=60_000)
    cells = lab.page.locator(".jp-Notebook .jp-Cell").count()
    card.focus()

    tab_to(lab, card.get_by_role("radio").first)
    lab.page.keyboard.press("Space")
    expect(card.get_by_role("radio").first).to_be_checked()
    lab.page.keyboard.press("ArrowDown")
    expect(card.get_by_role("radio").nth(1)).to_be_checked()
    second = card.get_by_role("group").nth(1)
    tab_to(lab, second.get_by_role("textbox"))
    lab.page.keyboard.type("by bicycle, abdmy")
    expect(second.get_by_role("textbox")).to_have_value("by bicycle, abdmy")
    lab.page.keyboard.press("Enter")
    expect(card).to_contain_text("Answered:", timeout=60_000)
    expect(card).to_contain_text("by bicycle, abdmy")
    # Who pressed a button that went away stays in the card.
    assert card.evaluate(f"node => node.contains({ACTIVE})")
    assert lab.page.locator(".jp-Notebook .jp-Cell").count() == cells, "letters must not reach Lab's shortcuts"


def test_two_windows_start_one_run(card_in: Callable[..., LabPage]) -> None:
    lab = card_in("List bakeries in Porto", RUNS)
    card = lab.output(1).locator(CARD)
    expect(card.get_by_role("button", name=FOLLOW_UP)).to_be_visible(timeout=60_000)
    lab.save()
    other = lab.second_window()
    twin = other.output(1).locator(CARD)
    for each in (card, twin):
        each.get_by_role("button", name=FOLLOW_UP).click(timeout=60_000)
        each.get_by_role("button", name="Find more").click()
        expect(each.get_by_role("button", name="Yes, start it")).to_be_visible()
    # Both at once and twice each, later than what counts as the second press of a double click.
    at = time.time() * 1000 + 1500
    for each in (card, twin):
        each.get_by_role("button", name="Yes, start it").evaluate(
            "(node, at) => void setTimeout(() => { node.click(); node.click(); }, at - Date.now())", at
        )
    for each in (lab.output(1).first, other.output(1).first):
        expect(each).to_contain_text("2 briefs", timeout=60_000)
    lab.run_cell(2)
    expect(lab.output(2)).to_have_text("2")
    other.close()


def test_a_board_asks_above_everything_and_moves_nothing(open_lab: Callable[..., LabPage]) -> None:
    lab = open_lab(
        [
            "import origami_widgets as ow\now.configure(client=ow.Sandbox(speed=1).client())",
            'batch = ow.start_many({"Porto": "Find bakeries. scenario:slow"})',
        ]
    )
    lab.run_cell(0)
    lab.run_cell(1)
    board = lab.output(1).locator(BOARD)
    row = board.locator("tbody tr:not(.card-row)")
    for width in (900, 568, 320):
        lab.set_output_width(width, index=1)
        for place, name, sure in ((row, "Cancel: Porto", "Yes, cancel it"), (board, "Cancel all", "Yes, cancel them")):
            before = board.bounding_box(), row.bounding_box()
            place.get_by_role("button", name=name).click()
            lab.screenshot(Path(f".cache/browser/board-asks-{name.split()[-1]}-{width}.png"), board)
            assert (board.bounding_box(), row.bounding_box()) == before
            # As the mouse does: only what nothing covers or cuts can be pressed.
            place.get_by_role("button", name=sure).click(trial=True, timeout=5_000)
            place.get_by_role("button", name="No", exact=True).click(timeout=5_000)
