"""From its first leads on, a card has one height and shows as many leads, whatever there is to say, at every width."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from origami_widgets.card.widgets.live_widget import front_end_file
from tests.browser.lives import BUILDING, LINES, lives

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext, Page

WIDTHS = (320, 430, 568, 700, 832, 1005)
MOST_CHANGES, MOST_MOVED = 1, 60
LEAST_ROWS = 7
OTHERS = ("long_brief", "cancelled", "follow_up", "with_link", "to_fill")
KINDS = (*BUILDING, *OTHERS, *(f"says_{lines}" for lines in LINES))

# A host's model that gets one view after the other, and a kernel that knows the same leads of every table.
PAGE = """
async ([card, leads]) => {
    const url = URL.createObjectURL(new Blob([card], { type: "text/javascript" }));
    const { default: widget } = await import(url);
    const names = ["Company", "Website", "City", "Contact e-mail", "Phone", "Fit"];
    const heads = names.map(name => (
        { slug: name, name, kind: "input", role: "other", own: false, is_number: false, share: 0.5, details: "",
          filling: false, missing: "no result", failed: 0, filters: true }));
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
                    kind, grid, query, table, rows, heads, start: 0, read: 20, total: 20, more: false, changes: [],
                    marks: {}, hidden: 7, judged: true, final: true, runs: {}, count: "20 leads", note: "",
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
        const seen = cards.map(() => []);
        const look = () => cards.forEach(({ card }, at) => {
            const { height } = card.getBoundingClientRect();
            const body = card.querySelector(".leads")?.getBoundingClientRect();
            const boxes = [...card.querySelectorAll(".lines > .lrow")].map(line => line.getBoundingClientRect());
            const whole = boxes.filter(({ height, bottom }) => height && bottom <= body.bottom + 1).length;
            const cut = boxes.some(({ top, bottom }) => top < body.bottom - 4 && bottom > body.bottom + 4);
            const told = card.querySelector(".told:has(button:not(.link, .x)) > .now");
            const room = !told || told.scrollHeight <= told.clientHeight || 2 * told.clientWidth > told.parentElement.clientWidth;
            seen[at].push({ height, whole, cut, room });
        });
        for (const view of views) {
            for (const { model } of cards) model.set(structuredClone(view));
            // What the browser and the kernel say, as that the card can be seen, and its leads.
            for (let at = 0; at < 3; at++) await frame();
            look();
        }
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
    made.set_viewport_size({"width": max(WIDTHS), "height": 6_000})
    made.evaluate(PAGE, [*map(front_end_file, ("card.js", "leads.js"))])
    yield made
    made.close()


def changes(heights: list[float]) -> list[float]:
    return [after for before, after in pairwise(heights) if abs(after - before) > 1]


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_has_one_height_from_its_first_leads_on(lived: dict[str, Any], page: Page, kind: str) -> None:
    seen = page.evaluate("([views, widths]) => live(views, widths)", [lived[kind], WIDTHS])
    for width, looks in zip(WIDTHS, seen, strict=True):
        first = next((at for at, look in enumerate(looks) if look["whole"]), len(looks) - 1)
        heights = [look["height"] for look in looks[first:]]
        assert len(changes(heights)) <= MOST_CHANGES, (width, changes(heights))
        assert max(heights) - min(heights) <= MOST_MOVED, (width, changes(heights))
        assert all(look["room"] for look in looks), f"At {width} px, a notice has less room than its button."


@pytest.mark.parametrize("kind", [*BUILDING, "cancelled", "follow_up"])
def test_leads_stay_in_view_and_a_half_row_shows_that_there_are_more(
    lived: dict[str, Any], page: Page, kind: str
) -> None:
    seen = page.evaluate("([views, widths]) => live(views, widths)", [lived[kind], WIDTHS])
    for width, looks in zip(WIDTHS, seen, strict=True):
        first = next((at for at, look in enumerate(looks) if look["whole"]), len(looks))
        for look in looks[first:]:
            assert look["whole"] >= LEAST_ROWS, (width, look)
            assert look["cut"], (width, look)
