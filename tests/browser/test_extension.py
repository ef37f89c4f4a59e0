"""The extension of JupyterLab: saved cards that can be used without a kernel, commands, notifications, settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from notebooks import serve
from origami_widgets.card.view.contract import SAVED_TYPES, SAVED_VERSION
from tests.browser.conftest import LAB_OPTIONS
from tests.browser.window import BOARD, CARD
from tests.hosts.looks import expect_leads, uses_saved_card
from tests.support.lab_settings import disable_plugins

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.browser.lab import LabPage

RUN_TYPE, _ = SAVED_TYPES
SETUP = "import origami_widgets as ow\now.use_sandbox(600, plan='ultra')"
RUN = "run = ow.start('Find 15 family-run bakeries in Porto with a web shop')\nrun.wait('cells');"
BATCH = (
    "briefs = {'Porto': 'Find bakeries. scenario:answer', 'Faro': 'Find cafés. scenario:needs_input'}\n"
    "batch = ow.start_many(briefs).wait()"
)
RAW = """
from IPython.display import display
display({{{media_type!r}: {{"version": {version}, "view": {view!r}}}, "text/html": "<em>as HTML</em>"}}, raw=True)
"""
# What asks a kernel about widgets, or informs it: the messages of cards.
FRAMES = """() => {
    window.framesSent = [];
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (data) { window.framesSent.push(data); return send.call(this, data); };
    const ask = window.fetch;
    window.fetch = function (...request) { window.framesSent.push(request); return ask.apply(this, request); };
}"""


@pytest.fixture
def another_server(lab: serve.Lab, tmp_path: Path) -> Iterator[Callable[..., serve.Lab]]:
    """Return a function that starts a server of another person on the same notebooks, with or without the extension."""
    started: list[serve.Lab] = []

    def start(*, extension: bool) -> serve.Lab:
        home = tmp_path / f"server-{len(started)}"
        disable_plugins(home, *(() if extension else ("origami-widgets",)))
        started.append(serve.start(home, lab.root, LAB_OPTIONS))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def saved(open_lab: Callable[..., LabPage]) -> LabPage:
    """A notebook with a card and a board, saved; its kernel has stopped."""
    lab = open_lab([SETUP, RUN, BATCH])
    for cell in range(3):
        lab.run_cell(cell)
    card = lab.output(1).locator(CARD)
    expect(card).to_contain_text("Completed")
    # With its leads it is as high as it gets: it no longer moves the board out of view, where that would not be drawn.
    expect_leads(card)
    lab.show_cell(2)
    expect(lab.output(2).locator(BOARD)).to_contain_text("Needs your answer")
    lab.save()
    lab.shutdown_kernel()
    return lab


def uses(lab: LabPage) -> None:
    """Sort, unfold, switch and copy in a saved card, and sort a saved board."""
    card = lab.output(1).locator(CARD)
    expect(card).to_contain_text("Completed")
    expect(card).to_contain_text("Snapshot of")
    lab.page.evaluate(FRAMES)
    uses_saved_card(card)
    lab.show_cell(2)
    board = lab.output(2).locator(BOARD)
    rows = board.locator("tbody > tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("Porto")
    board.get_by_role("button", name="Name").click()
    expect(rows.first).to_contain_text("Faro")
    sent = lab.page.evaluate("window.framesSent")
    assert not [frame for frame in sent if "comm_" in str(frame)]
    assert not [frame for frame in sent if "origami" in str(frame)]
    assert lab.foreign_requests == []
    assert lab.errors_of_ours == []


def test_others_can_use_a_saved_notebook_and_read_it_without_extension(
    saved: LabPage, another_server: Callable[..., serve.Lab]
) -> None:
    can_be_used(saved.elsewhere(another_server(extension=True)))
    is_the_html(saved.elsewhere(another_server(extension=False)), saved)


def can_be_used(other: LabPage) -> None:
    """It can when it is trusted; before, it is what it is without the extension."""
    # Not executed there and not trusted: the sanitized HTML, as without the extension.
    expect(other.output(1).first).to_contain_text("Snapshot of")
    expect(other.page.locator(CARD)).to_have_count(0)
    other.page.evaluate("void window.jupyterapp.commands.execute('notebook:trust')")
    other.page.locator(".jp-Dialog .jp-mod-accept").click()
    uses(other)
    other.close()


def is_the_html(other: LabPage, saved: LabPage) -> None:
    """It shows every word of the HTML that was saved."""
    for cell in (1, 2):
        other.show_cell(cell)
        html = saved.saved_outputs(cell)[0]["data"]["text/html"]
        shown = other.output(cell).first
        expect(shown).to_contain_text("Snapshot of")
        text = shown.evaluate(
            "(node, html) => [node, new DOMParser().parseFromString(html, 'text/html').body].map(one => one.textContent)",
            html,
        )
        assert text[0].split() == text[1].split()
    expect(other.page.locator(f"{CARD}, {BOARD}")).to_have_count(0)
    other.close()


def test_what_another_version_saved_is_the_html(open_lab: Callable[..., LabPage]) -> None:
    versions = (SAVED_VERSION - 1, SAVED_VERSION + 1)
    lab = open_lab([RAW.format(media_type=kind, version=one, view="{}") for kind in SAVED_TYPES for one in versions])
    for cell in range(4):
        lab.run_cell(cell)
        expect(lab.output(cell).locator("em")).to_have_text("as HTML")
    assert lab.errors_of_ours == []


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("origami:brief", 'run = ow.start("Find 20 …")'),
        ("origami:attach", 'run = ow.attach("AGENT_ID/RUN_ID")'),
        ("origami:board", 'board = ow.RunBoard("AGENT_ID")'),
    ],
)
def test_a_command_writes_a_cell_and_runs_nothing(open_lab: Callable[..., LabPage], command: str, line: str) -> None:
    lab = open_lab(["x = 1"])
    lab.command(command)
    expect(lab.cell(1)).to_contain_text(line)
    assert lab.page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex") == 1
    assert lab.page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCell.model.executionCount") is None
    assert lab.foreign_requests == []


def test_the_guide_opens_in_a_tab_of_its_own(open_lab: Callable[..., LabPage]) -> None:
    lab = open_lab(["x = 1"])
    lab.context.route("https://**/*", lambda route: route.fulfill(body="the guide", content_type="text/plain"))
    with lab.context.expect_page() as opened:
        lab.command("origami:guide")
    expect(opened.value.locator("body")).to_have_text("the guide")
    assert opened.value.evaluate("window.opener") is None
    opened.value.close()
    lab.context.unroute("https://**/*")


def test_lab_notifies_once_of_a_run_that_asks(open_lab: Callable[..., LabPage]) -> None:
    # Slow enough that it asks after the clicks, also on a busy machine.
    brief = "'Find partners. scenario:needs_input', client=ow.Sandbox(speed=4).client()"
    lab = open_lab([SETUP, f"run = ow.start({brief})", "run"])
    # In another window: what is in sight is not said.
    lab.page.evaluate("document.hasFocus = () => false")
    for cell in range(2):
        lab.run_cell(cell)
    card = lab.output(1).locator(CARD)
    card.get_by_role("button", name="More about this run").click()
    card.get_by_role("button", name="Notify me").click()
    lab.run_cell(2)
    expect(lab.output(2).locator(CARD)).to_contain_text("Needs your answer")
    # Told quietly, as the server of the tests is set up; the list has them all.
    lab.command("apputils:display-notifications")
    reported = lab.page.locator(".jp-Notification-List-Item")
    expect(reported).to_have_count(1)
    expect(reported).to_contain_text("Find partners")
    expect(reported).to_contain_text("Needs your answer")


def test_cards_say_at_once_that_their_kernel_was_shut_down(open_lab: Callable[..., LabPage]) -> None:
    """A card whose run goes on, and one whose run has ended, which no longer looks at the time."""
    start = "run = ow.start('Find dentists. scenario:{}', client=ow.Sandbox(speed={}).client())"
    lab = open_lab([SETUP, start.format("slow", 2), start.format("incomplete", 600)])
    for cell in range(3):
        lab.run_cell(cell)
    card, ended = lab.output(1).locator(CARD), lab.output(2).locator(CARD)
    expect(card.get_by_role("button", name="Cancel")).to_be_enabled()
    way_on = ended.get_by_role("button", name="Continue")
    expect(way_on).to_be_enabled()
    lab.shutdown_kernel()
    # Without the extension, it takes more than two checks.
    expect(card.get_by_text("Kernel stopped")).to_be_visible(timeout=5_000)
    expect(card.locator(".pill")).to_have_text("Was running")
    expect(way_on).not_to_be_visible(timeout=5_000)
    expect(ended.locator(".pill")).to_have_text("Stopped early")
