"""What everybody does with a card in JupyterLab, once from start to end: the one browser test of `make test`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.window import CARD, confirm

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.lab import LabPage

CELLS = (
    "import origami_widgets as ow\now.configure(client=ow.Sandbox(speed=20).client())",
    "run = ow.start('Find 20 bakeries in Porto. scenario:needs_input')",
    "run.wait('cells')\nprint(run.status, any(table.lead_count for table in run.tables), len(ow.leads_frame(run)) > 0)",
    "other = ow.start('Find dentists in Lyon. scenario:slow', client=ow.Sandbox(speed=5).client())",
    "print(other.wait().status)",
)


def test_start_watch_answer_read_leads_cancel_save_and_reopen(open_lab: Callable[..., LabPage]) -> None:
    from playwright.sync_api import expect

    lab = open_lab(CELLS)
    lab.run_cell(0)

    # Start and watch.
    lab.run_cell(1)
    card = lab.output(1).locator(CARD)
    expect(card.locator(".pill")).to_contain_text("Running")

    # Answer: the button sends the words that were typed, and the run goes on.
    expect(card).to_contain_text("Needs your answer", timeout=60_000)
    card.get_by_role("radio").first.check()
    for text in card.get_by_role("textbox").all():
        text.fill("by bicycle")
    card.get_by_role("button", name="Send").click()
    expect(card).to_contain_text("Answered:", timeout=60_000)
    expect(card.locator(".pill")).to_have_text("Completed", timeout=60_000)

    # The leads: there are some, and a click on a head sorts them.
    lab.run_cell(2)
    expect(lab.output(2)).to_have_text("completed True True")
    lab.show_cell(1)
    leads = card.get_by_role("grid")
    expect(leads.get_by_role("gridcell").first).to_be_visible()
    head = leads.get_by_role("columnheader").nth(1)
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "ascending")

    # Cancel.
    lab.run_cell(3)
    running = lab.output(3).locator(CARD)
    expect(running.locator(".pill")).to_contain_text("Running")
    running.get_by_role("button", name="Cancel").click()
    confirm(running)
    expect(running).to_contain_text("Stopped", timeout=60_000)
    lab.run_cell(4)
    expect(lab.output(4)).to_have_text("cancelled")

    # Save, and open it again without a kernel: both cards are copies that say how it ended.
    lab.save()
    lab.shutdown_kernel()
    lab.reopen()
    for cell, end in ((1, "Completed"), (3, "Stopped")):
        lab.show_cell(cell)
        copy = lab.output(cell).first
        expect(copy).to_contain_text("Snapshot of")
        expect(copy).to_contain_text(end)
    assert lab.errors_of_ours == []
