"""Base class of all widgets of the package: kept up to date from the background loop, saved as a snapshot."""

from __future__ import annotations

import asyncio
import importlib
import logging
import threading
import time
import uuid
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anywidget
import traitlets

from origami_widgets.api.loop import background
from origami_widgets.card.view.contract import ClockMessage
from origami_widgets.card.widgets import snapshot as snapshots
from origami_widgets.card.widgets.snapshot import SnapshotFeed, mark_snapshot
from origami_widgets.host.application import pages
from origami_widgets.host.cells import deliver_as_addressed, follow_cells
from origami_widgets.host.outputs import Outputs

if TYPE_CHECKING:
    import concurrent.futures
    from collections.abc import Callable, Iterable

    from origami_widgets.card.view.contract import ClockView, Form

log = logging.getLogger("origami_widgets")
STATIC = Path(__file__).parents[1] / "static"
RESENDS, RESEND_WINDOW = 5, 5.0
"""How often a page gets all that it asks for within so many seconds; what is asked for beyond that is sent together later."""
DOCTOR_LINE: Final = "This place shows no live widget. To find out why: ow.doctor()"
OPTIONAL: Final = {"default_value": None, "allow_none": True}


def front_end_file(name: str) -> str:
    """Return a file of the built front end.

    Raises:
        ImportError: it was not built.
    """
    try:
        return (STATIC / name).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ImportError(
            f"The front end is not built ({name} is missing). "
            "Run `npm ci && npm run build` in js/, or install the published wheel."
        ) from error


def synced_trait(kind: type[traitlets.TraitType[Any, Any]], **options: Any) -> Any:
    """Return a trait that is sent to the front end and set by the widget only."""
    return kind(read_only=True, **options).tag(sync=True)


class _Observer:
    """A user's observer, called off the background loop. Observers of one function are equal, for `unobserve`."""

    def __init__(self, function: Callable[[Any], object]) -> None:
        self.function = function

    def __call__(self, change: Any) -> None:
        background().notify(self.function, change, (self, change["name"], change["type"]), _merged_changes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Observer) and other.function == self.function

    def __hash__(self) -> int:
        # Of a function that may have no hash of its own.
        return hash(_Observer)


def _merged_changes(first: Any, second: Any) -> Any:
    """Merge two changes of a trait into one."""
    return traitlets.Bunch({**second, "old": first["old"]}) if "old" in first else second


class LiveWidget(anywidget.AnyWidget):
    """A widget that is updated from the background loop, and replaced by its snapshot at the end.

    It stores nothing of its own: `_view_now` makes the view from what is known, and the traits are set from it.

    Args:
        outputs: the outputs it is shown in already; for a widget that replaces another one.
    """

    TRAITS: tuple[str, ...] = ()
    """Traits that change with the view; the front end itself, which is as large, is not among them."""
    SPACING = 0.0
    """Seconds between two updates at least."""
    key = synced_trait(traitlets.Unicode)
    seq = synced_trait(traitlets.Int)

    def __init__(self, outputs: Outputs | None = None) -> None:
        self._flush_planned = False
        self._freezing: concurrent.futures.Future[None] | None = None
        # Seconds from its last change after which the snapshot replaces it; None while it stays.
        self.freezes_in: float | None = None
        self._viewed = False
        self._filled = False
        self._wanted: set[str] = set()
        self._resend_planned = False
        self._resent: deque[float] = deque(maxlen=RESENDS)
        self._view: Any = self._view_now()
        self._snapshots = SnapshotFeed()
        # Whether the page of this widget keeps its snapshots; None before the page has said.
        self._is_kept: bool | None = None
        # The model's own id, by which the page asks its host whether it is alive. It is in the state that opens the widget:
        # what is set later can reach a page after it has begun to look for its snapshot.
        self._model_key = uuid.uuid4().hex
        self.lock = threading.RLock()
        self.frozen = False
        self.outputs = outputs or Outputs()
        follow_cells()
        # 0 and not None, so that the host counts the views: the comm must not close under one of them.
        super().__init__(_view_count=0, model_id=self._model_key)
        deliver_as_addressed(self.comm)
        self._own_layout = self.layout
        self.on_msg(self._on_message)
        self.observe(self._on_view_count, "_view_count")
        self._unsubscribe: Callable[[], None] = self._subscribe()
        background().call_soon(self._flush)

    # For each kind of widget to define.

    def _view_now(self, form: Form = "live") -> Any:
        """Return what it shows now, on the widget or in another form."""
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
        """Return the clock. Cheap, in contrast to the view: any page may ask for it at any time."""
        raise NotImplementedError

    def _freeze_after(self, view: Any) -> float | None:
        """Return the seconds after which the widget is frozen; None while it must stay alive."""
        raise NotImplementedError

    def snapshot(self) -> dict[str, Any]:
        """Return its snapshot as it is now, by media type."""
        raise NotImplementedError

    def _on_content(self, content: Any) -> None:
        """Handle a message of the front end that is particular to this kind of widget."""
        raise NotImplementedError

    def _before_update(self, _old: Any, new: Any) -> None:
        """Called before a new view is sent."""

    # Common to all widgets.

    @traitlets.default("key")
    def _key_is_the_model_id(self) -> str:
        return self._model_key

    @property
    def view(self) -> Any:
        """The view that the widget shows now, as every renderer is given it."""
        return self._view_now()

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> Any:  # noqa: FBT001, FBT002 - ipywidgets' signature
        """Return the synced state; before the first update it is filled from the view."""
        # Only then: this is also called on other threads, where an older view could undo what the loop just set.
        if not self._filled:
            self._filled = True
            self._show(self._view)
        return super().get_state(key, drop_defaults)

    def set_state(self, sync_data: Any) -> None:
        """Take over how many views the host draws, and nothing else: all other traits are the kernel's own.

        `read_only` does not hold against a host: ipywidgets goes round it for what a message sets.
        """
        count = sync_data.get("_view_count") if isinstance(sync_data, dict) else None
        if isinstance(count, int) and not isinstance(count, bool) and count >= 0:
            super().set_state({"_view_count": count})

    def observe(self, handler: Any, names: Any = traitlets.All, type: Any = "change") -> None:  # noqa: A002 - as traitlets has it
        """Call back when a trait changes, on a background thread, where it may block; else as `traitlets.HasTraits.observe`."""
        # Those that a class declares are found by their type, and are not a user's.
        super().observe(handler if isinstance(handler, traitlets.EventHandler) else _Observer(handler), names, type)

    def unobserve(self, handler: Any, names: Any = traitlets.All, type: Any = "change") -> None:  # noqa: A002 - as traitlets has it
        """Remove an observer; as `traitlets.HasTraits.unobserve`."""
        if handler is not None and not isinstance(handler, traitlets.EventHandler):
            handler = _Observer(handler)
        super().unobserve(handler, names, type)

    def close(self) -> None:
        """Close the widget and its comm; the runs go on, and are watched as long as a handle exists."""
        self._release()
        super().close()
        # Every widget comes with a layout, a widget of its own that nothing else closes.
        layout = getattr(self, "_own_layout", None)
        if layout is not None:
            layout.close()

    def _send(self, msg: Any, buffers: Any = None) -> None:
        super()._send(encode_for_page(self.comm, msg), buffers)

    @property
    def is_open(self) -> bool:
        """Whether the host still has the widget: marimo takes away what a cell has made when that cell runs again."""
        return self.comm is not None and not getattr(self.comm, "_closed", False)

    @property
    def is_live(self) -> bool:
        """Whether the widget is open and not frozen, so that it is kept up to date."""
        return self.is_open and not self.frozen

    def freeze(self) -> None:
        """Replace the widget's outputs by its snapshot. Background loop only."""
        with self.lock:
            if self.frozen or (self._viewed and self._view_count == 0):
                return
            self.frozen = True
            self._release()
            self.outputs.replace(self.snapshot())
            # Outputs that a page has loaded again since are not reached by that.
            self._send_snapshot()
            if self._view_count == 0:
                self.close()

    def freeze_for_a_program(self) -> None:
        """Leave the snapshot where no front end draws the widget: the kernel may end after this cell."""
        if not self.outputs or self._viewed:
            return

        def freeze() -> None:
            if self.frozen:
                self.outputs.replace(self.snapshot())
            else:
                self.freeze()

        background().call(freeze)

    def shown(self) -> None:
        """Note that the widget has a further output, which is frozen with the others."""
        background().call_soon(self._on_display)

    def _on_display(self) -> None:
        self._snapshots.displayed()
        self._flush()

    def bundle(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return data and metadata that show the widget, with its snapshot for hosts without widgets.

        The metadata is passed through: on Colab it names the widget manager to load.
        """
        made: Any = self._repr_mimebundle_()
        data, metadata = made if isinstance(made, tuple) else (made, {})
        snapshot = mark_snapshot(self.snapshot(), self.key)
        # Text is what a host shows that has neither widgets nor HTML; what is saved is without this line.
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
            before, self._view = self._view, new
            self._before_update(before, new)
            # Before the change itself: a page that saves at this moment must not hold an older snapshot than it shows.
            self._send_snapshot()
            with self.hold_sync():
                self._set_trait("seq", self.seq + 1)
                self._show(new)
        self._plan_freeze(new)

    def _set_trait(self, name: str, value: object) -> None:
        try:
            self.set_trait(name, value)
        except Exception:
            # An observer's mistake must keep neither the other traits nor the freeze from happening.
            log.exception("An observer of %s raised", name)

    def _set_slots(self, prefix: str, values: Iterable[object], slots: int) -> None:
        """Set one trait for each value, so that one that changes does not send the others."""
        known = list(values)
        for slot in range(slots):
            self._set_trait(f"{prefix}_{slot}", known[slot] if slot < len(known) else None)

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
        # A follow-up may have been sent at this very moment.
        if self._freeze_after(self._view_now()) is not None and not self._is_kept:
            self.freeze()

    def _handle_msg(self, msg: Any) -> None:
        if msg["content"]["data"].get("method") == "request_state":
            self._resend({"everything"})
        else:
            super()._handle_msg(msg)

    def _on_message(self, _widget: object, content: object, _buffers: object) -> None:
        match content:
            case {"kind": "hello", **more}:
                is_behind = more.get("seq") != self.seq
                if is_behind:
                    self._resend({"state"})
                self.send(ClockMessage(kind="clock", clock=self._clock_now()))
                match more.get("keeps", ...):
                    case bool(keeps):
                        self._is_kept = keeps
                        pages.note_report(keeps_snapshots=keeps)
                        self._resend({"snapshot"})
                    case None if is_behind:
                        # What a view has missed may have been a snapshot as well.
                        self._resend({"snapshot"})
            case _:
                self._on_content(content)

    def _resend(self, wanted: set[str]) -> None:
        """Send what a page has missed; soon, where pages ask so often that it would keep the kernel busy."""
        with self.lock:
            self._wanted |= wanted
            if self._resend_planned:
                return
            wait = self._resent[0] + RESEND_WINDOW - time.monotonic() if len(self._resent) == RESENDS else 0.0
            if wait > 0:
                self._resend_planned = True
                background().submit(self._resend_later(wait))
                return
        self._resend_now()

    async def _resend_later(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        # Not in the context of this task: it may have waited since an earlier cell.
        background().call_soon(self._resend_now)

    def _resend_now(self) -> None:
        with self.lock:
            wanted, self._wanted = self._wanted, set()
            self._resend_planned = False
            self._resent.append(time.monotonic())
        if self.comm is None:
            return
        if wanted & {"state", "everything"}:
            self.send_state(None if "everything" in wanted else self.TRAITS)
        if "snapshot" in wanted:
            background().call_soon(self._on_page_loaded)

    def _thaw(self) -> None:
        """Resume when a view that outlasted the freeze is used: voila loses the update that would have replaced it."""
        with self.lock:
            if self.frozen and self.comm is not None:
                self.frozen = False
                self._on_thaw()
                self._unsubscribe = self._subscribe()
                background().call_soon(self._flush)

    def _on_thaw(self) -> None:
        """Called when the widget resumes after it was frozen."""

    def _on_page_loaded(self) -> None:
        """Handle a page that has loaded the widget: one that saves snapshots needs the newest."""
        self._snapshots.asked()
        self._send_snapshot()
        self._flush()

    def _send_snapshot(self) -> None:
        """Send the page the snapshot to save in the widget's place. Background loop only: each builds on the last."""
        # A widget that its host has placed by itself, or that stands in a box, has no output to save a snapshot in.
        if self.comm is not None and self.outputs and pages.keep_snapshots is not False:
            self.send(self._snapshots.message(mark_snapshot(self.snapshot(), self.key)))

    def _on_view_count(self, change: Any) -> None:
        if change["new"]:
            self._viewed = True
        elif self.frozen:
            self.close()

    def _release(self) -> None:
        """End the subscription and the planned freeze: nothing may keep a closed widget alive. It may be half made."""
        unsubscribe = getattr(self, "_unsubscribe", None)
        if unsubscribe is not None:
            unsubscribe()
        freezing, self._freezing, self.freezes_in = getattr(self, "_freezing", None), None, None
        if freezing is not None:
            freezing.cancel()


def encode_for_page(comm: object, message: Any) -> Any:
    """Return the message in the form in which all of it arrives at the page.

    Args:
        comm: what it is sent over.
        message: what is sent.
    """
    if not type(comm).__module__.startswith("pyodide_kernel"):
        return message
    # Missing in a Pyodide before 0.28.
    return _with_null(message, getattr(importlib.import_module("pyodide.ffi"), "jsnull", None))


def _with_null(value: Any, null: object) -> Any:
    if value is None:
        return null
    if isinstance(value, dict):
        return {key: _with_null(inner, null) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_with_null(inner, null) for inner in value]
    return value
