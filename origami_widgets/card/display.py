"""Showing a run in whatever it runs in: a notebook, a terminal, a script."""

from __future__ import annotations

import os
import sys
import time
import weakref
from typing import TYPE_CHECKING, Any

from origami_widgets.card import marimo_cells
from origami_widgets.card.freeze import freeze_after
from origami_widgets.card.host import lacks_widgets, pages
from origami_widgets.card.html import render_html
from origami_widgets.card.snapshot import static_bundle, token_bundle
from origami_widgets.card.text import render_text
from origami_widgets.card.view import make_view
from origami_widgets.run.presenter import Place
from origami_widgets.run.settings import render_mode

if TYPE_CHECKING:
    from origami_widgets.card.card import RunCard
    from origami_widgets.card.contract import View
    from origami_widgets.card.stream import Stream
    from origami_widgets.run.conversation import Conversation
    from origami_widgets.run.handle import Run


class CardPresenter:
    """Shows runs as cards. The widget library is loaded only where a kernel can show a widget."""

    def __init__(self) -> None:
        self._cell = ""
        self._shown: weakref.WeakSet[object] = weakref.WeakSet()

    def place(self) -> Place | None:
        """The cell that runs now, where the front end names its cells."""
        execution, cell = running_cell(), cell_request().get("metadata", {}).get("cellId")
        if execution and isinstance(cell, str) and cell:
            return Place(cell, execution)
        return marimo_cells.running_cell()

    def show(self, run: Run) -> None:
        """Show the run's card at once in a notebook; elsewhere nothing."""
        if running_cell() is not None:
            self._emit(run)
            self.has_shown(run.conversation)

    def display(self, run: Run) -> None:
        """Show the run as the value of a cell, unless this very cell has shown it already."""
        if running_cell() is None:
            print(self.text(run))  # noqa: T201 - this is the display of a terminal
        elif not self.was_shown(run.conversation):
            self._emit(run)

    def has_shown(self, what: object) -> None:
        """Note that the cell that runs now has shown it."""
        cell = running_cell() or ""
        if cell != self._cell:
            self._cell = cell
            self._shown.clear()
        self._shown.add(what)

    def was_shown(self, what: object) -> bool:
        """Whether the cell that runs now has shown it already."""
        return running_cell() == self._cell and what in self._shown

    def mimebundle(self, run: Run) -> tuple[dict[str, Any], dict[str, Any]]:
        """The card's output, for hosts that ask for it and place it themselves."""
        view = view_of(run)
        if needs_no_widget(view) or without_widgets() or not (running_cell() or in_marimo()):
            return {"text/html": self.html(run), "text/plain": self.text(run)}, {}
        return card_of(run).bundle(view)

    def html(self, run: Run) -> str:
        """The static card."""
        return render_html(view_of(run), now=time.time())

    def text(self, run: Run) -> str:
        """The text for a terminal."""
        return render_text(view_of(run), now=time.time())

    def waited(self, run: Run) -> None:
        """Freeze a card where a program executes the cells: the kernel may end right after the last one."""
        if not nobody_there():
            return
        if (stream := stream_known(run.conversation)) is not None:
            stream.update()
        card: RunCard | None = run.conversation.presentation
        if card is not None:
            card.freeze_for_a_program()

    def continued(self, run: Run) -> None:
        """Bring a frozen card back to life in its place: an answer or a follow-up goes on in the same card."""
        card: RunCard | None = run.conversation.presentation
        if card is not None and card.frozen and card.outputs and running_cell() is not None:
            from origami_widgets.card.card import RunCard

            live = run.conversation.presentation = RunCard(run, card.outputs)
            view = view_of(run)
            live.outputs.revive(*live.bundle(view), token_bundle(view))

    def _emit(self, run: Run) -> None:
        pages.ran(cell_request())
        if without_widgets():
            from origami_widgets.card.stream import stream_of

            stream_of(run.conversation).show()
            return
        view = view_of(run)
        if needs_no_widget(view):
            show_static(view)
            return
        place(run, view)
        if run.done:
            self.waited(run)


def place(run: Run, view: View) -> None:
    """Show the live card of a run here."""
    while True:
        card = card_of(run)
        # The loop may be freezing it at this moment: what is shown must not be what was just taken away.
        with card.lock:
            if not card.frozen:
                card.outputs.add(*card.bundle(view), token_bundle(view))
                card.shown()
                return


def show_card(card: RunCard) -> None:
    """Show a card that was made by hand; one that is closed or frozen is shown as what it has become."""
    if running_cell() is None:
        print(render_text(card.view, now=time.time()))  # noqa: T201 - this is the display of a terminal
        return
    pages.ran(cell_request())
    with card.lock:
        view = card.view
        if not card.is_open or card.frozen:
            show_static(view)
            return
        conversation = card.run.conversation
        if conversation.presentation is None:
            conversation.presentation = card
        card.outputs.add(*card.bundle(view), token_bundle(view))
        card.shown()


def needs_no_widget(view: View) -> bool:
    """Whether a card would be frozen at once: it has no more to say and no buttons, and its page can't keep it alive."""
    return freeze_after(view) == 0 and (not pages.may_keep_snapshots or nobody_there())


def show_static(view: View) -> None:
    """Show the static card here."""
    from IPython.display import display

    display(static_bundle(view), raw=True)


def running_cell() -> str | None:
    """What identifies the cell that runs now; None outside a kernel."""
    shell: Any = _shell()
    if shell is None or getattr(shell, "kernel", None) is None:
        return None
    return str(cell_request().get("header", {}).get("msg_id") or shell.execution_count)


def in_marimo() -> bool:
    """Whether this is a marimo notebook: it has no IPython shell and places what `_repr_mimebundle_` returns."""
    marimo = sys.modules.get("marimo")
    return marimo is not None and bool(marimo.running_in_notebook())


def without_widgets() -> bool:
    """Whether cards are shown as HTML that is replaced: because it was configured, or the host has no widgets."""
    if (mode := render_mode()) != "auto":
        return mode == "html"
    shell = _shell()
    return lacks_widgets(getattr(shell, "kernel", None), cell_request(), os.environ)


def stream_known(conversation: Conversation) -> Stream | None:
    """The stream of a conversation that was shown without widgets."""
    stream = sys.modules.get("origami_widgets.card.stream")
    return None if stream is None else stream.known_stream(conversation)


def nobody_there() -> bool:
    """Whether the cell is executed by a program, which cannot be asked for input, and not by a person.

    That no view was drawn says nothing: while a cell is blocked, the kernel does not hear of its views.
    """
    return cell_request().get("content", {}).get("allow_stdin") is False


def _shell() -> object:
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def cell_request() -> dict[str, Any]:
    """The message that made the kernel run the present cell."""
    message = getattr(_shell(), "parent_header", None)
    return message if isinstance(message, dict) else {}


def card_of(run: Run) -> RunCard:
    """The one live card of a run's conversation."""
    from origami_widgets.card.card import RunCard

    conversation: Conversation = run.conversation
    card: RunCard | None = conversation.presentation
    if card is None or not card.is_open or card.frozen:
        card = RunCard(run)
        conversation.presentation = card
    return card


def view_of(run: Run) -> View:
    """The view of a run's conversation as it stands now."""
    states = run.conversation.states
    # By its id: a state that is compared may have changed meanwhile.
    at = [state.run_id for state in states].index(run.id)
    return make_view(states[at], earlier=states[:at], now=time.time())
