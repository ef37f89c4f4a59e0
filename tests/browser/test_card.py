"""The card in a real JupyterLab: alive while the kernel is busy, steered by its buttons, and there when all is over."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from notebooks import serve
from tests.browser.window import CARD, confirm

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.lab import LabPage

QUICKSTART = serve.REPOSITORY / "notebooks" / "quickstart.ipynb"
STATIC = "text/html"


def test_the_quickstart_lives_while_a_cell_blocks_and_after_its_kernel(open_lab: Callable[..., LabPage]) -> None:
    lab = open_lab(QUICKSTART)
    lab.run_cell(1)
    lab.run_cell(3)
    card = lab.output(3).locator(CARD)
    expect(card).to_contain_text("Running")

    lab.start_cell(5)
    expect(card).not_to_have_text(card.text_content() or "")
    expect(card).to_contain_text("leads")
    assert lab.is_running(5), "the card must change while the cell is still blocked in time.sleep"
    lab.wait_executed(5)

    lab.start_cell(7)
    lab.wait_executed(7)
    expect(card).to_contain_text("Completed", timeout=60_000)

    lab.save()
    data = [output["data"] for output in lab.saved_outputs(3) if output["output_type"] == "display_data"]
    assert all("application/vnd.jupyter.widget-view+json" not in bundle for bundle in data)
    lab.shutdown_kernel()
    lab.reopen()
    expect(lab.output(3).first).to_contain_text("Completed")
    expect(lab.page.get_by_text("model not found")).to_have_count(0)
    assert lab.foreign_requests == []


def test_cancel_by_its_button(card_in: Callable[..., LabPage]) -> None:
    lab = card_in("Find dentists. scenario:slow")
    card = lab.output(1).locator(CARD)
    card.get_by_role("button", name="Cancel").click()
    confirm(card)
    expect(lab.output(1).first).to_contain_text("Stopped", timeout=60_000)


def test_both_questions_are_answered_in_the_same_card(card_in: Callable[..., LabPage]) -> None:
    lab = card_in("Find wholesale partners for us. scenario:needs_input", "run")
    card = lab.output(1).locator(CARD)
    expect(card).to_contain_text("Needs your answer", timeout=60_000)
    send = card.get_by_role("button", name="Send")
    expect(send).to_be_disabled()
    card.get_by_label("Iberia").check()
    card.get_by_label("Confirm").check()
    expect(send).to_be_enabled()
    send.click()
    expect(card).to_contain_text("Running", timeout=60_000)
    expect(lab.output(1).first).to_contain_text("Completed", timeout=60_000)


def test_a_follow_up_from_code_goes_on_in_the_card_of_its_run(card_in: Callable[..., LabPage]) -> None:
    lab = card_in("What can you do? scenario:answer", "run.follow_up('Find dentists. scenario:slow')", "run.cancel()")
    place = lab.output(1).first
    expect(place.locator(CARD)).to_contain_text("Completed", timeout=60_000)
    lab.run_cell(2)
    expect(place.locator(CARD)).to_contain_text("Running")
    expect(place).to_contain_text("2 briefs")
    lab.run_cell(3)
    expect(place.locator(CARD)).to_contain_text("Stopped", timeout=60_000)


def test_a_card_over_a_restarted_kernel_says_so(card_in: Callable[..., LabPage]) -> None:
    lab = card_in("Find dentists. scenario:slow", speed=1)
    card = lab.output(1).locator(CARD)
    expect(card).to_contain_text("Running")
    lab.restart_kernel()
    expect(card).to_contain_text("Kernel stopped", timeout=60_000)
    expect(card).to_contain_text("ow.attach(")
    expect(card).not_to_contain_text("next check in")
    clock = card.locator(".age")
    expect(clock).to_contain_text("last update")
    stands = clock.inner_text()
    lab.page.wait_for_function("until => Date.now() > until", arg=lab.page.evaluate("Date.now() + 2500"))
    assert clock.inner_text() == stands
    expect(card.get_by_role("button", name="Cancel")).to_be_disabled()
    lab.screenshot(Path(".cache/browser/kernel-gone.png"), card)
    lab.save()
    saved = lab.saved_outputs(1)[0]["data"]
    assert all("Was running" in "".join(saved[kind]) for kind in (STATIC, "text/plain"))
