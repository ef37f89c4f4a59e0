"""A planted key in a real kernel: its messages, and every file that is left; for notebooks see tests/notebooks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from jupyter_client.manager import start_new_kernel

from origami_widgets.sandbox import Sandbox, embedded
from tests.faults.journey import KEY
from tests.faults.planted import echoing, showing
from tests.kernels.front_end import FrontEnd
from tests.support.keys import let_sandbox_take

if TYPE_CHECKING:
    from pathlib import Path

# In kernels and in a process: test_planted_key.py looks at the same places within its own.
pytestmark = pytest.mark.slow

INSPECTED = """
import asyncio, copy, dataclasses, threading, rich.console, rich.traceback
raised, shown = sys.last_value, rich.console.Console(width=300)
shown.print(rich.traceback.Traceback.from_exception(type(raised), raised, sys.last_traceback, show_locals=True))
print(vars(raised), getattr(raised, "__notes__", None), asyncio.all_tasks(), threading.enumerate())
rich.inspect(client.operations.settings, private=True), rich.inspect(client.operations.settings.key, private=True)
print(copy.copy(client), vars(copy.copy(client)))
"""
CELLS = (
    "import io, logging, sys\nlog = io.StringIO()\nlogging.basicConfig(level=logging.DEBUG, stream=log)\n%xmode Verbose",
    'import origami_widgets as ow\nrun = ow.start("Find bakers. scenario:filling", once="bakers")',
    "run.wait()\nclient = ow.Client()\nprint(vars(run), vars(client), vars(client.operations), run.raw)",
    "card = ow.RunCard(run)\ncard",
    'ow.attach("6b1f0a8e-2f3b-4a50-9e55-2d0a4c1b7e90")',
    'await ow.AsyncClient().get_run("6b1f0a8e-2f3b-4a50-9e55-2d0a4c1b7e90", "v2_run-1")',
    INSPECTED,
    "dataclasses.asdict(client.operations.settings)",
    "print(log.getvalue())",
)

ENTERED = (
    CELLS[0],
    "import keyring, pytest\nfrom tests.support.keys import InMemory, use_colab\nkeyring.set_keyring(InMemory())",
    "import origami_widgets as ow\now.login(store=True)",
    'run = ow.start("Find bakers. scenario:filling", once="bakers")\nrun.wait()',
    "client = ow.Client()\nprint(client, vars(client), ow.account(), ow.configure.__globals__, ow.credits_frame().attrs)",
    "use_colab(pytest.MonkeyPatch(), lambda _: next(iter(keyring.get_keyring().kept.values())))",
    'client = ow.Client(base_url="https://origami.chat/api/v2")\nprint(client, vars(client), client.operations.settings.key)',
    *CELLS[4:],
)
"""A key that is entered, kept in a keyring, found there, and found as a secret of Colab."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A home of this test's own, and a sandbox that takes the planted key and repeats it in its headers."""
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "ORIGAMI_WIDGETS_DATA", "IPYTHONDIR"):
        folder = tmp_path / name.lower()
        folder.mkdir()
        monkeypatch.setenv(name, str(folder))
    let_sandbox_take(monkeypatch, KEY)
    with embedded.serve(echoing(Sandbox(speed=120)), KEY, 0) as served:
        monkeypatch.setenv("ORIGAMI_API_KEY", served.api_key)
        monkeypatch.setenv("ORIGAMI_BASE_URL", served.base_url)
        yield tmp_path


def test_no_message_of_a_kernel_and_no_file_shows_it(home: Path) -> None:
    manager, client = start_new_kernel()
    try:
        front_end = FrontEnd(client)
        for cell in CELLS:
            front_end.see_out(front_end.execute(cell))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    said = json.dumps(front_end.heard, default=str)
    assert "httpcore.http11" in said
    assert "comm_open" in said
    assert "x-echo" in said, "the answers repeated the key, and the log says so"
    failed = [message["content"]["ename"] for message in front_end.heard if message["msg_type"] == "error"]
    assert failed == ["AgentNotFound", "RunNotFound", "TypeError"]
    assert showing([said, json.dumps(front_end.models, default=str)]) == []
    files = [path for path in home.rglob("*") if path.is_file()]
    assert any("origami_widgets_data" in path.parts for path in files), "the registry of names was written"
    assert showing(path.read_bytes().decode("latin-1") for path in files) == []


def test_no_message_of_a_kernel_and_no_file_shows_one_that_was_entered(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ORIGAMI_API_KEY")
    manager, client = start_new_kernel()
    try:
        front_end = FrontEnd(client)
        for code in ENTERED:
            # What cannot be a key is an error: the cell is run again.
            for entered in (KEY.replace("og_live_", ""), KEY) if "login" in code else ("",):
                cell = front_end.execute(code)
                if entered:
                    assert front_end.question()["password"] is True
                    front_end.answer(entered)
                front_end.see_out(cell)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    said = json.dumps(front_end.heard, default=str)
    assert "Invalid API key format" in said
    assert said.count("<Secret og_live_…>".encode("ascii", "backslashreplace").decode()) > 2
    failed = [message["content"]["ename"] for message in front_end.heard if message["msg_type"] == "error"]
    assert failed == ["InvalidInput", "AgentNotFound", "RunNotFound", "TypeError"]
    assert showing([said, json.dumps(front_end.models, default=str)]) == []
    files = [path for path in home.rglob("*") if path.is_file()]
    assert any(path.name == "history.sqlite" for path in files)
    assert showing(path.read_bytes().decode("latin-1") for path in files) == []
