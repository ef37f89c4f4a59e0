"""Interrupting the kernel ends the waiting and not the run."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.kernels.conftest import Kernel

SOON = 5.0
"""Seconds; it takes less than one where nothing else runs. The next update may be far longer away than this."""


@pytest.mark.parametrize("wait", ["run.wait()", "await run.settle()"])
def test_an_interrupt_ends_the_wait_at_once_and_leaves_the_run_alone(kernel: Kernel, wait: str) -> None:
    front_end = kernel.front_end
    comm = front_end.show("run = ow.start('Find bakeries in Porto. scenario:slow')")
    known = len(front_end.heard)
    cell = front_end.execute(wait)
    # An update in the name of the cell: it waits.
    front_end.until(lambda: any(u["parent_header"]["msg_id"] == cell for u in front_end.updates(comm, known)))
    before = time.monotonic()
    kernel.manager.interrupt_kernel()
    assert front_end.see_out(cell)["ename"] in ("KeyboardInterrupt", "CancelledError")
    assert time.monotonic() - before < SOON
    assert front_end.value("[run.status, run.connection.state]") == ["running", "live"]
