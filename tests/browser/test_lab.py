"""What the card relies on in JupyterLab itself, shown with the smallest widget and none of our code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.lab import LabPage

WIDGET = """
import anywidget, traitlets

class Steps(anywidget.AnyWidget):
    _esm = '''
    export default {
      render({ model, el }) {
        const show = () => { el.textContent = `step ${model.get("step")}`; };
        el.classList.add("steps");
        model.on("change:step", show);
        show();
      },
    };
    '''
    step = traitlets.Int(0).tag(sync=True)

steps = Steps()
"""

SHOW_AS_REPLACEABLE = """
from IPython.display import display

handle = display(steps._repr_mimebundle_()[0], raw=True, display_id="steps")
"""

TICK_UNTIL_STOPPED = """
import contextvars, threading

stopped = threading.Event()

def tick():
    while not stopped.wait(0.05):
        steps.step += 1

# An empty context: a thread's messages would otherwise claim to come from the cell that started it.
threading.Thread(target=contextvars.Context().run, args=(tick,), daemon=True).start()
"""

BLOCK_UNTIL_RELEASED = """
import time
from pathlib import Path

while not Path("release").exists():
    time.sleep(0.05)
stopped.set()
"""

REPLACE_FROM_A_THREAD = """
from IPython.display import update_display

static = {"text/html": "<div>all steps done</div>", "text/plain": "all steps done"}
replace = threading.Thread(
    target=contextvars.Context().run, args=(lambda: update_display(static, raw=True, display_id="steps"),)
)
replace.start()
replace.join()
"""


def test_trait_set_by_a_thread_shows_while_a_cell_blocks(open_lab: Callable[..., LabPage]) -> None:
    lab = open_lab([WIDGET + "steps", TICK_UNTIL_STOPPED, BLOCK_UNTIL_RELEASED])
    lab.run_cell(0)
    shown = lab.output(0).locator(".steps")
    expect(shown).to_have_text("step 0")

    lab.run_cell(1)
    lab.start_cell(2)
    before = shown.text_content()
    lab.page.wait_for_function("before => document.querySelector('.steps').textContent !== before", arg=before)
    later = shown.text_content()
    lab.page.wait_for_function("later => document.querySelector('.steps').textContent !== later", arg=later)
    assert lab.is_running(2)

    (lab.lab.root / "release").touch()
    lab.wait_executed(2)
    assert not lab.is_running(2)
    assert lab.foreign_requests == []


def test_only_a_replaced_output_outlives_its_kernel(open_lab: Callable[..., LabPage]) -> None:
    lab = open_lab(
        [WIDGET + SHOW_AS_REPLACEABLE, "import contextvars, threading" + REPLACE_FROM_A_THREAD, "Steps(step=7)"]
    )
    lab.run_cell(0)
    expect(lab.output(0)).to_have_text("step 0")
    lab.run_cell(1)
    expect(lab.output(0)).to_have_text("all steps done")
    lab.run_cell(2)
    expect(lab.output(2)).to_have_text("step 7")

    lab.save()
    lab.shutdown_kernel()
    (replaced,) = lab.saved_outputs(0)
    assert replaced["data"] == {"text/html": "<div>all steps done</div>", "text/plain": "all steps done"}

    lab.reopen()
    expect(lab.output(0)).to_have_text("all steps done")
    # Why a card that is settled replaces its widget.
    expect(lab.output(2)).to_contain_text("model not found")


def test_an_error_in_a_cell_fails_the_test_that_ran_it(open_lab: Callable[..., LabPage]) -> None:
    lab = open_lab(["1 / 0", "print('reached')"])
    with pytest.raises(AssertionError, match="cell 0 raised ZeroDivisionError: division by zero"):
        lab.run_cell(0)
    lab.run_cell(1)
    expect(lab.output(1)).to_have_text("reached")


def test_restart_reload_theme_and_width(open_lab: Callable[..., LabPage]) -> None:
    lab = open_lab(["x = 1", "print('x' in globals())"], theme="dark")
    assert lab.page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"
    lab.run_all()
    expect(lab.output(1)).to_have_text("True")
    lab.restart_kernel()
    lab.run_cell(1)
    expect(lab.output(1)).to_have_text("False")
    lab.save()
    lab.reload()
    expect(lab.output(1)).to_have_text("False")
    lab.set_theme("light")
    assert lab.page.evaluate("document.body.dataset.jpThemeLight") == "true"
    for width in (320, 900):
        lab.set_output_width(width, index=1)
        box = lab.output(1).bounding_box()
        assert box is not None
        assert round(box["width"]) == width
