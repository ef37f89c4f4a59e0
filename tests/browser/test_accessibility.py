"""The card in real JupyterLab, alive and frozen, in both themes and widths: axe-core finds nothing, nothing is cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser import audit, scenes

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.lab import LabPage

# Between them these hold every kind of element that a card can have.
SHOWN = (
    *("running_many", "needs_input", "incomplete", "stopped", "reconnecting", "filling", "answered", "completed"),
    *("earlier_runs", "scripts", "hostile", "to_try_again", "over_credit_limit"),
)
FROZEN = ".frozen-card"
# The frozen card has no mark of its own.
MARK = """() => {
    for (const card of document.querySelectorAll(".jp-OutputArea-output.jp-RenderedHTMLCommon > div"))
        card.classList.add("frozen-card");
}"""
TALL = 16_000


def cards_in(open_lab: Callable[..., LabPage], names: tuple[str, ...]) -> LabPage:
    """Show cards below each other in one output, which Lab draws as a whole."""
    window = open_lab([scenes.SETUP, f"for name in {names}:\n    show(name)"])
    window.run_cell(0)
    window.page.set_viewport_size({"width": 1280, "height": TALL})
    window.run_cell(1)
    expect(window.page.locator(scenes.CARD)).to_have_count(len(names))
    window.page.evaluate(MARK)
    return window


def test_axe_finds_nothing_and_no_word_is_cut_off_or_covered(open_lab: Callable[..., LabPage]) -> None:
    window = cards_in(open_lab, SHOWN)
    assert window.page.locator(FROZEN).count() == len(SHOWN)
    found = list(audit.findings_in_each_look(window, (scenes.CARD, FROZEN), index=1))
    assert not found, "\n".join(found)


def test_nothing_moves_where_motion_is_unwelcome(open_lab: Callable[..., LabPage]) -> None:
    page = cards_in(open_lab, ("running",)).page
    page.emulate_media(reduced_motion="no-preference")
    assert audit.running_animations(page, scenes.CARD) == ["origami-pulse"]
    page.emulate_media(reduced_motion="reduce")
    assert audit.running_animations(page, scenes.CARD) == []


def test_what_is_wrong_is_found(open_lab: Callable[..., LabPage]) -> None:
    window = open_lab([f"from IPython.display import HTML\nHTML({WRONG!r})"])
    window.run_cell(0)
    expect(window.page.locator(".wrong")).to_be_visible()
    found = "\n".join((*audit.axe_findings(window.page, ".wrong"), *audit.layout_findings(window.page, ".wrong")))
    assert "color-contrast" in found
    assert "button-name" in found
    assert "cut off by" in found
    assert "on top of each other" in found


WRONG = """
<div class="wrong" style="width:200px;overflow:hidden;background:white">
<p style="color:rgb(200, 200, 200)">too pale</p>
<button></button>
<p style="white-space:nowrap">a sentence that is much wider than the box in which it stands</p>
<p style="margin:0">one sentence</p><p style="margin:-14px 0 0">another sentence</p>
</div>
"""
