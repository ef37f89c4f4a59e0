"""A notebook's front end without a browser: it runs cells, keeps the widgets' state, and clicks, all over the kernel's sockets."""

from __future__ import annotations

import ast
import contextlib
import json
import queue
import time
from typing import TYPE_CHECKING, Any

from jupyter_client.blocking import BlockingKernelClient

from tests.support.page import take_changes

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT = 30.0
"""Seconds after which something that should have come never will."""
NUDGE = 1.0
"""Seconds after which a kernel that is waited for gets a further request. Its news must not keep that from being sent."""
WIDGET = "application/vnd.jupyter.widget-view+json"

Message = dict[str, Any]


class FrontEnd:
    """One front end of one kernel.

    Args:
        client: its channels, open.

    Attributes:
        heard: every message of the kernel to all its front ends, in order.
        models: the state of each widget that is alive, by its comm.
    """

    def __init__(self, client: BlockingKernelClient) -> None:
        self._client = client
        self.heard: list[Message] = []
        self.models: dict[str, dict[str, Any]] = {}

    def execute(self, code: str, cell: str = "", *, person: bool = True) -> str:
        """Send a cell and return the id of the request at once.

        Args:
            code: what is in it.
            cell: names the cell, as notebooks do.
            person: whether somebody is there who can be asked for input.
        """
        if not cell:
            return self._client.execute(code, stop_on_error=False, allow_stdin=person)
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": True, "stop_on_error": False}
        message = self._client.session.msg("execute_request", content, metadata={"cellId": cell})
        self._client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def run(self, code: str) -> str:
        """Run a cell to its end and return what it printed."""
        cell = self.execute(code)
        self.see_out(cell)
        for message in self.of(cell):
            assert message["msg_type"] != "error", "\n".join(message["content"]["traceback"])
        return "".join(m["content"]["text"] for m in self.of(cell) if m["msg_type"] == "stream")

    def question(self) -> dict[str, Any]:
        """What the kernel asks the person next."""
        self.until(self._client.stdin_channel.msg_ready)
        return dict(self._client.get_stdin_msg(timeout=0)["content"])

    def answer(self, text: str) -> None:
        """Enter something where the kernel has asked for it."""
        self._client.input(text)

    def see_out(self, cell: str) -> dict[str, Any]:
        """Listen until a cell has ended, and return the kernel's reply."""
        self.until(lambda: self.is_over(cell))
        # See `_nudge`: nothing is sent while this is on its way.
        return self._reply(self._client.get_shell_msg, cell)

    def value(self, expression: str) -> Any:
        """What an expression is in the kernel, by way of JSON."""
        cell = self._client.execute("import json", silent=True, user_expressions={"it": f"json.dumps({expression})"})
        found = self.see_out(cell)["user_expressions"]["it"]
        assert found["status"] == "ok", "\n".join(found["traceback"])
        return json.loads(ast.literal_eval(found["data"]["text/plain"]))

    def completed(self, code: str, cursor: int) -> dict[str, Any]:
        """What the kernel offers at a place in a cell, for who presses Tab there."""
        return self.see_out(self._client.complete(code, cursor))

    def show(self, code: str) -> str:
        """Run a cell that shows a card, and return the comm of the card."""
        known = len(self.heard)
        self.run(code)
        shown = [
            m["content"]["data"][WIDGET]["model_id"] for m in self.displays(known) if WIDGET in m["content"]["data"]
        ]
        assert len(shown) == 1, shown
        return str(shown[0])

    def until(self, condition: Callable[[], object]) -> None:
        """Listen until something holds."""
        now = time.monotonic()
        ends, nudge = now + LIMIT, now + NUDGE
        while not condition():
            assert now < ends, "it never came"
            with contextlib.suppress(queue.Empty):
                self._hear(self._client.get_iopub_msg(timeout=NUDGE))
            now = time.monotonic()
            if now >= nudge:
                self._nudge()
                nudge = now + NUDGE

    def _nudge(self) -> None:
        """Make a kernel read what it overheard.

        ipykernel 7.0 to 7.3 don't read a request that arrives while a reply is on its way (ipython/ipykernel#1554; #1529 is
        the repair, in 7.4). Further ones on the same line don't wake them either, because that line counts as being read
        already: it takes another one. Goes with the last of these versions in `environments.py`.
        """
        line = BlockingKernelClient()
        line.load_connection_info(self._client.get_connection_info())
        line.start_channels(iopub=False, stdin=False, hb=False, control=False)
        line.kernel_info()
        line.stop_channels()

    def _hear(self, message: Message) -> None:
        self.heard.append(message)
        content = message["content"]
        match message["msg_type"]:
            case "comm_open":
                self.models[content["comm_id"]] = dict(content["data"].get("state", {}))
            case "comm_msg" if content["data"].get("method") == "update":
                self.models[content["comm_id"]].update(content["data"]["state"])
            case "comm_msg" if content["data"].get("content", {}).get("kind") == "changes":
                take_changes(self.models[content["comm_id"]], content["data"]["content"])
            case "comm_close":
                self.models.pop(content["comm_id"], None)

    def of(self, cell: str) -> list[Message]:
        """What was heard that belongs to a cell."""
        return [message for message in self.heard if message["parent_header"].get("msg_id") == cell]

    def is_over(self, cell: str) -> bool:
        """Whether a cell has ended."""
        return any(m["msg_type"] == "status" and m["content"]["execution_state"] == "idle" for m in self.of(cell))

    def displays(self, since: int = 0) -> list[Message]:
        """What was shown."""
        return [message for message in self.heard[since:] if message["msg_type"] == "display_data"]

    def replacements(self, since: int = 0) -> list[Message]:
        """What was put in the place of something shown before."""
        return [message for message in self.heard[since:] if message["msg_type"] == "update_display_data"]

    def updates(self, comm: str, since: int = 0) -> list[Message]:
        """The updates of a widget's state."""
        return [m for m in self._sent(comm, since) if m["content"]["data"].get("method") == "update"]

    def reported(self, comm: str, since: int = 0) -> list[dict[str, Any]]:
        """The messages of our own that a widget sent."""
        sent = (message["content"]["data"] for message in self._sent(comm, since))
        return [data["content"] for data in sent if data.get("method") == "custom"]

    def acks(self, comm: str, command: str) -> list[dict[str, Any]]:
        """What a widget said became of a command."""
        return [said for said in self.reported(comm) if said["kind"] == "ack" and said["id"] == command]

    def _sent(self, comm: str, since: int) -> list[Message]:
        return [m for m in self.heard[since:] if m["msg_type"] == "comm_msg" and m["content"]["comm_id"] == comm]

    def tell(self, comm: str, content: dict[str, Any], *, subshell: str | None = None) -> None:
        """Send a widget a message of our own."""
        self._send(comm, {"method": "custom", "content": content}, subshell)

    def set(self, comm: str, state: dict[str, Any]) -> None:
        """Set traits of a widget, as a page can that plays a notebook."""
        self._send(comm, {"method": "update", "state": state, "buffer_paths": []}, None)

    def _send(self, comm: str, data: dict[str, Any], subshell: str | None) -> None:
        message = self._client.session.msg("comm_msg", {"comm_id": comm, "data": data})
        if subshell is not None:
            message["header"]["subshell_id"] = subshell
        self._client.shell_channel.send(message)

    def features(self) -> list[str]:
        """What the kernel says that it can do beyond the usual."""
        asked = self._client.kernel_info()
        return list(self._reply(self._client.get_shell_msg, asked).get("supported_features", []))

    def subshell(self) -> str:
        """Open a second line to the kernel, on which it hears while a cell runs."""
        message = self._client.session.msg("create_subshell_request", {})
        self._client.control_channel.send(message)
        return str(self._reply(self._client.get_control_msg, message["header"]["msg_id"])["subshell_id"])

    def _reply(self, receive: Callable[..., Message], asked: str) -> dict[str, Any]:
        while True:
            reply = receive(timeout=LIMIT)
            if reply["parent_header"].get("msg_id") == asked:
                return dict(reply["content"])
