"""View of a run's tables: what each cost and which of its columns used credits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from origami_widgets.card.view.contract import TABLE_SLOTS, Grid, Link, TablesView, TableView
from origami_widgets.card.view.result import (
    make_funnel,
    number,
)
from origami_widgets.run.state import RunState, counted_table, total
from origami_widgets.words import numbers as words
from origami_widgets.words.foreign_text import clip, is_product, safe_href, shown_host
from origami_widgets.words.numbers import shown_count

if TYPE_CHECKING:
    from origami_widgets.api.models import table as models

TABLE_ID_LIMIT = 64
COLUMN_SLOTS = 12
"""Most columns shown of a table."""
ALL_COLUMNS = 144
"""Most columns shown of all tables together."""
NAME_LIMIT = 60
_COLUMN_NAME_LIMIT = 40
_LINK_LIMIT = 200


def make_tables(state: RunState, *, leads: bool) -> TablesView:
    """Return the tables of a run in the order in which it names them.

    Args:
        state: the run's state.
        leads: whether the card may show leads.
    """
    tables = state.tables
    main = counted_table(tables)
    shown = tables[:TABLE_SLOTS]
    columns = min(COLUMN_SLOTS, ALL_COLUMNS // max(1, len(shown)))
    return {
        "items": [_table(table, columns, is_main=table is main) for table in shown],
        "main": "" if main is None else clip(main.id, TABLE_ID_LIMIT),
        "counted": "" if main is None else _counted_words(main, state),
        "failed": failed_words(total(shown_count(table.cells.errored) for table in tables)),
        "hidden": more_tables(len(tables) - len(shown)),
        "leads": leads,
    }


def more_tables(left: int) -> str:
    """Return how many tables are left out, with the line of Python that shows them; empty for none."""
    return f"{words.plural(left, 'more table')}: ow.tables_frame(run)" if left else ""


def more_columns(left: int) -> str:
    """Return how many columns are left out, with the line of Python that shows them; empty for none."""
    return f"{words.plural(left, 'more column')}: ow.columns_frame(run)" if left else ""


def _counted_words(main: models.Table, state: RunState) -> str:
    """Return where the figures of the result come from."""
    name, count = clip(main.name, NAME_LIMIT) or "an unnamed table", len(state.tables)
    return f"Leads of {name}. Credits of all {words.plural(count, 'table')}." if count > 1 else ""


class _Head(NamedTuple):
    """One head of the grid: how its column is drawn, and what it contains."""

    form: str
    say: Callable[[models.Column], str]


def _said(value: float | None, say: Callable[[float | None], str]) -> str:
    """Return a value in words; empty if the server did not say."""
    return "" if value is None else say(value)


def _used(column: models.Column) -> float | None:
    return number(column.credits.lifetime_used)


def _verdicts(column: models.Column) -> str:
    verdicts = column.qualification
    if verdicts is None:
        return ""
    counts = ((verdicts.pass_, "qualified"), (verdicts.fail, "not qualified"), (verdicts.unsure, "unsure"))
    return " · ".join(f"{words.count(count)} {label}" for raw, label in counts if (count := shown_count(raw)))


def _counted(value: int | None) -> str:
    return words.count(value) if value else ""


# To show a new number of a column's stats, add a line here.
_HEADS: Final[dict[str, _Head]] = {
    "Column": _Head("t", lambda column: clip(column.name, _COLUMN_NAME_LIMIT) or "Unnamed column"),
    "Tried": _Head("r", lambda column: _said(number(column.stats.call_rate) if column.stats else None, words.percent)),
    "Credits per run": _Head(
        "r", lambda column: _said(number(column.stats.avg_credits_per_run) if column.stats else None, words.amount)
    ),
    "Credits": _Head("r", lambda column: _said(_used(column), words.amount)),
    "Verdicts": _Head("l", _verdicts),
    "Filling": _Head("m", lambda column: _counted(shown_count(column.cells.running))),
    "Failed": _Head("x", lambda column: _counted(shown_count(column.cells.errored))),
}


def _grid(columns: Sequence[models.Column]) -> Grid:
    """Return columns as a grid, without heads of which nothing is said."""
    said = {name: [head.say(column) for column in columns] for name, head in _HEADS.items()}
    heads = {name: head for name, head in _HEADS.items() if name == "Column" or any(said[name])}
    return {
        "heads": [*heads],
        "form": "".join(head.form for head in heads.values()),
        "rows": [list(row) for row in zip(*(said[name] for name in heads), strict=True)],
    }


def _columns_note(kept: int, columns: int) -> str:
    if not columns:
        return "No columns yet."
    if kept == columns:
        return f"{words.plural(columns, 'column')}, highest cost first"
    if not kept:
        return f"{words.plural(columns, 'column')}, none of which cost credits"
    return f"{words.count(kept)} of {words.plural(columns, 'column')}, highest cost first"


def _table(table: models.Table, most: int, *, is_main: bool) -> TableView:
    """Return a table with the columns that cost most."""
    # The main table's funnel is the run's, which is shown above.
    funnel = None if is_main else make_funnel(table)
    costing = [column for column in table.columns if column.kind != "input" or _used(column)]
    kept = sorted(costing, key=lambda column: -(_used(column) or 0))[:most]
    return {
        "id": clip(table.id, TABLE_ID_LIMIT),
        "name": clip(table.name, NAME_LIMIT) or "Unnamed table",
        "leads": _said(shown_count(table.lead_count), words.count),
        "link": open_link(table.url),
        "facts": " · ".join(_facts(table)),
        "funnel": funnel["words"] if funnel else "",
        "failed": failed_words(shown_count(table.cells.errored)),
        "columns": _grid(kept),
        "columns_note": _columns_note(len(kept), len(table.columns)),
        "hidden": len(table.columns) - len(kept),
    }


def open_link(address: object) -> Link | None:
    """Return a link to a table, to show beside its name. The label names any host other than the product's.

    Example:
        >>> open_link("https://origami.chat/workspace/1")["label"]
        'Open table'
        >>> open_link("https://tables.example/1")["label"]
        'Open at tables.example'
    """
    href = safe_href(address)
    if href is None or len(href) > _LINK_LIMIT:
        return None
    return {"href": href, "label": "Open table" if is_product(href) else f"Open at {shown_host(href)}"}


def failed_words(errored: int | None) -> str:
    """Return how many cells have failed; empty without any."""
    return f"{words.plural(errored, 'cell')} failed" if errored else ""


def _facts(table: models.Table) -> list[str]:
    leads, used = shown_count(table.lead_count), number(table.credits.lifetime_used)
    return [words.plural(count, noun) for count, noun in ((leads, "lead"), (used, "credit")) if count is not None]
