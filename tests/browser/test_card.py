"""The card in a real JupyterLab: alive while the kernel is busy, steered by its buttons, and there when all is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from notebooks import serve
from tests.browser.window import CARD

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.lab import LabPage

QUICKSTART = serve.REPOSITORY / "notebooks" / "quickstart.ipynb"


def test_the_quickstart_lives_while_a_cell_blocks_and_after_its_kernel(open_lab: Callable[..., LabPage]) -> None:
    lab = open_lab(QUICKSTART)
    lab.run_cell(1)
    lab.run_cell(3)
    card = lab.output(3).locator(CARD)
    expect(card).to_contain_text("Running")

    lab.start_cell(5)
    expect(card).not_to_have_text(card.text_content() or "")
    expect(card).to_contain_text("leads")
    assert lab.is_running(5), "the card must change while the cell is still blocked in time.sleep"
    lab.wait_executed(5)

    lab.start_cell(7)
    lab.wait_executed(7)
    expect(card).to_contain_text("Completed", timeout=60_000)

    lab.save()
    data = [output["data"] for output in lab.saved_outputs(3) if output["output_type"] == "display_data"]
    assert all("application/vnd.jupyter.widget-view+json" not in bundle for bundle in data)
    lab.shutdown_kernel()
    lab.reopen()
    expect(lab.output(3).first).to_contain_text("Completed")
    expect(lab.page.get_by_text("model not found")).to_have_count(0)
    assert lab.foreign_requests == []
