"""A page of real voila, which runs a whole notebook, shows what came out, and keeps the kernel for the widgets."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import nbformat
from playwright.sync_api import TimeoutError as NothingCame

from tests.browser.lab import notebook_of
from tests.browser.window import Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import Browser, WebSocket

    from notebooks.serve import Lab

# Fonts and formulas of voila's own page; nothing of the card's depends on them.
ITS_OWN = (
    "https://cdn.jsdelivr.net/npm/@fortawesome/",
    "https://cdnjs.cloudflare.com/ajax/libs/mathjax/",
)
_numbers = itertools.count(1)


class VoilaPage(Window):
    """A window with the page that voila makes of these cells.

    Args:
        browser: The Chromium to open it in.
        server: A Jupyter server that has voila.
    """

    def __init__(self, browser: Browser, server: Lab) -> None:
        self.server = server
        self.received: list[str] = []
        self.sent: list[str] = []
        super().__init__(browser, server.url)
        self.context.route(lambda url: url.startswith(ITS_OWN), lambda route: route.abort())
        self.page.on("websocket", self._connected)

    def open(self, cells: Sequence[str], *, theme: str = "light") -> None:
        """Run the notebook and show its page."""
        name = f"voila-{next(_numbers)}.ipynb"
        nbformat.write(notebook_of(cells), self.server.root / name)
        self.page.goto(f"{self.url}voila/render/{name}?theme={theme}&token={self.server.token}")

    def wait_received(self, word: str) -> None:
        """Wait for a message from the kernel with this word in it; the page must have connected."""
        if not any(word in message for message in self.received):
            self.socket.wait_for_event("framereceived", lambda frame: word in _text(frame))

    def ask(self, word: str) -> None:
        """Come back to the page, as a person does, until the kernel answers with this word in it.

        A page that waits for an answer already does not ask twice, and that one may have come a moment ago.
        """
        for _ in range(30):
            try:
                with self.socket.expect_event("framereceived", lambda frame: word in _text(frame), timeout=2_000):
                    self.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
            except NothingCame:
                continue
            return
        raise AssertionError(f"The kernel never answered with {word}.")

    def _connected(self, socket: WebSocket) -> None:
        self.socket = socket
        socket.on("framereceived", lambda frame: self.received.append(_text(frame)))
        socket.on("framesent", lambda frame: self.sent.append(_text(frame)))

    def _requested(self, url: str) -> None:
        if not url.startswith(ITS_OWN):
            super()._requested(url)


def _text(frame: str | bytes) -> str:
    """The words of a frame; whether JSON has blanks in it depends on which library wrote it."""
    text = frame if isinstance(frame, str) else frame.decode("utf-8", "replace")
    return text.replace('": "', '":"')
