"""Base class of the package's widgets: updated from the background loop, and saved as a snapshot."""

from __future__ import annotations

import asyncio
import concurrent.futures
import importlib
import logging
import threading
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anywidget
import traitlets

from origami_widgets.api.background.loop import background
from origami_widgets.card.view.messages import AckMessage, ChangesMessage, ClockMessage, ItemChange, read_message
from origami_widgets.card.widgets import snapshot as snapshots
from origami_widgets.card.widgets.click_commands import ClickCommand, CommandHandler
from origami_widgets.card.widgets.snapshot import SnapshotFeed, mark_snapshot
from origami_widgets.host.application import Outputs, deliver_as_addressed, follow_cells, pages

if TYPE_CHECKING:
    from origami_widgets.card.view.contract import ClockView, Form

log = logging.getLogger("origami_widgets")
STATIC = Path(__file__).parents[1] / "static"
DOCTOR_LINE: Final = "This place shows no live widget. To find out why: ow.doctor()"
NOT_LIVE: Final = ("This is no longer live", "Show it again in a new cell.")
"""Answers a click on a widget that a host could not replace by its snapshot."""
LARGE_LISTS: Final = ("items", "moments")
"""Lists in a trait whose items are sent by themselves."""
OPTIONAL: Final = {"default_value": None, "allow_none": True}


def front_end_file(name: str) -> str:
    """Return the text of a file of the built front end.

    Raises:
        ImportError: the front end was not built.
    """
    try:
        return (STATIC / name).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ImportError(
            f"The front end is not built ({name} is missing). "
            "Run `npm ci && npm run build` in js/, or install the published wheel."
        ) from error


def synced_trait(kind: type[traitlets.TraitType[Any, Any]], **options: Any) -> Any:
    """Return a trait that is sent to the front end and that only the widget sets."""
    return kind(read_only=True, **options).tag(sync=True)


class _Observer:
    """A user's observer, called outside the background loop. Observers of one function are equal, for `unobserve`."""

    def __init__(self, function: Callable[[Any], object]) -> None:
        self.function = function

    def __call__(self, change: Any) -> None:
        background().notify(self.function, change, (self, change["name"], change["type"]), _merged_changes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Observer) and other.function == self.function

    def __hash__(self) -> int:
        # The function may have no hash.
        return hash(_Observer)


def _merged_changes(first: Any, second: Any) -> Any:
    """Merge two changes of a trait into one."""
    return traitlets.Bunch({**second, "old": first["old"]}) if "old" in first else second


class LiveWidget(anywidget.AnyWidget):
    """Widget that is updated from the background loop and replaced by its snapshot at the end.

    It stores no data: `_view_now` makes the view from the current state, and the traits are set from the view.

    Args:
        outputs: the outputs that already show the widget, if it replaces another one.
    """

    TRAITS: tuple[str, ...] = ()
    """Traits that change with the view. They do not include the front end's code, which is as large."""
    LISTS: str = ""
    """The trait with lists, of which only changes are sent; empty without one."""
    SPACING = 0.0
    """Least seconds between two updates."""
    key = synced_trait(traitlets.Unicode)
    seq = synced_trait(traitlets.Int)

    def __init__(self, outputs: Outputs | None = None) -> None:
        self._flush_planned = False
        self._freezing: concurrent.futures.Future[None] | None = None
        # Seconds after the last change until the snapshot replaces the widget; None while it stays.
        self.freezes_in: float | None = None
        self._viewed = False
        self._filled = False
        self._view: Any = self._view_now()
        self._snapshots = SnapshotFeed()
        # Whether the widget's page keeps its snapshots; None before the page has reported.
        self._is_kept: bool | None = None
        # The model's id, by which the page asks its host whether the widget is alive. It is part of the opening state:
        # set later, it could reach a page that has already begun to look for its snapshot.
        self._model_key = uuid.uuid4().hex
        self.lock = threading.RLock()
        self.frozen = False
        self.outputs = outputs or Outputs()
        follow_cells()
        # 0 instead of None, so that the host counts the views: the comm must not close while there is one.
        super().__init__(_view_count=0, model_id=self._model_key)
        deliver_as_addressed(self.comm)
        self._first_layout = self.layout
        self.on_msg(self._on_message)
        self.observe(self._on_view_count, "_view_count")
        self._unsubscribe: Callable[[], None] = self._subscribe()
        background().call_soon(self._flush)

    # For each kind of widget to define.

    def _view_now(self, form: Form = "live") -> Any:
        """Return the current view, for the widget or in another form."""
        raise NotImplementedError

    def _subscribe(self) -> Callable[[], None]:
        """Subscribe `_changed` to changes; returns a function that unsubscribes."""
        raise NotImplementedError

    def _view_changed(self, old: Any, new: Any) -> bool:
        """Return whether a new view is worth sending."""
        raise NotImplementedError

    def _show(self, view: Any) -> None:
        """Set the traits by `_set_trait`."""
        raise NotImplementedError

    def _clock_now(self) -> ClockView:
        """Return the clock. It is cheap, unlike the view, as any page may ask for it at any time."""
        raise NotImplementedError

    def _freeze_after(self, view: Any) -> float | None:
        """Return the seconds after which the widget is frozen; None while it must stay alive."""

    def snapshot(self) -> dict[str, Any]:
        """Return the current snapshot, by media type."""
        raise NotImplementedError

    def _on_content(self, content: Any) -> None:
        """Handle a front-end message that only this kind of widget has."""
        raise NotImplementedError

    # The same for all widgets.

    @traitlets.default("key")
    def _key_is_the_model_id(self) -> str:
        return self._model_key

    @property
    def view(self) -> Any:
        """The view that the widget shows now, as all renderers get it."""
        return self._view_now()

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> Any:  # noqa: FBT001, FBT002 - ipywidgets' signature
        """Return the synced state. Before the first update, it is filled from the view."""
        # Only before the first update: on other threads, an older view could undo what the loop has just set.
        if not self._filled:
            self._filled = True
            self._show(self._view)
        return super().get_state(key, drop_defaults)

    def set_state(self, sync_data: Any) -> None:
        """Accept only the number of views from the host. All other traits belong to the kernel.

        `read_only` does not protect them: ipywidgets (8.1) bypasses it for values from messages.
        """
        count = sync_data.get("_view_count") if isinstance(sync_data, dict) else None
        if isinstance(count, int) and not isinstance(count, bool) and count >= 0:
            super().set_state({"_view_count": count})

    def notify_change(self, change: Any) -> None:
        """Send a change of a trait and call its observers. `_set_lists` sends the changes of lists."""
        if change["name"] == self.LISTS:
            traitlets.HasTraits.notify_change(self, change)
        else:
            super().notify_change(change)

    def observe(self, handler: Any, names: Any = traitlets.All, type: Any = "change") -> None:  # noqa: A002 - as traitlets has it
        """Call a function when a trait changes, as in `traitlets.HasTraits`, but on a background thread, where it may block."""
        # Handlers that a class declares are recognised by their type; they are not a user's.
        super().observe(handler if isinstance(handler, traitlets.EventHandler) else _Observer(handler), names, type)

    def unobserve(self, handler: Any, names: Any = traitlets.All, type: Any = "change") -> None:  # noqa: A002 - as traitlets has it
        """Remove an observer, as in `traitlets.HasTraits`."""
        if handler is not None and not isinstance(handler, traitlets.EventHandler):
            handler = _Observer(handler)
        super().unobserve(handler, names, type)

    def close(self) -> None:
        """Close the widget and its comm. The runs go on, and stay watched as long as a handle exists."""
        self._release()
        super().close()
        # Every widget has a layout, which is a separate widget that nothing else closes.
        layout = getattr(self, "_first_layout", None)
        if layout is not None:
            layout.close()

    def _send(self, msg: Any, buffers: Any = None) -> None:
        super()._send(encode_for_page(self.comm, msg), buffers)

    @property
    def _list_seq(self) -> int:
        return int(getattr(self, self.LISTS).get("seq", 0)) if self.LISTS else 0

    @property
    def is_open(self) -> bool:
        """Whether the host still has the widget. When a cell reruns, marimo (0.25) removes the widgets that it made."""
        return self.comm is not None and not getattr(self.comm, "_closed", False)

    @property
    def is_live(self) -> bool:
        """Whether the widget is updated: it is open and not frozen."""
        return self.is_open and not self.frozen

    def freeze(self) -> None:
        """Replace the widget's outputs by its snapshot. Background loop only."""
        with self.lock:
            if self.frozen or (self._viewed and self._view_count == 0):
                return
            self.frozen = True
            self._release()
            self.outputs.replace(self.snapshot())
            # That does not reach outputs that a page has loaded again since.
            self._send_snapshot()
            if self._view_count == 0:
                self.close()

    def freeze_for_a_program(self) -> None:
        """Freeze the widget if no front end draws it, as the kernel may end after this cell."""
        if not self.outputs or self._viewed:
            return

        def freeze() -> None:
            if self.frozen:
                self.outputs.replace(self.snapshot())
            else:
                self.freeze()

        background().call(freeze)

    def shown(self) -> None:
        """Note that the widget has another output, which is frozen with the others."""
        background().call_soon(self._flush)

    def bundle(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return data and metadata that show the widget, with its snapshot for hosts without widgets.

        The metadata is passed through, because on Colab it names the widget manager to load (anywidget 0.9 to 0.11).
        """
        made: Any = self._repr_mimebundle_()
        data, metadata = made if isinstance(made, tuple) else (made, {})
        snapshot = mark_snapshot(self.snapshot(), self.key)
        # Hosts without widgets and HTML show the text. The saved text lacks this line.
        text = f"{snapshot['text/plain']}\n{DOCTOR_LINE}"
        return {**data, **snapshot, "text/plain": text}, dict(metadata)

    def _changed(self) -> None:
        if not self._flush_planned:
            self._flush_planned = True
            if self.SPACING:
                background().submit(self._flush_later(self.SPACING))
            else:
                background().call_soon(self._flush)

    async def _flush_later(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        # Not in the context of this task: it may have waited since an earlier cell.
        background().call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_planned = False
        if not self.is_open:
            self._release()
        if not self.is_live:
            return
        new = self._view_now()
        if self._view_changed(self._view, new):
            self._view = new
            # Sent before the change itself: a page that saves right now must not have an older snapshot than it shows.
            self._send_snapshot()
            with self.hold_sync():
                self._set_trait("seq", self.seq + 1)
                self._show(new)
        self._plan_freeze(new)

    def _set_trait(self, name: str, value: object) -> None:
        try:
            self.set_trait(name, value)
        except Exception:
            # A mistake in an observer must not prevent the other traits or the freeze.
            log.exception("An observer of %s raised", name)

    def _set_lists(self, value: Mapping[str, Any]) -> None:
        """Set the trait with lists, and send what has changed in it. A page gets the opening state with the widget."""
        before = getattr(self, self.LISTS)
        after = {**value, "seq": before["seq"] + 1 if before else 0}
        if before and {**before, "seq": after["seq"]} == after:
            return
        self._set_trait(self.LISTS, after)
        if before:
            self.send(_changes(before, after))

    def _plan_freeze(self, view: Any) -> None:
        if self._freezing is not None:
            self._freezing.cancel()
            self._freezing = None
        self.freezes_in, delay = None, self._freeze_after(view)
        if delay is None or not self.outputs or self._is_kept:
            return
        if self._is_kept is None and pages.may_keep_snapshots:
            delay = max(delay, snapshots.BUTTON_TIME)
        self.freezes_in = delay
        self._freezing = background().submit(self._freeze_later(delay))

    async def _freeze_later(self, delay: float) -> None:
        await asyncio.sleep(delay)
        self._freezing = None
        # A follow-up may have been sent in the meantime.
        if self._freeze_after(self._view_now()) is not None and not self._is_kept:
            self.freeze()

    def _on_message(self, _widget: object, content: object, _buffers: object) -> None:
        match content:
            case {"kind": "hello", **more}:
                is_behind = more.get("seq") != self.seq or more.get("list_seq", 0) != self._list_seq
                if is_behind:
                    self.send_state(self.TRAITS)
                self.send(ClockMessage(kind="clock", clock=self._clock_now()))
                match more.get("keeps", ...):
                    case bool(keeps):
                        self._is_kept = keeps
                        pages.note_report(keeps_snapshots=keeps)
                        background().call_soon(self._on_page_loaded)
                    case None if is_behind:
                        # The view may have missed a snapshot, too.
                        background().call_soon(self._on_page_loaded)
            case _:
                self._on_content(content)

    def _on_command(self, content: Any, handler: CommandHandler) -> None:
        """Carry out a click, if the content of a message is one. A frozen widget no longer shows what would come of it."""
        command = read_message(content, ClickCommand)
        if command is not None and not self.frozen:
            background().submit(self._carry_out(command, handler))
        elif command is not None and self.comm is not None:
            # Without an answer, the page would take the kernel for busy.
            title, remedy = NOT_LIVE
            self.send(AckMessage(kind="ack", id=command.id, ok=False, title=title, remedy=remedy))

    async def _carry_out(self, command: ClickCommand, handler: CommandHandler) -> None:
        ack = await handler.carry_out(command)
        if ack is not None and self.comm is not None:
            self.send(ack)

    def _on_page_loaded(self) -> None:
        """Handle a page that has loaded the widget. If it saves snapshots, it needs the newest."""
        self._snapshots.asked()
        self._send_snapshot()
        self._flush()

    def _send_snapshot(self) -> None:
        """Send the page the snapshot to save instead of the widget. Background loop only, as each one builds on the last."""
        # A widget that the host placed itself, or that is in a box, has no output to save a snapshot in.
        if self.comm is not None and self.outputs and pages.keep_snapshots is not False:
            self.send(self._snapshots.message(mark_snapshot(self.snapshot(), self.key)))

    def _on_view_count(self, change: Any) -> None:
        if change["new"]:
            self._viewed = True
        elif self.frozen:
            self.close()

    def _release(self) -> None:
        """End the subscription and the planned freeze, which would keep a closed widget alive. It may be only half made."""
        unsubscribe = getattr(self, "_unsubscribe", None)
        if unsubscribe is not None:
            unsubscribe()
        freezing, self._freezing, self.freezes_in = getattr(self, "_freezing", None), None, None
        if freezing is not None:
            freezing.cancel()


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> ChangesMessage:
    """Return the message about the changes of a trait with lists."""
    lists = {name: part for name, part in after.items() if name in LARGE_LISTS}
    changed = [
        ItemChange(name, at, item)
        for name, part in lists.items()
        for at, item in enumerate(part)
        if before[name][at : at + 1] != [item]
    ]
    message = ChangesMessage(kind="changes", seq=after["seq"], items=changed)
    if sizes := {name: len(part) for name, part in lists.items() if len(part) != len(before[name])}:
        message["sizes"] = sizes
    others = {name: part for name, part in after.items() if name not in {*lists, "seq"} and part != before[name]}
    if others:
        message["values"] = others
    return message


def encode_for_page(comm: object, message: Any) -> Any:
    """Return a message in a form that reaches the page complete.

    Args:
        comm: the comm that sends the message.
        message: the message.
    """
    if not type(comm).__module__.startswith("pyodide_kernel"):
        return message
    # Pyodide has it since 0.28.
    return _with_null(message, getattr(importlib.import_module("pyodide.ffi"), "jsnull", None))


def _with_null(value: Any, null: object) -> Any:
    if value is None:
        return null
    if isinstance(value, dict):
        return {key: _with_null(inner, null) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_with_null(inner, null) for inner in value]
    return value
