"""Interrupting the kernel ends the waiting and not the run, except where the call that waits was to start it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.front import Front, lost
from tests.support.server import RawServer, silence

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


def test_an_interrupted_start_says_one_line_finds_its_run_and_ends_it(kernel: Kernel) -> None:
    front, reached = Front(speed=20), threading.Event()
    front.faults, front.asked = [lost(silence())], reached.set
    front_end = kernel.front_end
    with RawServer(front) as server:
        front_end.run(
            f"import sys; slow = ow.Client({front.sandbox.api_key!r}, base_url={server.base_url!r}, timeout=3)"
        )
        cell = front_end.execute("ow.start('Find bakeries in Porto. scenario:slow', client=slow)")
        assert reached.wait(30)
        before = time.monotonic()
        kernel.manager.interrupt_kernel()
        assert front_end.see_out(cell)["ename"] == "KeyboardInterrupt"
        assert time.monotonic() - before < SOON
        printed = "".join(m["content"]["text"] for m in front_end.of(cell) if m["msg_type"] == "stream")
        assert printed.count("\n") == 1
        assert "sys.last_value.reconcile()" in printed
        front_end.run("run = sys.last_value.reconcile(); slow = None")
        assert [front_end.value("run.id")] == front.runs()
        assert front_end.run("print(run.wait(timeout=60).status)").strip() == "cancelled"
        front_end.run("del run; sys.last_value = None")
