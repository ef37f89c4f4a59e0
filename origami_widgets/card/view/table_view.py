"""Tables of a run with their economics, within a size limit, and the words of their columns' numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.card.view import number_words as words
from origami_widgets.card.view.contract import TABLE_SLOTS, ColumnRow
from origami_widgets.card.view.links import open_link
from origami_widgets.card.view.number_words import shown_count
from origami_widgets.card.view.safe_text import clip, size_of, take

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from origami_widgets.api import models
    from origami_widgets.api.row_progress import RowProgress
    from origami_widgets.card.view.contract import FunnelCount, FunnelPart, FunnelView, TablesView, TableView

TABLE_ID_LIMIT = 64
TABLES_SIZE = 28_000
COLUMNS_SIZE = 40_000
NAME_LIMIT = 80
_HEADS_SIZE = 18_000
_WORTH = {"score": 0, "enrichment": 1, "sequence": 2, "input": 3}

HEADINGS = ("Column", "Runs on", "Credits / run", "Credits", "Cells", "Pass · fail · unsure")


def make_tables(tables: Sequence[models.Table], row_progress: Mapping[str, RowProgress]) -> TablesView:
    """Return the tables in the order the run names them.

    Heads come first, as many as fit; what they leave is shared between the tables for their columns, so that the
    last table of a large run is not the one without any.
    """
    shown: list[TableView] = []
    used = 0
    for table in tables[:TABLE_SLOTS]:
        head = _head(table)
        used += size_of(head) + 2
        if used > _HEADS_SIZE and shown:
            break
        shown.append(head)
    _share_columns(shown, tables, TABLES_SIZE - min(used, _HEADS_SIZE))
    progress = [reading_words(row_progress.get(table.id)) for table in tables[: len(shown)]] if row_progress else []
    return {"items": shown, "hidden": len(tables) - len(shown), "reading": progress if any(progress) else []}


def make_all_columns(table: models.Table) -> tuple[list[ColumnRow], int]:
    """Return all columns of one table, and how many of them are too many to be sent."""
    rows = take((_row(column) for column in table.columns), COLUMNS_SIZE)
    return rows, len(table.columns) - len(rows)


def _share_columns(shown: list[TableView], tables: Sequence[models.Table], bytes_left: int) -> None:
    """Give small tables all their columns, and larger ones what is left."""
    rows = [[_row(column) for column in table.columns] for table in tables[: len(shown)]]
    sizes = [[size_of(row) + 2 for row in each] for each in rows]
    left = len(shown)
    for index in sorted(range(len(shown)), key=lambda i: sum(sizes[i])):
        share = bytes_left // left
        kept = _most_telling(rows[index], sizes[index], share)
        bytes_left -= sum(sizes[index][i] for i in kept)
        left -= 1
        shown[index]["columns"] = [rows[index][i] for i in kept]
        shown[index]["columns_hidden"] = len(rows[index]) - len(kept)


def _most_telling(rows: list[ColumnRow], sizes: list[int], bytes_left: int) -> list[int]:
    """Return the positions of the columns to show: those that cost and judge before those that are typed in.

    The choice depends on kinds alone, which do not change: a column must not come and go while cells fill.
    """
    kept: list[int] = []
    for index in sorted(range(len(rows)), key=lambda i: _WORTH.get(rows[i].kind, 1)):
        bytes_left -= sizes[index]
        if bytes_left < 0:
            break
        kept.append(index)
    return sorted(kept)


def _row(column: models.Column) -> ColumnRow:
    stats, verdicts = column.stats, column.qualification
    return ColumnRow(
        name=clip(column.name, NAME_LIMIT) or "Unnamed column",
        kind=clip(column.kind, 24),
        call_rate=_number(stats.call_rate) if stats else None,
        credits_per_run=_number(stats.avg_credits_per_run) if stats else None,
        credits=_number(column.credits.lifetime_used),
        running=shown_count(column.cells.running),
        errored=shown_count(column.cells.errored),
        passed=shown_count(verdicts.pass_) if verdicts else None,
        failed=shown_count(verdicts.fail) if verdicts else None,
        unsure=shown_count(verdicts.unsure) if verdicts else None,
    )


def _number(value: float | None) -> float | None:
    """Round to four decimals, which is more than any label shows; whole numbers become integers."""
    if value is None or not words.known(value) or value < 0:
        return None
    rounded = round(value, 4)
    return int(rounded) if rounded == int(rounded) else rounded


def _head(table: models.Table) -> TableView:
    name = clip(table.name, NAME_LIMIT) or "Unnamed table"
    return {
        "id": clip(table.id, TABLE_ID_LIMIT),
        "name": name,
        "link": open_link(table.url),
        "facts": _facts(table),
        "filling": filling_words(table.cells.running, table.cells.errored),
        "funnel": make_funnel(table.stats, judging=_is_judging(table)),
        "columns": [],
        "columns_hidden": len(table.columns),
    }


def _is_judging(table: models.Table) -> bool:
    judges = (column for column in table.columns if column.kind == "score" or column.qualification is not None)
    return any(shown_count(column.cells.running) for column in judges)


def filling_words(running: int | None, errored: int | None) -> str:
    """Return how many cells are running or failed; empty when all are settled and none failed."""
    running, errored = shown_count(running) or 0, shown_count(errored) or 0
    parts = [f"{words.plural(running, 'cell')} still filling"] if running else []
    if errored:
        parts.append(f"{words.count(errored)} failed" if parts else f"{words.plural(errored, 'cell')} failed")
    return ", ".join(parts)


def reading_words(progress: RowProgress | None) -> str:
    """Return how far this process has come with reading a table's leads; empty when it does not read them."""
    if progress is None:
        return ""
    rows, total = progress.rows, shown_count(progress.total)
    if not rows:
        return "reading leads"
    # A count that was exceeded is no count of what is read.
    of = f"of {words.count(total)}" if total is not None and total >= rows else "so far"
    return f"reading leads: {words.count(rows)} {of}"


def _facts(table: models.Table) -> list[str]:
    stats = table.stats
    facts = []
    if (leads := shown_count(table.lead_count)) is not None:
        facts.append(words.plural(leads, "lead"))
    if (used := _number(table.credits.lifetime_used)) is not None:
        facts.append(f"{words.credits(used)} {'credit' if used == 1 else 'credits'}")
    if stats is None:
        return facts
    # A price per lead where there is no lead yet is a number without a meaning.
    if (price := _number(stats.credits_per_lead)) is not None and leads != 0:
        facts.append(f"{words.credits(price)} credits per lead")
    qualified = shown_count(stats.qualification.qualified_leads) if stats.qualification else None
    if (price := _number(stats.credits_per_qualified_lead)) is not None and leads != 0 and qualified:
        facts.append(f"{words.credits(price)} per qualified lead")
    if stats.funnel and make_funnel(stats) is None:
        facts.extend(_funnel_facts(stats.funnel, more=bool(stats.has_unknown_total_with_more)))
    elif stats.has_unknown_total_with_more and not stats.funnel:
        facts.append("more available")
    return facts


def _funnel_facts(funnel: models.Funnel, *, more: bool) -> list[str]:
    """Return the funnel's numbers one by one, where they do not add up to a bar."""
    facts = []
    if (sourced := shown_count(funnel.total_sourced_leads)) is not None and (sourced or more):
        facts.append(_sourced(sourced, more=more))
    labelled = (
        (funnel.post_static_leads, "kept", "kept"),
        (funnel.deduped_leads, "duplicate", "duplicates"),
        (funnel.excluded_leads, "excluded", "excluded"),
    )
    facts.extend(words.plural(value, one, many) for raw, one, many in labelled if (value := shown_count(raw)))
    return facts


def _sourced(sourced: int, *, more: bool) -> str:
    return f"{words.count(sourced)} found (more available)" if more else f"{words.count(sourced)} sourced"


def make_funnel(stats: models.TableStats | None, *, judging: bool = False) -> FunnelView | None:
    """Return where the sourced leads went; None when the server's numbers do not add up.

    While a relevance condition is being checked, a lead that does not qualify may only not have been judged.
    """
    funnel = stats.funnel if stats else None
    if stats is None or funnel is None:
        return None
    sourced, kept = shown_count(funnel.total_sourced_leads), shown_count(funnel.post_static_leads)
    duplicate, excluded = shown_count(funnel.deduped_leads), shown_count(funnel.excluded_leads)
    if not sourced or kept is None or duplicate is None or excluded is None:
        return None
    filtered = sourced - kept - duplicate - excluded
    if filtered < 0:
        return None
    qualified = shown_count(stats.qualification.qualified_leads) if stats.qualification else None
    judged = qualified is not None and qualified <= kept
    unqualified = "kept, not qualified yet" if judging else "kept, not qualified"
    labelled: list[tuple[FunnelPart, int, str]] = [
        ("qualified", qualified or 0 if judged else 0, "qualified"),
        ("kept", kept - (qualified or 0) if judged else kept, unqualified if judged else "kept"),
        ("duplicate", duplicate, "duplicate" if duplicate == 1 else "duplicates"),
        ("excluded", excluded, "excluded"),
        ("filtered", filtered, "filtered out"),
    ]
    parts: list[FunnelCount] = [
        {"part": part, "label": f"{words.count(value)} {label}", "count": value}
        for part, value, label in labelled
        if value
    ]
    return {
        "sourced": sourced,
        "sourced_label": f"of {_sourced(sourced, more=bool(stats.has_unknown_total_with_more))}",
        "parts": parts,
    }


def column_words(row: ColumnRow) -> tuple[str, str, str, str, str]:
    """Return the words under the headings after the first.

    A column that is typed in has no runs and no verdicts, which differs from numbers the server did not say.

    Args:
        row: one column of a view.

    Returns:
        Share of leads it ran on, credits per run, credits in all, state of its cells, verdicts.
    """
    return (
        _of_runs(row, row.call_rate, words.percent),
        _of_runs(row, row.credits_per_run, words.credits),
        _of_runs(row, row.credits, words.credits),
        _cells(row),
        _verdicts(row),
    )


def _of_runs(row: ColumnRow, value: float | None, say: Callable[[float | None], str]) -> str:
    return words.NOT_APPLICABLE if row.kind == "input" and not value else say(value)


def _cells(row: ColumnRow) -> str:
    parts = [f"{words.count(row.running)} running"] if row.running else []
    if row.errored:
        parts.append(f"{words.count(row.errored)} failed")
    if parts:
        return ", ".join(parts)
    if row.kind == "input":
        return words.NOT_APPLICABLE
    if row.running is None:
        return words.MISSING
    # A column that has run on no lead yet has nothing that could have settled.
    return "settled" if row.call_rate or row.credits else "not run"


def _verdicts(row: ColumnRow) -> str:
    verdicts = (row.passed, row.failed, row.unsure)
    if all(verdict is None for verdict in verdicts):
        return words.NOT_APPLICABLE if row.kind == "input" else words.MISSING
    return " · ".join(map(words.count, verdicts))
