"""The messages between a widget in the kernel and its front end, besides those about leads. Pure."""

from __future__ import annotations

from typing import Literal, NamedTuple, NotRequired, TypedDict

from origami_widgets.card.view.contract import (  # noqa: TC001 - the generator of contract.ts reads the types
    ClockView,
    CommandName,
)


class CommandMessage(TypedDict):
    """Front end to kernel: a click. `id` is unique; the kernel acts once for each. A board names runs by token."""

    kind: Literal["command"]
    id: str
    name: CommandName
    run_id: str
    prompt: str
    answers: list[str]


class HelloMessage(TypedDict):
    """Front end to kernel: asks for the newest clock after mounting, when stale, and when the view becomes visible.

    `seq` is the front end's value of that trait: if it is behind, the kernel sends the whole state again, because not
    every host delivers what another thread sends. `keeps` comes from the page, once for each widget: whether the page
    saves the newest snapshot instead of the widget, so that it needs the whole snapshot. It is None from a view.
    `list_seq` is that of the trait whose changes are a `ChangesMessage`; 0 for a widget without one.
    """

    kind: Literal["hello"]
    seq: int
    list_seq: int
    keeps: bool | None


class AckMessage(TypedDict):
    """Kernel to front end: the outcome of a command."""

    kind: Literal["ack"]
    id: str
    ok: bool
    title: str
    remedy: str


class ClockMessage(TypedDict):
    """Kernel to front end: the answer to `hello`."""

    kind: Literal["clock"]
    clock: ClockView


class ItemChange(NamedTuple):
    """New item of a list, at an index."""

    name: str
    at: int
    item: object


class ChangesMessage(TypedDict):
    """Kernel to front end: what has changed in a card's `tables` or a board's `rows`, whose lists are too large to send again.

    A new page gets this trait whole, like any other. A page whose state does not have the previous `seq` asks for the
    whole again. `items` are what is new or changed in its large lists, `sizes` are their new lengths, and `values` replace
    the rest.
    """

    kind: Literal["changes"]
    seq: int
    values: NotRequired[dict[str, object]]
    sizes: NotRequired[dict[str, int]]
    items: list[ItemChange]


class PieceRange(NamedTuple):
    """Range of pieces of the previous snapshot, from `start` up to but not including `end`."""

    start: int
    end: int


class SnapshotMessage(TypedDict):
    """Kernel to front end: the newest snapshot, for saving the notebook while the card is alive.

    `parts` has, by media type, pieces of the snapshot with the number `since` and text between them, or the whole text
    if `since` is 0. For a `SavedView`, this is the text of its view. A page that has another snapshot asks for the
    whole.
    """

    kind: Literal["snapshot"]
    number: int
    since: int
    parts: dict[str, list[str | PieceRange]]
