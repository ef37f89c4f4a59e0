"""The messages between a widget in the kernel and its front end, and the leads in them. Pure.

The rules are those of `contract`. Leads are sent as messages and never in a trait, so that no saved widget has any.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, NotRequired, TypedDict, TypeVar, final

import msgspec

from origami_widgets.api.rows.cell_values import Role  # noqa: TC001 - the generator of contract.ts reads the types
from origami_widgets.card.view.contract import ClockView, CommandName, Form  # noqa: TC001

CELL_NOT_FOUND: Final = "not found"
CELL_NEVER_RUN: Final = "no result"
CELL_HAS_FAILED: Final = "failed"
CELL_WAS_STOPPED: Final = "stopped"


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


class CodeMessage(TypedDict):
    """Front end to kernel: asks for the code that draws leads, when they are shown for the first time."""

    kind: Literal["code"]


class CodeAnswer(TypedDict):
    """Kernel to front end: the module that draws leads."""

    kind: Literal["code"]
    code: str


class LeadHead(TypedDict):
    """A column of leads.

    Attributes:
        slug: the column's key, for sorting and filtering rows.
        name: the column's name.
        kind: `input` for a typed-in column; `enrichment`, `score` or `sequence` for a computed one.
        role: what the column is for.
        own: whether it is a column of the user's own list.
        is_number: whether its values are numbers.
        share: the share of values found among the leads read, from 0 to 1; None if unknown.
        details: the share in words.
        filling: whether cells of the column are running.
        missing: why cells have no result, in words, once none may come any more.
        failed: how many cells of the column have failed, over the whole table.
        filters: whether the leads can surely be filtered by it.
        off: whether it is not shown until the user ticks it in the menu of columns.
    """

    slug: str
    name: str
    kind: str
    role: Role
    own: bool
    is_number: bool
    share: float | None
    details: str
    filling: bool
    missing: str
    failed: int
    filters: bool
    off: bool


class CellPart(NamedTuple):
    """One part of an enrichment's cell; `href` is a checked address, or empty."""

    label: str
    text: str
    href: str


class LinkCell(NamedTuple):
    """Text with its checked address."""

    text: str
    href: str


class OpenCell(TypedDict):
    """A cell that opens to show its parts; `text` is empty if nothing was found, `href` if it is no checked address."""

    text: str
    href: str
    confidence: str
    parts: list[CellPart]


LeadCell = str | LinkCell | OpenCell | None
"""Text, perhaps with a link; empty if the agent looked and found nothing; None while the cell has no result yet."""


class LeadRow(NamedTuple):
    """One lead. `cells` is None if they were sent before, on any page; the changes to them are then sent separately."""

    id: str
    cells: list[LeadCell] | None


class CellChange(NamedTuple):
    """One changed cell, with the indexes of its row in the page and of its column."""

    row: int
    column: int
    cell: LeadCell


class ColumnFailures(NamedTuple):
    """Why cells of a column have no result, in words, and how many of them have failed."""

    missing: str
    failed: int


class RunCells(TypedDict):
    """Cells without a result of one run, in a grid of several.

    Attributes:
        final: whether none of them may still come.
        failed: the columns that were stopped or have failed cells, and have none that runs, by slug.
    """

    final: bool
    failed: dict[str, ColumnFailures]


LeadMark = Literal["checking", "hidden", "left_out", "unjudged", "unsure"]
"""That a lead fails the table's saved filters: without a verdict, with one that is unsure, or else `hidden`; `checking`
where this is not known yet. `left_out`: the user's list leaves it out."""


class LeadFilter(TypedDict):
    """One condition, in the API's form."""

    column: str
    operator: str
    value: str


class LeadSort(TypedDict):
    """The order of rows, in the API's form."""

    column: str
    direction: Literal["asc", "desc"]


class LeadsMessage(TypedDict):
    """Front end to kernel: which leads are shown, sent from the first time until no leads are shown.

    Attributes:
        grid: the id of the asking grid, as those of several pages may show different leads.
        query: the number of the grid's question; an answer repeats the number.
        table: the table's id; empty if no leads are shown any more.
        first: the index of the first visible row; `last` is that of the last one.
        size: rows per page.
        include_hidden: whether to show leads that fail the table's saved filters, marked.
        include_left_out: whether to show leads that the user's list leaves out, marked.
    """

    kind: Literal["leads"]
    grid: str
    query: int
    table: str
    first: int
    last: int
    size: int
    sort: LeadSort | None
    filters: list[LeadFilter]
    include_hidden: bool
    include_left_out: bool


class LeadsAnswer(TypedDict):
    """Kernel to front end: what has changed of the leads that a grid shows.

    Each lead appears once: if rows above it were added or removed, it leaves its old place.

    Attributes:
        start: the index of the first of `rows` among all.
        rows: the rows from the first to the last one that is new, moved or changed; None if none is new or has moved.
        changes: changed cells of rows that were sent before, from `start` on.
        read: how many rows were read; what the front end knows about later rows is no longer valid.
        heads: the columns; None if they are as sent before.
        total: how many rows there are, or at most are; None if the server did not say.
        more: whether there are more rows than were read.
        marks: those of `rows` that are marked, by id; without `rows`, all are marked as before.
        hidden: how many leads the table's saved filters hide, or would hide; None if unknown.
        left_out: how many of the leads read the user's list leaves out.
        judged: whether the table's saved filters can tell which leads meet the brief; False if no lead was judged.
        count: in words, how many leads were read.
        final: whether no cell of the visible leads may still come.
        runs: in a grid of several runs, their cells without a result, by the names of the runs; only what has changed.
        note: why there are no leads, or why they are no longer updated; empty while all is well.
    """

    kind: Literal["leads"]
    grid: str
    query: int
    table: str
    start: int
    rows: list[LeadRow] | None
    changes: list[CellChange]
    read: int
    heads: list[LeadHead] | None
    total: int | None
    more: bool
    marks: dict[str, LeadMark]
    hidden: int | None
    left_out: int
    judged: bool
    count: str
    final: bool
    runs: dict[str, RunCells]
    note: str


class LeadTab(TypedDict):
    """One table of a grid of leads."""

    id: str
    name: str
    leads: str


class LeadGridHead(TypedDict):
    """What a grid of leads shows. `line` shows the same leads again.

    `include_hidden` is whether it begins with the hidden leads shown; `sort` is the order that it was made with.
    """

    form: Form
    as_of: str
    title: str
    tabs: list[LeadTab]
    line: str
    include_hidden: bool
    sort: LeadSort | None


@final
class LeadGridView(TypedDict):
    """A grid of leads, without the leads, which are sent as messages."""

    head: LeadGridHead
    clock: ClockView


FileFormat = Literal["xlsx", "csv", "html"]


class DownloadMessage(TypedDict):
    """Front end to kernel: asks for a file of the leads that a grid shows. It has asked for all of them before.

    Attributes:
        grid: the id of the grid.
        table: the table's id.
        ids: the ids of the leads; empty for all.
        columns: the slugs of the columns; empty for all.
        format: the kind of file.
    """

    kind: Literal["download"]
    grid: str
    table: str
    ids: list[str]
    columns: list[str]
    format: FileFormat


class DownloadAnswer(TypedDict):
    """Kernel to front end: a file, in which nothing is a formula, in base64, with what is to be said of it; or none, and why."""

    kind: Literal["download"]
    grid: str
    name: str
    base64: str
    note: str


class SelectMessage(TypedDict):
    """Front end to kernel: leads were ticked or unticked."""

    kind: Literal["select"]
    ids: list[str]
    on: bool


Message = TypeVar("Message")


def read_message(content: object, kind: type[Message]) -> Message | None:
    """Return a message from the front end; None if it is not of this kind.

    Args:
        content: the message, which may be forged.
        kind: the message's type.
    """
    try:
        return msgspec.convert(content, kind)
    except (msgspec.ValidationError, UnicodeEncodeError):  # The latter: half a character where a word is due.
        return None
