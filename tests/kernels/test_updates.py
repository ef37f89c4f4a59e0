"""What the background thread learns reaches the card while a cell blocks the kernel, on every version of ipykernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.card.view.contract import View

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kernels.front_end import FrontEnd

SECTIONS = sorted(View.__annotations__)


def test_updates_arrive_while_a_cell_blocks(front_end: FrontEnd, flag: Path) -> None:
    comm = front_end.show("run = ow.start('Find bakeries in Porto. scenario:slow')")
    since = len(front_end.heard)
    cell = front_end.execute(f"block({str(flag)!r})")
    front_end.until(lambda: len(front_end.updates(comm, since)) >= 2)
    assert not front_end.is_over(cell)
    flag.touch()
    front_end.see_out(cell)
    updates = front_end.updates(comm, since)
    # The result changes with the run, and the tables come by themselves.
    assert any("result" in update["content"]["data"]["state"] for update in updates)
    for update in updates:
        assert set(update["content"]["data"]["state"]) - {"seq"}
        # What belongs to another cell than the one that runs is dropped by programs that execute notebooks.
        assert update["parent_header"]["msg_id"] == cell


def test_front_end_and_kernel_agree_and_nothing_is_printed(front_end: FrontEnd) -> None:
    since = len(front_end.heard)
    comm = front_end.show("run = ow.start('Find bakeries in Porto')")
    front_end.until(lambda: front_end.models[comm]["head"]["settled"])
    assert [message for message in front_end.heard[since:] if message["msg_type"] == "stream"] == []
    kept = front_end.value(f"run.conversation.presentation.get_state({SECTIONS})")
    assert sorted(kept) == SECTIONS
    assert {name: front_end.models[comm][name] for name in SECTIONS} == kept


def test_a_card_without_a_widget_is_replaced_while_a_cell_blocks(front_end: FrontEnd, flag: Path) -> None:
    known = len(front_end.heard)
    front_end.run("ow.configure(render='html'); run = ow.start('Find bakeries in Porto. scenario:slow')")
    (place,) = (message["content"]["transient"]["display_id"] for message in front_end.displays(known))
    since = len(front_end.heard)
    cell = front_end.execute(f"block({str(flag)!r})")
    front_end.until(lambda: len(front_end.replacements(since)) >= 2)
    assert not front_end.is_over(cell)
    flag.touch()
    front_end.see_out(cell)
    for copy in front_end.replacements(since):
        assert copy["content"]["transient"]["display_id"] == place
        assert sorted(copy["content"]["data"]) == ["text/html", "text/plain"]
        assert copy["parent_header"]["msg_id"] == cell
