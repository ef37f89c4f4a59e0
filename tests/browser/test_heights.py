"""A card does not move what is below it: its height from the first paint to the end, at every width at once."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from origami_widgets.card.widgets.live_widget import front_end_file
from tests.browser import chromium, scenes
from tests.browser.lab import LabPage
from tests.browser.lives import BRIEF, BUILDING, LINES, TALKING, lives
from tests.browser.window import CARD, new_context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

    from notebooks import serve

WIDTHS = (320, 430, 568, 700, 901, 1200)
MOST_CHANGES, MOST_MOVED = 1, 60
OTHERS = ("long_brief", "cancelled", "cancelled_at_once", "answers", "follow_up", "with_link")
KINDS = (*BUILDING, *TALKING, *OTHERS, *(f"says_{lines}" for lines in LINES))

# A host's model that gets one view after the other, and a kernel that knows the same leads of every table.
PAGE = """
async ([card, leads]) => {
    const url = URL.createObjectURL(new Blob([card], { type: "text/javascript" }));
    const { default: widget } = await import(url);
    const names = ["Company", "Website", "City", "Contact e-mail", "Phone", "Fit"];
    const heads = names.map(name => (
        { slug: name, name, kind: "input", role: "other", own: false, is_number: false, share: 0.5, details: "",
          filling: false, missing: "not run", failed: 0, filters: true }));
    const rows = [...Array(20)].map((_, at) => [`row-${at}`, names.map(name => `${name} ${at}`)]);
    class Model {
        listeners = {};
        constructor(view) { this.state = { ...view }; }
        get(name) { return this.state[name]; }
        on(name, call) { (this.listeners[name] ??= new Set()).add(call); }
        off(name, call) { this.listeners[name]?.delete(call); }
        emit(name, ...values) { for (const call of [...(this.listeners[name] ?? [])]) call(...values); }
        set(traits) {
            const changed = Object.keys(traits).filter(name => JSON.stringify(traits[name]) !== JSON.stringify(this.state[name]));
            Object.assign(this.state, traits);
            for (const name of changed) this.emit(`change:${name}`);
        }
        send({ kind, grid, query, table }) {
            const answer = {
                code: { kind, code: leads },
                hello: { kind: "clock", clock: { ...this.state.clock, now: Date.now() } },
                leads: {
                    kind, grid, query, table, rows, heads, start: 0, read: 20, line: "", total: 20, more: false, changes: [],
                    marks: {}, hidden: 7, judged: true, final: true, count: "20 leads, 7 of them hidden by the brief", note: "",
                },
            }[kind];
            if (answer) setTimeout(() => this.emit("msg:custom", answer));
        }
    }
    const frame = () => new Promise(requestAnimationFrame);
    window.live = async (views, widths) => {
        const cards = widths.map(width => {
            const host = document.createElement("div");
            host.style.width = `${width}px`;
            document.body.append(host);
            const model = new Model(views[0]);
            const end = widget.render({ model, el: host });
            return { model, host, end, card: host.firstChild.shadowRoot.querySelector(".origami-card") };
        });
        const seen = cards.map(() => ({ heights: [], hidden: 0, above: 0 }));
        const look = () => cards.forEach(({ card }, at) => {
            const room = card.querySelector(".room");
            const { top, height } = card.getBoundingClientRect();
            seen[at].heights.push(height);
            seen[at].above = (card.querySelector(".panel").getBoundingClientRect().top - top) / height;
            seen[at].hidden = Math.max(seen[at].hidden, room.scrollHeight - room.clientHeight);
        });
        look();
        for (const view of views) {
            for (const { model } of cards) model.set(structuredClone(view));
            look();
            // What the browser and the kernel say, as that the card can be seen, and its leads.
            await frame();
            look();
        }
        cards.forEach(({ card }, at) => {
            const { left, right } = card.querySelector(".tablist").getBoundingClientRect();
            seen[at].counts = [...card.querySelectorAll(".tabs small:not([hidden])")].map(count => {
                const box = count.getBoundingClientRect();
                return [count.textContent.trim(), box.left >= left && box.right <= right + 1];
            });
            [...card.querySelectorAll("[role=tab]")].at(-1).click();
            const end = card.querySelector(".activity + .rest").getBoundingClientRect().top;
            seen[at].lines = [...card.querySelectorAll(".activity :is(.of, li)")].map(line => line.getBoundingClientRect()).filter(
                ({ height, top, bottom }) => height && top < end - 1 && bottom > end + 1
            ).length;
        });
        for (const { end, host } of cards) { end(); host.remove(); }
        return seen;
    };
}
"""


@pytest.fixture(scope="module")
def lived() -> dict[str, list[Any]]:
    return lives()


@pytest.fixture(scope="module")
def page(context: BrowserContext) -> Iterator[Page]:
    made = context.new_page()
    made.set_viewport_size({"width": max(WIDTHS), "height": 4_000})
    made.evaluate(PAGE, [*map(front_end_file, ("card.js", "leads.js"))])
    yield made
    made.close()


def changes(heights: list[float]) -> list[float]:
    return [after for before, after in pairwise(heights) if abs(after - before) > 1]


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_is_as_high_at_its_end_as_in_its_first_second(lived: dict[str, Any], page: Page, kind: str) -> None:
    seen = page.evaluate("([views, widths]) => live(views, widths)", [lived[kind], WIDTHS])
    for width, card in zip(WIDTHS, seen, strict=True):
        heights = card["heights"]
        assert len(changes(heights)) <= MOST_CHANGES, (width, heights)
        assert max(heights) - min(heights) <= MOST_MOVED, (width, heights)
        assert card["hidden"] <= 1, f"{card['hidden']} px of what is below the brief have no room at {width} px"


@pytest.mark.parametrize("kind", ["completed", "filling", "with_link"])
def test_a_narrow_card_has_more_leads_than_head(lived: dict[str, Any], page: Page, kind: str) -> None:
    for card in page.evaluate("([views, widths]) => live(views, widths)", [lived[kind], (320, 430)]):
        assert card["above"] <= 0.42, f"{card['above']:.0%} of the card are above its leads"


def test_a_tab_shows_its_count_whole_and_activity_ends_with_a_whole_line(lived: dict[str, Any], page: Page) -> None:
    widths = (298, *WIDTHS)  # A board of 320 px has a card of 298 px.
    for width, card in zip(
        widths, page.evaluate("([views, widths]) => live(views, widths)", [lived["filling"], widths]), strict=True
    ):
        assert len(card["counts"]) == 2
        assert all(whole for _, whole in card["counts"]), (width, card["counts"])
        assert not card["lines"], width


# Each card, and the place of the cell below them, as often as the page is drawn.
WATCH = """() => {
    const { widgets } = window.jupyterapp.shell.currentWidget.content;
    const cards = [...widgets[1].node.querySelectorAll(".origami-widget")].map(shell => shell.shadowRoot.querySelector(".origami-card"));
    window.seen = cards.map(() => []);
    window.below = [];
    const look = () => {
        cards.forEach((card, at) => window.seen[at].push(card.getBoundingClientRect().height));
        window.below.push(widgets[2].node.getBoundingClientRect().top - widgets[1].node.getBoundingClientRect().top);
        requestAnimationFrame(look);
    };
    look();
}"""
SHOW = f"""import ipywidgets
run = ow.start({BRIEF!r})
cards = [ow.RunCard(run) for _ in {WIDTHS}]
for card, width in zip(cards, {WIDTHS}):
    card.layout.width = card.layout.min_width = f"{{width}}px"
ipywidgets.VBox(cards)"""


def test_a_live_card_moves_no_cell(open_lab: Callable[..., LabPage]) -> None:
    setup = "import origami_widgets as ow\now.configure(client=ow.Sandbox(speed=20).client())"
    lab = open_lab([setup, SHOW, "'the cell below'"])
    lab.page.set_viewport_size({"width": 1_700, "height": 4_600})
    lab.run_cell(0)
    lab.run_cell(1)
    cards = lab.output(1).locator(CARD)
    # The one that `start` shows, with its line of code, and one of each width.
    expect(cards).to_have_count(1 + len(WIDTHS))
    lab.page.evaluate(WATCH)
    for card in cards.all():
        expect(card.get_by_role("button", name="Find more")).to_be_visible(timeout=60_000)
        expect(card.locator(".remarks")).not_to_contain_text("filling", timeout=60_000)
    seen, below = lab.page.evaluate("[window.seen, window.below]")
    widths = [round(card.bounding_box()["width"]) for card in cards.all()]
    assert set(WIDTHS) <= set(widths)
    for width, heights in zip(widths, seen, strict=True):
        assert len(changes(heights)) <= MOST_CHANGES, (width, heights)
        assert max(heights) - min(heights) <= MOST_MOVED, (width, heights)
    assert max(below) - min(below) <= MOST_MOVED, below


def test_the_card_that_a_reopened_notebook_draws_is_as_high(open_lab: Callable[..., LabPage]) -> None:
    lab = open_lab(
        [f"import origami_widgets as ow\now.use_sandbox(200)\nrun = ow.start({BRIEF!r})\nrun.wait('cells');"]
    )
    lab.run_cell(0)
    expect(lab.output(0).locator(CARD)).to_contain_text("Completed")
    live = heights_of(lab)
    lab.save()
    lab.shutdown_kernel()
    lab.reopen()
    expect(lab.output(0).locator(CARD)).to_contain_text("Snapshot of")
    # Above its tables, it says since when it is one.
    saved = zip(heights_of(lab), heights_of(lab, ".notices"), strict=True)
    assert [height - notice for height, notice in saved] == pytest.approx(live, abs=2)


# The rows of the panel that can be seen whole, and those of which a part is covered.
WHOLE = """panel => {
    panel.scrollIntoView({ block: "nearest" });
    const root = panel.getRootNode();
    const { left } = panel.getBoundingClientRect();
    const rows = [...panel.querySelectorAll("tbody tr")].map(row => {
        const { top, bottom } = row.getBoundingClientRect();
        return [top + 3, bottom - 3].filter(at => row.contains(root.elementFromPoint(left + 40, at))).length;
    });
    return { bar: panel.offsetHeight - panel.clientHeight, whole: rows.filter(seen => seen === 2).length,
             cut: rows.filter(seen => seen === 1).length };
}"""


@pytest.mark.parametrize("width", [320, 430])
def test_columns_of_a_reopened_card_are_whole_above_a_scroll_bar(browser: Browser, lab: serve.Lab, width: int) -> None:
    """Where scroll bars take space. Beside the note that there is no kernel, there is the least room for them."""
    shown = chromium.launch_type(browser.browser_type, scroll_bars=True)
    window = LabPage(new_context(shown), lab)
    setup = f"import origami_widgets as ow\now.use_sandbox(200)\nrun = ow.start({BRIEF!r})\nrun.wait('cells');"
    window.open_notebook([setup])
    window.run_cell(0)
    expect(window.output(0).locator(CARD)).to_contain_text("Completed")
    window.save()
    window.shutdown_kernel()
    window.reopen()
    card = window.output(0).locator(CARD)
    expect(card).to_contain_text("Snapshot of")
    window.set_output_width(width)
    copy = card.get_by_role("button", name=re.compile("^Copy ")).first.bounding_box()
    assert copy["width"] > copy["height"], "its word stands in one line"
    card.get_by_role("tab", name="Columns").click()
    rows = card.locator(".panel").evaluate(WHOLE)
    assert rows["bar"] > 0, "the columns don't fit, and the bar takes space"
    assert rows["whole"] >= 1, rows
    assert not rows["cut"], rows
    window.close()
    shown.close()


FIRST = """
import time
began, seconds = time.time(), 0.0
client = ow.Sandbox(clock=lambda: began + seconds).client()
run = ow.start({brief!r}, client=client, show=False)
seconds = {seconds}
run.refresh()
ipywidgets.VBox([ow.RunCard(run)])
"""
# How far apart what is shown from the head to the last line is, and where the tabs are.
BANDS = """card => {
    const boxes = [...card.querySelectorAll(".result .line, .funnel, .tabs, .ltools, .leads, .empty, .strip, .last")]
        .filter(node => node.checkVisibility()).map(node => node.getBoundingClientRect());
    const gaps = boxes.slice(1).map((box, at) => box.top - boxes[at].bottom);
    const top = card.getBoundingClientRect().top;
    return { most: Math.max(...gaps), heads: card.querySelector(".leads")?.clientHeight ?? 0,
             shapes: card.querySelectorAll(".waiting:not([hidden])").length,
             tabs: Math.round(card.querySelector(".tabs").getBoundingClientRect().top - top) };
}"""


def test_there_is_no_empty_band_before_the_first_leads(open_lab: Callable[..., LabPage]) -> None:
    """Neither before the first table nor while it has no leads; what comes moves nothing."""
    cells = [FIRST.format(brief=BRIEF, seconds=seconds) for seconds in (0.5, 6.0)]
    lab = open_lab([scenes.SETUP, *cells])
    lab.run_cell(0)
    for index in (1, 2):
        lab.run_cell(index)
        lab.show_cell(index)
        expect(lab.output(index).locator(".empty.waiting").first).to_be_visible()
    expect(lab.output(2).locator(CARD)).to_contain_text("0 companies")
    for width in (320, 901):
        places = []
        for index in (1, 2):
            lab.set_output_width(width, index=index)
            lab.show_cell(index)
            places.append(lab.output(index).locator(CARD).evaluate(BANDS))
        assert max(each["most"] for each in places) <= 29, places
        assert [each["shapes"] for each in places] == [2, 1]
        assert places[1]["heads"] <= 29, places
        assert abs(places[0]["tabs"] - places[1]["tabs"]) <= 1, places


@pytest.mark.parametrize(
    ("state", "button"), [("incomplete", "Continue"), ("completed", "Find more"), ("running", "Cancel")]
)
def test_a_question_moves_nothing(open_lab: Callable[..., LabPage], state: str, button: str) -> None:
    lab = open_lab([scenes.SETUP, scenes.ALONE.format(state)])
    lab.run_cell(0)
    lab.run_cell(1)
    card = lab.output(1).locator(CARD)

    def places() -> list[float]:
        """What a press scrolls into view moves the page, not the card."""
        tops = (".body", ".strip", ".last")
        return card.evaluate(
            """(card, parts) => {
                const { top, height } = card.getBoundingClientRect();
                return [height, ...parts.map(part => card.querySelector(part).getBoundingClientRect().top - top)];
            }""",
            tops,
        )

    for width in (320, 901):
        lab.set_output_width(width, index=1)
        press = card.get_by_role("button", name=button)
        before = places()
        press.click()
        expect(card.get_by_role("button", name="No", exact=True)).to_be_in_viewport(ratio=1)
        assert places() == before
        card.get_by_role("button", name="No", exact=True).click()


def heights_of(lab: LabPage, part: str = CARD) -> list[float]:
    """The height of the card of the first cell, or of a part of it, at a wide cell's width and beside an open side bar."""
    heights = []
    for width in (901, 568):
        lab.set_output_width(width)
        heights.append(lab.output(0).locator(part).evaluate("node => node.getBoundingClientRect().height"))
    return heights
