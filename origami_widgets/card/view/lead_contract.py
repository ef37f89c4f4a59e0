"""The leads part of the view: messages that carry leads, and the view of a grid of leads, which has none of them.

The rules are those of `contract`. Leads travel as messages and stand in no trait, so that no saved widget has any.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypedDict

from origami_widgets.card.view.contract import ClockView, Form  # noqa: TC001 - the generator of contract.ts reads the types


class CodeMessage(TypedDict):
    """Front end to kernel: asks for the code that draws leads, when they are looked at for the first time."""

    kind: Literal["code"]


class CodeAnswer(TypedDict):
    """Kernel to front end: the module that draws leads."""

    kind: Literal["code"]
    code: str


class LeadHead(TypedDict):
    """One column of leads.

    Attributes:
        slug: its key, by which rows are sorted and filtered.
        name: its name.
        kind: `input` for what was typed in; `enrichment`, `score`, `sequence` for what was computed.
        share: how much of it was found among the leads that were read, from 0 to 1; None where nothing can be said.
        details: that share in words.
        filling: cells of it are running.
        filters: the server filters by it.
    """

    slug: str
    name: str
    kind: str
    share: float | None
    details: str
    filling: bool
    filters: bool


class CellPart(NamedTuple):
    """One part of an enrichment's cell; `href` is an address that was checked, else empty."""

    label: str
    text: str
    href: str


class OpenCell(TypedDict):
    """A cell that opens to its parts; `text` is empty where nothing was found."""

    text: str
    confidence: str
    parts: list[CellPart]


LeadCell = str | OpenCell | None
"""Text; empty text where the agent looked and found nothing; None while its cell has no result yet."""


class LeadRow(NamedTuple):
    """One lead. `cells` is None where they were sent before, whichever page the lead was on, but for the changes beside it."""

    id: str
    cells: list[LeadCell] | None


class CellChange(NamedTuple):
    """One cell that has changed: the place of its row in the page, and that of its column."""

    row: int
    column: int
    cell: LeadCell


class LeadFilter(TypedDict):
    """One condition, as the API has it."""

    column: str
    operator: str
    value: str


class LeadSort(TypedDict):
    """The order of rows, as the API has it."""

    column: str
    direction: Literal["asc", "desc"]


class LeadsMessage(TypedDict):
    """Front end to kernel: which leads are looked at, from the first time until it says that none are.

    Attributes:
        view: of the front end that asks; several may look at different leads.
        query: counts the questions of that view; an answer names the one that it answers.
        table: the table's id; empty: no leads are looked at any more.
        first: the place of the first row that is seen, and `last` of the last one.
        size: rows a page.
    """

    kind: Literal["leads"]
    view: str
    query: int
    table: str
    first: int
    last: int
    size: int
    sort: LeadSort | None
    filters: list[LeadFilter]


class LeadsAnswer(TypedDict):
    """Kernel to front end: one page of leads, or what of it has changed.

    A lead stands once: where rows were added or taken away above it, it leaves its old place with the page that has it now.

    Attributes:
        start: the place of its first row among all rows.
        rows: its rows, in order; None where they are those that were sent.
        changes: cells of rows that were sent before.
        read: how many places were read; what is known of places behind them holds no longer.
        heads: the columns; None where they are as they were sent.
        total: how many rows there are, when the server said.
        more: whether there are rows behind this page.
        count: how many leads were read, in words.
        note: why there are none, or why they are no longer brought up to date; empty while all is well.
    """

    kind: Literal["leads"]
    view: str
    query: int
    table: str
    start: int
    rows: list[LeadRow] | None
    changes: list[CellChange]
    read: int
    heads: list[LeadHead] | None
    total: int | None
    more: bool
    count: str
    note: str


class LeadTab(TypedDict):
    """One table of a grid of leads. `line` reads all of them into a DataFrame."""

    id: str
    name: str
    leads: str
    line: str


class LeadGridHead(TypedDict):
    """What a grid of leads is of. `line` shows the same leads again; `gone` is what to say above it without a kernel."""

    form: Form
    as_of: str
    title: str
    tabs: list[LeadTab]
    line: str
    gone: str


class LeadGridView(TypedDict):
    """A grid of leads without any lead: they travel as messages."""

    head: LeadGridHead
    clock: ClockView


class SelectMessage(TypedDict):
    """Front end to kernel: leads were ticked, or no longer are."""

    kind: Literal["select"]
    ids: list[str]
    on: bool
