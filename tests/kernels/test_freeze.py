"""A settled card gives way to its static twin, from the background thread, and its comm goes with its last view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.card.view.contract import SAVED_TYPES
from tests.kernels.front_end import WIDGET

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kernels.front_end import FrontEnd

START = "run = ow.start('What is a call rate? scenario:answer', client=still())"
END = "stopped += 3600"


def display_id(front_end: FrontEnd, comm: str) -> str:
    """Where a card was shown."""
    (shown,) = (
        message["content"]
        for message in front_end.displays()
        if message["content"]["data"].get(WIDGET, {}).get("model_id") == comm
    )
    return shown["transient"]["display_id"]


def replacements(front_end: FrontEnd, where: str) -> list[dict[str, str]]:
    """What took the place of an output, all of it."""
    contents = (message["content"] for message in front_end.replacements())
    return [content["data"] for content in contents if content["transient"]["display_id"] == where]


def test_the_twin_comes_at_once_and_the_comm_stays_as_long_as_a_view(front_end: FrontEnd) -> None:
    comm = front_end.show(START)
    where = display_id(front_end, comm)
    front_end.count_views(comm, 1)
    front_end.run("pass")
    assert replacements(front_end, where) == []
    front_end.run(END)
    front_end.until(lambda: replacements(front_end, where))
    (twin,) = replacements(front_end, where)
    assert set(twin) == {SAVED_TYPES[0], "text/html", "text/plain"}
    assert all("Completed" in str(form) for form in twin.values())
    front_end.run("pass")
    assert comm in front_end.models
    front_end.count_views(comm, 0)
    front_end.until(lambda: comm not in front_end.models)


def test_a_card_that_nobody_draws_is_closed_while_a_cell_blocks(front_end: FrontEnd, flag: Path) -> None:
    comm = front_end.show(START)
    where = display_id(front_end, comm)
    cell = front_end.execute(f"{END}; block({str(flag)!r})")
    front_end.until(lambda: replacements(front_end, where) and comm not in front_end.models)
    assert not front_end.is_over(cell)
    assert WIDGET not in replacements(front_end, where)[-1]
    flag.touch()
    front_end.see_out(cell)


def test_an_answer_brings_the_card_back_in_its_place(front_end: FrontEnd) -> None:
    comm = front_end.show(START)
    where = display_id(front_end, comm)
    front_end.count_views(comm, 1)
    front_end.run(END)
    front_end.until(lambda: replacements(front_end, where))
    front_end.run("run.follow_up('And a pass rate? scenario:slow')")
    front_end.until(lambda: len(replacements(front_end, where)) == 2)
    revived = replacements(front_end, where)[-1][WIDGET]["model_id"]
    assert revived != comm
    assert front_end.models[revived]["head"]["status"] == "running"
