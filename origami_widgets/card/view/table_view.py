"""View of a run's tables: what each cost and which of its columns used credits, within a size limit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from origami_widgets.card.view.contract import TABLE_SLOTS, Grid, Link, Remark, TablesView, TableView
from origami_widgets.card.view.result import (
    make_funnel,
    number,
    sourced_words,
)
from origami_widgets.run.state import RunState, counted_table, total
from origami_widgets.words import numbers as words
from origami_widgets.words.foreign_text import clip, is_product, safe_href, shown_host, size_of, take
from origami_widgets.words.numbers import shown_count

if TYPE_CHECKING:
    from origami_widgets.api.models import table as models

TABLE_ID_LIMIT = 64
TABLES_SIZE = 28_000
NAME_LIMIT = 80
_HEADS_SIZE = 18_000
_FAILED = "They stay empty. Common causes: an error, not enough credits, or a disconnected account."


def make_tables(state: RunState, *, leads: bool) -> TablesView:
    """Return the tables of a run in the order in which it names them.

    Heads come first, as many as fit. The tables then share the remaining room for their columns, so that the last table
    of a large run is not left without any.

    Args:
        state: the run's state.
        leads: whether the card may show leads.
    """
    tables = state.tables
    main = counted_table(tables)
    shown: list[TableView] = []
    used = 0
    for table in tables[:TABLE_SLOTS]:
        head = _head(table, is_main=table is main)
        used += size_of(head) + 2
        if used > _HEADS_SIZE and shown:
            break
        shown.append(head)
    _share_columns(shown, tables, TABLES_SIZE - min(used, _HEADS_SIZE))
    return {
        "items": shown,
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
    key: Callable[[models.Column], float | None] | None = None


def _said(value: float | None, say: Callable[[float | None], str]) -> str:
    """Return a value in words; empty if the server did not say."""
    return "" if value is None else say(value)


def _call_rate(column: models.Column) -> float | None:
    return number(column.stats.call_rate) if column.stats else None


def _per_run(column: models.Column) -> float | None:
    return number(column.stats.avg_credits_per_run) if column.stats else None


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
    "Column": _Head("t", lambda column: clip(column.name, NAME_LIMIT) or "Unnamed column"),
    "Tried": _Head("r", lambda column: _said(_call_rate(column), words.percent), _call_rate),
    "Credits per run": _Head("r", lambda column: _said(_per_run(column), words.amount), _per_run),
    "Credits": _Head("r", lambda column: _said(_used(column), words.amount), _used),
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
        "keys": [[head.key(column) for head in heads.values() if head.key is not None] for column in columns],
    }


def _size(column: models.Column) -> int:
    said = [head.say(column) for head in _HEADS.values()]
    return size_of(said) + size_of([head.key(column) for head in _HEADS.values() if head.key is not None]) + 4


def _share_columns(shown: list[TableView], tables: Sequence[models.Table], room: int) -> None:
    """Give small tables all their columns, and larger tables the rest of the room."""
    costing = [
        sorted(
            (column for column in table.columns if column.kind != "input" or _used(column)),
            key=lambda column: -(_used(column) or 0),
        )
        for table in tables[: len(shown)]
    ]
    sizes = [sum(map(_size, columns)) for columns in costing]
    left = len(shown)
    for index in sorted(range(left), key=sizes.__getitem__):
        kept = take(costing[index], room // left, _size)
        room -= sum(map(_size, kept))
        left -= 1
        table, columns = shown[index], len(tables[index].columns)
        table["columns"] = _grid(kept)
        table["hidden"] = columns - len(kept)
        table["columns_note"] = _columns_note(len(kept), columns)


def _columns_note(kept: int, columns: int) -> str:
    if not columns:
        return "No columns yet."
    if kept == columns:
        return f"{words.plural(columns, 'column')}, highest cost first"
    if not kept:
        return f"{words.plural(columns, 'column')}, none of which cost credits"
    return f"{words.count(kept)} of {words.plural(columns, 'column')}, highest cost first"


def _head(table: models.Table, *, is_main: bool) -> TableView:
    # The main table's funnel is the run's, which is shown above.
    funnel = None if is_main else make_funnel(table)
    return {
        "id": clip(table.id, TABLE_ID_LIMIT),
        "name": clip(table.name, NAME_LIMIT) or "Unnamed table",
        "leads": _said(shown_count(table.lead_count), words.count),
        "link": open_link(table.url),
        "facts": " · ".join(_facts(table)),
        "funnel": funnel["words"] if funnel else "",
        "remarks": _remarks(table),
        "columns": _grid([]),
        "columns_note": "",
        "hidden": len(table.columns),
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
    if href is None:
        return None
    return {"href": href, "label": "Open table" if is_product(href) else f"Open at {shown_host(href)}"}


def _remarks(table: models.Table) -> list[Remark]:
    """Return how many cells have failed. What fills is said once for all tables."""
    text = failed_words(shown_count(table.cells.errored))
    return [{"text": text, "tone": "bad", "details": _FAILED}] if text else []


def failed_words(errored: int | None) -> str:
    """Return how many cells have failed; empty without any."""
    return f"{words.plural(errored, 'cell')} failed" if errored else ""


def _facts(table: models.Table) -> list[str]:
    stats = table.stats
    leads, used = shown_count(table.lead_count), number(table.credits.lifetime_used)
    facts = []
    if leads is not None:
        facts.append(words.plural(leads, "lead"))
    if used is not None:
        facts.append(words.plural(used, "credit"))
    if stats is None:
        return facts
    # Without leads, a price per lead has no meaning.
    if (price := number(stats.credits_per_lead)) is not None and leads != 0:
        facts.append(f"{words.amount(price)} credits per lead")
    more = bool(stats.has_unknown_total_with_more)
    if stats.funnel and make_funnel(table) is None:
        facts.extend(_funnel_facts(stats.funnel, more=more))
    elif more and not stats.funnel:
        facts.append("more available")
    return facts


def _funnel_facts(funnel: models.Funnel, *, more: bool) -> list[str]:
    """Return the funnel's numbers one by one, for those that do not add up to a bar."""
    facts = []
    if (sourced := shown_count(funnel.total_sourced_leads)) is not None and (sourced or more):
        facts.append(sourced_words(sourced, more=more))
    outcomes = (
        (funnel.post_static_leads, "kept", "kept"),
        (funnel.deduped_leads, "duplicate", "duplicates"),
        (funnel.excluded_leads, "left out", "left out"),
    )
    return [*facts, *(words.plural(value, one, many) for raw, one, many in outcomes if (value := shown_count(raw)))]
