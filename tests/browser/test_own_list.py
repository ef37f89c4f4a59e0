"""A list of one's own in JupyterLab: the question before anything is sent, asked by the first call of a new kernel."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.window import CARD

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.lab import LabPage

SANDBOX = """import origami_widgets as ow, pandas as pd
sent = []
class Counting(ow.Sandbox):
    async def __call__(self, scope, receive, send):
        sent.append(f"{scope['method']} {scope['path']}")
        await super().__call__(scope, receive, send)
ow.configure(client=Counting(speed=20).client())
companies = pd.DataFrame({"website": ["pao.example", "broa.example"], "name": ["Pão", "Broa"], "owner": ["Ana", "Rui"]})"""
ENRICH = 'found = ow.enrich(companies, "Find the owner\'s e-mail address", key="website", columns=["name"])'
LOOKED_UP = re.compile("of 2 (rows looked up|values found)")


def answer(lab: LabPage, index: int, text: str) -> None:
    """Answer what a cell asks, in the field below it."""
    entry = lab.cell(index).locator(".jp-Stdin-input")
    entry.fill(text)
    entry.press("Enter")


def test_all_cells_are_run_and_the_run_is_stopped_in_the_middle(open_lab: Callable[..., LabPage]) -> None:
    slow = SANDBOX.replace("speed=20", "speed=4")
    steps = [
        'table = ow.upload(companies, key="website", columns=["name"])\ntable',
        'run = ow.start("Find the phone numbers", focus_tables=[table])',
        "print(run.status)",
        ENRICH,
        "print('reached')",
        "print(sent.count('POST /api/v2/agents'), [each for each in sent if each.endswith('/cancel')] != [])",
    ]
    lab = open_lab([slow, *steps])
    lab.page.evaluate("void window.jupyterapp.commands.execute('notebook:run-all-cells')")

    # The three lines show a card without a question: nothing is known yet of what such a run costs.
    expect(lab.output(1)).to_contain_text("2 rows")
    expect(lab.output(2).locator(CARD)).to_contain_text(LOOKED_UP)
    # The one line asks, and the cells behind it wait.
    expect(lab.cell(4).locator(".jp-Stdin-prompt")).to_contain_text("2 rows")
    answer(lab, 4, "y")
    card = lab.output(4).locator(CARD)
    expect(card).to_contain_text(LOOKED_UP)

    lab.interrupt_kernel()
    expect(lab.cell(4)).to_contain_text("Interrupted: Origami was asked to cancel the run and stop its cells")
    expect(card.locator(".pill")).to_have_text("Stopped", timeout=60_000)
    assert lab.outputs(5) == []
    # The kernel drops what it is asked for until it has answered the cells that waited, which is after the error is seen.
    expect(lab.cell(4)).to_contain_text("KeyboardInterrupt")
    for waiting in (5, 6):
        expect(lab.cell(waiting).locator(".jp-InputPrompt")).not_to_have_text("[*]:")
    lab.run_cell(6)
    expect(lab.output(6)).to_have_text("2 True")
