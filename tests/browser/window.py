"""A window of Chromium that remembers what its page asked for and complained about."""

from __future__ import annotations

import re
import urllib.parse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Error, Locator, Page

READY_SECONDS = 60.0
LOOKS = 50.0
"""Milliseconds between two looks of a wait in the page. Otherwise it looks at each frame, and Chromium draws sixty a second for
that, which takes a tenth of a core."""
CARD = ".origami-card"
BOARD = ".origami-board"
FOLLOW_UP = re.compile(r"^(Follow up|more|\+\d+)$")
"""What opens the agent's suggestions: in the foot, or among the other news."""
VIEWPORT = {"width": 1280, "height": 900}
# The card's module is loaded from a blob; hosts have errors of their own, which are not ours to judge.
OURS = ("origami", "anywidget", "blob:")
# Every card is in a shadow root, where a page's own `querySelectorAll` does not look; Playwright's locators do.
DEEP = """const deep = (selector, root = document) => [...root.querySelectorAll("*")].flatMap(node => [
    ...(node.matches(selector) ? [node] : []),
    ...(node.shadowRoot ? deep(selector, node.shadowRoot) : []),
]);"""


ACTIVE = """(() => {
    let node = document.activeElement;
    while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
    return node;
})()"""


def confirm(place: Locator, answer: str = "Yes, cancel it") -> None:
    """Press the button that confirms a click."""
    button = place.get_by_role("button", name=answer)
    button.wait_for()
    # A press right after the click counts as the second half of a double click.
    while button.is_visible():
        button.click()


def new_context(browser: Browser) -> BrowserContext:
    """Return a new profile of Chromium, with nothing in its caches, for windows without motion."""
    # The dot of a running card makes Chromium draw sixty pictures a second, which takes half a core without a GPU.
    return browser.new_context(reduced_motion="reduce")


class Window:
    """A window in a browser context of its own, or in the one that is given.

    Args:
        opener: The Chromium to open it in, or a context whose caches it shares.
        url: The address of the only server that its page may ask, with a slash at the end.
        viewport: Width and height of the window in px.
    """

    def __init__(self, opener: Browser | BrowserContext, url: str, viewport: dict[str, int] = VIEWPORT) -> None:
        self.url = url
        self.foreign_requests: list[str] = []
        self.console_errors: list[str] = []
        self._viewport = viewport
        self._owns_context = hasattr(opener, "new_context")
        self.context = new_context(opener) if self._owns_context else opener
        self.page: Page = self._new_page()

    @property
    def errors_of_ours(self) -> list[str]:
        """The errors in the console that name the card or what loads it."""
        return [error for error in self.console_errors if any(word in error for word in OURS)]

    def screenshot(self, path: Path, target: Locator | None = None) -> None:
        """Write a PNG of `target`, or of the window."""
        path.parent.mkdir(parents=True, exist_ok=True)
        if target is None:
            self.page.screenshot(path=path)
        else:
            target.screenshot(path=path, animations="disabled")

    def focused_text(self) -> str:
        """The text of what has the focus, also within a card."""
        return str(self.page.evaluate(f"{ACTIVE}?.textContent ?? ''"))

    def close(self) -> None:
        """Close the window, and its context if it has one of its own."""
        if self._owns_context:
            self.context.close()
        else:
            self.page.close()

    def _new_page(self) -> Page:
        page = self.context.new_page()
        page.set_viewport_size(self._viewport)
        page.set_default_timeout(READY_SECONDS * 1000)
        page.on("console", lambda message: self._heard(message.type, f"{message.text} {message.location['url']}"))
        page.on("pageerror", lambda error: self._heard("error", _with_stack(error)))
        page.on("request", lambda request: self._requested(request.url))
        page.on("websocket", lambda socket: self._requested(socket.url))
        return page

    def _heard(self, kind: str, text: str) -> None:
        if kind == "error":
            self.console_errors.append(text)

    def _requested(self, url: str) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.netloc != urllib.parse.urlsplit(self.url).netloc:
            self.foreign_requests.append(url)


def _with_stack(error: Error) -> str:
    return f"{error.message}\n{error.stack or ''}"
