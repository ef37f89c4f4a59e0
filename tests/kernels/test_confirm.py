"""`configure(confirm=True)` asks the person in front of a real kernel; a program that executes a notebook is never asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.kernels.conftest import Kernel
    from tests.kernels.front_end import FrontEnd

STARTS = "len([path for method, path in Sandbox.asked if method == 'POST' and path.endswith('/agents')])"
ASKS = "Sandbox.asked.clear(); ow.configure(client=Sandbox(speed=600).client(), confirm=True)"
START = "run = ow.start('Find bakeries in Faro. scenario:settled', show=False)"


@pytest.fixture
def front_end(kernel: Kernel) -> Iterator[FrontEnd]:
    kernel.front_end.run(ASKS)
    yield kernel.front_end
    kernel.front_end.run("ow.configure(confirm='enrich')")


def error_of(front_end: FrontEnd, cell: str) -> str:
    front_end.see_out(cell)
    (error,) = (message["content"]["ename"] for message in front_end.of(cell) if message["msg_type"] == "error")
    return str(error)


def test_yes_starts_and_no_does_not(front_end: FrontEnd) -> None:
    cell = front_end.execute(START, cell="a")
    question = front_end.question()
    assert question["password"] is False
    assert "no credit limit" in question["prompt"]
    front_end.answer("n")
    assert error_of(front_end, cell) == "StartDeclined"
    assert front_end.value(STARTS) == 0
    cell = front_end.execute(START, cell="a")
    front_end.question()
    front_end.answer("y")
    assert front_end.see_out(cell)["status"] == "ok"
    assert front_end.value(STARTS) == 1


def test_an_interrupt_while_asked_starts_nothing(kernel: Kernel, front_end: FrontEnd) -> None:
    cell = front_end.execute(START, cell="b")
    front_end.question()
    kernel.manager.interrupt_kernel()
    assert error_of(front_end, cell) == "KeyboardInterrupt"
    printed = "".join(m["content"]["text"] for m in front_end.of(cell) if m["msg_type"] == "stream")
    assert printed.count("\n") == 1
    assert front_end.value(STARTS) == 0
