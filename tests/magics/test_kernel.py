"""The magics in a real kernel and in a terminal: what they show, store, refuse and complete."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_client.manager import start_new_kernel

from tests.kernels.front_end import WIDGET, FrontEnd

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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


def test_it_is_loaded_reloaded_and_unloaded(notebook: FrontEnd) -> None:
    assert Outcome(notebook, "%origami").status == "error"
    notebook.run("%load_ext origami_widgets")
    notebook.run("ow.load_ipython_extension(get_ipython())")
    assert notebook.run("%load_ext origami_widgets").startswith("The origami_widgets extension is already loaded")
    own = "[m for m in {0}.custom_matchers + {0}.magic_arg_matchers if m.__module__.startswith('origami_widgets')]"
    count = f"len({own.format('get_ipython().Completer')})"
    assert notebook.value(count) == 1
    notebook.run("%reload_ext origami_widgets")
    assert "%origami attach" in notebook.run("%origami")
    assert notebook.value(count) == 1
    notebook.run("%unload_ext origami_widgets")
    assert notebook.value(count) == 0
    assert "`%origami` not found" in Outcome(notebook, "%origami").text
    assert "`%%origami` not found" in Outcome(notebook, "%%origami\nFind bakeries").text
    notebook.run("%load_ext origami_widgets")
    notebook.run("%unload_ext origami_widgets")


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


MISTAKES = {
    "%%origami\nFind bakeries in {town}": "No variable named town",
    "%%origami --mode x\nFind bakeries": "Did you mean --model?",
    "%%origami --model gpt\nFind bakeries": "leave out --model",
    "%%origami": "the cell body is empty",
    f"%%origami\nUse {KEY}": "An API key was passed",
    f"%origami login {KEY}": "An API key was passed",
}


@pytest.mark.parametrize("code", MISTAKES)
def test_a_mistake_shows_a_short_error_and_sends_nothing(loaded: FrontEnd, code: str) -> None:
    before = loaded.value("Sandbox.starts")
    outcome = Outcome(loaded, code)
    assert outcome.status == "error", "a notebook that is run whole stops here"
    assert MISTAKES[code] in outcome.text
    assert outcome.text.startswith("UsageError: ")
    assert "Traceback" not in outcome.text
    assert KEY not in outcome.text + str(outcome.reply)
    assert loaded.value("Sandbox.starts") == before


def test_an_error_of_the_server_shows_no_traceback_and_keeps_its_fields(loaded: FrontEnd) -> None:
    outcome = Outcome(loaded, "%%origami\nFind bakeries. scenario:no_credits")
    (shown,) = outcome.texts("error")
    assert shown.startswith("InsufficientCredits: ")
    assert "origami_widgets/" not in shown
    loaded.run("import pickle, sys\nkept = pickle.loads(pickle.dumps(sys.last_value))")
    assert loaded.value("[kept.code, kept.link == sys.last_value.link]") == ["INSUFFICIENT_CREDITS", True]


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


@pytest.mark.parametrize(
    ("code", "line"), [("%origami?", "%origami attach"), ("%%origami?", "%%origami [--into VARIABLE]")]
)
def test_a_question_mark_shows_the_help(loaded: FrontEnd, code: str, line: str) -> None:
    (page,) = Outcome(loaded, code).reply["payload"]
    assert line in page["data"]["text/plain"]


COMPLETED = {
    "%ori": ["%origami"],
    "%origami att": ["attach"],
    "%origami ": ["attach", "runs", "tables", "credits", "cancel", "login", "help"],
    "board = %origami ru": ["runs"],
    "%origami tables ru": ["run"],
}


@pytest.mark.parametrize("code", COMPLETED)
def test_tab_offers_only_what_fits(loaded: FrontEnd, code: str) -> None:
    loaded.run("run = ow.Run.from_payload({'id': 'v2_run-1', 'agentId': 'a', 'status': 'completed'})")
    line = code.partition("\n")[0]
    reply = loaded.completed(code, len(line))
    assert [match for match in reply["matches"] if not match.startswith("%%")] == COMPLETED[code]
    assert line[: reply["cursor_start"]] + reply["matches"][0] >= line


SCRIPT = """
import origami_widgets as ow
ow.configure(client=ow.Sandbox(speed=600).client())
%load_ext origami_widgets
city = "Porto"
run = get_ipython().run_cell_magic("origami", "--wait", "Find bakeries in {city}")
print(run.status, run.prompt)
%origami help attach
get_ipython().run_cell_magic("origami", "", "Find {town}")
"""


@pytest.mark.slow
def test_it_works_in_a_terminal(tmp_path: Path) -> None:
    script = tmp_path / "script.ipy"
    script.write_text(SCRIPT, encoding="utf-8")
    command = [sys.executable, "-m", "IPython", "--no-banner", "--colors=NoColor", str(script)]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "IPYTHONDIR": str(tmp_path / "ipython")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)
    assert "completed Find bakeries in Porto" in done.stdout
    assert "%origami attach [--into VARIABLE] AGENT_ID/RUN_ID" in done.stdout
    assert "UsageError: No variable named town" in done.stderr
