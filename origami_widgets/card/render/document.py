"""What a card, a board and a grid of leads say where they are saved or printed: blocks, which a writer lays out. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from origami_widgets.card.view.contract import (
    AGAIN,
    BoardRow,
    BoardView,
    CheckTimes,
    FunnelCount,
    Inline,
    Link,
    Node,
    Notice,
    TableView,
    Tone,
    View,
)
from origami_widgets.card.view.lead_cells import cell_words, in_reading_order, make_cells
from origami_widgets.card.view.messages import CELL_NOT_FOUND, LeadCell, LeadGridView
from origami_widgets.card.view.questions import FOLLOW_UP_LINE, answer_line
from origami_widgets.card.view.run_head import fresh_words, lasted_so_far, times_of
from origami_widgets.card.view.table_view import more_columns, more_tables
from origami_widgets.words.foreign_text import clip, fit
from origami_widgets.words.numbers import moment, plural

if TYPE_CHECKING:
    from origami_widgets.api.models.table import Column, FlatRow

SavedLeads: TypeAlias = "tuple[str, Sequence[FlatRow], Sequence[Column]]"
"""Name, leads and columns of a table whose leads are saved."""

SIGNS: Final[dict[Tone, str]] = {"running": "●", "good": "✓", "attention": "◆", "bad": "✕", "neutral": "■"}
"""Shown before words with a tone, as no colour is the only sign of a meaning."""
_LEAD_COLUMNS, _LEAD_CELL_LIMIT = 8, 60
_NAME_LIMIT = 60
_TABLES, _COLUMNS = 6, 16
"""Most tables, and columns of all of them together."""
_RUNS = 12
"""Most runs of which all is said that is known."""
_LEADS = 40
"""Most saved leads of all tables together."""


class Part(NamedTuple):
    """Words of a line. With an address, they are a link."""

    text: str
    look: Literal["plain", "bold", "quiet", "code", "figure", "pill", "chip"] = "plain"
    tone: Tone | None = None
    href: str = ""


class Line(NamedTuple):
    """Groups of words with dots between them. A head begins what follows it; what `is_small` is read last."""

    groups: Sequence[Sequence[Part]]
    is_head: bool
    is_small: bool


class Bar(NamedTuple):
    """A bar of shares, for those who see it: the line below it says the same."""

    parts: Sequence[FunnelCount]


class Items(NamedTuple):
    """A list of items, each of one or more lines."""

    items: Sequence[Sequence[Line]]
    mark: Literal["", "- ", "1. "] = ""


class Table(NamedTuple):
    """A table. All but its first column are numbers, unless it `is_text`."""

    heads: Sequence[Inline]
    rows: Sequence[Sequence[Inline]]
    is_text: bool = False


class Prose(NamedTuple):
    """The agent's words."""

    nodes: Inline


Block = Line | Bar | Items | Table | Prose


class Section(NamedTuple):
    """Blocks that belong together; with a tone, a notice. A strip is set off from the others."""

    blocks: Sequence[Block]
    tone: Tone | None = None
    is_strip: bool = False


Document = list[Section]


def document_of(
    view: View | BoardView | LeadGridView, *, now: float, ticking: bool = False, saved: Sequence[SavedLeads] = ()
) -> Document:
    """Return what a view says, without what is empty in it.

    Args:
        view: a view in any form but `live`.
        now: the time of the view, in Unix seconds.
        ticking: whether the document is replaced every second, so that it can give its age instead of its time.
        saved: the leads of a grid to save.
    """
    if "rows" in view:
        sections = _board(view, now)
    elif "tables" in view:
        sections = _card(view, now, ticking=ticking)
    else:
        sections = _leads(view, saved)
    kept = (section._replace(blocks=[each for each in section.blocks if each[0]]) for section in sections)
    return [section for section in kept if section.blocks]


def line(*groups: str | Part | list[str | Part], head: bool = False, small: bool = False) -> Line:
    """Return a line of what is not empty in it."""
    listed = (group if isinstance(group, list) else [group] for group in groups)
    parts = ([part if isinstance(part, Part) else Part(part) for part in group] for group in listed)
    said = ([part for part in group if part.text] for group in parts)
    return Line([group for group in said if group], head, small)


def table_of(node: Node) -> Table:
    """Return a table in the agent's words."""
    rows = [
        [cell.get("c", []) for cell in row.get("c", []) if isinstance(cell, dict)]
        for row in node.get("c", [])
        if isinstance(row, dict)
    ]
    head, *others = [row for row in rows if row] or [[[]]]
    return Table(head, others, is_text=True)


def _linked(link: Link | None) -> Part:
    return Part(link["label"], href=link["href"]) if link else Part("")


def _notice(notice: Notice) -> Section:
    title = line(Part(notice["title"], "bold", notice["tone"]), _linked(notice["link"]), head=True)
    return Section([title, line(notice["text"], small=True), line(Part(notice["code"], "code"))], notice["tone"])


def _note(said: str) -> Line:
    return line(said, head=True, small=True)


def _again(said: str, code: str) -> Section:
    return Section([line([Part(said, "quiet"), Part(code, "code")], head=True)], is_strip=True)


def _card(view: View, now: float, *, ticking: bool) -> Document:
    """Return a card in the order of the live one: its first tables, and of each the first columns."""
    earlier, items, prose, ask = view["earlier"], view["tables"]["items"], view["prose"], view["ask"]
    shown = items[:_TABLES]
    runs = [[line(Part(run["prompt"], "bold"), run["status_label"], run["outcome"])] for run in earlier["runs"]]
    suggestions = view["suggestions"]
    follow_up = FOLLOW_UP_LINE if any(suggestion["button"] for suggestion in suggestions) else ""
    asked = [
        [
            line(Part(question["question"], "bold"), head=True),
            *(line(f"○ {choice}") for choice in (*question["suggestions"], question["freeform"])),
        ]
        for question in (ask["questions"] if ask else ())
    ]
    return [
        Section([line(Part(earlier["title"], "quiet"), head=True), Items(runs, "1. ")], is_strip=True),
        _head(view, now, ticking=ticking),
        *map(_notice, view["notices"]),
        *(_table(table, _COLUMNS // len(shown)) for table in shown),
        Section([_note(more_tables(len(items) - len(shown)) or view["tables"]["hidden"])]),
        Section([Prose([*prose["nodes"]]), _note(prose["cut"])]),
        Section(
            [
                line(Part("Next steps" if suggestions else "", "bold"), head=True),
                Items([[line(suggestion["label"])] for suggestion in suggestions], "- "),
                line(Part(follow_up, "code")),
            ]
        ),
        Section(
            [
                Items(asked),
                line(Part(answer_line(ask) if ask else "", "code"), head=True),
                line(ask["cost_note"] if ask else "", small=True),
            ]
        ),
        Section([Prose([{"t": "p", "c": view["now"]}] if view["now"] else [])]),
        _again(AGAIN, view["head"]["line"]),
    ]


def _head(view: View, now: float, *, ticking: bool) -> Section:
    head, result, clock = view["head"], view["result"], view["clock"]
    status = Part(head["status_label"], "pill", head["tone"])
    figures: list[list[str | Part]] = [
        [
            Part(figure["value"], "figure"),
            figure["label"],
            Part(f"({figure['note']})" if figure["note"] else "", "quiet"),
        ]
        for figure in result["figures"]
    ]
    fresh = fresh_words(clock, now=now) if ticking else head["as_of"]
    funnel = result["funnel"]
    return Section(
        [
            line(status, Part(head["prompt"], "bold"), _linked(head["link"]), head=True),
            line(head["reply"], small=True),
            line(*figures, result["note"]),
            line(*times_of(view, now=now, ticking=ticking), Part(head["origin"], "chip"), fresh, small=True),
            Bar(funnel["parts"] if funnel else ()),
            line(funnel["words"] if funnel else "", small=True),
        ]
    )


def _table(table: TableView, most: int) -> Section:
    columns = table["columns"]
    rows: list[list[Inline]] = [
        [
            [{"t": "b", "c": [word]} if form == "x" and word else word]
            for form, word in zip(columns["form"], row, strict=True)
        ]
        for row in columns["rows"][:most]
    ]
    return Section(
        [
            line(Part(table["name"], "bold"), _linked(table["link"]), head=True),
            line(table["facts"], Part(table["failed"], "bold"), small=True),
            line(table["funnel"], small=True),
            Table([[head] for head in columns["heads"]] if rows else [], rows),
            line(more_columns(table["hidden"] + len(columns["rows"]) - len(rows)), small=True),
        ]
    )


def _board(view: BoardView, now: float) -> Document:
    """Return a board: of few runs all that is known of each, of many one line each."""
    head = view["head"]
    counts = ", ".join(count["label"] for count in head["counts"])
    is_short = len(view["rows"]) > _RUNS
    rows = [_run(*row, now, is_short=is_short) for row in zip(view["rows"], view["moments"], strict=True)]
    return [
        Section(
            [
                line(Part(f"{head['title']}: {counts}" if counts else head["title"], "bold"), head=True),
                line(head["sums"], Part(head["origin"], "chip"), head["as_of"], small=True),
            ]
        ),
        *map(_notice, head["notices"]),
        Section([Items(rows)]),
        Section([_note(head["hidden"]), _note(head["nothing"])]),
        _again(f"{head['again_words']}, in any kernel:", head["again_line"]),
    ]


def _run(row: BoardRow, moments: CheckTimes, now: float, *, is_short: bool) -> list[Line]:
    status, token = Part(row["status_label"], "bold", row["tone"]), Part(row["token"], "code")
    amounts = _amounts(row)
    if is_short:
        about = fit(row["name"] or row["prompt"], _NAME_LIMIT)
        return [line(status, about, ", ".join(amounts), token, head=True)]
    price = f"{row['price']} per qualified lead" if row["price"] else ""
    name = f"{row['name']}:" if row["name"] and row["prompt"] else row["name"]
    return [
        line(status, [name, row["prompt"]], head=True),
        line(row["note"], *amounts, price, *_times(row, moments, now), small=True),
        line(token),
    ]


def _amounts(row: BoardRow) -> list[str]:
    """Return leads, qualified leads and credits, as far as the server gave them."""
    leads, _, used, _ = row["keys"]
    counts = (
        (row["leads"], "lead" if leads == 1 else "leads"),
        (row["qualified"], "qualified"),
        (row["credits"], "credit" if used == 1 else "credits"),
    )
    return [f"{value} {label}" for value, label in counts if value]


def _times(row: BoardRow, moments: CheckTimes, now: float) -> list[str]:
    """Return how long a run took and when the server was last heard about it, or when it ended."""
    if row["done"]:
        return [f"ended {moment(row['completed_at'])}"] if row["completed_at"] is not None else []
    heard, _, _, connection = moments
    lasted = lasted_so_far(row["started_at"], heard, connection, now=now)
    return [lasted, f"last update {moment(heard)}" if heard is not None else ""]


def _leads(view: LeadGridView, saved: Sequence[SavedLeads]) -> Document:
    head = view["head"]
    tabs: list[list[str | Part]] = [
        [Part(tab["name"], "bold"), f"{tab['leads']} leads" if tab["leads"] else ""] for tab in head["tabs"]
    ]
    unsaved = "Leads are not saved in the notebook. To save the first ones, add this to the line below:"
    note = line([Part(unsaved, "quiet"), Part("save=True", "code")])
    return [
        Section([line(*tabs, "" if tabs else "No leads yet.", head["as_of"], head=True), *([] if saved else [note])]),
        *(_saved_leads(name, rows[: _LEADS // len(saved)], columns) for name, rows, columns in saved),
        _again("To see the leads, in any kernel:", head["line"]),
    ]


def _saved_leads(name: str, rows: Sequence[FlatRow], columns: Sequence[Column]) -> Section:
    shown = in_reading_order(columns)[:_LEAD_COLUMNS]
    cells = [
        [_lead_cell(cell, column) for cell, (column, _) in zip(make_cells(row, shown), shown, strict=True)]
        for row in rows
    ]
    kept = f"The first {plural(len(rows), 'lead')} of {clip(name, 80)}, saved on request (save=True)."
    heads: list[Inline] = [[clip(column.name, _LEAD_CELL_LIMIT)] for column, _ in shown]
    return Section([Table(heads, cells, is_text=True), line(kept, small=True)])


def _lead_cell(cell: LeadCell, column: Column) -> Inline:
    found = clip(cell_words(cell), _LEAD_CELL_LIMIT)
    is_missing = not found and cell is not None and column.kind != "input"
    return [{"t": "i", "c": [CELL_NOT_FOUND]}] if is_missing else [found]
