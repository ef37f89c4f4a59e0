"""Contract of the view: the one dictionary that every renderer of the card is given.

One dictionary, JSON-safe and bounded, is made from the state of a run (`card.view`). The widget sends its sections as
traits, the static HTML and the terminal text are made from the same sections, and `js/src/contract.ts` is generated
from this file, so that Python and TypeScript cannot drift apart.

Rules: words are made in Python and are the same everywhere; numbers that the front end has to count with (ages,
meters, bars) travel as numbers; moments are milliseconds since 1970 on the kernel's clock; `None` means that the
server did not say.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, NotRequired, TypedDict

TABLE_SLOTS: Final = 24
"""Tables shown at most. Each travels in a trait of its own, `table_0` and so on, so that one that fills does not send all."""

Tone = Literal["running", "good", "attention", "bad", "neutral"]
"""Colour and shape of a status or notice; never the only carrier of its meaning."""

FunnelPart = Literal["qualified", "kept", "duplicate", "excluded", "filtered"]

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
    """An address that was checked, and its label."""

    href: str
    label: str


class Button(TypedDict):
    """A button that sends a command. `confirm` is the sentence to ask first; empty when nothing is spent."""

    command: CommandName
    label: str
    prompt: str
    confirm: str


class Head(TypedDict):
    """Status and identity of the run. `reply`: what was answered, when the run goes on from questions about `prompt`."""

    run_id: str
    token: str
    status: str
    status_label: str
    tone: Tone
    done: bool
    settled: bool
    prompt: str
    reply: str
    model: str
    steps_completed: int | None
    steps_max: int | None
    started_at: float | None
    completed_at: float | None
    cancel: Literal["none", "available", "requested"]
    link: Link | None
    origin: str


class ClockView(TypedDict):
    """Times of the last answer of the server and of the next check.

    `now` is the kernel's clock at sending; `interval` is the seconds between checks (None: no more checks).
    """

    now: float
    heard_at: float | None
    next_at: float | None
    interval: float | None
    connection: ConnectionState


class EarlierRun(TypedDict):
    """An earlier run of the same conversation, folded above the current one."""

    run_id: str
    prompt: str
    status_label: str
    tone: Tone
    outcome: str


class Notice(TypedDict):
    """A message about the run's state, and what to do about it."""

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
    """The answer form. `state` is `sending` from the first click on, so that no second one is sent."""

    run_id: str
    questions: list[QuestionView]
    state: Literal["open", "sending"]
    send_label: str
    cost_note: str


class FunnelCount(TypedDict):
    """One part of the funnel's bar, in leads."""

    part: FunnelPart
    label: str
    count: int


class FunnelView(TypedDict):
    """Where the sourced leads went; the parts add up to `sourced`."""

    sourced: int
    sourced_label: str
    parts: list[FunnelCount]


class ColumnRow(NamedTuple):
    """One column of a table, as a JSON array to stay small. `call_rate` is a share, `credits_per_run` credits."""

    name: str
    kind: str
    call_rate: float | None
    credits_per_run: float | None
    credits: float | None
    running: int | None
    errored: int | None
    passed: int | None
    failed: int | None
    unsure: int | None


class TableView(TypedDict):
    """One table with its economics. `facts` are ready sentences."""

    id: str
    name: str
    link: Link | None
    facts: list[str]
    filling: str
    funnel: FunnelView | None
    columns: list[ColumnRow]
    columns_hidden: int


class TablesView(TypedDict):
    """The tables the run touched; `hidden` of them are not shown.

    `reading`: for each of `items`, how far this process has come with its leads while it reads them, else empty; an
    empty list while it reads none. It stands beside them, so that it travels without them.
    """

    items: list[TableView]
    hidden: int
    reading: list[str]


class Prose(TypedDict):
    """The agent's own words as a tree. `cut` when there is more than is shown."""

    nodes: list[Node]
    cut: bool


class ActionGroup(TypedDict):
    """Consecutive changes to one table."""

    table: str
    lines: list[Inline]


class Actions(TypedDict):
    """Changes the run made, in order; `earlier` of them are not shown."""

    title: str
    earlier: int
    groups: list[ActionGroup]


class SuggestionView(TypedDict):
    """A next step the agent proposes: a button, or its label alone where only the app can do it."""

    label: str
    kind: str
    button: Button | None


class Foot(TypedDict):
    """Credits, identity, and the Python lines that continue from here. `gone` precedes them without a kernel."""

    credits: str
    run_id: str
    gone: str
    attach_line: str
    data_line: str


class View(TypedDict):
    """Everything a renderer is given. Empty sections are None or empty."""

    head: Head
    clock: ClockView
    earlier: list[EarlierRun]
    notices: list[Notice]
    ask: Ask | None
    tables: TablesView
    prose: Prose
    actions: Actions
    suggestions: list[SuggestionView]
    foot: Foot


class BoardRow(TypedDict):
    """One run of a board, or a brief without a run and `token`. `note` is the first notice of its card."""

    position: int
    token: str
    prompt: str
    name: str
    status_label: str
    tone: Tone
    stage: Stage
    done: bool
    settled: bool
    steps_completed: int | None
    steps_max: int | None
    leads: int | None
    credits: int | None
    started_at: float | None
    completed_at: float | None
    cancel: Literal["none", "available", "requested"]
    note: str


class CheckTimes(NamedTuple):
    """Times of the last and next check of a row's run, as in `ClockView`."""

    heard_at: float | None
    next_at: float | None
    interval: float | None
    connection: ConnectionState


class StageCount(TypedDict):
    """Number of rows in one stage. `label` follows the number, as in "3 running"."""

    stage: Stage
    label: str
    count: int


class BoardHead(TypedDict):
    """Facts about all runs of a board.

    `hidden` is a sentence about runs that are not shown, `open` the token of the row whose card is open.

    `again_line` does what `again_words` say; `gone` is what to say above it without a kernel.
    """

    title: str
    counts: list[StageCount]
    facts: list[str]
    hidden: str
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


class ColumnsMessage(TypedDict):
    """Front end to kernel: asks for all columns of one table, of which the view holds the most telling only."""

    kind: Literal["columns"]
    table: str


class ColumnsAnswer(TypedDict):
    """Kernel to front end: all columns of one table, as far as they can be sent; `hidden` of them are not."""

    kind: Literal["columns"]
    table: str
    columns: list[ColumnRow]
    hidden: int


class PieceRange(NamedTuple):
    """A range of pieces of the previous snapshot, `end` not included."""

    start: int
    end: int


class SnapshotMessage(TypedDict):
    """Kernel to front end: the newest snapshot, for a notebook that is saved while the card is alive.

    `parts`, by media type, are pieces of the snapshot with the number `since` and text between them; whole text where `since`
    is 0. A page that has another one asks for the whole.
    """

    kind: Literal["snapshot"]
    number: int
    since: int
    parts: dict[str, list[str | PieceRange]]
