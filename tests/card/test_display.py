"""What a card leaves in a notebook, in a real kernel: with somebody in front of it, and executed by a program."""

import nbformat
import pytest
from nbclient import NotebookClient

START = """
import origami_widgets as ow
from origami_widgets.host.application import pages
client = ow.Sandbox(speed=240).client()
run = ow.start("Find partners. scenario:{}", client=client)
"""
WIDGET = "application/vnd.jupyter.widget-view+json"


# What the front end tells on a page that saves widgets and nothing in their place, as Colab's.
OTHER_PAGE = "pages.keep_snapshots = False\n"


class Person(NotebookClient):
    """Executes cells as a front end does that a person sits at: it can be asked for input."""

    async def async_start_new_kernel_client(self, **options):
        client = await super().async_start_new_kernel_client(**options)
        client.allow_stdin = True
        return client


def executed(*cells, by=NotebookClient):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    by(notebook, timeout=60, store_widget_state=False).execute()
    return [[output.data for output in cell.outputs if "data" in output] for cell in notebook.cells]


@pytest.mark.parametrize("scenario", ["needs_input", "filling"])
def test_a_wait_in_the_same_cell_leaves_the_card_of_a_person_alive(scenario):
    (card, line), *_ = executed(START.format(scenario) + "run.wait();", by=Person)
    assert WIDGET in card
    assert "ow.attach" in line["text/plain"]


def test_a_wait_freezes_the_card_of_a_program():
    (card, line), *_ = executed(START.format("completed"), "run.wait();")
    assert WIDGET not in card
    assert "Completed" in card["text/html"]
    assert line["text/plain"] == ""


def test_each_wait_of_a_program_brings_the_saved_card_up_to_date():
    slow = START.format("filling").replace("240", "60")
    (card, _), *_ = executed(slow, "run.wait(); assert not run.settled", 'run.wait("cells");')
    assert WIDGET not in card
    assert "still filling" not in card["text/plain"]


def test_an_answer_goes_on_in_the_same_place():
    (card, _), _, last = executed(START.format("needs_input"), "run.wait();", "run.answer('Iberia', 'yes').wait()")
    assert "Completed" in card["text/plain"]
    assert "Asked 2 questions" in card["text/plain"]
    assert not any(WIDGET in data for data in last)


def test_what_was_shown_when_started_is_not_shown_again_in_its_cell():
    both = START.format("slow") + 'other = ow.start("Find dentists. scenario:slow", client=client)\nrun'
    shown, again = executed(both, "run", by=Person)
    assert sum(WIDGET in data for data in shown) == 2
    assert sum(WIDGET in data for data in again) == 1


def test_a_settled_card_that_is_shown_again_is_frozen_too():
    # Long enough that it does not fall between the two cells: what comes there, nbclient drops.
    soon = OTHER_PAGE + "from origami_widgets.card.widgets import freeze\nfreeze.READ_AND_CLICK = 2\n"
    quiet = (START.format("completed") + soon).replace("client=client", "client=client, show=False")
    frozen = "import time\nwhile run.conversation.presentation.comm is not None:\n    time.sleep(0.05)"
    again, _ = executed(quiet + "run.wait('cells')\nrun", frozen, by=Person)
    assert [WIDGET in data for data in again] == [False, False]


def test_a_card_made_by_hand_is_frozen_like_a_run():
    quiet = START.format("answer").replace("client=client", "client=client, show=False")
    (card, line), *_ = executed(
        quiet + OTHER_PAGE + "card = ow.RunCard(run)\ncard",
        # In one cell: nbclient drops what comes between two.
        "run.wait('cells')\nimport time\nwhile card.comm is not None:\n    time.sleep(0.05)",
        by=Person,
    )
    assert WIDGET not in card
    assert "Completed" in card["text/plain"]
    assert line["text/plain"] == ""


def test_a_closed_card_is_shown_as_what_it_has_become():
    quiet = START.format("answer").replace("client=client", "client=client, show=False")
    (card,), *_ = executed(quiet + "card = ow.RunCard(run.wait())\ncard.close()\ncard", by=Person)
    assert WIDGET not in card
    assert "Completed" in card["text/plain"]
