"""The card without a widget: HTML and text that are replaced in place as the run goes on.

For hosts that have no widget manager but understand display updates. It loads no widget library.
"""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
import weakref
from typing import TYPE_CHECKING, Any

from origami_widgets.api.loop import background
from origami_widgets.card.view.run_view import view_changed, view_now
from origami_widgets.card.widgets.snapshot import card_snapshot, muted_line
from origami_widgets.host.cells import follow_cells

if TYPE_CHECKING:
    import concurrent.futures

    from origami_widgets.card.view.contract import View
    from origami_widgets.run.conversation import Conversation

SPACING = 2.0
"""Seconds between two updates at least: each one sends the whole card."""

_NOW = "To see this run as it is now: "


class HtmlStream:
    """The copies of one conversation's card that are kept up to date; they may stand in several outputs.

    Copies have no buttons: what can be done stands in them as lines of Python. A run that has nothing more to tell
    stands there as the static card, and comes back to life in the same place when the conversation goes on.

    Args:
        conversation: what to show.
    """

    def __init__(self, conversation: Conversation) -> None:
        # Weak, because the conversation holds the stream by its subscription; `_busy` holds it where nobody else does.
        self._conversation = weakref.ref(conversation)
        self._lock = threading.RLock()
        self._places: list[str] = []
        self._view: View | None = None
        self._sent = -SPACING
        self._planned: concurrent.futures.Future[None] | None = None
        conversation.subscribers.add(self._changed)

    def show(self) -> None:
        """Show a further copy here."""
        conversation = self._conversation()
        if conversation is None:
            return
        # Loaded here: what a script imports must not need IPython.
        from IPython.display import display

        follow_cells()
        # Under the lock, or an update of the background loop could overtake the output that it is meant for.
        with self._lock:
            view = _calm(view_now(conversation))
            place = uuid.uuid4().hex
            display(stream_snapshot(conversation, final=is_final(view)), raw=True, display_id=place)
            self._places.append(place)
            self._sent = time.monotonic()
            if self._view is None:
                self._view = view
            self._hold(conversation, view)
        self._changed()

    def update(self) -> None:
        """Bring all copies up to date now, when there is anything to tell."""
        from IPython.display import display

        with self._lock:
            conversation = self._conversation()
            if conversation is None or self._view is None:
                return
            view = _calm(view_now(conversation))
            if view_changed(self._view, view):
                bundle = stream_snapshot(conversation, final=is_final(view))
                for place in self._places:
                    display(bundle, raw=True, display_id=place, update=True)
                self._view = view
                self._sent = time.monotonic()
            self._hold(conversation, view)

    def _changed(self) -> None:
        with self._lock:
            if self._planned is None and self._places:
                self._planned = background().submit(self._update_later(self._sent + SPACING - time.monotonic()))

    async def _update_later(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))
        # Before the update: what changes during it is planned anew.
        with self._lock:
            self._planned = None
        # Not in the context of this task: it may have waited since an earlier cell.
        background().call_soon(self.update)

    def _hold(self, conversation: Conversation, view: View) -> None:
        """Keep a run that is shown watched until its end, although its cell may have kept no handle on it."""
        if is_final(view) or view["clock"]["connection"] == "stopped":
            _busy.pop(self, None)
        else:
            _busy[self] = conversation


_streams: weakref.WeakKeyDictionary[Conversation, HtmlStream] = weakref.WeakKeyDictionary()
_busy: dict[HtmlStream, Conversation] = {}


def stream_of(conversation: Conversation) -> HtmlStream:
    """The one stream of a conversation."""
    if conversation not in _streams:
        _streams[conversation] = HtmlStream(conversation)
    return _streams[conversation]


def known_stream(conversation: Conversation) -> HtmlStream | None:
    """The stream of a conversation that was shown as one."""
    return _streams.get(conversation)


def is_final(view: View) -> bool:
    """Whether nothing will change by itself any more."""
    return view["head"]["settled"] and not any(notice["key"] in ("sending", "queued") for notice in view["notices"])


def _calm(view: View) -> View:
    """A final copy stays as it is while leads are read: what stands in the notebook must outlive the kernel."""
    return {**view, "tables": {**view["tables"], "reading": []}} if is_final(view) else view


def stream_snapshot(conversation: Conversation, *, final: bool) -> dict[str, Any]:
    """Return a copy of the card as it stands now: its snapshot at the end, before it one that says how old it is.

    Nobody can change a copy whose kernel has died, so it carries its moment, and the line that shows the run again.

    Args:
        conversation: what is shown.
        final: nothing will change by itself any more.
    """
    if final:
        return card_snapshot(view_now(conversation, "snapshot"))
    view = view_now(conversation, "current")
    again = muted_line(_NOW, view["head"]["lines"][0]["code"])
    return {
        kind: f"{text}{again[kind]}" if kind == "text/html" else f"{text}\n\n{again[kind]}"
        for kind, text in card_snapshot(view).items()
    }
