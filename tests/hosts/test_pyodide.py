"""Python in a browser, which has one thread: the same code polls on the page's own loop. A real Pyodide in Chromium."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import nbformat
import pytest

from notebooks.serve import REPOSITORY
from tests.hosts.pyodide import KERNEL, Pyodide

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

NOTEBOOK = REPOSITORY / "notebooks" / "jupyterlite.ipynb"
SOON = 30.0
AWAITED = """
import json, threading
import origami_widgets as ow

async def awaited():
    sandbox = ow.Sandbox(speed=600)
    client = sandbox.client()
    run = await ow.aio.start("Find partners. scenario:needs_input", client=client)
    card, reported = ow.RunCard(run), []
    run.on_change(lambda run: reported.append(run.status))
    await run
    said = [run.status, card.status, reported[-1], len(run.questions)]
    run = await (await run.answer_async("Iberia", "yes")).settle()
    said += [run.status, card.settled, card.lead_count > 0, "Completed" in run.to_html()]
    slow = await ow.aio.start("Find bakeries. scenario:slow", once="bakeries", client=client)
    said += [await ow.aio.start("Find bakeries. scenario:slow", once="bakeries", client=client) == slow]
    said += [(await (await slow.cancel_async())).status]
    rows = [row async for row in sandbox.async_client().iter_rows(run.tables[0].id)]
    many = await ow.start_many(["Find bakeries", "Find dentists"], client=client)
    board = ow.RunBoard(many)
    said += [[run.status for run in many.runs], len(board.runs)]
    return [*said, len(rows) > 0, len(threading.enumerate())]

json.dumps(await awaited())
"""
BLOCKING = """
import json
import origami_widgets as ow

client = ow.Sandbox(speed=600).client()
said = [client.get_account().plan.id]
run = ow.start("Find partners. scenario:needs_input", client=client).wait()
card = ow.RunCard(run)
run.answer("Iberia", "yes").wait("cells")
said += [run.status, card.settled, len(list(client.iter_rows(run.tables[0].id))) > 0]
slow = ow.start("Find bakeries. scenario:slow", client=client)
try:
    slow.wait(timeout=0.1)
except TimeoutError as error:
    said.append(type(error).__name__)
refused = []

def wait_in_a_callback(run):
    try:
        run.wait()
    except RuntimeError as error:
        refused.append(error)

slow.on_change(wait_in_a_callback)
said += [slow.cancel().wait().status, len(refused) > 0]
said += [run.status for run in ow.start_many(["Find bakeries", "Find dentists"], client=client).wait().runs]
json.dumps(said)
"""
REFUSED = """
import json
import origami_widgets as ow

client = ow.Sandbox().client()
said = []
for call in (
    lambda: client.get_account(),
    lambda: ow.start("List bakeries in Porto", client=client),
    lambda: ow.attach("c0a3f1d2-9b6e-4d27-8a1c-5f0e7b3d9a44", client=client),
    lambda: ow.Client("og_live_x"),
    lambda: ow.AsyncClient("og_live_x"),
):
    try:
        call()
    except ow.OrigamiError as error:
        said.append([error.code, error.remedy])
json.dumps(said)
"""


@pytest.fixture(scope="module")
def python(browser: Browser) -> Iterator[Pyodide]:
    window = Pyodide(browser)
    try:
        window.open()
        yield window
    finally:
        window.close()


def test_everything_can_be_awaited(python: Pyodide) -> None:
    said = python.run(AWAITED)
    assert said[:4] == ["needs_input", "needs_input", "needs_input", 2]
    assert said[4:8] == ["completed", True, True, True]
    assert said[8:] == [True, "cancelled", ["completed", "completed"], 2, True, 1]


def test_where_the_browser_can_suspend_a_call_it_blocks(python: Pyodide) -> None:
    said = python.run(BLOCKING)
    assert said[:4] == ["pro", "completed", True, True]
    assert said[4:] == ["WaitTimedOut", "cancelled", True, "completed", "completed"]


def test_where_nothing_can_wait_it_says_what_to_do_instead(python: Pyodide) -> None:
    *blocked, real, real_awaited = python.run_at_once(REFUSED)
    assert [code for code, _ in blocked] == ["CANNOT_BLOCK"] * 3
    assert all("await ow.aio.start('…')" in remedy for _, remedy in blocked)
    assert real == real_awaited
    assert real[0] == "NO_SOCKETS"
    assert "ow.use_sandbox(speed=20)" in real[1]


def test_the_notebook_for_jupyterlite_runs_in_its_kernel(python: Pyodide) -> None:
    install, *cells = [cell for cell in nbformat.read(NOTEBOOK, 4).cells if cell.cell_type == "code"]
    assert install.source == '%pip install -q "origami-widgets[sandbox]"'
    python.run(f"{KERNEL}\nNone")
    shown: list[dict[str, Any]] = []
    asked = []
    for cell in cells:
        # pandas comes from Pyodide's own server, which is not asked here.
        if "pandas" not in cell.metadata.get("tags", ()):
            status, error, shown = python.run(f"await run_cell({cell.source!r})")
            assert status == "ok", error
            asked.append(python.run("json.dumps(asked())"))
    # What the page is asked goes away when it is answered.
    assert [True] in asked
    assert asked[-1] == [False]
    assert shown[-1]["text/plain"] == "'pro'"
    assert set(python.run("json.dumps(cards())")) == {"completed"}


def test_a_card_goes_on_while_no_cell_runs(python: Pyodide) -> None:
    python.run(f"{KERNEL}\nNone")
    start = (
        'import origami_widgets as ow\nrun = await ow.aio.start("Find bakeries", client=ow.Sandbox(speed=60).client())'
    )
    status, error, shown = python.run(f"await run_cell({start!r})")
    assert status == "ok", error
    assert "application/vnd.jupyter.widget-view+json" in shown[0]
    seen = [python.run("json.dumps(cards())")]
    ends = time.monotonic() + SOON
    while seen[-1] != ["completed"]:
        assert time.monotonic() < ends, seen
        seen.append(python.run("json.dumps(cards())"))
        time.sleep(0.05)
    assert seen[0] == ["running"]
