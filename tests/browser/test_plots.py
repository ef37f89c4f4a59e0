"""Plots in JupyterLab: drawn in the page's colours, also after the theme has changed, and without requests to others."""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING

from PIL import Image
from playwright.sync_api import expect

from tests.browser.plots_gallery import DRAWN, PLOTS, SETUP

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator

    from tests.browser.lab import LabPage

TITLES = {
    "funnel": "Funnel: 2 tables",
    "credits": "Credits by column: 324 in 2 tables",
    "compare": "Credits per qualified lead: 3 runs",
}
NAME = "<img src=x onerror=document.title='evil'> " + 30 * "long "
PATIENCE = 20.0
MIMES = {"application/vnd.vegalite.v5+json", "image/png", "text/plain"}


def luminance(locator: Locator) -> tuple[float, float]:
    """Return the brightness of the page behind a plot, and the extreme one of its text: from 0 to 255."""
    image = Image.open(io.BytesIO(locator.screenshot())).convert("L")
    page = max(image.getcolors(), key=lambda each: each[0])[1]
    darkest, lightest = image.getextrema()
    return page, darkest if page > 127 else lightest


def reads_well_in(theme: str, page: float, text: float) -> bool:
    """Return whether a plot has the page's colour behind it, and text that stands out from it."""
    return (page > 240 if theme == "light" else page < 30) and abs(page - text) > 150


def test_plots_are_drawn_in_both_themes_and_ask_no_other_host(
    open_lab: Callable[..., LabPage],
) -> None:
    last = f"ow.plot({{'object': 'table', 'id': 't', 'name': {NAME!r}, 'leadCount': 7, 'columns': []}}, 'funnel')"
    lab = open_lab([SETUP, *(f"ow.plot({source}, {name!r})" for name, source in PLOTS.items()), last])
    lab.run_all()
    for theme in ("light", "dark"):
        # Plots that are drawn already have to follow.
        lab.set_theme(theme)
        for index, name in enumerate(PLOTS, 1):
            lab.show_cell(index)
            plot = lab.output(index).locator(DRAWN).first
            expect(plot).to_be_visible()
            expect(plot).to_contain_text(TITLES[name])
            ends = time.monotonic() + PATIENCE
            while not (reads_well := reads_well_in(theme, *(seen := luminance(plot)))) and time.monotonic() < ends:
                # The plot follows a moment after the theme has changed.
                lab.page.wait_for_timeout(100)
            assert reads_well, (theme, name, seen)
    lab.show_cell(1)
    each_row_is_read_once(lab.output(1))
    lab.show_cell(len(PLOTS) + 1)
    a_tooltip_shows_the_whole_name_as_text(lab, lab.output(len(PLOTS) + 1))
    assert lab.foreign_requests == []
    assert [error for error in lab.console_errors if "vega" in error.lower()] == []
    for index in range(1, len(PLOTS) + 1):
        (output,) = lab.outputs(index)
        assert set(output["data"]) == MIMES
    lab.save()
    (saved,) = lab.saved_outputs(1)
    assert set(saved["data"]) == MIMES
    assert saved["metadata"]["image/png"]["alt"] == saved["data"]["text/plain"]


def each_row_is_read_once(output: Locator) -> None:
    """A screen reader hears each row of the funnel, and neither its bar nor its numbers on their own."""
    said = output.locator("[role='graphics-document']").first.get_attribute("aria-label") or ""
    assert said.startswith("Funnel: 2 tables. Bakeries in Porto; sourced: 33; duplicates: 4 · 12 %; excluded: 2 · 6 %;")
    assert said.endswith("qualified: n/a")
    expect(output.get_by_label("duplicates: 4 · 12 %", exact=True)).to_have_count(1)


def a_tooltip_shows_the_whole_name_as_text(lab: LabPage, output: Locator) -> None:
    output.locator("svg .mark-rect path").first.hover()
    tip = lab.page.locator("#vg-tooltip-element")
    expect(tip).to_contain_text(NAME.strip())
    expect(tip).to_contain_text("7")
    assert tip.locator("img").count() == 0
    assert "evil" not in lab.page.title()
