"""Cards and boards as a notebook shows them: by a person's cells and by a program that executes them."""

from __future__ import annotations

import subprocess
import sys
from functools import partial

import nbformat
import pytest
from nbclient import NotebookClient

from origami_widgets.card.widgets.snapshot import mark_snapshot

START = """
import origami_widgets as ow
from origami_widgets.host.application import pages
client = ow.Sandbox(speed=240).client()
run = ow.start("Find partners. scenario:{}", client=client)
"""
WIDGET = "application/vnd.jupyter.widget-view+json"


# What the front end says on a page that saves widgets and nothing in their place, as Colab's.
OTHER_PAGE = "pages.keep_snapshots = False\n"


class Person(NotebookClient):
    """Executes cells as a front end does that a person sits at: it can be asked for input."""

    async def async_start_new_kernel_client(self, **options):
        client = await super().async_start_new_kernel_client(**options)
        client.allow_stdin = True
        return client


def executed(*cells, by=NotebookClient):
    """What cells show in a kernel of their own, which they may set up."""
    return shown_by(made(by), *cells)


def made(by):
    return by(nbformat.v4.new_notebook(), timeout=60, store_widget_state=False)


def shown_by(client, *cells, **options):
    notebook = client.nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client.execute(**options)
    return [[output.data for output in cell.outputs if "data" in output] for cell in notebook.cells]


@pytest.fixture(scope="module")
def program():
    """Execute cells as a program does, all tests in one kernel: for those that leave it as it is."""
    client = made(NotebookClient)
    yield partial(shown_by, client, cleanup_kc=False)
    shown_by(client)


@pytest.fixture(scope="module")
def person():
    """Execute cells as a person does, all tests in one kernel: for those that leave it as it is."""
    client = made(Person)
    yield partial(shown_by, client, cleanup_kc=False)
    shown_by(client)


def test_a_wait_in_the_same_cell_leaves_the_card_of_a_person_alive(person):
    (card,), *_ = person(START.format("filling") + "run.wait();")
    assert WIDGET in card
    assert "ow.attach" in card["text/plain"]


def test_a_wait_freezes_the_card_of_a_program(program):
    (card,), *_ = program(START.format("completed"), "run.wait();")
    assert WIDGET not in card
    assert "Completed" in card["text/html"]


def test_an_answer_goes_on_in_the_same_place(program):
    (card,), _, last = program(START.format("needs_input"), "run.wait();", "run.answer('Iberia', 'yes').wait()")
    assert "Completed" in card["text/plain"]
    assert "Asked 2 questions" in card["text/plain"]
    assert not any(WIDGET in data for data in last)


def test_what_was_shown_when_started_is_not_shown_again_in_its_cell(person):
    both = START.format("slow") + 'other = ow.start("Find dentists. scenario:slow", client=client)\nrun'
    shown, again = person(both, "run")
    assert sum(WIDGET in data for data in shown) == 2
    assert sum(WIDGET in data for data in again) == 1


@pytest.mark.slow
def test_a_settled_card_that_is_shown_again_is_frozen_too():
    # Long enough that it does not fall between the two cells: what comes there, nbclient (0.11) drops.
    soon = OTHER_PAGE + "from origami_widgets.card.widgets import snapshot\nsnapshot.BUTTON_TIME = 2\n"
    quiet = (START.format("completed") + soon).replace("client=client", "client=client, show=False")
    frozen = "import time\nwhile run.conversation.presentation.comm is not None:\n    time.sleep(0.05)"
    again, _ = executed(quiet + "run.wait('cells')\nrun", frozen, by=Person)
    assert [WIDGET in data for data in again] == [False]


BOARD_START = """
import time
import origami_widgets as ow
from origami_widgets.card.widgets import run_board as boards
from origami_widgets.host.application import pages
client = ow.Sandbox(speed=600, plan="ultra").client()
briefs = ["Find bakeries in Porto. scenario:{0}", "Find bakeries in Faro. scenario:{0}"]
"""
MANY = BOARD_START + "from origami_widgets.run.batch import queue_of\nbatch = ow.start_many(briefs, client=client)\n"


@pytest.mark.slow
def test_a_program_is_left_static_boards(program):
    """Shown when started and as the last expression; made by hand of runs, of a batch, and of what has ended."""
    cells = (
        MANY.format("filling") + "batch",
        "batch.wait();",
        "runs = [ow.start(brief, client=client, show=False) for brief in briefs]\nboard = ow.RunBoard(runs)\nboard",
        "board.wait();",
        "other = ow.RunBoard(ow.start_many(briefs, client=client, show=False)); other",
        "other.wait('cells');",
        "ow.RunBoard(batch)",
    )
    shown, _, of_runs, _, of_batch, _, again = program(*cells)
    for (data,) in (shown, of_runs, of_batch):
        assert WIDGET not in data
        assert "Completed" in data["text/plain"]
        assert data["text/plain"].count("v2_run") == 4
    assert not any(WIDGET in data for data in again)


@pytest.mark.slow
def test_the_text_beside_a_live_widget_names_doctor(card):
    """A front end that shows the text has no widget manager, or none that works."""
    data, _ = card.bundle()
    assert data["text/plain"].rstrip().endswith("ow.doctor()")
    assert "ow.doctor" not in card.snapshot()["text/plain"]
    assert data["text/html"] == mark_snapshot(card.snapshot(), card.key)["text/html"]


ALONE = """
import time
import origami_widgets as ow
client = ow.Sandbox(speed=600).client()
agent = client.create_agent("List bakeries in Porto").agent
while not (tables := client.list_agent_tables(agent.id).items) or not tables[0].lead_count:
    time.sleep(0.1)
of_table = ow.LeadGrid(tables[0], client=client)
print(len(of_table.frame), len(of_table.selection), len(of_table.to_frame()) > 0)
(run,) = ow.RunBoard(agent.id, client=client).runs
run.wait("cells")
grid = run.leads()
print("<" in run.to_html(), "Porto" in str(run), len(run.history_frame()) > 0, len(grid.to_frame()) > 0)
"""


@pytest.mark.slow
def test_a_grid_and_a_run_of_a_board_can_be_shown_in_a_process_that_has_started_none():
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr == ""
    assert done.stdout.split() == ["0", "0", *["True"] * 5]
