"""The card without a widget, in a real kernel: what is shown, what replaces it, and what it says of its age."""

from __future__ import annotations

import itertools
import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_client.manager import start_new_kernel

from origami_widgets.card.view import make_view
from origami_widgets.card.widgets import display as stream
from origami_widgets.run.handle import Run
from origami_widgets.run.polling.run_watch import RunWatch
from tests.fixtures.states import NOW, STATES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jupyter_client import BlockingKernelClient

SECONDS = 60
SETUP = """
import sys, time
import origami_widgets as ow
begun, ahead = time.time(), 0.0
client = ow.Sandbox(clock=lambda: begun + ahead).client()
ow.configure(client=client, render="html")
def at(*moments):
    global ahead
    for ahead in moments:
        run.refresh()
"""
OVER = "at(30, 600, 1500)"
SHOWN, REPLACED = "display_data", "update_display_data"


def place_of(message: dict[str, Any]) -> str:
    return message["content"]["transient"]["display_id"]


class Cells:
    """A kernel and what it has sent to the page, oldest first."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self.client = client
        self.sent: list[dict[str, Any]] = []

    def run(self, code: str) -> str:
        """Run a cell to its end and return what it printed."""
        request, seen = self.client.execute(code, allow_stdin=True), len(self.sent)
        self.until(lambda: self._is_idle(request))
        answer = self.client.get_shell_msg(timeout=SECONDS)["content"]
        assert answer["status"] == "ok", answer
        return "".join(m["content"]["text"] for m in self.sent[seen:] if m["msg_type"] == "stream")

    def until(self, holds: Callable[[], bool]) -> None:
        ends = time.monotonic() + SECONDS
        while not holds():
            self.sent.append(self.client.get_iopub_msg(timeout=max(0.0, ends - time.monotonic())))

    def displays(self, kind: str = "") -> list[dict[str, Any]]:
        """What was shown by these cells, and what replaced it; an earlier test's run may still be at work."""
        places = {place_of(message) for message in self.sent if message["msg_type"] == SHOWN}
        both = [message for message in self.sent if message["msg_type"] in (SHOWN, REPLACED)]
        return [each for each in both if place_of(each) in places and kind in ("", each["msg_type"])]

    def text(self) -> str:
        """What stands in the newest output."""
        return self.displays()[-1]["content"]["data"]["text/plain"]

    def until_text(self, part: str) -> None:
        self.until(lambda: bool(self.displays()) and part in self.text())

    def _is_idle(self, request: str) -> bool:
        newest = self.sent[-1] if self.sent else None
        return (
            newest is not None
            and newest["msg_type"] == "status"
            and newest["content"]["execution_state"] == "idle"
            and newest["parent_header"].get("msg_id") == request
        )


@pytest.fixture(scope="module")
def kernel() -> Iterator[BlockingKernelClient]:
    manager, client = start_new_kernel()
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


@pytest.fixture
def cells(kernel: BlockingKernelClient) -> Cells:
    made = Cells(kernel)
    made.run(SETUP)
    return made


def start(brief: str = "", *, show: bool = True) -> str:
    return f"run = ow.start('Find bakeries. {brief}', show={show});"


def test_no_widget_library_is_loaded(cells: Cells) -> None:
    printed = cells.run(start() + f"\n{OVER}\nprint({{'anywidget', 'ipywidgets'}} & set(sys.modules))")
    assert printed.strip() == "set()"
    assert set(cells.displays()[0]["content"]["data"]) == {"text/html", "text/plain"}


def test_it_follows_the_run_in_its_place_to_the_static_card(cells: Cells) -> None:
    cells.run(start())
    cells.run(OVER)
    cells.until_text("Completed")
    assert len(cells.displays(SHOWN)) == 1
    assert "Snapshot of" in cells.displays()[-1]["content"]["data"]["text/html"]


def test_updates_keep_their_distance_and_the_last_state_arrives(cells: Cells) -> None:
    cells.run(start("scenario:slow"))
    cells.run("at(*range(2, 120, 2))")
    cells.run("at(900, 1800)")
    cells.until_text("Completed")
    dates = [message["header"]["date"].timestamp() for message in cells.displays()]
    assert len(dates) >= 2
    assert min(after - before for before, after in itertools.pairwise(dates)) >= stream.SPACING


def test_time_alone_replaces_nothing(cells: Cells) -> None:
    cells.run(start("scenario:slow"))
    cells.run(
        "at(40)\nfrom origami_widgets.card.widgets.display import stream_of\nstream_of(run.conversation).update()"
    )
    before = len(cells.displays())
    cells.run("at(40, 40)\nstream_of(run.conversation).update()")
    assert len(cells.displays()) == before == 2


def test_a_second_copy_is_kept_up_to_date_too(cells: Cells) -> None:
    cells.run(start("scenario:slow"))
    cells.run("run")
    cells.run("at(900, 1800)")
    cells.until_text("Completed")
    cells.until(lambda: len({place_of(message) for message in cells.displays(REPLACED)}) == 2)
    texts = {place_of(message): message["content"]["data"]["text/plain"] for message in cells.displays()}
    assert all("Completed" in text for text in texts.values())


def test_nothing_is_kept_when_all_is_over(cells: Cells) -> None:
    cells.run(start("scenario:answer"))
    cells.run(OVER)
    cells.until_text("Completed")
    cells.run("import gc, weakref\nshown = weakref.ref(run.conversation)\ndel run\ngc.collect();")
    assert cells.run("print(shown())").strip() == "None"


# The last one in this kernel: it loads the widgets that others must not find there.
def test_the_way_to_render_can_be_changed_in_mid_session(cells: Cells) -> None:
    cells.run(start("scenario:slow"))
    assert "widget" not in str(cells.displays(SHOWN)[-1]["content"]["data"].keys())
    cells.run("ow.configure(render='widget')")
    cells.run("run")
    assert "application/vnd.jupyter.widget-view+json" in cells.displays(SHOWN)[-1]["content"]["data"]
    cells.run("ow.configure(render='auto'); assert run is not None")


@pytest.mark.sweep
@pytest.mark.parametrize("name", STATES)
def test_a_copy_that_is_not_final_carries_its_moment_whatever_it_says(name: str) -> None:
    if stream.is_final(make_view(STATES[name](), now=NOW)):
        return
    conversation = Run(RunWatch(None, STATES[name]())).conversation
    for text in (" ".join(each.split()) for each in stream.stream_snapshot(conversation, final=False).values()):
        assert re.search(r"as of \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", text)
        assert "ow.attach(" in text
        assert "Snapshot of" not in text
