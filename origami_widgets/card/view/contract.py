"""The view: all the data that the card's renderers get.

`card.view` turns the state of a run into one JSON-safe dictionary of limited size. The widget sends its sections as
traits, and the static HTML and the terminal text are made from the same sections. `js/src/contract.ts` is generated
from this file, so that Python and TypeScript cannot drift apart.

Python writes every sentence and every number, in the right tense: the present on a live card, the past in a snapshot.
The front end lays them out and counts time. It gets numbers for what it computes (ages, bars, orders). Moments are
milliseconds since 1970 on the kernel's clock. `None` means that the server did not say.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, NotRequired, TypedDict, final

from origami_widgets.words import numbers as words

TABLE_SLOTS: Final = 24
"""Most tables shown."""

UNITS: Final = words.UNITS
"""Units of durations and ages with their seconds, largest first."""

SAVED_TYPES: Final = ("application/vnd.origami.run+json", "application/vnd.origami.board+json")
"""Media types of the views of a card and of a board in a saved notebook, as `SavedView`."""

SAVED_VERSION: Final = 3
"""Version of saved views. Raise it if an earlier front end could not draw a view any more, or would draw it wrongly."""

AGAIN: Final = "To see this run again:"
"""Stands before the line of Python that does so, on the page and in copies."""

Tone = Literal["running", "good", "attention", "bad", "neutral"]
"""Colour and shape of a status or notice. Never the only sign of its meaning."""

FunnelPart = Literal["qualified", "not", "check", "failed", "out"]

ConnectionState = Literal["live", "reconnecting", "stopped", "ended"]
"""`live`: checks go on. `reconnecting`: the last check failed. `stopped`: an error ended them. `ended`: none are needed."""

CommandName = Literal[
    "cancel",
    "answer",
    "follow_up",
    "fill",
    "check_now",
    "stop_waiting",
    "open",
    "fold",
    "show_leads",
    "hide_leads",
    "cancel_all",
    "resume",
]
"""A card has the first six, which are about one run; a board has `cancel`, `follow_up` and the others."""

Stage = Literal["waiting", "running", "filling", "needs_you", "failed", "ended"]
"""Stage of a run on a board: `filling` if the agent is done but cells are not, `needs_you` if the user must act."""

BOARD_SLOTS: Final = 100
"""Most runs shown."""

NodeName = Literal[
    "p", "h", "ul", "ol", "li", "quote", "pre", "code", "b", "i", "a", "br", "hr", "table", "tr", "th", "td"
]


class Node(TypedDict):
    """One element of prose: name, children, and for `a` the address (checked in Python: only https or mailto)."""

    t: NodeName
    c: NotRequired[list[str | Node]]
    href: NotRequired[str]


Inline = list[str | Node]
"""Sentence of text and inline elements."""


class Link(TypedDict):
    """A checked address, and its label."""

    href: str
    label: str


class Button(TypedDict):
    """A button that sends a command, with `prompt` if it has one.

    `confirm` is the question to ask first, and `yes` the words of its answer. Once pressed, the button says `sent`
    (without it: `REQUESTED`). `requested`: it was pressed, as far as the kernel knows, and the kernel says what comes
    of it.
    """

    command: CommandName
    label: str
    prompt: NotRequired[str]
    confirm: NotRequired[str]
    yes: NotRequired[str]
    sent: NotRequired[str]
    requested: NotRequired[bool]


RowButton = Literal["", "cancel", "cancelling", "stop", "stopping", "answer", "fill", "try_again", "continue"]
"""The button of a board's row, as a key of `BoardView.row_buttons`; empty without one."""


Form = Literal["live", "current", "snapshot"]
"""Form of a view. `live`: on a widget. `current`: HTML or text that is replaced as the run goes on. `snapshot`: read later."""


class Head(TypedDict):
    """Status and identity of the run.

    `reply`: the user's answer, if the run continues after questions about `prompt`. `last_known`: the status to show
    once the run is no longer polled. `announcement`: text for assistive technology, announced when it changes. `summary`:
    the figures in one line once the run has ended, for a notification. `gone`:
    text above `line`, which shows the run again, without a kernel. `as_of`: when the view was made, if it does not count time itself.
    """

    form: Form
    as_of: str
    run_id: str
    token: str
    status: str
    status_label: str
    last_known: str
    announcement: str
    summary: str
    tone: Tone
    done: bool
    settled: bool
    prompt: str
    reply: str
    buttons: list[Button]
    link: Link | None
    origin: str
    started_at: float | None
    completed_at: float | None
    gone: str
    line: str


class ClockView(TypedDict):
    """When the server was last heard and is asked next.

    `now` is the kernel's clock at sending; `interval` is the seconds between checks (None: no more checks). The words
    have a `{}` for the age or the remaining time; `due` replaces `next` once that moment has come. Empty words are not
    shown.
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
    """A large number in the result line, with its noun and a note such as its price."""

    value: str
    label: str
    note: str


class Result(TypedDict):
    """The result: figures, or `note` while there are none."""

    figures: list[Figure]
    note: str
    funnel: FunnelView | None


class Earlier(TypedDict):
    """Earlier runs of the conversation, folded above the current one, oldest first."""

    title: str
    runs: list[EarlierRun]


class EarlierRun(TypedDict):
    """An earlier turn and its outcome."""

    prompt: str
    status_label: str
    tone: Tone
    outcome: str


class Notice(TypedDict):
    """What the run's state means, and what to do about it."""

    key: str
    tone: Tone
    title: str
    text: str
    button: Button | None
    link: Link | None
    code: str


class QuestionView(TypedDict):
    """A pending question with the agent's suggested answers. Free text is always allowed."""

    question: str
    suggestions: list[str]
    freeform: str


class Ask(TypedDict):
    """The answer form. `send` sends all answers."""

    run_id: str
    questions: list[QuestionView]
    send: Button
    cost_note: str


class FunnelCount(TypedDict):
    """One part of the funnel's bar, in leads, or in rows of the user's own list."""

    part: FunnelPart
    label: str
    count: int


class FunnelView(TypedDict):
    """Where the sourced leads went, or how much of the user's own list is enriched; in one sentence in `words`."""

    words: str
    parts: list[FunnelCount]


class Grid(TypedDict):
    """A small table, ready to draw.

    Attributes:
        heads: the names of the columns.
        form: one letter for each column: `t` for the name of a row, `l` for text, `r` for numbers, `m` for muted text,
            `x` for problems.
        rows: the words of each row.
    """

    heads: list[str]
    form: str
    rows: list[list[str]]


class TableView(TypedDict):
    """One table. `hidden` is the number of columns missing from `columns`; `columns_note` says so.

    `facts`: its leads and what it cost. `failed`: how many of its cells have failed. `funnel`: where its leads went, in words; empty for the main table, whose funnel is the result's.
    """

    id: str
    name: str
    leads: str
    link: Link | None
    facts: str
    funnel: str
    failed: str
    columns: Grid
    columns_note: str
    hidden: int


class TablesView(TypedDict):
    """The tables that the run touched; `hidden` says how many are not shown.

    `main`: the id of the table whose leads are the run's count; it is shown first; `counted` says where the figures of the result come
    from, if that needs saying. `failed`: how many cells of all tables have failed. `leads`: whether the
    card may show leads. `seq`: as in `BoardRows`, only in a trait.
    """

    items: list[TableView]
    main: str
    counted: str
    failed: str
    hidden: str
    leads: bool
    seq: NotRequired[int]


class Prose(TypedDict):
    """The agent's prose as a tree. `cut` says that there is more than is shown; otherwise it is empty."""

    nodes: list[Node]
    cut: str


class SuggestionView(TypedDict):
    """A next step that the agent suggests; without a button while none can be sent."""

    label: str
    button: Button | None


@final
class View(TypedDict):
    """All the data for a renderer. Sections with nothing to say are None or empty."""

    head: Head
    clock: ClockView
    result: Result
    earlier: Earlier
    notices: list[Notice]
    ask: Ask | None
    tables: TablesView
    now: Inline
    prose: Prose
    suggestions: list[SuggestionView]


class BoardRow(TypedDict):
    """A run on a board, or a brief that has not started, which has no `token`.

    `status_label`: that of its card; once the agent is done, how many cells fill. `note`: what is wrong with it, or why it has not started. `price`: the credits per qualified lead. `keys`: the numbers behind `leads`,
    `qualified`, `credits` and `price`, to sort by.
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
    price: str
    keys: list[float | None]
    started_at: float | None
    completed_at: float | None
    button: RowButton
    note: str


class CheckTimes(NamedTuple):
    """When the server was last heard about the run of a row and is asked next, as in `ClockView`."""

    heard_at: float | None
    next_at: float | None
    interval: float | None
    connection: ConnectionState


class StageCount(TypedDict):
    """The number of rows in a stage; in words in `label`: "3 running"."""

    stage: Stage
    label: str
    count: int


class BoardHead(TypedDict):
    """Facts about all runs of a board. `sums`: what all rows have together, each table once, and the credit limit; `hidden`: text about the runs that are not shown; `open`: the run whose card is open.

    `as_of` is as in `Head`. `nothing`: text while there are no rows. `announcement` is as in `Head`.

    `has_leads`: whether the leads of all runs can be shown in place of the rows; while they are, `leads_line` is the line
    of Python that does the same. `again_line` does what `again_words` say; without a kernel, `gone` is shown above it.
    """

    form: Form
    as_of: str
    title: str
    counts: list[StageCount]
    sums: str
    hidden: str
    nothing: str
    announcement: str
    settled: bool
    origin: str
    notices: list[Notice]
    buttons: list[Button]
    has_leads: bool
    leads_line: str
    open: str
    again_words: str
    again_line: str
    gone: str


@final
class BoardView(TypedDict):
    """All the data for a board's renderer. `moments` are separate from `rows`, because they change more often.

    `row_buttons` are the buttons of rows, which many rows share.
    """

    head: BoardHead
    clock: ClockView
    rows: list[BoardRow]
    moments: list[CheckTimes]
    row_buttons: dict[str, Button]


class BoardRows(TypedDict):
    """Rows of a board as a trait. `seq` counts its changes, each of which is a message that a page may have missed."""

    items: list[BoardRow]
    moments: list[CheckTimes]
    buttons: dict[str, Button]
    seq: NotRequired[int]


class SavedView(TypedDict):
    """Snapshot's view in a saved notebook, for the JupyterLab extension. `view` is JSON text; an object would be twice as large."""

    version: int
    view: str
