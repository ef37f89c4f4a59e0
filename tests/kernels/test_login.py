"""The prompt for a key, and the warning of a key in a cell, in real kernels; the key is in none of their messages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from origami_widgets.sandbox import Sandbox
from tests.faults.journey import KEY
from tests.faults.planted import showing
from tests.support.keys import let_sandbox_take

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.kernels.front_end import FrontEnd


@pytest.fixture
def base_url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where a sandbox takes the planted key."""
    let_sandbox_take(monkeypatch, KEY)
    with Sandbox(speed=60).serve() as served:
        yield served.base_url


def said_by(front_end: FrontEnd, cell: str) -> str:
    """What a cell said, without its own text, which the kernel repeats."""
    return json.dumps(
        [message for message in front_end.of(cell) if message["msg_type"] != "execute_input"], default=str
    )


def test_a_key_is_asked_for_without_showing_it(front_end: FrontEnd, base_url: str) -> None:
    cell = front_end.execute(f"ow.login(base_url={base_url!r})")
    question = front_end.question()
    assert question["password"] is True
    assert base_url.split("/")[2] in question["prompt"]
    front_end.answer(KEY.replace("og_live_", "sk_live_"))
    front_end.see_out(cell)
    (error,) = (message["content"] for message in front_end.of(cell) if message["msg_type"] == "error")
    assert (error["ename"], "og_live_" in error["evalue"]) == ("InvalidInput", True)
    # The cell is run again.
    cell = front_end.execute(f"ow.login(base_url={base_url!r})")
    assert front_end.question() == question
    front_end.answer(KEY)
    front_end.see_out(cell)
    (value,) = (message["content"]["data"] for message in front_end.of(cell) if message["msg_type"] == "execute_result")
    assert "(sandbox)" in value["text/plain"].splitlines()[0]
    front_end.run("run = ow.start('Find bakers', show=False)")
    assert front_end.value("[run.status, ow.account().active_runs]") == ["running", 1]
    assert showing([json.dumps(front_end.heard, default=str)]) == []


def test_a_key_in_a_cell_is_warned_of_and_not_shown(front_end: FrontEnd) -> None:
    cells = (
        f"clients = [ow.Client({KEY!r}), ow.AsyncClient({KEY!r})]",
        "ow.Client(clients[0].operations.settings.key)",
        f"# used already: {KEY}",
        "ow.Client('og_live_sandbox')",
    )
    said = []
    for cell in map(front_end.execute, cells):
        front_end.see_out(cell)
        said.append(said_by(front_end, cell))
    assert [text.count("PastedKey") for text in said] == [1, 0, 0, 0]
    assert "revoke the key" in said[0]
    assert showing(said) == []
