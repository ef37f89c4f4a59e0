"""A click is carried out once and answered, on whichever thread of the kernel it arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kernels.conftest import Kernel
    from tests.kernels.front_end import FrontEnd

SLOW = "run = ow.start('Find bakeries in Porto. scenario:slow')"


def click(front_end: FrontEnd, comm: str, command: str, name: str, *, subshell: str | None = None) -> None:
    run_id = front_end.models[comm]["head"]["run_id"]
    content = {"kind": "command", "id": command, "name": name, "run_id": run_id, "prompt": "", "answers": []}
    front_end.tell(comm, content, subshell=subshell)


def cancels(front_end: FrontEnd) -> int:
    return front_end.value(
        "sum('/agents/' in path and path.endswith('/cancel') for method, path in Sandbox.asked if method == 'POST')"
    )


def test_a_click_is_carried_out_once_and_answered(front_end: FrontEnd) -> None:
    comm = front_end.show(SLOW)
    for _ in range(3):
        click(front_end, comm, "the-click", "cancel")
    front_end.until(lambda: front_end.models[comm]["head"]["done"])
    assert front_end.models[comm]["head"]["status"] == "cancelled"
    assert cancels(front_end) == 1
    # Answered after the three, so that a second answer to the first would have come.
    click(front_end, comm, "another", "check_now")
    front_end.until(lambda: front_end.acks(comm, "another"))
    assert front_end.acks(comm, "the-click") == [
        {"kind": "ack", "id": "the-click", "ok": True, "title": "", "remedy": ""}
    ]


def test_a_click_while_a_cell_blocks_acts_when_the_kernel_hears_it(kernel: Kernel, flag: Path) -> None:
    front_end = kernel.front_end
    comm = front_end.show(SLOW)
    subshell = front_end.subshell() if kernel.environment.subshells else None
    cell = front_end.execute(f"block({str(flag)!r})")
    click(front_end, comm, "the-click", "cancel", subshell=subshell)
    if not kernel.environment.subshells:
        flag.touch()
    front_end.until(lambda: front_end.acks(comm, "the-click"))
    assert front_end.acks(comm, "the-click")[0]["ok"]
    front_end.until(lambda: front_end.models[comm]["head"]["done"])
    assert front_end.is_over(cell) == flag.exists()
    flag.touch()
    front_end.see_out(cell)
    assert cancels(front_end) == 1


def test_hello_is_answered_with_the_clock_on_either_line(kernel: Kernel) -> None:
    front_end = kernel.front_end
    comm = front_end.show(SLOW)
    for subshell in [None, front_end.subshell()] if kernel.environment.subshells else [None]:
        known = len(front_end.heard)
        front_end.tell(comm, {"kind": "hello"}, subshell=subshell)
        front_end.until(lambda known=known: front_end.reported(comm, known))
        assert front_end.reported(comm, known)[0]["kind"] == "clock"
