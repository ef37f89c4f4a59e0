"""Leads in JupyterLab: they fill while the run goes on, are sorted by the server, open to their parts, and stay out of the file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser import audit
from tests.browser.conftest import SANDBOX
from tests.browser.window import CARD

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.lab import LabPage

BRIEF = "Find 20 bakeries in Porto. scenario:partial"
ENDED = re.compile("Completed")
MANY = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
import origami_widgets as ow
from tests.support.many_leads import ManyLeads
many = ManyLeads(speed=600)
run = ow.start("Find 20 bakeries in Porto", client=many.client(), show=False).wait("cells")
"""
TICKED = """
import threading
come = threading.Event()
grid.observe(lambda _: len(grid.selected) == 2 and come.set(), "selected")
len(grid.selected) == 2 or come.wait(30)
print(len(grid.selected), len(grid.selection), len(grid.frame) == len(grid.to_frame()))
"""
"""Some kernels read what the page says on a thread of their own: it may come while a cell runs."""
SCROLLED = """async grid => {
    const frame = () => new Promise(requestAnimationFrame);
    const lines = () => [...grid.querySelectorAll('[role="rowgroup"] > [role="row"]')];
    const places = () => lines().map(line => Number(line.ariaRowIndex));
    grid.scrollTop = 20 * 29;
    await frame();
    await frame();
    const drawn = new Set(lines());
    while (grid.scrollTop < 150 * 29) {
        grid.scrollTop += 260;
        await frame();
    }
    for (let at = places(); at[0] < 140 || at.some((place, each) => place !== at[0] + each); at = places()) await frame();
    const now = lines();
    return [now.filter(line => !drawn.has(line)).length, now.length - drawn.size];
}"""
"""Scrolls over a hundred leads and, when their lines are in order, counts the lines that were made for it."""
BATCH = """
cities = {city: f"Find 30 bakeries in {city}" for city in ("Porto", "Faro")}
batch = ow.start_many(cities, show=False).wait("cells")
grid = ow.leads(batch)
grid
"""
LEAD = "example"
"""Stands in the website and the address of every lead of the sandbox, and nowhere else on a card."""


def leads_of(lab: LabPage, cell: int):
    return lab.output(cell).locator('[role="grid"]')


def names_of(lab: LabPage, cell: int):
    return leads_of(lab, cell).locator('[role="gridcell"][aria-colindex="2"]')


def test_leads_appear_and_fill_while_the_run_goes_on(card_in: Callable[..., LabPage]) -> None:
    lab = card_in(BRIEF, speed=6)
    card = lab.output(1).locator(CARD)
    cells = leads_of(lab, 1).get_by_role("gridcell")
    expect(cells.filter(has_text=LEAD).first).to_be_visible()
    expect(card.locator(".pill")).to_contain_text("Running")
    # Work that has not ended shimmers, a value that came lights up, and what was not found says so.
    expect(leads_of(lab, 1).locator(".shimmer").first).to_be_visible()
    expect(leads_of(lab, 1).locator(".lit").first).to_be_visible()
    expect(cells.filter(has_text="not found").first).to_be_visible()
    expect(card.locator(".pill")).to_have_text(ENDED, timeout=60_000)
    expect(leads_of(lab, 1).locator(".shimmer")).to_have_count(0, timeout=60_000)
    card.get_by_role("button", name="cells failed").click()
    expect(leads_of(lab, 1).locator(":focus")).to_have_text("failed")
    lab.page.keyboard.press("Enter")
    expect(card.get_by_role("dialog")).to_contain_text("Common causes")


def test_leads_open_and_are_sorted_and_filtered_by_the_server(card_in: Callable[..., LabPage]) -> None:
    ask = "sort = {'column': 'company', 'direction': '%s'}\nprint(*ow.leads_frame(run.wait('cells').tables[0], sort=sort)['company'], sep='|')"
    lab = card_in(BRIEF, ask % "asc", ask % "desc", speed=200)
    for cell in (2, 3):
        lab.run_cell(cell)
    ascending, descending = (lab.output(cell).inner_text().strip().split("|") for cell in (2, 3))
    lab.show_cell(1)
    heading, name = leads_of(lab, 1).get_by_role("columnheader").nth(1), names_of(lab, 1).first
    heading.get_by_role("button").click()
    expect(heading).to_have_attribute("aria-sort", "ascending")
    expect(name).to_have_text(ascending[0])
    heading.get_by_role("button").click()
    expect(name).to_have_text(descending[0])
    card = lab.output(1).locator(CARD)
    card.get_by_role("button", name="+ Filter").click()
    card.get_by_label("Value to compare with").fill(ascending[0])
    card.get_by_role("button", name="Apply").click()
    expect(leads_of(lab, 1).get_by_role("gridcell").filter(has_text=ascending[0]).first).to_be_visible()
    expect(leads_of(lab, 1).get_by_role("gridcell").filter(has_text=descending[0])).to_have_count(0)


def test_ten_thousand_leads_are_read_page_by_page_as_they_are_reached(open_lab: Callable[..., LabPage]) -> None:
    lab = open_lab([MANY, "grid = ow.leads(run)\ngrid", "print(*[page[:2] for page in many.pages])"])
    lab.run_cell(0)
    lab.run_cell(1)
    grid = leads_of(lab, 1)
    cells = grid.get_by_role("gridcell")
    expect(cells.filter(has_text="Bakery 0").first).to_be_visible()
    # The first leads fill the room at once, not only with the next answer.
    assert grid.evaluate("grid => grid.lastChild.querySelectorAll('[role=\"row\"]').length * 29 >= grid.clientHeight")
    expect(grid).to_have_attribute("aria-rowcount", "10001")
    lab.run_cell(2)
    expect(lab.output(2)).to_have_text("(0, 200)")
    assert grid.evaluate(SCROLLED) == [0, 0]
    grid.evaluate("grid => { grid.scrollTop = 0; }")
    cells.filter(has_text="Bakery 0").first.click()
    # Home, End and Page keys as in the ARIA practice; what comes next is read before it is reached.
    lab.page.keyboard.press("Control+End")
    expect(grid.locator('[data-at="199"] > :focus')).to_have_count(1)
    expect(grid.get_by_role("row").filter(has_text="Bakery 202")).to_have_count(1)
    lab.run_cell(2)
    expect(lab.output(2)).to_have_text("(0, 200) (200, 200)")


def test_axe_finds_nothing_in_leads_of_any_width_theme_and_direction(card_in: Callable[..., LabPage]) -> None:
    lab = card_in(BRIEF, "grid = ow.leads(run.wait('cells'))\ngrid", speed=200)
    lab.run_cell(2)
    expect(leads_of(lab, 2).get_by_role("gridcell").first).to_be_visible()
    found = []
    for theme, width, direction in (("light", 900, "ltr"), ("dark", 900, "ltr"), ("light", 320, "rtl")):
        lab.set_theme(theme)
        lab.set_output_width(width, index=2)
        lab.page.evaluate("direction => { document.documentElement.dir = direction; }", direction)
        lab.show_cell(2)
        leads_of(lab, 2).locator('[aria-haspopup="dialog"]').first.click()
        expect(lab.output(2).get_by_role("dialog")).to_be_visible()
        found += [f"{theme} {width} {direction}: {each}" for each in audit.axe_findings(lab.page, CARD)]
        lab.page.keyboard.press("Escape")
    lab.page.evaluate("() => { document.documentElement.dir = ''; }")
    lab.set_theme("light")
    assert not found, "\n".join(found)


@pytest.fixture
def of_batch(open_lab: Callable[..., LabPage]) -> LabPage:
    """A window with the leads of a batch in its second cell."""
    lab = open_lab([SANDBOX.format(speed=200), BATCH])
    lab.run_cell(0)
    lab.run_cell(1)
    expect(leads_of(lab, 1).get_by_role("gridcell").first).to_be_visible()
    return lab


@pytest.mark.parametrize("width", [320, 901])
def test_the_form_of_a_filter_lies_over_the_first_leads_and_moves_nothing(
    card_in: Callable[..., LabPage], width: int
) -> None:
    lab = card_in("Find 20 bakeries in Porto", speed=200)
    page, card = lab.page, lab.output(1).locator(CARD)
    expect(card.locator(".pill")).to_have_text(ENDED, timeout=60_000)
    lab.set_output_width(width, index=1)
    lab.show_cell(1)
    tops = """card => [".tools", "[role=grid]", ".foot"].map(part => card.querySelector(part).getBoundingClientRect().top
        - card.getBoundingClientRect().top)"""
    before = card.evaluate(tops)
    more, value = card.get_by_role("button", name="+ Filter"), card.get_by_label("Value to compare with")
    # The chips scroll to it, and its form goes with it.
    more.press("Enter")
    expect(value).to_be_visible()
    assert card.evaluate(tops) == before
    for part in (card.get_by_label("Filter by column"), card.get_by_label("Condition"), value):
        expect(part).to_be_in_viewport(ratio=1)
    assert not audit.axe_findings(page, CARD)
    card.get_by_label("Filter by column").select_option(label="Fit")
    card.get_by_label("Condition").select_option(label="is at least")
    value.fill("60")
    value.press("Enter")
    chip = card.get_by_role("button", name="is at least 60")
    # Beside the tabs, there may be no room for one more: the button of the form counts it, a frame later.
    expect(chip.or_(card.get_by_role("button", name="+ Filter 1"))).to_be_in_viewport(ratio=0.99)
    expect(value).to_be_hidden()
    expect(more).to_be_focused()
    assert card.evaluate(tops) == before
    # A narrow card has its columns in the menu, where the chips need the room.
    about = card.get_by_role("button", name="More about this run")
    if width < 520:
        about.press("Enter")
    card.get_by_role("button", name="Columns", exact=True).press("Enter")
    expect(card.get_by_label("Website")).to_be_in_viewport(ratio=1)
    page.keyboard.press("Escape")
    expect(card.get_by_label("Website")).to_be_hidden()
    expect(about if width < 520 else card.get_by_role("button", name="Columns", exact=True)).to_be_focused()
    # A form that is left for the leads closes.
    more.press("Enter")
    expect(value).to_be_visible()
    page.keyboard.press("Escape")
    expect(value).to_be_hidden()
    more.press("Enter")
    names_of(lab, 1).nth(3).click()
    expect(value).to_be_hidden()
    assert not audit.layout_findings(page, CARD)


def test_tabs_that_have_no_room_are_behind_a_button_and_chips_give_way_before_them(
    card_in: Callable[..., LabPage],
) -> None:
    lab = card_in("Map food retail. scenario:large", speed=200)
    card = lab.output(1).locator(CARD)
    tabs, more = card.get_by_role("tab"), card.get_by_role("button", name=re.compile(r"^\d+ more$"))
    chip, form = card.get_by_role("button", name="Has e-mail"), card.get_by_role("button", name="+ Filter")
    expect(card.locator(".pill")).to_have_text(ENDED, timeout=60_000)
    for width in (568, 832):
        lab.set_output_width(width, index=1)
        lab.show_cell(1)
        # On a narrow card, the tabs have a line of their own.
        expect(chip).to_be_visible(visible=width < 720)
        expect(more).to_have_text(f"{20 - tabs.count()} more")
        cut = "tabs => tabs.filter(tab => [tab, tab.firstElementChild].some(at => at.scrollWidth > at.clientWidth + 1))"
        assert tabs.evaluate_all(cut) == []
    more.click()
    behind = card.locator(".tabs .item").last
    name = behind.locator("bdi").inner_text()
    behind.click()
    expect(card.get_by_role("tab", name=name)).to_be_focused()
    expect(card.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")
    expect(names_of(lab, 1).first).to_be_visible()
    form.click()
    chip.click()
    expect(form).to_have_text("+ Filter 1")
    lab.page.keyboard.press("Escape")
    assert not audit.layout_findings(lab.page, CARD)


def test_the_last_row_that_keys_reach_is_whole(of_batch: LabPage) -> None:
    grid = leads_of(of_batch, 1)
    last = grid.get_by_role("row").last
    grid.get_by_role("gridcell").nth(1).click()
    of_batch.page.keyboard.press("PageDown")
    of_batch.page.keyboard.press("PageDown")
    expect(last).to_be_attached()
    focused = grid.locator(":focus")
    assert focused.evaluate(
        "cell => { const { left, bottom } = cell.getBoundingClientRect();"
        " return cell.contains(cell.getRootNode().elementFromPoint(left + 6, bottom - 4)); }"
    )


def test_ticked_leads_become_a_frame_and_no_lead_is_saved(card_in: Callable[..., LabPage]) -> None:
    lab = card_in(
        BRIEF,
        "grid = ow.leads(run.wait('cells'))\ngrid",
        TICKED,
        "ow.leads(run, save=True)",
        speed=200,
    )
    lab.run_cell(2)
    boxes = leads_of(lab, 2).get_by_role("gridcell").get_by_role("checkbox")
    boxes.nth(0).check()
    boxes.nth(2).check()
    expect(lab.output(2).get_by_text("2 ticked")).to_be_visible()
    lab.run_cell(3)
    expect(lab.output(3)).to_have_text("2 2 True")
    lab.run_cell(4)
    lab.show_cell(4)
    expect(leads_of(lab, 4).get_by_role("gridcell").filter(has_text=LEAD).first).to_be_visible()
    lab.save()
    card, grid, saved = (json.dumps(lab.saved_outputs(cell)) for cell in (1, 2, 4))
    assert LEAD not in card
    assert LEAD not in grid
    assert LEAD not in json.dumps(lab.saved_notebook()["metadata"])
    assert LEAD in saved
