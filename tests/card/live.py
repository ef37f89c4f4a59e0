"""What tests of live cards share: the background loop, and answers of the server."""

import itertools
import json

import ipywidgets

from origami_widgets.api.background.loop import background
from origami_widgets.api.models.run import RunObject
from origami_widgets.run.polling.run_watch import RunWatch
from origami_widgets.run.reduce import Planned, RunRead
from origami_widgets.run.state import RunState
from tests.support.page import take_changes
from tests.support.quick import see


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


def sent_by(widget):
    """What goes over the comm of a widget from now on."""
    messages, send = [], widget.comm.send

    def note(data=None, metadata=None, buffers=None):
        messages.append(data)
        send(data, metadata, buffers)

    widget.comm.send = note
    return messages


def card_in(board):
    """The card that is open in a board."""
    return ipywidgets.widget_serialization["from_json"](board.card, None)


def page_of(widget):
    """The traits of a widget as a page has them that opens it now; `follow` keeps them current."""
    return json.loads(json.dumps(widget.get_state(), default=str))


def follow(page, messages):
    """Change the traits of a page as the front end does (`js/src/model.ts`), by messages that were sent since."""
    for message in json.loads(json.dumps(messages)):
        if message["method"] == "update":
            page.update(message["state"])
        elif message["content"]["kind"] == "changes":
            take_changes(page, message["content"])
    return page


def stop_of(head):
    """The state and the label of the button that stops a run: `none` without one."""
    button = next((each for each in head["buttons"] if each["command"] == "cancel"), None)
    if button is None:
        return "none", ""
    return ("requested", button["sent"]) if button.get("requested") else ("available", button["label"])


def changes(messages):
    """What was sent of the lists of a widget: the new items, by the name of their list and their index."""
    found = {}
    for message in messages:
        if message["method"] == "custom" and (content := message["content"])["kind"] == "changes":
            found.update({(name, at): item for name, at, item in content["items"]})
    return found


def acks(messages):
    """The acknowledgements of clicks among messages."""
    return [each["content"] for each in messages if each["method"] == "custom" and each["content"]["kind"] == "ack"]


NUMBERS = itertools.count()


def click_on(widget, name, run_id="", command_id=""):
    """Press a button of a page; return its acknowledgement."""
    messages, command_id = sent_by(widget), command_id or f"c{next(NUMBERS)}"
    receive(widget, {"kind": "command", "id": command_id, "name": name, "run_id": run_id})
    see(lambda: acks(messages))
    settle()
    (ack,) = acks(messages)
    return ack


def watch_of(run):
    """The watch of a run that is under way, after one answer."""
    made = RunWatch(None, RunState(agent_id=run["agentId"], run_id=run["id"]))
    on_loop(made.update, read(run), Planned(115.0, 15.0))
    return made


def read(run, at=100.0):
    return RunRead(RunObject.from_raw(run), at=at, keep_polling=run["status"] == "running")
