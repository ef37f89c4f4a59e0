"""What tests of live cards share: the background loop, and answers of the server."""

from origami_widgets.api.loop import background
from origami_widgets.api.models import RunObject
from origami_widgets.run.polling.run_watch import RunWatch
from origami_widgets.run.state import Planned, RunRead, RunState


def on_loop(function, *args):
    async def call():
        return function(*args)

    return background().run(call())


def settle():
    """Return when everything that was planned on the loop before has happened."""
    for _ in range(3):
        on_loop(lambda: None)


def receive(widget, content):
    """A message of the page arrives at a widget."""
    widget.comm.handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})


def watch_of(run):
    """The watch of a run that is under way, after one answer."""
    made = RunWatch(None, RunState(agent_id=run["agentId"], run_id=run["id"]), None)
    on_loop(made.update, read(run), Planned(115.0, 15.0))
    return made


def read(run, at=100.0):
    return RunRead(RunObject.from_raw(run), at=at, keep_polling=run["status"] == "running")
