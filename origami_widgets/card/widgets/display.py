"""Display backend that shows runs as cards and batches as boards: in a notebook, a terminal or a script.

Hosts without a widget manager that understand display updates get HTML and text, replaced in place as the run goes on.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

from origami_widgets.api.background.loop import background
from origami_widgets.card.render.html_writer import render_html
from origami_widgets.card.render.text_writer import render_text
from origami_widgets.card.view import view_changed, view_now
from origami_widgets.card.widgets.snapshot import freeze_after, is_final, snapshot_of
from origami_widgets.host.application import (
    Outputs,
    executed_by_program,
    follow_cells,
    in_marimo,
    pages,
    request,
    running_cell,
    show,
    without_widgets,
)
from origami_widgets.run.batch import RunBatch, queue_of
from origami_widgets.run.settings import configuration

if TYPE_CHECKING:
    from origami_widgets.card.view.contract import View
    from origami_widgets.card.widgets.run_board import RunBoard
    from origami_widgets.card.widgets.run_card import RunCard
    from origami_widgets.run.conversation import Conversation
    from origami_widgets.run.handle import Run


class CardBackend:
    """Shows runs as cards and batches as boards. Imports the widget library only in a kernel that can show widgets."""

    def __init__(self) -> None:
        self._cell = ""
        self._shown: weakref.WeakSet[object] = weakref.WeakSet()

    def show(self, shown: Run | RunBatch) -> None:
        """Show the card or board at once in a notebook; elsewhere, do nothing."""
        cell = running_cell()
        if cell is None:
            return
        self._emit(shown)
        if cell != self._cell:
            self._cell = cell
            self._shown.clear()
        self._shown.add(_identity(shown))

    def display(self, shown: Run | RunBatch) -> None:
        """Show the card or board as the value of a cell, unless `show` has already shown it in this cell."""
        cell = running_cell()
        if cell is None:
            print(repr(shown) if isinstance(shown, RunBatch) else self.text(shown))  # noqa: T201 - a terminal's display
        elif cell != self._cell or _identity(shown) not in self._shown:
            self._emit(shown)

    def mimebundle(self, shown: Run | RunBatch) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the output for the card or board, for hosts that place it themselves."""
        in_notebook = running_cell() is not None or in_marimo()
        if isinstance(shown, RunBatch):
            return _board_bundle(shown) if in_notebook else ({"text/plain": repr(shown)}, {})
        view = view_now(shown.conversation)
        if not in_notebook or _needs_no_widget(view) or without_widgets(configuration().render):
            return {**snapshot_of(view_now(shown.conversation, "snapshot"))}, {}
        from origami_widgets.card.widgets.run_card import card_of

        return card_of(shown).bundle()

    def waited(self, shown: Run | RunBatch) -> None:
        """Freeze the card or board if a program executes the cells: the kernel may end right after the last one."""
        if not executed_by_program():
            return
        if isinstance(shown, RunBatch):
            board: RunBoard | None = queue_of(shown).presentation
            if board is not None:
                board.freeze_for_a_program()
            for run in shown.runs:
                _freeze_card(run)
        else:
            _freeze_card(shown)

    def continued(self, run: Run) -> None:
        """Revive a frozen card in its outputs: an answer or follow-up goes on in the same card."""
        card: RunCard | None = run.conversation.presentation
        if card is not None and card.frozen and card.outputs and running_cell() is not None:
            from origami_widgets.card.widgets.run_card import RunCard

            live = run.conversation.presentation = RunCard(run, card.outputs)
            live.outputs.replace(*live.bundle())

    def html(self, shown: Run | RunBatch) -> str:
        """Return the snapshot of the run's card, or of the batch's board, as HTML."""
        if isinstance(shown, RunBatch):
            from origami_widgets.card.widgets.run_board import board_of

            return str(board_of(shown).snapshot()["text/html"])
        return render_html(view_now(shown.conversation, "snapshot"), now=time.time())

    def text(self, run: Run) -> str:
        """Return the run's card as text, as it is now."""
        return render_text(view_now(run.conversation, "current"), now=time.time())

    def _emit(self, shown: Run | RunBatch) -> None:
        if isinstance(shown, RunBatch):
            from origami_widgets.card.widgets.run_board import board_of

            board_of(shown).show_here()
            return
        pages.note_request(request())
        if without_widgets(configuration().render):
            stream_of(shown.conversation).show()
            return
        view = view_now(shown.conversation)
        if _needs_no_widget(view):
            show(snapshot_of(view_now(shown.conversation, "snapshot")))
            return
        from origami_widgets.card.widgets.run_card import card_of

        # If the background loop freezes the card right now, a new one takes its place.
        while not card_of(shown).add_output():
            pass
        if shown.done:
            self.waited(shown)


display_backend = CardBackend()
"""The display backend of this process."""


def _identity(shown: Run | RunBatch) -> object:
    """Return the object that all handles of a run's conversation, or of a batch, share."""
    return queue_of(shown) if isinstance(shown, RunBatch) else shown.conversation


def _needs_no_widget(view: View) -> bool:
    """Return whether a card would be frozen at once: it is final, has no buttons, and its page cannot keep it alive."""
    return freeze_after(view) == 0 and (not pages.may_keep_snapshots or executed_by_program())


def _freeze_card(run: Run) -> None:
    if (stream := _streams.get(run.conversation)) is not None:
        stream.update()
    card: RunCard | None = run.conversation.presentation
    if card is not None:
        card.freeze_for_a_program()


def _board_bundle(batch: RunBatch) -> tuple[dict[str, Any], dict[str, Any]]:
    from origami_widgets.card.widgets.run_board import board_of

    board = board_of(batch)
    return ({**board.snapshot()}, {}) if without_widgets(configuration().render) else board.bundle()


SPACING = 2.0
"""Least seconds between two updates, as each one sends the whole card."""


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
        self._outputs = Outputs()
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
            view = view_now(conversation)
            self._outputs.add(stream_snapshot(conversation, final=is_final(view)), {})
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
            view = view_now(conversation)
            if view_changed(self.view, view):
                self._outputs.replace(stream_snapshot(conversation, final=is_final(view)))
                self.view = view
                self._sent = time.monotonic()
            self._keep_watching(conversation, view)

    def _changed(self) -> None:
        with self._lock:
            if self._planned is None and self._outputs:
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


def stream_snapshot(conversation: Conversation, *, final: bool) -> dict[str, Any]:
    """Return the current card: its snapshot at the end, before that a snapshot that says how old it is.

    If the kernel dies, the snapshot stays as it is. It therefore has its time, and the line that shows the run again.

    Args:
        conversation: the conversation that is shown.
        final: whether nothing will change any more by itself.
    """
    return snapshot_of(view_now(conversation, "snapshot" if final else "current"))
