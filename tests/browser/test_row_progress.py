"""While leads are read, the card in JupyterLab says so; not in the saved notebook, and not when nobody reads any more."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.window import CARD

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.lab import LabPage

FILLED = """
import time
from pathlib import Path
from origami_widgets.frames.leads import row_reading
row_reading.LARGEST_PAGE = 5
while not run.tables or (run.tables[0].lead_count or 0) < 15:
    time.sleep(0.1)
"""
READ = """
def page(rows, total):
    while rows > 5 and not Path({go!r}).exists():
        time.sleep(0.1)
    {then}
ow.rows_frame(run.tables[0], limit=15, filters=[], progress=page);
"""
SAYS = "reading leads: 5 of 15"


def test_the_line_comes_and_goes_with_the_reading_its_error_and_its_kernel(
    card_in: Callable[..., LabPage], tmp_path: Path
) -> None:
    # Without its file a reading does not go on from its second page.
    read, raising, never = (tmp_path / name for name in ("read", "raising", "never"))
    lab = card_in(
        "Find dentists. scenario:slow scenario:partial",
        "other = ow.start('Find bakeries. scenario:slow')",
        FILLED,
        READ.format(go=str(read), then="pass"),
        READ.format(go=str(raising), then="1 / (rows - 10)"),
        READ.format(go=str(never), then="pass"),
    )
    card, other = lab.output(1).locator(CARD), lab.output(2).locator(CARD)
    lab.run_cell(2)
    lab.run_cell(3)

    lab.start_cell(4)
    expect(card).to_contain_text(SAYS)
    assert lab.is_running(4)
    expect(card.locator(".reading:visible")).to_have_count(1)
    expect(other).not_to_contain_text("reading")
    assert "reading" not in card.locator("[role=status]").last.inner_text()
    lab.screenshot(Path(".cache/browser/reading.png"), card)
    lab.save()
    saved = json.dumps([lab.saved_outputs(1), lab.saved_notebook()["metadata"]])
    assert "Snapshot of" in saved
    assert "reading leads" not in saved
    read.touch()
    expect(card).not_to_contain_text("reading")
    lab.wait_executed(4)
    expect(card).to_contain_text(re.compile(r"\d+ leads"))

    lab.start_cell(5)
    expect(card).to_contain_text(SAYS)
    raising.touch()
    expect(card).not_to_contain_text("reading")
    expect(lab.output(5)).to_contain_text("IncompleteRows")
    expect(card).to_be_visible()

    lab.start_cell(6)
    # A cell in which an error comes up is scrolled to; only a card that somebody sees asks whether anybody is there.
    lab.show_cell(1)
    expect(card).to_contain_text(SAYS)
    lab.restart_kernel()
    expect(card.get_by_text("Kernel stopped", exact=True)).to_be_visible(timeout=60_000)
    expect(card).not_to_contain_text("reading")
