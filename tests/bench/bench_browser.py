"""Card and leads in real JupyterLab: display to first paint, update to paint, first leads, and frames while leads scroll.

The run is the largest that a card shows: 20 tables of 40 columns and 200 changes. Times are taken in the page, from the
kernel's message on to the frame after the card has changed; an empty card-sized output is measured beside it, so that
what the notebook itself takes can be distinguished. On a machine with other work the figures are only a guide; of the frames of
scrolled leads the processor time of the page's thread is measured as well, which other work changes little.

`python -m tests.bench.bench_browser 10` scrolls ten fresh pages.
"""

from __future__ import annotations

import bisect
import json
import os
import statistics
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import sync_playwright

from notebooks import serve
from tests.browser import chromium
from tests.browser.lab import KERNEL, LabPage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import Browser

    from notebooks.serve import Lab

FIRST_PAINT_MS = 200.0
FRAME_MS = 1000 / 60
UPDATE_MS = FRAME_MS + 16.0
SHOWS = 7
UPDATES = 20

START = """
import time
import ipywidgets
import origami_widgets as ow
ahead = 0.0
client = ow.Sandbox(clock=lambda: time.time() + ahead).client()
run = ow.start("Map the food retail of Iberia. scenario:large", client=client, show=False)
for ahead in (20, 90):
    run.refresh()
"""
SHOW = "ipywidgets.VBox([ow.RunCard(run)])"
PLAIN = 'ipywidgets.VBox([ipywidgets.HTML(\'<div class="plain" style="height:900px">card</div>\')])'
UPDATE = f"""
for step in range({UPDATES}):
    ahead += 6
    run.refresh()
    time.sleep(0.25)
"""

# Notes when a message of the kernel has come, and when the page has been painted after what it brought: widgets stand in
# shadow roots, where neither a selector nor an observer of the page reaches.
WATCH = f"""() => {{
    window.times = [];
    window.came = null;
    const deep = (node, selector) => {{
        const found = node.querySelector(selector);
        if (found) return found;
        for (const each of node.querySelectorAll("*")) {{
            const inside = each.shadowRoot && deep(each.shadowRoot, selector);
            if (inside) return inside;
        }}
        return null;
    }};
    window.deep = selector => {{
        for (const output of document.querySelectorAll(".jp-OutputArea-output")) {{
            const found = deep(output, selector);
            if (found) return found;
        }}
        return null;
    }};
    const frame = () => new Promise(requestAnimationFrame);
    const painted = () => new Promise(done => requestAnimationFrame(() => {{
        const {{ port1, port2 }} = new MessageChannel();
        port1.onmessage = () => done(performance.now());
        port2.postMessage(null);
    }}));
    const noteShown = async came => {{
        while (!window.deep(window.place)) await frame();
        window.times.push((await painted()) - came);
    }};
    // Told before the message is handled: the signal of its channel may come after the card has changed.
    {KERNEL}.anyMessage.connect((_, {{ msg: message, direction }}) => {{
        if (direction !== "recv") return;
        const shown = message.header.msg_type === "display_data" || message.header.msg_type === "execute_result";
        if (window.wanted === "shown" && shown) void noteShown(performance.now());
        if (window.wanted === "updated" && message.content?.data?.method === "update") window.came = performance.now();
    }});
    window.watchUpdates = () => {{
        window.wanted = "updated";
        new MutationObserver(() => {{
            if (window.came === null) return;
            const came = window.came;
            window.came = null;
            painted().then(at => window.times.push(at - came));
        }}).observe(window.deep(".origami-card"), {{ childList: true, subtree: true, characterData: true, attributes: true }});
    }};
}}"""


def first_paints(window: LabPage, index: int, place: str) -> float:
    """Return the median in ms from the message that shows an output to the frame in which it stands."""
    times = []
    for _ in range(SHOWS):
        window.page.evaluate(
            "([place, index]) => { window.place = place; window.wanted = 'shown'; window.times = [];"
            " window.jupyterapp.shell.currentWidget.content.widgets[index].model.sharedModel.setOutputs([]); }",
            [place, index],
        )
        window.run_cell(index)
        window.page.wait_for_function("window.times.length > 0")
        times.append(float(window.page.evaluate("window.times[0]")))
    return statistics.median(times)


def update_times(window: LabPage, index: int) -> list[float]:
    """Return the ms from each message that changes the card to the frame that shows it."""
    window.page.evaluate("() => { window.times = []; window.watchUpdates(); }")
    window.run_cell(index)
    return [float(time) for time in window.page.evaluate("window.times")]


MANY = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
import origami_widgets as ow
from tests.support.many_leads import ManyLeads
many = ManyLeads(speed=600)
run = ow.start("Find 20 bakeries in Porto", client=many.client(), show=False).wait("cells")
"""
LEADS = "grid = ow.leads(run)\ngrid"
PAGES = "print(len(many.pages), max(end for _, end, _ in many.pages), len({start for start, _, _ in many.pages}))"
FIRST_LEADS_MS = 1000.0
LONGEST_FRAME_MS = 50.0
LEADS_READ = 10_000
# The times between frames while the leads pass by, all of them, as far as they have come; and as many without any motion.
SCROLL = """async ([still, whole]) => {
    const node = window.deep('[role="grid"]');
    const frames = [];
    const next = () => new Promise(requestAnimationFrame);
    const ends = () => whole ? node.scrollTop + node.clientHeight >= 290_000 : frames.length >= 120;
    let last = performance.now();
    while (!ends() && frames.length < 4000) {
        if (!still) node.scrollTop += 260;
        await next();
        performance.mark("lead frame");
        const now = performance.now();
        frames.push(now - last);
        last = now;
    }
    return frames;
}"""
TRACED = ("toplevel", "devtools.timeline", "blink.user_timing", "v8", "disabled-by-default-v8.gc")


@dataclass(frozen=True)
class LeadTimes:
    """What was measured of a grid of ten thousand leads.

    Attributes:
        first: ms from the message that shows the grid to the first lead in it.
        frames: ms between frames while all leads pass by.
        busy: ms of processor time that the page's main thread took for each of these frames: script, style, layout, paint,
            garbage collection, and what JupyterLab does. The rest of a frame, the thread waited: for the next frame, or for
            a processor.
        longest: what took most of the longest of them, in ms.
        collections: major garbage collections meanwhile.
        still: ms between frames while nothing moves.
        pages: how often rows were asked for, the largest page, and how many different pages that were.
    """

    first: float
    frames: list[float]
    busy: list[float]
    longest: dict[str, float]
    collections: int
    still: list[float]
    pages: tuple[int, int, int]


def busy_times(trace: Sequence[dict[str, Any]]) -> tuple[list[float], dict[str, float], int]:
    """Return the ms of processor time of the page's main thread from each marked frame to the next, and its collections.

    Args:
        trace: the events of one recording of Chromium.

    Returns:
        The times, what took most of the longest one, and the number of major garbage collections.
    """
    marks = [event for event in trace if event["name"] == "lead frame"]
    thread = (marks[0]["pid"], marks[0]["tid"])
    own = [each for each in trace if (each["pid"], each["tid"]) == thread and each.get("ph") == "X"]
    own.sort(key=lambda each: (each["ts"], -each.get("dur", 0)))
    starts = [each["ts"] for each in own if each["name"].endswith("::RunTask")]
    # The task that calls back for a frame goes on to draw it.
    frames = sorted({starts[bisect.bisect_right(starts, mark["ts"]) - 1] for mark in marks})
    spent: list[Counter[str]] = [Counter() for _ in frames]
    around: list[dict[str, Any]] = []
    for each in own:
        while around and around[-1]["ts"] + around[-1].get("dur", 0) <= each["ts"]:
            around.pop()
        at = bisect.bisect_right(frames, each["ts"]) - 1
        if at >= 0:
            # Each event without those within it.
            spent[at][each["name"]] += each.get("tdur", 0) / 1000
            if around:
                spent[at][around[-1]["name"]] -= each.get("tdur", 0) / 1000
        around.append(each)
    # The last frame ends with the recording.
    del spent[-1]
    longest = max(spent, key=lambda each: each.total())
    collections = sum(each["name"] == "MajorGC" and each["ts"] >= frames[0] for each in own)
    return [each.total() for each in spent], dict(longest.most_common(4)), collections


def lead_times(browser: Browser, lab: Lab) -> LeadTimes:
    """Measure a grid of ten thousand leads in a fresh page from its display to the last of them."""
    window = LabPage(browser, lab)
    window.open_notebook([MANY, LEADS, PAGES])
    window.run_cell(0)
    window.page.evaluate(WATCH)
    window.page.evaluate(
        "() => { window.place = '.lines [role=gridcell]'; window.wanted = 'shown'; window.times = []; }"
    )
    window.run_cell(1)
    window.page.wait_for_function("window.times.length > 0")
    first = float(window.page.evaluate("window.times[0]"))
    still = window.page.evaluate(SCROLL, [True, False])
    browser.start_tracing(page=window.page, categories=list(TRACED))
    frames = window.page.evaluate(SCROLL, [False, True])
    busy, longest, collections = busy_times(json.loads(browser.stop_tracing())["traceEvents"])
    window.run_cell(2)
    asked, largest, different = map(int, "".join(window.outputs(2)[0]["text"]).split())
    window.close()
    return LeadTimes(first, frames, busy, longest, collections, still, (asked, largest, different))


def measure(pages: int) -> tuple[float, float, list[float], list[LeadTimes]]:
    """Return first paint of the card, of a plain widget, all times of updates, in ms, and the leads of so many fresh pages."""
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        root = Path(home) / "notebooks"
        root.mkdir()
        lab = serve.start(Path(home), root, ("--LabApp.expose_app_in_browser=True",))
        try:
            browser = chromium.launch(playwright)
            window = LabPage(browser, lab)
            window.open_notebook([START, PLAIN, SHOW, UPDATE])
            window.run_cell(0)
            window.page.evaluate(WATCH)
            plain = first_paints(window, 1, ".plain")
            card = first_paints(window, 2, ".origami-card")
            updates = update_times(window, 3)
            window.close()
            return card, plain, updates, [lead_times(browser, lab) for _ in range(pages)]
        finally:
            lab.stop()


def print_leads(leads: LeadTimes) -> bool:
    """Print what was measured of the leads; returns whether all bars are held.

    A frame is long by its own fault when the page's thread was busy for that long. One that took longer, while its thread
    waited for a processor that another program had, is said beside it.
    """
    asked, largest, different = leads.pages
    longest = max(leads.busy)
    waited = sum(frame > LONGEST_FRAME_MS for frame in leads.frames)
    print(f"display to first leads: {leads.first:.0f} ms (at most {FIRST_LEADS_MS:.0f})")
    print(
        f"{LEADS_READ:,} leads scrolled in {len(leads.frames)} frames: page busy for at most {longest:.0f} ms (at most"
        f" {LONGEST_FRAME_MS:.0f}), median {statistics.median(leads.busy):.1f} ms; {leads.collections} major collections"
    )
    print(f"  the longest: {', '.join(f'{name} {spent:.0f} ms' for name, spent in leads.longest.items())}")
    print(
        f"  on the clock: longest {max(leads.frames):.0f} ms, median {statistics.median(leads.frames):.1f} ms, {waited}"
        f" above {LONGEST_FRAME_MS:.0f}; without motion: longest {max(leads.still):.0f} ms; load {os.getloadavg()[0]:.1f}"
    )
    print(f"{different} pages of {largest} leads: {asked} requests")
    return longest <= LONGEST_FRAME_MS and leads.first <= FIRST_LEADS_MS and asked == different


def main(pages: int) -> int:
    """Print the numbers; returns 1 when a bar is exceeded."""
    card, plain, updates, leads = measure(pages)
    median, worst = statistics.median(updates), max(updates)
    print(f"display to first paint: {card:.0f} ms (at most {FIRST_PAINT_MS:.0f}); a plain widget takes {plain:.0f} ms")
    print(f"update to paint: median {median:.1f} ms of {len(updates)} (at most {UPDATE_MS:.1f}), worst {worst:.1f} ms")
    right = [card <= FIRST_PAINT_MS, median <= UPDATE_MS, *map(print_leads, leads)]
    return 0 if all(right) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1))
