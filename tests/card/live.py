"""What tests of live cards share: the background loop, and answers of the server."""

from origami_widgets.api.loop import background
from origami_widgets.api.models import RunObject
from origami_widgets.run.state import RunRead


def on_loop(function, *args):
    async def call():
        return function(*args)

    return background().run(call())


def settle():
    """Return when everything that was planned on the loop before has happened."""
    for _ in range(3):
        on_loop(lambda: None)


def read(run, at=100.0):
    return RunRead(RunObject.from_raw(run), at=at, keep_polling=run["status"] == "running")
