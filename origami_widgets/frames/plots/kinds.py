"""The plots: of runs, and of tables, with a row for each stage or column. Loaded when one is drawn, as Altair is."""

from __future__ import annotations

import base64
import struct
import sys
import textwrap
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import altair as alt
from altair.utils import update_nested

from origami_widgets.frames.economics.run_economics import runs_frame
from origami_widgets.frames.table_frames import columns_frame, tables_frame
from origami_widgets.words.foreign_text import name_of
from origami_widgets.words.numbers import MISSING, amount, percent, plural

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
    """Join a phrase and those of the others that are known into one line, such as "n/a · 1 errored"."""
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
    drawn = alt.Chart().encode(tooltip=tooltips(run, "model:N", cost, "qualified:N", "credits:N", chance))
    bars = drawn.mark_bar(opacity=0.4).encode(x=x, x2=alt.X2("high:Q"))
    ticks = drawn.mark_tick().encode(x=alt.X("cost:Q"))
    parts = "cost so far (tick), its range (bar), leads, the share that qualifies, and the chance to be the cheapest"
    meaning = f"the range is for {plural(more, 'more qualified lead')}, if they cost and qualify as before"
    details = [parts, meaning, left_out(len(compared) - len(ranked), "dearer run")]
    title = f"Credits per qualified lead: {plural(len(compared), 'run')}"
    return row_plot(rows, [bars, ticks], title, details, width, empty="There are no runs.")


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
    color = alt.ColorValue(LEADS, condition={"test": "datum.part == 'lost'", "value": LOSS})
    tooltip = tooltips("table:N", alt.Tooltip("name:N", title="stage"), alt.Tooltip("note:N", title="leads"))
    bars = alt.Chart().mark_bar().encode(x=x, x2=alt.X2("end:Q"), color=color, tooltip=tooltip)
    bars = bars.transform_filter("datum.end > datum.start")
    about = joined(run_ids(tables), "leads, and their share of those sourced")
    details = [about, left_out(len(tables) - len(drawn), "smaller table")]
    title, empty = f"Funnel: {_subject(tables)}", "There are no tables."
    return row_plot(rows, [bars], title, details, width, empty=empty)


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
    scale = alt.Scale(domain=_PARTS, range=[LEADS, LOSS])
    bars = alt.Chart().transform_fold([*_PARTS], as_=["part", "spent"]).transform_filter("datum.spent > 0").mark_bar()
    color, order = alt.Color("part:N", scale=scale, legend=legend), alt.Order("part:N", sort="descending")
    tooltip = tooltips("table:N", "column:N", "kind:N", alt.Tooltip("said:N", title="credits"))
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
    return row_plot(rows, [bars], title, details, width, empty=empty)


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


# Every colour has three times the contrast to white and to dark pages that text needs to large areas.
LEADS, LOSS = "#4f8df5", "#b07c5a"
# Colour of the page's own text in its current theme; black where a chart is no part of a page.
PAGE = "currentColor"

# Space beside marks, and the width of a character, on average, in px.
GAP, CHARACTER = 8, 5.8
# Where the plot begins and ends, as the x of a mark.
AT_START, AT_END = alt.XValue(0), alt.XValue("width")  # type: ignore[no-untyped-call]
_TEXT = {"labelColor": PAGE, "titleColor": PAGE, "labelFontSize": 11}
CONFIG: dict[str, Any] = {
    "background": "transparent",
    # All digits up to the length where they would fill the plot.
    "numberFormat": ",.15~g",
    # JupyterLab 4's extension for Vega would set these in a dark theme, for a background of its own.
    "view": {"stroke": None, "fill": None},
    "axis": {**_TEXT, "domainColor": PAGE, "tickColor": PAGE, "gridColor": PAGE, "gridOpacity": 0.15},
    "axisY": {"domain": False, "ticks": False, "labelPadding": GAP},
    "legend": {**_TEXT, "title": None, "orient": "top"},
    "title": {"color": PAGE, "subtitleColor": PAGE, "anchor": "start", "frame": "bounds"},
    # Texts say what their row says; its bar need not be read aloud as well.
    "mark": {"color": LEADS, "aria": False},
    "text": {"color": PAGE, "aria": True},
    "tick": {"color": PAGE, "thickness": 2},
}
# SVG follows the page's colour when the theme changes, which a canvas does not, and screen readers read it.
# Its menu has no link to an editor on the internet, which would be sent all that is drawn.
_EMBED = {"renderer": "svg", "actions": {"export": True, "source": True, "compiled": False, "editor": False}}

# Version that draws pictures. It belongs to the line built into JupyterLab; no plot uses what came later.
VEGA_LITE, _SCHEMA = "5.20", "https://vega.github.io/schema/vega-lite/v5.json"
# Px of the picture for each px of the page, as on sharp screens.
_SCALE = 2


class LayeredPlot(alt.LayerChart):
    """Chart with the theme of the plots and its own notebook output."""

    def to_dict(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the chart in Vega-Lite, as Altair does, with the theme for all that the chart leaves open."""
        spec = super().to_dict(*args, **kwargs)
        if "vega-lite" not in spec.get("$schema", ""):
            # Part of another chart, which has a theme of its own; or compiled to Vega.
            return spec
        # The width of a plot is that of the whole plot.
        fit = {"type": "fit-x", "contains": "padding"}
        theme = {"config": CONFIG, "usermeta": {"embedOptions": _EMBED}, "autosize": fit}
        return dict(update_nested(theme, spec, copy=True))

    def _repr_mimebundle_(self, *args: Any, **kwargs: Any) -> Any:
        """Return the chart for front ends that draw it, a picture for the others, and its description.

        Altair's default output (6.3) loads what draws it from the internet, so it stays empty offline. Colab shows nothing
        else, and a renderer that the user has chosen is kept.
        """
        if alt.renderers.active != "default" or alt.renderers.options or "google.colab" in sys.modules:
            return super()._repr_mimebundle_(*args, **kwargs)
        spec = {**self.to_dict(context={"pre_transform": False}), "$schema": _SCHEMA}
        said = spec.get("description", "")
        data = {"application/vnd.vegalite.v5+json": spec, "text/plain": said}
        picture = _png(spec)
        if not picture:
            return data, {}
        width, height = (pixels // _SCALE for pixels in struct.unpack(">II", picture[16:24]))
        data["image/png"] = base64.b64encode(picture).decode("ascii")
        return data, {"image/png": {"width": width, "height": height, "alt": said}}


def _png(spec: dict[str, Any]) -> bytes:
    """Return the picture on white paper; empty where nothing can draw it."""
    if spec["config"].get("background") == "transparent":
        spec = {"background": "white", **spec}
    try:
        import vl_convert

        return _packed(vl_convert.vegalite_to_png(spec, vl_version=VEGA_LITE, scale=_SCALE, allowed_base_urls=[]))
    except (ImportError, ValueError, RuntimeError, zlib.error):
        # Not installed, or restyled into something that this version cannot draw: the page may still be able to.
        return b""


def _packed(png: bytes) -> bytes:
    """Compress a PNG to a quarter of what vl-convert (1.9) writes, because notebooks keep it."""
    start = png.index(b"IDAT")
    end = start + 4 + int.from_bytes(png[start - 4 : start])
    chunk = b"IDAT" + zlib.compress(zlib.decompress(png[start + 4 : end]), 9)
    chunk = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return png[: start - 4] + chunk + png[end + 4 :]


def headed(title: str, details: list[str], said: list[str], width: int) -> dict[str, Any]:
    """Return a plot's title, wrapped to its width, and its description for screen readers.

    Args:
        title: what the plot shows.
        details: further sentences, which begin a line each; empty ones are left out.
        said: the plot's rows in words.
        width: of the whole plot, in px.
    """
    lines = [line for each in details for line in textwrap.wrap(each, width // 6)]
    text = alt.TitleParams(textwrap.wrap(title, width // 8), subtitle=lines)
    return {"title": text, "description": name_of(f"{title}. {'; '.join(said)}", 1_000)}


def tooltips(*fields: str | alt.Tooltip) -> list[alt.Tooltip]:
    """Return the lines of a tooltip.

    Altair (6.3) would take the fields as they are, as it would for all channels, and hash its whole schema for each.
    """
    return [alt.Tooltip(field) if isinstance(field, str) else field for field in fields]


def row_plot(
    rows: list[dict[str, Any]], marks: list[alt.Chart], title: str, details: list[str], width: int, *, empty: str
) -> LayeredPlot:
    """Return horizontal bars in rows, with a name left and a note right of each.

    Args:
        rows: from the top; each has a `table`, a `name` with its `note`, or a `heading` instead, and the fields that
            `marks` encode. `said` is what it says in full, where that is more than its note.
        marks: bars, without their y. The tooltip of the first is that of notes, too.
        title: what the plot shows.
        details: further sentences.
        width: of the whole plot, in px.
        empty: why there are no rows.
    """
    if not rows:
        nothing = alt.Chart(alt.InlineData(values=[]), height=1).mark_point()
        return LayeredPlot(layer=[nothing], width=width, **headed(title, [empty], [empty], width))

    def fitted(row: dict[str, Any], field: str, part: float) -> str:
        return name_of(row[field], part * width / CHARACTER) if row.get(field) else ""

    # Names repeat, rows do not: the number keeps them apart and in order, and the axis drops it.
    data = [
        {
            **row,
            "row": f"{number:06} {fitted(row, 'name', 0.3)}",
            "beside": fitted(row, "note", 0.45),
            "above": fitted(row, "heading", 0.7),
            "spoken": row.get("heading") or f"{row['name']}: {row.get('said') or row['note']}",
        }
        for number, row in enumerate(rows)
    ]
    y = alt.Y("row:N", title=None, axis=alt.Axis(labelExpr="slice(datum.value, 7)", labelLimit=0, aria=False))
    # One text of each row is read aloud, with all that the row says.
    text = alt.Chart().encode(y=y, description=alt.Description("spoken:N"), tooltip=tooltips("table:N"))
    notes = text.mark_text(align="left", dx=GAP).encode(x=AT_END, text=alt.Text("beside:N"))
    notes = notes.encode(tooltip=marks[0].encoding.tooltip).transform_filter("datum.name")
    headings = text.mark_text(align="left", fontWeight="bold").encode(x=AT_START, text=alt.Text("above:N"))
    layer = [*(mark.encode(y=y) for mark in marks), notes, headings.transform_filter("datum.heading")]
    heads = headed(title, details, [row["spoken"] for row in data], width)
    return LayeredPlot(data=alt.InlineData(values=data), layer=layer, width=width, **heads)
