"""Cards without a widget: HTML and text that are replaced in place as the run goes on.

For hosts without a widget manager that understand display updates. Imports no widget library.
"""

from __future__ import annotations

import asyncio
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

from origami_widgets.api.background.loop import background
from origami_widgets.card.view.run_view import view_changed, view_now
from origami_widgets.card.widgets.snapshot import card_snapshot, muted_bundle
from origami_widgets.host.cells import follow_cells, replace, show

if TYPE_CHECKING:
    import concurrent.futures

    from origami_widgets.card.view.contract import View
    from origami_widgets.run.conversation import Conversation

SPACING = 2.0
"""Least seconds between two updates, as each one sends the whole card."""

_NOW = "To see this run as it is now: "


class HtmlStream:
    """Up-to-date snapshots of one conversation's card, in one or more outputs.

    These snapshots have lines of Python instead of buttons. A run that will not change any more gets its final
    snapshot. If the conversation goes on, the same output is updated again.

    Args:
        conversation: the conversation to show.
    """

    def __init__(self, conversation: Conversation) -> None:
        # Weak, because the conversation holds the stream by its subscription. `_kept_alive` holds it if nothing else
        # does.
        self._conversation = weakref.ref(conversation)
        self._lock = threading.RLock()
        self._display_ids: list[str] = []
        self.view: View | None = None
        self._sent = -SPACING
        self._planned: concurrent.futures.Future[None] | None = None
        conversation.subscribers.add(self._changed)

    def show(self) -> None:
        """Show the snapshot in one more output."""
        conversation = self._conversation()
        if conversation is None:
            return
        follow_cells()
        # Under the lock, or an update from the background loop could come before the output that it is for.
        with self._lock:
            view = _without_progress(view_now(conversation))
            self._display_ids.append(show(stream_snapshot(conversation, final=is_final(view))))
            self._sent = time.monotonic()
            if self.view is None:
                self.view = view
            self._keep_watching(conversation, view)
        self._changed()

    def update(self) -> None:
        """Update all snapshots now, if the view has changed."""
        with self._lock:
            conversation = self._conversation()
            if conversation is None or self.view is None:
                return
            view = _without_progress(view_now(conversation))
            if view_changed(self.view, view):
                bundle = stream_snapshot(conversation, final=is_final(view))
                for display_id in self._display_ids:
                    replace(display_id, bundle)
                self.view = view
                self._sent = time.monotonic()
            self._keep_watching(conversation, view)

    def _changed(self) -> None:
        with self._lock:
            if self._planned is None and self._display_ids:
                self._planned = background().submit(self._update_later(self._sent + SPACING - time.monotonic()))

    async def _update_later(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))
        # Reset before the update, so that a change during it plans another one.
        with self._lock:
            self._planned = None
        # Not in the context of this task, which may date from an earlier cell.
        background().call_soon(self.update)

    def _keep_watching(self, conversation: Conversation, view: View) -> None:
        """Keep a shown run watched until its end, even if its cell has kept no handle."""
        if is_final(view) or view["clock"]["connection"] == "stopped":
            _kept_alive.pop(self, None)
        else:
            _kept_alive[self] = conversation


_streams: weakref.WeakKeyDictionary[Conversation, HtmlStream] = weakref.WeakKeyDictionary()
_kept_alive: dict[HtmlStream, Conversation] = {}


def stream_of(conversation: Conversation) -> HtmlStream:
    """Return the stream of a conversation, a new one if it has none."""
    if conversation not in _streams:
        _streams[conversation] = HtmlStream(conversation)
    return _streams[conversation]


def known_stream(conversation: Conversation) -> HtmlStream | None:
    """Return the stream of a conversation; None if it has none."""
    return _streams.get(conversation)


def is_final(view: View) -> bool:
    """Return whether the view will not change any more by itself."""
    return view["head"]["settled"] and not any(notice["key"] in ("sending", "queued") for notice in view["notices"])


def _without_progress(view: View) -> View:
    """Leave row progress out of a final view, as it must stay true without the kernel."""
    return {**view, "tables": {**view["tables"], "reading": []}} if is_final(view) else view


def stream_snapshot(conversation: Conversation, *, final: bool) -> dict[str, Any]:
    """Return the current card: its snapshot at the end, before that a snapshot that says how old it is.

    If the kernel dies, the snapshot stays as it is. It therefore has its time, and the line that shows the run again.

    Args:
        conversation: the conversation that is shown.
        final: whether nothing will change any more by itself.
    """
    if final:
        return card_snapshot(view_now(conversation, "snapshot"))
    view = view_now(conversation, "current")
    again = muted_bundle(_NOW, view["head"]["lines"][0]["code"])
    between = {"text/html": "", "text/plain": "\n\n"}
    return {kind: f"{text}{between[kind]}{again[kind]}" for kind, text in card_snapshot(view).items()}
