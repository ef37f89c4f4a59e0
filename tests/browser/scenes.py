"""What the gallery shows: every state of the fixtures, alive, frozen and as text, and what people do to a live card."""

from __future__ import annotations

import os
import re
import signal
from typing import TYPE_CHECKING

from notebooks import serve
from tests.browser.gallery import Scene
from tests.browser.states import NAMES, OUTPUTS
from tests.browser.window import confirm

if TYPE_CHECKING:
    from tests.browser.lab import LabPage

SETUP = f"""
import os, sys
print(os.getpid())
sys.path.insert(0, {str(serve.REPOSITORY)!r})
from tests.browser.states import run_of, set_clock, show
set_clock()
import ipywidgets
import origami_widgets as ow
"""
BOARD = "ow.RunBoard([run_of(name) for name in ('running', 'filling', 'stopping', 'left_running', 'completed')])"
ALONE = "ipywidgets.VBox([ow.RunCard(run_of({!r}))])"
CARD = ".origami-card"
# What is said 3 s after a click that the kernel did not answer, and after the kernel has ended.
BUSY, GONE = "Kernel busy", "Kernel stopped"


def ask_before_spending(window: LabPage, index: int) -> None:
    """Press a button that asks first, in a panel that shuts when the page moves."""
    window.output(index).get_by_role("button", name="Continue").click()


def ask_before_stopping(window: LabPage, index: int) -> None:
    """Press the stop of a run, whichever of its stages it is in."""
    stop = window.output(index).get_by_role("button", name=re.compile("^(Cancel|Stop|Stop filling)( |:|$)"))
    stop.last.click()


def answer_in_own_words(window: LabPage, index: int) -> None:
    """Choose one answer and type the other."""
    card = window.output(index).locator(CARD)
    card.get_by_label("Iberia").check()
    card.get_by_role("textbox").last.fill("Only with those that deliver within two days, please.")


def open_menu(window: LabPage, index: int) -> None:
    """Open the menu of a card."""
    window.output(index).get_by_role("button", name="More about this run").click()


def unfold(window: LabPage, index: int) -> None:
    """Open everything that can be opened."""
    closed = window.output(index).locator(CARD).locator("details:not([open]) > summary:visible")
    while closed.count():
        closed.first.click()


def cancel_in_vain(window: LabPage, index: int) -> None:
    """Press Cancel while the kernel answers nothing. A blocked cell is not enough: a subshell answers all the same."""
    _signal(window, signal.SIGSTOP)
    card = window.output(index).locator(CARD)
    card.get_by_role("button", name="Cancel").click()
    confirm(card)
    card.get_by_text(BUSY).first.wait_for()


def let_it_answer(window: LabPage, _index: int) -> None:
    """Let the kernel go on."""
    _signal(window, signal.SIGCONT)


def _signal(window: LabPage, number: signal.Signals) -> None:
    # From the model: what is far from the window's top is not drawn.
    os.kill(int(window.outputs(0)[0]["text"]), number)


def restart(window: LabPage, index: int) -> None:
    """Take the kernel away."""
    window.restart_kernel()
    window.output(index).locator(CARD).get_by_text(GONE).first.wait_for()


SCENES = [
    *(Scene(name, f"show({name!r})", CARD, outputs=OUTPUTS) for name in NAMES),
    Scene("asked_first", ALONE.format("incomplete"), CARD, opens=ask_before_spending),
    Scene("asked_to_cancel", ALONE.format("running"), CARD, opens=ask_before_stopping),
    Scene("asked_to_stop", ALONE.format("filling"), CARD, opens=ask_before_stopping),
    Scene("board", BOARD, ".origami-board"),
    Scene("board_asked_to_stop", BOARD, ".origami-board", opens=ask_before_stopping),
    Scene("typed", ALONE.format("needs_input"), CARD, act=answer_in_own_words),
    Scene("menu", ALONE.format("completed"), CARD, opens=open_menu),
    Scene("unfolded", ALONE.format("large"), CARD, act=unfold),
    Scene("kernel_busy", ALONE.format("running"), CARD, act=cancel_in_vain, undo=let_it_answer, alone=True),
    Scene("kernel_gone", ALONE.format("running_many"), CARD, act=restart, alone=True),
]
