"""`RunCard`: the live card of a run, an ipywidget that the background poller keeps up to date."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anywidget
import traitlets

from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.loop import background
from origami_widgets.card.cells import follow_cells
from origami_widgets.card.commands import CommandDesk, read_command
from origami_widgets.card.contract import TABLE_SLOTS, ClockMessage, ColumnsAnswer, CopyMessage, View
from origami_widgets.card.freeze import freeze_after
from origami_widgets.card.news import tells_more, view_now
from origami_widgets.card.outputs import Outputs, copy_bundle
from origami_widgets.card.view import make_all_columns
from origami_widgets.card.view.budget import TABLE_ID_LIMIT, clip
from origami_widgets.run.handle import Run

if TYPE_CHECKING:
    import concurrent.futures
    from collections.abc import Callable

    from origami_widgets.run.conversation import Conversation

log = logging.getLogger("origami_widgets")
STATIC = Path(__file__).parent / "static"
SECTIONS: Final = tuple(View.__annotations__)
TRAITS: Final = ("seq", *SECTIONS, *(f"table_{slot}" for slot in range(TABLE_SLOTS)))
"""What changes with the run, in contrast to the front end itself, which is as large again."""


def _built(name: str) -> str:
    try:
        return (STATIC / name).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ImportError(
            f"The front end of the card is not built ({name} is missing). "
            "Run `npm ci && npm run build` in js/, or install the published wheel."
        ) from error


_NOTHING: Final = {"default_value": None, "allow_none": True}


def _section(kind: type[traitlets.TraitType[Any, Any]], **options: Any) -> Any:
    return kind(read_only=True, **options).tag(sync=True)


class RunCard(anywidget.AnyWidget):
    """The live card of a run and of the runs that continue it.

    The card reads the run's state and stores nothing of its own. Its traits are read-only: `observe` and `link` them.
    The sections of the view (`head`, `tables`, …) travel to the front end; the rest stays in the kernel.

    Args:
        run: the run to show.
        outputs: where the conversation was shown before; for the card itself.

    Raises:
        InvalidInput: it is not a `Run`.

    Example:
        >>> import origami_widgets as ow
        >>> run = ow.start("Find bakeries", client=ow.Sandbox(speed=600).client(), show=False)
        >>> card = ow.RunCard(run.wait())
        >>> card.status
        'completed'
    """

    # Strings, not paths: a path makes the library watch the file and keep every instance alive for it.
    _esm = _built("card.js")
    _css = _built("card.css")

    status = traitlets.Unicode("running", read_only=True, help="The server's own word.")
    done = traitlets.Bool(False, read_only=True, help="The agent has come to an end.")  # noqa: FBT003
    settled = traitlets.Bool(False, read_only=True, help="Done, and no cell is running.")  # noqa: FBT003
    steps_completed = traitlets.Int(None, allow_none=True, read_only=True, help="Steps so far.")
    steps_max = traitlets.Int(None, allow_none=True, read_only=True, help="The plan's cap on steps.")
    lead_count = traitlets.Int(None, allow_none=True, read_only=True, help="Leads over all tables.")
    credits_used = traitlets.Int(None, allow_none=True, read_only=True, help="Credits the tables have used.")

    key = _section(traitlets.Unicode)
    seq = _section(traitlets.Int)
    head = _section(traitlets.Dict)
    clock = _section(traitlets.Dict)
    earlier = _section(traitlets.List)
    notices = _section(traitlets.List)
    ask = _section(traitlets.Dict, **_NOTHING)
    tables = _section(traitlets.Dict)
    locals().update({f"table_{slot}": _section(traitlets.Dict, **_NOTHING) for slot in range(TABLE_SLOTS)})
    prose = _section(traitlets.Dict)
    actions = _section(traitlets.Dict)
    suggestions = _section(traitlets.List)
    foot = _section(traitlets.Dict)

    def __init__(self, run: Run, outputs: Outputs | None = None) -> None:
        if not isinstance(run, Run):
            raise InvalidInput(
                "A card shows a run",
                cause=f"RunCard was given a value of type {type(run).__name__}.",
                remedy="Give it what ow.start(…) or ow.attach(…) returned.",
            )
        self._conversation: Conversation = run.conversation
        self._desk = CommandDesk(self._conversation)
        self._view = view_now(self._conversation)
        self._flush_planned = False
        self._freezing: concurrent.futures.Future[None] | None = None
        self._viewed = False
        self._filled = False
        self._copied = self._stage_shown = _stage(self._view)
        self.lock = threading.RLock()
        self.frozen = False
        self.outputs = outputs or Outputs()
        follow_cells()
        # 0 and not None, so that the host counts the views: the comm must not close under one of them.
        super().__init__(_view_count=0)
        # The model's own id, by which the page asks its host whether it is alive; hosts name models as they like.
        self.set_trait("key", re.sub(r"\W", "", str(self.model_id)))
        self._own_layout = self.layout
        self.on_msg(self._on_message)
        self.observe(self._on_view_count, "_view_count")
        self._unsubscribe: Callable[[], None] = self._conversation.subscribe(self._changed)
        background().call_soon(self._flush)

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> Any:  # noqa: FBT001, FBT002 - ipywidgets' signature
        """The synced state; before the first update it is filled from the view."""
        # Only then: this is also called on other threads, where an older view could undo what the loop just set.
        if not self._filled:
            self._filled = True
            self._show(self._view)
        return super().get_state(key, drop_defaults)

    @property
    def run(self) -> Run:
        """The newest run of the conversation that the card shows."""
        return Run(self._conversation.current, self._conversation)

    @property
    def view(self) -> View:
        """What the card shows now, as every renderer is given it."""
        return view_now(self._conversation)

    def close(self) -> None:
        """Close the card and its comm; the run goes on, and is watched as long as a handle exists."""
        self._let_go()
        super().close()
        # Every widget comes with a layout, a widget of its own that nobody else closes.
        layout = getattr(self, "_own_layout", None)
        if layout is not None:
            layout.close()

    def freeze(self) -> None:
        """Replace the card's outputs by its static twin. Background loop only."""
        with self.lock:
            if self.frozen or (self._viewed and self._view_count == 0):
                return
            self.frozen = True
            self._let_go()
            view = view_now(self._conversation)
            self.outputs.replace(view)
            # Outputs that a page has loaded again since are not reached by that.
            self._send_copy(view)
            if self._view_count == 0:
                self.close()

    def shown(self) -> None:
        """Tell the card that it has a further output, which is frozen like the others when the time has come."""
        background().call_soon(self._flush)

    def _ipython_display_(self) -> None:
        """Show the card where its output can be replaced; in a box or a layout it stays as it is."""
        from origami_widgets.card.display import show_card

        show_card(self)

    @property
    def watched_by_nobody(self) -> bool:
        """Whether no front end has ever drawn this card: a notebook that is executed without one."""
        return not self._viewed

    def _changed(self) -> None:
        if not self._flush_planned:
            self._flush_planned = True
            background().call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_planned = False
        if self.comm is None or self.frozen:
            return
        new = view_now(self._conversation)
        if tells_more(self._view, new):
            continued = new["head"]["token"] != self._view["head"]["token"]
            self._view = new
            if continued:
                self.outputs.name(new)
            with self.hold_sync():
                self._tell("seq", self.seq + 1)
                self._show(new)
            if _stage(new) != self._copied:
                self._send_copy(new)
        self._plan_freeze(new)

    def _show(self, view: View) -> None:
        for name, section in view.items():
            if name != "tables":
                self._tell(name, section)
        tables = view["tables"]
        self._tell("tables", {"hidden": tables["hidden"], "reading": tables["reading"]})
        for slot in range(TABLE_SLOTS):
            self._tell(f"table_{slot}", tables["items"][slot] if slot < len(tables["items"]) else None)
        state = self._conversation.current.state
        steps = state.run.steps if state.run is not None else None
        self._tell("status", state.status)
        self._tell("done", state.done)
        self._tell("settled", state.settled)
        self._tell("steps_completed", steps.completed if steps else None)
        self._tell("steps_max", steps.max if steps else None)
        self._tell("lead_count", state.lead_count)
        self._tell("credits_used", state.credits_used)

    def _tell(self, name: str, value: object) -> None:
        try:
            self.set_trait(name, value)
        except Exception:
            # An observer's mistake must keep neither the other traits nor the freeze from happening.
            log.exception("An observer of %s raised", name)

    def _plan_freeze(self, view: View) -> None:
        if self._freezing is not None:
            self._freezing.cancel()
            self._freezing = None
        delay = freeze_after(view)
        if delay is not None and self.outputs:
            self._freezing = background().submit(self._freeze_later(delay))

    async def _freeze_later(self, delay: float) -> None:
        await asyncio.sleep(delay)
        self._freezing = None
        # A follow-up may have been sent at this very moment.
        if freeze_after(view_now(self._conversation)) is not None:
            self.freeze()

    def _on_message(self, _widget: object, content: object, _buffers: object) -> None:
        match content:
            case {"kind": "hello", **more}:
                if more.get("seq") != self.seq:
                    self.send_state(TRAITS)
                view = view_now(self._conversation)
                self.send(ClockMessage(kind="clock", clock=view["clock"]))
                if more.get("copy") is True and _stage(view) != self._stage_shown:
                    self._send_copy(view)
                return
            case {"kind": "columns", "table": str(table)}:
                self._send_columns(table)
                return
        command = read_command(content)
        if command is not None:
            self._thaw()
            background().submit(self._carry_out(command))

    def _thaw(self) -> None:
        """Go on when a view that outlasted the freeze is used: voila loses the update that would have replaced it."""
        with self.lock:
            if self.frozen and self.comm is not None:
                self.frozen = False
                if self._conversation.presentation is not self:
                    # Another card goes on in the places of this one: they are its own now.
                    self.outputs = Outputs()
                self._unsubscribe = self._conversation.subscribe(self._changed)
                background().call_soon(self._flush)

    async def _carry_out(self, command: Any) -> None:
        ack = await self._desk.carry_out(command)
        if ack is not None and self.comm is not None:
            self.send(ack)

    def _send_copy(self, view: View) -> None:
        """Give the front end what it shall save in the place of the widget."""
        self._copied = _stage(view)
        if self.comm is not None:
            self.send(CopyMessage(kind="copy", data=copy_bundle(view, self.key)))

    def _send_columns(self, table_id: str) -> None:
        for table in self._conversation.current.state.tables:
            if clip(table.id, TABLE_ID_LIMIT) == table_id:
                columns, hidden = make_all_columns(table)
                self.send(ColumnsAnswer(kind="columns", table=table_id, columns=columns, hidden=hidden))
                return

    def _on_view_count(self, change: Any) -> None:
        if change["new"]:
            self._viewed = True
        elif self.frozen:
            self.close()

    def _let_go(self) -> None:
        """Nothing may keep a card that is done with: no subscription, no freeze to come. It may be half made."""
        unsubscribe = getattr(self, "_unsubscribe", None)
        if unsubscribe is not None:
            unsubscribe()
        freezing, self._freezing = getattr(self, "_freezing", None), None
        if freezing is not None:
            freezing.cancel()


def _stage(view: View) -> tuple[str, str, bool]:
    """What makes a new copy worth its bytes: another run, another status, all cells settled."""
    return view["head"]["token"], view["head"]["status"], view["head"]["settled"]
