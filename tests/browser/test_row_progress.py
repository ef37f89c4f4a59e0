"""While leads are read, the card in JupyterLab says so; not in the saved notebook, and not when nobody reads any more."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
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
ow.leads_frame(run.tables[0], limit=15, progress=page);
"""
SAYS = "reading leads: 5 of 15"


@pytest.fixture
def go(tmp_path: Path) -> Path:
    """Return the file without which the second page is not read on from."""
    return tmp_path / "go"


@pytest.fixture
def reading(card_in: Callable[..., LabPage], go: Path) -> Callable[[str], LabPage]:
    """Return a function that starts a reading which stands at its second page, and waits for the card to say so."""

    def begin(then: str = "pass") -> LabPage:
        lab = card_in(
            # The leads are read before the table's saved filter has a column to look at.
            "Find dentists. scenario:slow scenario:partial",
            "other = ow.start('Find bakeries. scenario:slow')",
            FILLED,
            READ.format(go=str(go), then=then),
        )
        lab.run_cell(2)
        lab.run_cell(3)
        lab.start_cell(4)
        expect(lab.output(1).locator(CARD)).to_contain_text(SAYS)
        return lab

    return begin


def test_the_line_comes_and_goes_with_the_reading(reading: Callable[..., LabPage], go: Path) -> None:
    lab = reading()
    card, other = lab.output(1).locator(CARD), lab.output(2).locator(CARD)
    assert lab.is_running(4)
    expect(card.locator(".reading:visible")).to_have_count(1)
    expect(other).not_to_contain_text("reading")
    assert "reading" not in card.locator("[role=status]").last.inner_text()
    lab.screenshot(Path(".cache/browser/reading.png"), card)
    lab.save()
    saved = json.dumps([lab.saved_outputs(1), lab.saved_notebook()["metadata"]])
    assert "Snapshot of" in saved
    assert "reading leads" not in saved
    go.touch()
    expect(card).not_to_contain_text("reading")
    lab.wait_executed(4)
    expect(card).to_contain_text(re.compile(r"\d+ leads"))
