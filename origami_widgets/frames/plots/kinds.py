"""The plots: of runs, and of tables, with a row for each stage or column. Loaded when one is drawn, as Altair is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import altair as alt

from origami_widgets.frames.economics.run_economics import runs_frame
from origami_widgets.frames.table_frames import columns_frame, tables_frame
from origami_widgets.words.foreign_text import name_of
from origami_widgets.words.numbers import MISSING, amount, percent, plural

from . import chart

if TYPE_CHECKING:
    import pandas as pd

    from origami_widgets.frames.source import SourceData


Record = dict[str, Any]


def records(frame: pd.DataFrame) -> list[Record]:
    """Return the rows of a frame, with None for missing values."""
    return cast("list[Record]", frame.astype(object).where(frame.notna(), None).to_dict("records"))


def run_ids(frame: pd.DataFrame) -> str:
    """Return the ids of the runs of some rows in a few words; empty without runs."""
    names = [name_of(run, 40) for run in frame["run_id"].dropna().unique()]
    further = f" and {len(names) - 2:,} more" if len(names) > 2 else ""  # noqa: PLR2004 - two are named
    return f"run{'s' * (len(names) > 1)} {', '.join(names[:2])}{further}" if names else ""


def left_out(number: int, what: str, why: str = "are not drawn") -> str:
    """Return a note about `number` things, such as "1 smaller table is not drawn"; empty for none."""
    said = why.replace("are ", "is ", 1).replace("have ", "has ", 1) if number == 1 else why
    return f"{plural(number, what)} {said}" if number else ""


def joined(first: str, *others: str) -> str:
    """Join a phrase and those of the others that are known into one line.

    Example:
        >>> joined("n/a", "n/a", "", "1 errored")
        'n/a · 1 errored'
    """
    return " · ".join(filter(None, [first, *(each for each in others if each != MISSING)]))


def compare_plot(data: SourceData, more: int, top: int, width: int) -> alt.LayerChart:
    """Plot what a qualified lead of each run costs, the cheapest run first, with its range; see `plot`."""
    compared = runs_frame(data, more=more)
    for end in ("low", "high"):
        compared[end] = compared[f"expected_cost_{end}"] / more
    ranked = compared.sort_values(_COST, kind="stable").head(top)
    label = ranked["run_name"].fillna(ranked["prompt"]).fillna(ranked["run_id"]).map(name_of)
    # Runs with the same name are distinguished by their model, or else by the end of their id.
    for first in (ranked["model"].astype("string"), ranked["run_id"]):
        label = label.mask(label.duplicated(keep=False) & first.notna(), first.str[-12:] + " " + label)
    rows = [_costly(run) for run in records(ranked.assign(label=label))]
    ends = ranked[[_COST, "high"]].max().fillna(0)
    # A range of very few verdicts would squeeze all others.
    most = float(min(ends.max(), 3 * ends[_COST])) or 1
    x = alt.X("low:Q", title="credits per qualified lead", scale=alt.Scale(domain=[0, most], nice=False, clamp=True))
    run, cost = alt.Tooltip("name:N", title="run"), alt.Tooltip("note:N", title="cost of a qualified lead")
    chance = alt.Tooltip("chance:N", title="chance to be the cheapest")
    drawn = alt.Chart().encode(tooltip=chart.tooltips(run, "model:N", cost, "qualified:N", "credits:N", chance))
    bars = drawn.mark_bar(opacity=0.4).encode(x=x, x2=alt.X2("high:Q"))
    ticks = drawn.mark_tick().encode(x=alt.X("cost:Q"))
    parts = "cost so far (tick), its range (bar), leads, the share that qualifies, and the chance to be the cheapest"
    meaning = f"the range is for {plural(more, 'more qualified lead')}, if they cost and qualify as before"
    details = [parts, meaning, left_out(len(compared) - len(ranked), "dearer run")]
    title = f"Credits per qualified lead: {plural(len(compared), 'run')}"
    return chart.row_plot(rows, [bars, ticks], title, details, width, empty="There are no runs.")


_COST = "cost_per_qualified_lead"


def _costly(run: Record) -> Record:
    """Return the row of a run, with the cost of its qualified leads and the range of that."""
    cost, low, high = run[_COST], run["low"], run["high"]
    known = amount(cost) + ("" if high is None else f" ({amount(low)} to {amount(high)})")
    leads = MISSING if run["lead_count"] is None else plural(run["lead_count"], "lead")
    chance = percent(run["chance_cheapest"])
    note = joined(known, leads, percent(run["qualified_share"]), "" if chance == MISSING else f"cheapest: {chance}")
    tips = {name: amount(run[field]) for name, field in (("qualified", "qualified_leads"), ("credits", "credits_used"))}
    model = name_of(run["model"] or MISSING)
    drawn = {"cost": cost, "low": low, "high": high, "model": model, "chance": chance}
    return {"name": run["label"], "note": note, **drawn, **tips}


_LOSSES = {"duplicates": "deduped_leads", "excluded": "excluded_leads", "filtered out": "filtered_out"}
_RESULTS = {"kept": "post_static_leads", "leads now": "lead_count", "qualified": "qualified_leads"}
_STAGES = {"sourced": "total_sourced_leads", **_LOSSES, **_RESULTS}
# What the credits of a column were spent on.
_PARTS = ["other credits", "expected on unfit leads"]


def funnel_plot(source: SourceData, top: int, width: int, *, shares: bool) -> alt.LayerChart:
    """Plot the leads of each table: sourced, lost on the way, kept, and qualified; see `plot`."""
    tables = tables_frame(_each_table_once(source))
    sourced = tables["total_sourced_leads"]
    known = tables[["post_static_leads", "deduped_leads", "excluded_leads"]].sum(axis="columns", skipna=False)
    tables["filtered_out"] = (sourced - known).where(lambda rest: rest > 0)
    tables["size"] = sourced.mask(sourced == 0).fillna(tables["lead_count"])
    drawn = _largest(tables, "size", top)
    rows = [*_by_table(drawn, lambda table: _stages(table[0], shares=shares), len(tables))]
    axis = alt.Axis(format=".0%", tickCount=5) if shares else alt.Axis(tickMinStep=1)
    x = alt.X("start:Q", title="share of the leads sourced" if shares else "leads", axis=axis)
    color = alt.ColorValue(chart.LEADS, condition={"test": "datum.part == 'lost'", "value": chart.LOSS})
    tooltip = chart.tooltips("table:N", alt.Tooltip("name:N", title="stage"), alt.Tooltip("note:N", title="leads"))
    bars = alt.Chart().mark_bar().encode(x=x, x2=alt.X2("end:Q"), color=color, tooltip=tooltip)
    bars = bars.transform_filter("datum.end > datum.start")
    about = joined(run_ids(tables), "leads, and their share of those sourced")
    details = [about, left_out(len(tables) - len(drawn), "smaller table")]
    title, empty = f"Funnel: {_subject(tables)}", "There are no tables."
    return chart.row_plot(rows, [bars], title, details, width, empty=empty)


def _stages(table: Record, *, shares: bool) -> Iterator[Record]:
    """Yield a row for each stage of a table. A loss begins where the one before it ended."""
    sourced = left = table["total_sourced_leads"]
    whole = (table["size"] or 1) if shares else 1
    has_stats = any(table[column] is not None for column in _STAGES.values() if column != "lead_count")
    remark = "" if has_stats else "no stats for this table"
    more = "more available" if table["has_unknown_total_with_more"] else ""
    for stage in _STAGES if has_stats else ["leads now"]:
        leads, start, part = table[_STAGES[stage]], 0, "leads"
        if leads is None and stage == "filtered out":
            continue
        if stage in _LOSSES:
            start, part = max(0, (left or 0) - (leads or 0)), "lost"
            left = start
        end = start + (leads or 0)
        note = joined(amount(leads), more if stage == "sourced" else percent(leads, sourced), remark)
        yield {"name": stage, "note": note, "part": part, "start": start / whole, "end": end / whole}


def credits_plot(source: SourceData, top: int, width: int) -> alt.LayerChart:
    """Plot the credits of each column, the most expensive first; see `plot`."""
    given = _each_table_once(source)
    tables, columns = tables_frame(given), columns_frame(given)
    # Credits below zero cannot be true, so nothing is known.
    tables["used"] = tables["credits_lifetime_used"].where(lambda used: used >= 0)
    columns["used"] = columns["credits_lifetime_used"].where(lambda used: used >= 0)
    known, drawn = tables["used"].dropna(), _largest(tables, "used", top)
    sums = columns.groupby("table_id")["used"].sum(min_count=1)
    columns["used_by_table"] = columns["table_id"].map(sums)
    columns["is_shown"] = columns.index.isin(columns["used"][columns["used"] > 0].nlargest(top).index)
    rows = [*_by_table(columns[columns["table_id"].isin(drawn["table_id"])], _columns, len(tables))]
    legend = alt.Legend() if any(row.get(_PARTS[1]) for row in rows) else None
    scale = alt.Scale(domain=_PARTS, range=[chart.LEADS, chart.LOSS])
    bars = alt.Chart().transform_fold([*_PARTS], as_=["part", "spent"]).transform_filter("datum.spent > 0").mark_bar()
    color, order = alt.Color("part:N", scale=scale, legend=legend), alt.Order("part:N", sort="descending")
    tooltip = chart.tooltips("table:N", "column:N", "kind:N", alt.Tooltip("said:N", title="credits"))
    bars = bars.encode(x=alt.X("spent:Q", stack=True, title="credits"), color=color, order=order, tooltip=tooltip)
    about = joined(run_ids(tables), "settled over the life of each column, and its share of its table's columns")
    unknown = left_out(len(tables) - len(known), "table", "have no credits reported") if len(known) else ""
    differing = left_out(
        int((tables["used"] != tables["table_id"].map(sums)).sum()),
        "table",
        "have credits that don't match the columns",
    )
    details = [about, unknown, differing, left_out(len(tables) - len(drawn), "cheaper table")]
    spent = amount(known.sum()) if len(known) or tables.empty else MISSING
    title = f"Credits by column: {spent} in {_subject(tables)}"
    empty = "There are no tables." if tables.empty else "There are no columns."
    return chart.row_plot(rows, [bars], title, details, width, empty=empty)


def _columns(columns: list[Record]) -> Iterator[Record]:
    """Yield a row for each expensive column of a table, and one for all that are cheap, free or unknown."""
    columns = sorted(columns, key=lambda column: -(column["used"] or 0))
    shown = [column for column in columns if column["is_shown"]]
    cheap = [column for column in columns if column["used"] and not column["is_shown"]]
    free = [column for column in columns if column["used"] == 0]
    unknown = [column for column in columns if column["used"] is None]
    yield from (_spent([column], name_of(column["column_name"], 300)) for column in shown)
    more = plural(len(cheap), "more column" if shown else "column")
    names = (more, f"{plural(len(free), 'column')} at 0", plural(len(unknown), "column"))
    yield from (_spent(*each) for each in zip((cheap, free, unknown), names, strict=True) if each[0])


def _spent(columns: list[Record], name: str) -> Record:
    """Return the row of some columns, with what they have cost together."""

    def total(field: str) -> float | None:
        values = [column[field] for column in columns if column[field] is not None]
        return sum(values) if values else None

    used, errored, unfit = total("used"), total("cells_errored"), total("credits_on_unqualified")
    errors = f"{amount(errored)} errored" if errored else ""
    note = joined(amount(used), percent(total("share_of_table_credits")), errors) if used != 0 else errors
    said = f"{note}, of it on unfit leads {amount(unfit)} expected" if unfit else note
    named = name_of(" · ".join(name_of(column["column_name"], 30) for column in columns), 300)
    kind = joined(*dict.fromkeys(name_of(column["kind"]) for column in columns))
    parts = dict(zip(_PARTS, (used - (unfit or 0), unfit), strict=True)) if used else {}
    return {**parts, "name": name, "note": note, "said": said, "column": named, "kind": kind}


def _each_table_once(given: SourceData) -> SourceData:
    """Keep each table as it was given last: a follow-up repeats the tables of the run before it."""
    parts, seen = [], set[str]()
    for part in reversed(given.parts):
        tables = {str(table.get("id") or id(table)): table for table in part.tables if isinstance(table, Mapping)}
        parts.append(replace(part, tables=[table for table_id, table in tables.items() if table_id not in seen]))
        seen |= tables.keys()
    return replace(given, parts=tuple(reversed(parts)))


def _largest(frame: pd.DataFrame, size: str, top: int) -> pd.DataFrame:
    """Return the `top` rows with the largest `size`, in the order of the source."""
    return frame.loc[frame[size].fillna(0).nlargest(top).index].sort_index()


def _subject(tables: pd.DataFrame) -> str:
    """Return the name of the only table, or the number of tables."""
    return name_of(tables["table_name"].iloc[0]) if len(tables) == 1 else plural(len(tables), "table")


def _by_table(frame: pd.DataFrame, rows_of: Callable[..., Iterable[Record]], tables: int) -> Iterator[Record]:
    """Yield the rows that `rows_of` makes of each table, with its name above them where there are several `tables`."""
    found_by_table: dict[tuple[str | None, str | None], list[Record]] = {}
    for row in records(frame):
        found_by_table.setdefault((row["table_id"], row["table_name"]), []).append(row)
    for (_, table_name), found in found_by_table.items():
        name = name_of(table_name, 300)
        if tables > 1:
            yield {"table": name, "heading": joined(name_of(name, 48), amount(found[0].get("used_by_table")))}
        yield from ({"table": name, **row} for row in rows_of(found))
