"""`RunCard`: the live card of a run, an ipywidget that the background poller keeps up to date."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import traitlets

from origami_widgets.api.background.loop import background
from origami_widgets.api.errors import InvalidInput
from origami_widgets.card.render.text_writer import render_text
from origami_widgets.card.view import view_changed, view_now
from origami_widgets.card.view.contract import ClockView, Form, View
from origami_widgets.card.view.messages import CodeAnswer
from origami_widgets.card.view.result import used_of
from origami_widgets.card.view.run_head import make_clock
from origami_widgets.card.view.table_view import TABLE_ID_LIMIT
from origami_widgets.card.widgets.click_commands import CardCommandHandler
from origami_widgets.card.widgets.lead_widget import LeadWidget
from origami_widgets.card.widgets.live_widget import OPTIONAL, front_end_file, synced_trait
from origami_widgets.card.widgets.snapshot import freeze_after, snapshot_of
from origami_widgets.host.application import Outputs, pages, request, running_cell, show
from origami_widgets.run.fill import count_gaps, may_offer
from origami_widgets.run.handle import Run
from origami_widgets.run.settings import configuration
from origami_widgets.words.foreign_text import clip, described

if TYPE_CHECKING:
    from origami_widgets.api.models.table import Table
    from origami_widgets.run.conversation import Conversation


class RunCard(LeadWidget):
    """Live card of a run and of the runs that continue it.

    The card reads the run's state and stores no data. Its traits are read-only: `observe` and `link` them. Only the
    sections of the view (`head`, `tables`, …) are sent to the front end; the rest stays in the kernel.

    Args:
        run: the run to show.
        outputs: where the conversation was shown before; only for internal use.

    Raises:
        InvalidInput: `run` is not a `Run`, or `outputs` are not those of a card.

    Example:
        >>> import origami_widgets as ow
        >>> run = ow.start("Find bakeries", client=ow.Sandbox(speed=600).client(), show=False)
        >>> card = ow.RunCard(run.wait())
        >>> card.status
        'completed'
    """

    # Strings instead of paths: with a path, the library would watch the file and keep every instance alive.
    _esm = front_end_file("card.js")
    _css = front_end_file("page.css")
    TRAITS = ("seq", *View.__annotations__)
    LISTS = "tables"

    status = traitlets.Unicode("running", read_only=True, help="The server's own word.")
    done = traitlets.Bool(False, read_only=True, help="The agent has come to an end.")  # noqa: FBT003
    settled = traitlets.Bool(False, read_only=True, help="Done, and no cell is running.")  # noqa: FBT003
    steps_completed = traitlets.Int(None, allow_none=True, read_only=True, help="Steps so far.")
    steps_max = traitlets.Int(None, allow_none=True, read_only=True, help="The plan's cap on steps.")
    lead_count = traitlets.Int(None, allow_none=True, read_only=True, help="Leads in the table that counts.")
    credits_used = traitlets.Int(
        None, allow_none=True, read_only=True, help="Credits the tables have used for the run."
    )

    head = synced_trait(traitlets.Dict)
    clock = synced_trait(traitlets.Dict)
    result = synced_trait(traitlets.Dict)
    earlier = synced_trait(traitlets.Dict)
    notices = synced_trait(traitlets.List)
    ask = synced_trait(traitlets.Dict, **OPTIONAL)
    tables = synced_trait(traitlets.Dict)
    prose = synced_trait(traitlets.Dict)
    now = synced_trait(traitlets.List)
    suggestions = synced_trait(traitlets.List)

    def __init__(self, run: Run, outputs: Outputs | None = None) -> None:
        if not isinstance(run, Run):
            raise InvalidInput(
                "A card shows a run",
                cause=f"Got {type(run).__name__}.",
                remedy="Give it what ow.start(…) or ow.attach(…) returned.",
            )
        if not isinstance(outputs, Outputs | None):
            raise InvalidInput(
                "outputs= is only for internal use",
                cause=f"Expected the outputs of a card, got {described(outputs)}.",
                remedy="Leave out outputs=. To show the card, end a cell with it.",
            )
        self._conversation: Conversation = run.conversation
        self._handler = CardCommandHandler(self._conversation)
        self._counted: tuple[str, int | None, int] | None = None
        super().__init__(outputs)

    def __repr__(self) -> str:
        return f"<RunCard of {self.run!r}>"

    @property
    def run(self) -> Run:
        """The run that the card shows."""
        return Run(self._conversation.current, self._conversation)

    def snapshot(self) -> dict[str, Any]:
        """Return the card as HTML and text, as a saved notebook has them."""
        return snapshot_of(self._view_now("snapshot"))

    def add_output(self) -> bool:
        """Show the card in one more output. Returns False, and shows nothing, if the card is closed or frozen."""
        # The background loop may be freezing the card right now, and what was just removed must not be shown.
        with self.lock:
            if not self.is_live:
                return False
            self.outputs.add(*self.bundle())
            self.shown()
            return True

    def _ipython_display_(self) -> None:
        """Show the card if its output can be replaced. A closed or frozen card is shown as its snapshot.

        In a box or layout, the card stays as it is.
        """
        if running_cell() is None:
            print(render_text(self._view_now("current"), now=time.time()))  # noqa: T201 - this is the display of a terminal
            return
        pages.note_request(request())
        with self.lock:
            if not self.add_output():
                show(self.snapshot())
            elif self._conversation.presentation is None:
                self._conversation.presentation = self

    def _view_now(self, form: Form = "live") -> View:
        return view_now(self._conversation, form)

    def _subscribe(self) -> Callable[[], None]:
        return self._conversation.subscribers.add(self._changed)

    def _view_changed(self, old: View, new: View) -> bool:
        return view_changed(old, new)

    def _clock_now(self) -> ClockView:
        return make_clock(self._conversation.state, time.time())

    def _freeze_after(self, view: View) -> float | None:
        return freeze_after(view)

    def _show(self, view: View) -> None:
        for name, part in view.items():
            if name != self.LISTS:
                self._set_trait(name, part)
        self._set_lists(view["tables"])
        state = self._conversation.state
        steps = state.run.steps if state.run is not None else None
        self._set_trait("status", state.status)
        self._set_trait("done", state.done)
        self._set_trait("settled", state.settled)
        self._set_trait("steps_completed", steps.completed if steps else None)
        self._set_trait("steps_max", steps.max if steps else None)
        self._set_trait("lead_count", state.lead_count)
        self._set_trait("credits_used", used_of(state))
        self._count_gaps()

    def _on_view_count(self, change: Any) -> None:
        super()._on_view_count(change)
        if change["new"]:
            background().call_soon(self._count_gaps)

    def _count_gaps(self) -> None:
        """Have the cells counted that can be filled, once all is settled: the button names how many, and their price.

        The rows are read for it, so only where somebody looks.
        """
        conversation = self._conversation
        state = conversation.state
        if self._viewed and state.filled is None and may_offer(conversation):
            at = (state.run_id, state.credits_used, state.cells_errored)
            if at != self._counted:
                self._counted = at
                background().submit(count_gaps(conversation))

    def _on_content(self, content: Any) -> None:
        match content:
            case {"kind": "code"}:
                self.send(CodeAnswer(kind="code", code=front_end_file("leads.js")))
                return
            case {"kind": "leads" | "download"}:
                if configuration().leads:
                    super()._on_content(content)
                return
        self._on_command(content, self._handler)

    def _table(self, table_id: str) -> Table | None:
        tables = self._conversation.state.tables
        return next((table for table in tables if clip(table.id, TABLE_ID_LIMIT) == table_id), None)

    def _conversation_on(self, table: str) -> Conversation:  # noqa: ARG002 - a card has the tables of one run
        return self._conversation

    def _exported(self) -> Run:
        return self.run


def card_of(run: Run) -> RunCard:
    """Return the live card of a run's conversation, or a new one if there is none or it is closed or frozen."""
    conversation = run.conversation
    card: RunCard | None = conversation.presentation
    if card is None or not card.is_live:
        card = conversation.presentation = RunCard(run)
    return card
