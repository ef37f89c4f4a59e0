"""The view: what every renderer of the card is given, and nothing else.

One dictionary, JSON-safe and bounded, is made from the state of a run (`card.view`). The widget sends its sections as
traits, the static HTML and the terminal text are made from the same sections, and `js/src/contract.ts` is generated
from this file, so that Python and TypeScript cannot drift apart.

Rules: Python writes every sentence and every number, in the tense in which it is read: live on a card, in the past in a
snapshot. The front end lays them out and counts time. What it has to count with (ages, bars, orders) travels as
numbers; moments are milliseconds since 1970 on the kernel's clock; `None` means that the server did not say.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, NotRequired, TypedDict, get_args

TABLE_SLOTS: Final = 24
"""TablesView shown at most. Each travels in a trait of its own, `table_0` and so on, so that one that fills does not send all."""

UNITS: Final = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
"""The units of durations and ages, with their seconds, the largest first."""

SAVED_TYPES: Final = ("application/vnd.origami.run+json", "application/vnd.origami.board+json")
"""Media types under which a saved notebook has the view of a card and of a board, as `SavedView`."""

SAVED_VERSION: Final = 1
"""Version of what is saved. Raise it when a front end of an earlier version could no longer draw a view, or draw it wrongly."""

Tone = Literal["running", "good", "attention", "bad", "neutral"]
"""Colour and shape of a status or notice; never the only carrier of its meaning."""

FunnelPart = Literal["qualified", "kept", "duplicate", "excluded", "filtered"]
FUNNEL_PARTS: Final = get_args(FunnelPart)

ConnectionState = Literal["live", "reconnecting", "stopped", "ended"]
"""`live`: checks go on. `reconnecting`: the last check failed. `stopped`: checks ended on an error. `ended`: no more needed."""

CommandName = Literal[
    "cancel",
    "answer",
    "follow_up",
    "check_now",
    "stop_waiting",
    "open",
    "fold",
    "cancel_all",
    "stop_starting",
    "resume",
]
"""The first five are about one run, on its card; `cancel` and the others on a board."""

Stage = Literal["waiting", "running", "filling", "needs_you", "failed", "ended"]
"""How far a run of a board has come: `filling` when its agent is done and cells are not, `needs_you` when a person must act."""

BOARD_SLOTS: Final = 100
"""Runs shown at most. Each travels in a trait of its own, `row_0` and so on, its moments in another."""

NodeName = Literal[
    "p", "h", "ul", "ol", "li", "quote", "pre", "code", "b", "i", "a", "br", "hr", "table", "tr", "th", "td"
]


class Node(TypedDict):
    """One element of prose: name, children, and for `a` the address (checked in Python: https or mailto only)."""

    t: NodeName
    c: NotRequired[list[str | Node]]
    href: NotRequired[str]


Inline = list[str | Node]
"""A sentence: text and inline elements."""


class Link(TypedDict):
    """An address that was checked, and its words."""

    href: str
    label: str


class Button(TypedDict):
    """A button that sends a command. `confirm` is the sentence to ask first; empty when nothing is spent."""

    command: CommandName
    label: str
    prompt: str
    confirm: str


Form = Literal["live", "current", "snapshot"]
"""How a view is read. `live`: on a widget. `current`: as HTML or text that is replaced as the run goes on. `snapshot`: later."""


class CodeLine(TypedDict):
    """A line to copy: Python code or an id. `label` names it in the card's menu and in front of it in a snapshot."""

    label: str
    code: str


class Head(TypedDict):
    """Status and identity of the run.

    `reply`: the user's answer, in a run that continues after questions about `prompt`. `last_known`: the status to show
    when the run is no longer polled. `announcement`: what assistive technology is told when it changes. `gone`: what to say above
    the first of `lines` without a kernel. `as_of`: when a view was made that does not count time by itself.
    """

    form: Form
    as_of: str
    run_id: str
    token: str
    status: str
    status_label: str
    last_known: str
    announcement: str
    tone: Tone
    done: bool
    settled: bool
    prompt: str
    reply: str
    cancel: Literal["none", "available", "requested"]
    link: Link | None
    origin: str
    started_at: float | None
    completed_at: float | None
    gone: str
    lines: list[CodeLine]


class ClockView(TypedDict):
    """When the server was last heard and when it is asked next.

    `now` is the kernel's clock at sending; `interval` is the seconds between checks (None: no more checks). The words
    have a `{}` for the age or the time that is left; `due` stands in the place of `next` when that moment has come. Empty
    words are not shown.
    """

    now: float
    heard_at: float | None
    next_at: float | None
    interval: float | None
    connection: ConnectionState
    heard: str
    next: str
    due: str


class Figure(TypedDict):
    """A number of the result line, large, with its noun and what it comes to."""

    value: str
    label: str
    note: str


class Result(TypedDict):
    """What came out: figures, or `note` while there are none; `steps` beside them, more about them in `details`.

    `spent`: what this run alone has used, for the menu, with a `{}` for when that was last read.
    """

    figures: list[Figure]
    note: str
    funnel: FunnelView | None
    steps: str
    details: str
    spent: str


class Earlier(TypedDict):
    """The earlier runs of the same conversation, folded above the current one, oldest first."""

    title: str
    runs: list[EarlierRun]


class EarlierRun(TypedDict):
    """One earlier run and what came of it."""

    run_id: str
    prompt: str
    status_label: str
    tone: Tone
    outcome: str


class Notice(TypedDict):
    """What the state means and what to do about it."""

    key: str
    tone: Tone
    title: str
    text: str
    button: Button | None
    link: Link | None
    code: str


class QuestionView(TypedDict):
    """One pending question with the agent's suggestions; free text is always possible."""

    kind: str
    question: str
    suggestions: list[str]
    freeform: str


class Ask(TypedDict):
    """The answer form. `state` is `sending` from the first click on, so that no second one is sent.

    `progress` has a `{}` for the number of questions that are answered.
    """

    run_id: str
    questions: list[QuestionView]
    state: Literal["open", "sending"]
    send_label: str
    cost_note: str
    progress: str


class FunnelCount(TypedDict):
    """One part of the funnel's bar, in leads."""

    part: FunnelPart
    label: str
    count: int


class FunnelView(TypedDict):
    """Where the sourced leads went. `words` says it in one sentence."""

    words: str
    parts: list[FunnelCount]


class Grid(TypedDict):
    """A small table, ready to be drawn.

    Attributes:
        heads: the names of its columns.
        form: a letter for each of them: `t` for the name of a row, `l` for text, `r` for numbers, `m` for what is quiet,
            `x` for what went wrong.
        rows: the words of each row.
        keys: for each row the numbers behind the columns with the letter `r`, in their order; to sort by.
    """

    heads: list[str]
    form: str
    rows: list[list[str]]
    keys: list[list[float | None]]


class Remark(TypedDict):
    """A few words about a table, with more behind them on demand."""

    text: str
    tone: Tone
    details: str


class TableView(TypedDict):
    """One table. `hidden` columns are not in `columns`, which say so in `columns_note`.

    `facts`: what it cost. `funnel`: where its leads went, in words, and in `ways` as counts in the order of `FUNNEL_PARTS`.
    """

    id: str
    name: str
    leads: str
    link: Link | None
    facts: str
    funnel: str
    ways: list[int]
    remarks: list[Remark]
    columns: Grid
    columns_note: str
    hidden: int


class TablesView(TypedDict):
    """The tables the run touched; `hidden` says how many are not shown.

    `reading`: for each of `items`, how far this process has come with its leads while it reads them, else empty; an
    empty list while it reads none. It stands beside them, so that it travels without them. `leads`: the card may show them;
    `no_leads` stands in their place where there is no kernel to read them.
    """

    items: list[TableView]
    hidden: str
    reading: list[str]
    leads: bool
    no_leads: str


class Prose(TypedDict):
    """The agent's own words as a tree. `cut` says that there is more than is shown; else it is empty."""

    nodes: list[Node]
    cut: str


class ActionGroup(TypedDict):
    """Consecutive changes to one table, newest first."""

    table: str
    lines: list[Inline]


class Activity(TypedDict):
    """What the run changed, newest first. `latest` is the newest change while it runs; `earlier` says how many more there were."""

    latest: Inline
    groups: list[ActionGroup]
    earlier: str


class SuggestionView(TypedDict):
    """A next step the agent proposes; without a button while none can be sent."""

    label: str
    button: Button | None


class View(TypedDict):
    """Everything a renderer is given. Sections that have nothing to say are None or empty."""

    head: Head
    clock: ClockView
    result: Result
    earlier: Earlier
    notices: list[Notice]
    ask: Ask | None
    tables: TablesView
    activity: Activity
    prose: Prose
    suggestions: list[SuggestionView]


class BoardRow(TypedDict):
    """One run of a board, or a brief that has not been started: then without `token`.

    `note`: what its card says first. `keys`: the numbers behind `leads`, `qualified` and `credits`, to sort by.
    """

    position: int
    token: str
    prompt: str
    name: str
    status_label: str
    tone: Tone
    stage: Stage
    done: bool
    settled: bool
    leads: str
    qualified: str
    credits: str
    keys: list[int | None]
    started_at: float | None
    completed_at: float | None
    cancel: Literal["none", "available", "requested"]
    note: str


class CheckTimes(NamedTuple):
    """When the server was last heard about the run of a row and when it is asked next, as in `ClockView`."""

    heard_at: float | None
    next_at: float | None
    interval: float | None
    connection: ConnectionState


class StageCount(TypedDict):
    """How many rows have come so far; `label` says it in words: "3 running"."""

    stage: Stage
    label: str
    count: int


class BoardHead(TypedDict):
    """What is true of all runs of a board. `hidden`: what is said of those that are not shown; `open`: whose card is open.

    `as_of` as in `Head`. `nothing`: what stands in the place of rows while there are none. `none_match`: where none has the
    words that are searched for. `last_known` has a `{}` for the status of a queued or running row that is no longer polled.

    `again_line` does what `again_words` say; `gone` is what to say above it without a kernel.
    """

    form: Form
    as_of: str
    title: str
    counts: list[StageCount]
    facts: list[str]
    hidden: str
    nothing: str
    none_match: str
    last_known: str
    settled: bool
    origin: str
    notices: list[Notice]
    buttons: list[Button]
    open: str
    again_words: str
    again_line: str
    gone: str


class BoardView(TypedDict):
    """Everything a renderer of a board is given; `moments` beside `rows`, because they change more often."""

    head: BoardHead
    clock: ClockView
    rows: list[BoardRow]
    moments: list[CheckTimes]


class SavedView(TypedDict):
    """A snapshot's view in a saved notebook, for JupyterLab's extension. `view` is JSON: as an object it would take twice the room."""

    version: int
    view: str


class CommandMessage(TypedDict):
    """Front end to kernel: a click. `id` is unique per click; the kernel acts once per id. A board names runs by token."""

    kind: Literal["command"]
    id: str
    name: CommandName
    run_id: str
    prompt: str
    answers: list[str]


class HelloMessage(TypedDict):
    """Front end to kernel: asks for the newest clock, after mounting, when stale and when it becomes visible.

    `seq` is the trait of that name as the front end knows it: when it is behind, the kernel sends the whole state again,
    because not every host delivers what another thread sends. `keeps` comes from the page, once for each widget: whether it
    saves the newest snapshot in the widget's place; then it is sent the whole snapshot. None from a view.
    """

    kind: Literal["hello"]
    seq: int
    keeps: bool | None


class AckMessage(TypedDict):
    """Kernel to front end: what became of a command."""

    kind: Literal["ack"]
    id: str
    ok: bool
    title: str
    remedy: str


class ClockMessage(TypedDict):
    """Kernel to front end: the answer to `hello`."""

    kind: Literal["clock"]
    clock: ClockView


class ColumnsMessage(TypedDict):
    """Front end to kernel: asks for all columns of one table, of which the view holds the most telling only."""

    kind: Literal["columns"]
    table: str


class ColumnsAnswer(TypedDict):
    """Kernel to front end: all columns of one table, as far as they can be sent; `hidden` of them are not."""

    kind: Literal["columns"]
    table: str
    columns: Grid
    hidden: int


class PieceRange(NamedTuple):
    """PieceRange of the snapshot before, from `start` up to but not including `end`."""

    start: int
    end: int


class SnapshotMessage(TypedDict):
    """Kernel to front end: the newest snapshot, for a notebook that is saved while the card is alive.

    `parts`, by media type, are pieces of the snapshot with the number `since` and text between them; whole text where `since`
    is 0; of a `SavedView`, the text of its view. A page that has another one asks for the whole.
    """

    kind: Literal["snapshot"]
    number: int
    since: int
    parts: dict[str, list[str | PieceRange]]
