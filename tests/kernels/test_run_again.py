"""A cell that is run again while its run goes on starts no second one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.kernels.conftest import Kernel

STARTS = "len([path for method, path in Sandbox.asked if method == 'POST' and path.endswith('/agents')])"
CELL = "run = ow.start('Find bakeries in Faro. scenario:slow', show=False)"


def test_a_cell_that_is_run_again_shows_its_run(kernel: Kernel) -> None:
    front_end = kernel.front_end
    before = front_end.value(STARTS)
    for _ in range(3):
        front_end.see_out(front_end.execute(CELL, cell="the-cell"))
    assert front_end.value(STARTS) == before + 1
    assert front_end.value("run.state.attached_by") == "cell"
    front_end.see_out(front_end.execute(CELL, cell="another-cell"))
    assert front_end.value(STARTS) == before + 2
    front_end.run("run.cancel()")
