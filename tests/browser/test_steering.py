"""Steering by hand: by keyboard alone, from two windows, with the focus and the typed words where they belong."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.window import ACTIVE, CARD

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator

    from tests.browser.lab import LabPage

RUNS = "from origami_widgets.run.settings import client_or_default\nprint(len(client_or_default(None).list_runs(run.agent_id).items))"


def focused(lab: LabPage) -> Locator:
    return lab.page.locator("*:focus")


def tab_to(lab: LabPage, wanted: Locator, *, most: int = 40) -> None:
    """Press Tab until something has the focus."""
    for _ in range(most):
        if wanted.evaluate(f"node => node === {ACTIVE}"):
            return
        lab.page.keyboard.press("Tab")
    raise AssertionError(f"{most} times Tab did not reach {wanted}")


def test_the_keyboard_alone_answers_and_follows_up(card_in: Callable[..., LabPage]) -> None:
    lab = card_in("Find wholesale partners for us. scenario:needs_input")
    card = lab.output(1).locator(CARD)
    expect(card).to_contain_text("Needs your answer", timeout=60_000)
    cells = lab.page.locator(".jp-Notebook .jp-Cell").count()
    card.focus()

    tab_to(lab, card.get_by_role("radio").first)
    lab.page.keyboard.press("Space")
    expect(card.get_by_role("radio").first).to_be_checked()
    lab.page.keyboard.press("ArrowDown")
    expect(card.get_by_role("radio").nth(1)).to_be_checked()
    second = card.get_by_role("group").nth(1)
    tab_to(lab, second.get_by_role("textbox"))
    lab.page.keyboard.type("by bicycle, abdmy")
    expect(second.get_by_role("textbox")).to_have_value("by bicycle, abdmy")
    lab.page.keyboard.press("Enter")
    expect(card).to_contain_text("Answered:", timeout=60_000)
    expect(card).to_contain_text("by bicycle, abdmy")
    # Who pressed a button that went away stays in the card.
    assert card.evaluate(f"node => node.contains({ACTIVE})")
    assert lab.page.locator(".jp-Notebook .jp-Cell").count() == cells, "letters must not reach Lab's shortcuts"


def test_typed_words_and_the_focus_survive_updates(card_in: Callable[..., LabPage]) -> None:
    lab = card_in(
        "Find wholesale partners for us. scenario:needs_input",
        "from origami_widgets.api.loop import background\n"
        "from origami_widgets.run.state import CommandFailed\n"
        "from origami_widgets.api.errors import OrigamiError\n"
        "async def disturb():\n"
        "    run.conversation.current.update(CommandFailed(OrigamiError('Something else happened')))\n"
        "background().run(disturb())",
    )
    card = lab.output(1).locator(CARD)
    expect(card).to_contain_text("Needs your answer", timeout=60_000)
    text = card.get_by_role("textbox").first
    text.fill("half a sen")
    lab.page.evaluate(f"() => {{ window.typed = {ACTIVE}; }}")
    lab.page.evaluate(
        """() => {
            const { session } = window.jupyterapp.shell.currentWidget.sessionContext;
            const code = window.jupyterapp.shell.currentWidget.content.widgets[2].model.sharedModel.getSource();
            return session.kernel.requestExecute({ code }).done.then(() => null);
        }"""
    )
    expect(card).to_contain_text("Something else happened")
    expect(text).to_have_value("half a sen")
    assert lab.page.evaluate(f"window.typed === {ACTIVE}")


def test_two_windows_start_one_run(card_in: Callable[..., LabPage]) -> None:
    lab = card_in("List bakeries in Porto", RUNS)
    card = lab.output(1).locator(CARD)
    expect(card.get_by_role("button", name="Find more")).to_be_visible(timeout=60_000)
    lab.save()
    other = lab.second_window()
    twin = other.output(1).locator(CARD)
    expect(twin.get_by_role("button", name="Find more")).to_be_visible(timeout=60_000)
    for each in (card, twin):
        each.get_by_role("button", name="Find more").click()
        expect(each.get_by_role("button", name="Yes, start it")).to_be_visible()
    # Both at once and twice each, later than what counts as the second press of a double click.
    at = time.time() * 1000 + 1500
    for each in (card, twin):
        each.get_by_role("button", name="Yes, start it").evaluate(
            "(node, at) => void setTimeout(() => { node.click(); node.click(); }, at - Date.now())", at
        )
    for each in (lab.output(1).first, other.output(1).first):
        expect(each).to_contain_text("1 earlier run", timeout=60_000)
    lab.run_cell(2)
    expect(lab.output(2)).to_have_text("2")
    other.close()


def test_the_card_follows_the_theme_while_it_changes(card_in: Callable[..., LabPage]) -> None:
    lab = card_in("Find dentists. scenario:slow", speed=1)
    card = lab.output(1).locator(CARD)
    colours = {}
    for theme in ("light", "dark", "light"):
        lab.set_theme(theme)
        seen = card.evaluate("node => [getComputedStyle(node).backgroundColor, getComputedStyle(node).color].join()")
        assert colours.setdefault(theme, seen) == seen
    assert colours["light"] != colours["dark"]


def test_an_interrupt_of_a_wait_leaves_run_and_card_alone(card_in: Callable[..., LabPage]) -> None:
    lab = card_in("Find dentists. scenario:slow", "print('waiting')\nrun.wait()", speed=5)
    card = lab.output(1).locator(CARD)
    lab.start_cell(2)
    expect(lab.output(2).first).to_contain_text("waiting")
    lab.interrupt_kernel()
    lab.page.wait_for_function("window.testRuns?.[2] === true")
    expect(card).to_contain_text("Running")
    expect(card).to_contain_text("updated")
    card.get_by_role("button", name="Cancel").click()
    expect(lab.output(1).first).to_contain_text("Cancelled", timeout=60_000)


def test_cancel_ends_a_run_that_its_own_cell_waits_for(card_in: Callable[..., LabPage]) -> None:
    lab = card_in("Find dentists.", "ow.start('Find bakeries. scenario:slow').wait().status", speed=5)
    lab.start_cell(2)
    card = lab.output(2).locator(CARD)
    card.get_by_role("button", name="Cancel").click()
    lab.wait_executed(2)
    assert lab.outputs(2)[-1]["data"]["text/plain"] == "'cancelled'"


def test_a_click_that_the_kernel_does_not_answer_is_kept_and_says_so(card_in: Callable[..., LabPage]) -> None:
    """A cell that blocks is not enough: newer kernels can answer on a second line."""
    lab = card_in("Find dentists. scenario:slow", "import os\nprint(os.getpid())", speed=5)
    card = lab.output(1).locator(CARD)
    lab.run_cell(2)
    kernel = int(lab.outputs(2)[0]["text"])
    os.kill(kernel, signal.SIGSTOP)
    try:
        card.get_by_role("button", name="Cancel").click()
        expect(card.get_by_role("button", name="Requested")).to_be_disabled()
        expect(card).to_contain_text("Kernel busy. This is sent when the cell ends, or interrupt it.")
    finally:
        os.kill(kernel, signal.SIGCONT)
    expect(lab.output(1).first).to_contain_text("Cancelled", timeout=60_000)
