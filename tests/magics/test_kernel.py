"""The magics in a real kernel: what they show, store and refuse; what else differs by IPython is in tests/kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from jupyter_client.manager import start_new_kernel

from tests.kernels.front_end import WIDGET, FrontEnd

if TYPE_CHECKING:
    from collections.abc import Iterator

PREPARE = """
import origami_widgets as ow
class Sandbox(ow.Sandbox):
    starts = 0
    async def __call__(self, scope, receive, send):
        Sandbox.starts += scope["method"] == "POST" and not scope["path"].endswith("/cancel")
        await super().__call__(scope, receive, send)
client = Sandbox(speed=60, plan="enterprise", credits=10**9).client()
ow.configure(client=client)
city = "Porto"
"""
KEY = "og_live_0123456789abcdef"


@pytest.fixture(scope="module")
def notebook() -> Iterator[FrontEnd]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("ORIGAMI_API_KEY", raising=False)
        manager, client = start_new_kernel()
    try:
        front_end = FrontEnd(client)
        front_end.run(PREPARE)
        yield front_end
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.fixture
def loaded(notebook: FrontEnd) -> Iterator[FrontEnd]:
    notebook.run("%load_ext origami_widgets")
    yield notebook
    notebook.run("%unload_ext origami_widgets\nglobals().pop('run', None) and None")


class Outcome:
    """The messages of a cell that has run."""

    def __init__(self, notebook: FrontEnd, code: str, cell: str = "") -> None:
        request = notebook.execute(code, cell)
        self.reply = notebook.see_out(request)
        self.messages = notebook.of(request)
        self.status: str = self.reply["status"]

    def texts(self, kind: str) -> list[str]:
        """The text that it printed, the errors that it showed, or its values."""
        contents: list[dict[str, Any]] = [m["content"] for m in self.messages if m["msg_type"] == kind]
        if kind == "stream":
            return [content["text"] for content in contents]
        if kind == "error":
            return ["\n".join(content["traceback"]) for content in contents]
        return [content["data"]["text/plain"] for content in contents]

    @property
    def cards(self) -> int:
        """The number of cards that it shows."""
        shown = [m["content"]["data"] for m in self.messages if m["msg_type"] in ("display_data", "execute_result")]
        return sum(WIDGET in data for data in shown)

    @property
    def text(self) -> str:
        """All text below the cell."""
        return "\n".join(
            text for kind in ("stream", "error", "display_data", "execute_result") for text in self.texts(kind)
        )


def test_a_cell_shows_its_card_once_and_is_its_run(loaded: FrontEnd) -> None:
    started = Outcome(loaded, "%%origami\nFind bakeries in {city} for $5M. scenario:slow")
    assert started.cards == 1
    assert loaded.value("_.prompt") == "Find bakeries in Porto for $5M. scenario:slow"
    again = Outcome(loaded, "%%origami --into run\nFind bakeries. scenario:slow")
    assert again.cards == 1
    assert loaded.value("run is _") is True
    quiet = Outcome(loaded, "%%origami --quiet --into silent\nFind bakeries. scenario:slow")
    assert quiet.text == ""
    assert loaded.value("silent.status") == "running"
    loaded.run("del silent")


def test_running_a_cell_again_starts_no_second_run(loaded: FrontEnd) -> None:
    before = loaded.value("Sandbox.starts")
    for _ in range(2):
        Outcome(loaded, "%%origami --into run\nFind bakeries in Faro. scenario:slow", cell="the-cell")
    assert loaded.value("Sandbox.starts") == before + 1
    assert loaded.value("run.state.attached_by") == "cell"
    for number in range(2):
        Outcome(loaded, "%%origami --once faro --into run\nFind dentists. scenario:slow", cell=f"cell-{number}")
    assert loaded.value("Sandbox.starts") == before + 2


def test_a_key_in_a_line_is_refused_and_not_repeated(loaded: FrontEnd) -> None:
    outcome = Outcome(loaded, f"%origami login {KEY}")
    assert outcome.status == "error"
    assert outcome.text.startswith("UsageError: ")
    assert KEY not in outcome.text + str(outcome.reply)


@pytest.mark.slow
def test_every_line_command_works(loaded: FrontEnd) -> None:
    Outcome(loaded, "%%origami --into run\nFind bakeries. scenario:slow")
    assert Outcome(loaded, "%origami attach {run.token}").cards == 1
    assert Outcome(loaded, "found = %origami attach {run.token}").cards == 1
    assert loaded.value("found == run") is True
    inside = "def show(local):\n    return get_ipython().run_line_magic('origami', 'tables {local}')\nshow(run.token)"
    (shown,) = Outcome(loaded, inside).texts("execute_result")
    assert "table_id" in shown
    assert Outcome(loaded, "%origami tables run").status == "ok"
    board = Outcome(loaded, "%origami runs")
    assert board.cards == 1
    assert loaded.value("run.token in [each.token for each in _.runs]")
    loaded.run("_.close()")
    assert "Plan: Enterprise" in Outcome(loaded, "%origami credits").text
    assert loaded.value("run.token").strip("'") in Outcome(loaded, "%origami cancel run").text
    loaded.until(lambda: loaded.value("run.status") == "cancelled")
    loaded.run("del found")
