"""Card without a widget: HTML and text that are replaced in place as the run goes on.

For hosts that have no widget manager but understand display updates. It loads no widget library.
"""

from __future__ import annotations

import asyncio
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

from origami_widgets.api.loop import background
from origami_widgets.card.view.run_view import view_changed, view_now
from origami_widgets.card.widgets.snapshot import card_snapshot, muted_bundle
from origami_widgets.host.cells import follow_cells
from origami_widgets.host.outputs import replace, show

if TYPE_CHECKING:
    import concurrent.futures

    from origami_widgets.card.view.contract import View
    from origami_widgets.run.conversation import Conversation

SPACING = 2.0
"""Seconds between two updates at least: each one sends the whole card."""

_NOW = "To see this run as it is now: "


class HtmlStream:
    """The snapshots of one conversation's card that are kept up to date, in one or more outputs.

    These snapshots have no buttons, but lines of Python in their place. A run that will change no more gets its final
    snapshot, which is updated again in the same output when the conversation goes on.

    Args:
        conversation: what to show.
    """

    def __init__(self, conversation: Conversation) -> None:
        # Weak, because the conversation holds the stream by its subscription; `_kept_alive` holds it where nothing else does.
        self._conversation = weakref.ref(conversation)
        self._lock = threading.RLock()
        self._display_ids: list[str] = []
        self.view: View | None = None
        self._sent = -SPACING
        self._planned: concurrent.futures.Future[None] | None = None
        conversation.subscribers.add(self._changed)

    def show(self) -> None:
        """Show one more snapshot here."""
        conversation = self._conversation()
        if conversation is None:
            return
        follow_cells()
        # Under the lock, or an update of the background loop could overtake the output that it is meant for.
        with self._lock:
            view = _without_progress(view_now(conversation))
            self._display_ids.append(show(stream_snapshot(conversation, final=is_final(view))))
            self._sent = time.monotonic()
            if self.view is None:
                self.view = view
            self._keep_watching(conversation, view)
        self._changed()

    def update(self) -> None:
        """Bring all snapshots up to date now, if the view has changed."""
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
        # Before the update: what changes during it is planned anew.
        with self._lock:
            self._planned = None
        # Not in the context of this task: it may have waited since an earlier cell.
        background().call_soon(self.update)

    def _keep_watching(self, conversation: Conversation, view: View) -> None:
        """Keep a run that is shown watched until its end, although its cell may have kept no handle on it."""
        if is_final(view) or view["clock"]["connection"] == "stopped":
            _kept_alive.pop(self, None)
        else:
            _kept_alive[self] = conversation


_streams: weakref.WeakKeyDictionary[Conversation, HtmlStream] = weakref.WeakKeyDictionary()
_kept_alive: dict[HtmlStream, Conversation] = {}


def stream_of(conversation: Conversation) -> HtmlStream:
    """Return the one stream of a conversation."""
    if conversation not in _streams:
        _streams[conversation] = HtmlStream(conversation)
    return _streams[conversation]


def known_stream(conversation: Conversation) -> HtmlStream | None:
    """Return the stream of a conversation; None when it was never shown as one."""
    return _streams.get(conversation)


def is_final(view: View) -> bool:
    """Return whether the view will change no more by itself."""
    return view["head"]["settled"] and not any(notice["key"] in ("sending", "queued") for notice in view["notices"])


def _without_progress(view: View) -> View:
    """Leave out row progress from a final view: what stands in the notebook must outlive the kernel."""
    return {**view, "tables": {**view["tables"], "reading": []}} if is_final(view) else view


def stream_snapshot(conversation: Conversation, *, final: bool) -> dict[str, Any]:
    """Return the card as it stands now: its snapshot at the end, before it one that says how old it is.

    A snapshot whose kernel has died stays as it is, so it carries its moment and the line that shows the run again.

    Args:
        conversation: what is shown.
        final: nothing will change by itself any more.
    """
    if final:
        return card_snapshot(view_now(conversation, "snapshot"))
    view = view_now(conversation, "current")
    again = muted_bundle(_NOW, view["head"]["lines"][0]["code"])
    between = {"text/html": "", "text/plain": "\n\n"}
    return {kind: f"{text}{between[kind]}{again[kind]}" for kind, text in card_snapshot(view).items()}
