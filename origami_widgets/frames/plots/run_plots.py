"""Plots of runs, `plot_history` and `plot_compare`, and what all plots share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from origami_widgets.api.errors import InvalidInput
from origami_widgets.frames.dtype_backend import optional_package
from origami_widgets.frames.economics.run_comparison import compare_runs
from origami_widgets.frames.run_frames import history_frame
from origami_widgets.frames.source import Source, gather
from origami_widgets.words.foreign_text import name_of
from origami_widgets.words.numbers import MISSING, amount, instant, percent, plural

if TYPE_CHECKING:
    import pandas as pd
    from altair import LayerChart, VConcatChart


Record = dict[str, Any]

NARROWEST, WIDEST = 240, 4_000


def check_options(width: object, top: object = 1) -> int:
    """Return the width in px.

    Raises:
        InvalidInput: the width or `top` cannot be drawn, or Altair isn't installed.
    """
    if isinstance(width, bool) or not isinstance(width, int | float) or not NARROWEST <= width <= WIDEST:
        remedy = f"Use the width of the whole plot in px, from {NARROWEST} to {WIDEST:,}."
        raise InvalidInput("Invalid width", cause=f"Got width={width!r}.", remedy=remedy)
    if isinstance(top, bool) or not isinstance(top, int) or top < 1:
        raise InvalidInput("Invalid top", cause=f"Got top={top!r}.", remedy="Use the most items to draw, 1 or more.")
    remedy = "Run: pip install 'origami-widgets[plots]'. Frames work without it."
    optional_package("Altair", cause="It's needed for plots.", remedy=remedy)
    return int(width)


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


_UNITS = {
    "steps_completed": "steps",
    "lead_count": "leads",
    "cells_running": "cells running",
    "cells_errored": "cells errored",
    "credits_used": "credits",
}
# Changes of all runs together: about as many as a plot has px across.
_MOST_RUNS, _MOST_POINTS = 6, 400
# Px left and right of the panels, and a panel's height.
_LEFT, _RIGHT, _HEIGHT = 66, 74, 56
# In milliseconds, as all times of the plot.
_DAY = 86_400_000
_PRICE = "credits_per_qualified_lead"


def plot_history(source: Source, *, width: int = 600) -> VConcatChart:
    """Plot the history of a run: status, steps, leads, cells and credits over time.

    No request is sent and no credits are spent. Values hold from one change to the next, so the lines are steps; where
    nothing is known they have a gap. The history is that of this kernel, from when the run was watched; an answer of
    the API has none. Each of several runs has a row of its own in the first panel, in the colour of its lines.

    Args:
        source: a `Run`, or a list of runs.
        width: of the whole chart, in px.

    Returns:
        An Altair chart with a panel for each unit, to be shown, restyled (`.properties`, `.configure_axis`, …) or saved.

    Raises:
        InvalidInput: for a source of another kind, a width that cannot be drawn, or without Altair.

    Source in the API: `status`, `steps` and the tables of each answer about the run, by `history_frame`.

    Example:
        >>> import origami_widgets as ow
        >>> from origami_widgets.frames.plots import plot_history
        >>> run = ow.start("List bakeries in Porto", client=ow.Sandbox(speed=600).client(), show=False).wait("cells")
        >>> [panel["title"]["text"] for panel in plot_history(run).to_dict()["vconcat"]]
        ['status', 'steps', 'leads', 'cells running', 'cells errored', 'credits']
    """
    width = check_options(width)
    import altair as alt

    from . import chart

    # A run that is given twice has its changes twice.
    history = history_frame(gather(source, "plot_history")).dropna(subset="time").drop_duplicates()
    if history.empty:
        text = "No history yet. It's recorded while this kernel watches a run."
        nothing = alt.Chart(alt.InlineData(values=[]), width=width - 2 * chart.PADDING, height=1).mark_point()
        return chart.StackedPlot(vconcat=[nothing], **chart.headed("History", [text], [text], width))
    by_run = history.sort_values("time", kind="stable").groupby("run_id", sort=False, dropna=False)
    found, named = [run.reset_index(drop=True) for _, run in by_run], run_ids(history)
    runs, is_one = found[-_MOST_RUNS:], len(found) == 1
    drawn = [_thinned(run, _MOST_POINTS // len(runs)) for run in runs]
    lines = [_points(run, 0 if is_one else number) for number, run in enumerate(drawn, 1)]
    said = []
    for run, line in zip(runs, lines, strict=True):
        values = ", ".join(f"{line[-1][unit]} {unit}" for unit in _UNITS.values())
        until = f"{plural(len(run), 'change')} until {instant(run['time'].iloc[-1])}"
        said.append(f"{line[-1]['run']}: {line[-1]['status']}, {values}, {until}")
    earlier = left_out(len(found) - len(runs), "earlier run")
    thinned = left_out(sum(map(len, runs)) - sum(map(len, drawn)), "change")
    details = ["" if is_one else named, "times are UTC · values hold until the next change", earlier, thinned]
    title = f"History of {named or 'a run'}" if is_one else f"History of {len(found)} runs"
    points = alt.InlineData(values=[point for line in lines for point in line])
    panels = _panels(lines, width - _LEFT - _RIGHT - 2 * chart.PADDING)
    return chart.StackedPlot(data=points, vconcat=panels, **chart.headed(title, details, said, width))


def _thinned(run: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return the first change, the last, those of the status, and about `most` of all."""
    is_turn = run["status"].cat.codes.diff() != 0
    return run[is_turn | (run.index % (len(run) // most + 1) == 0) | (run.index == len(run) - 1)]


def _points(run: pd.DataFrame, number: int) -> list[Record]:
    """Return the points of a run's lines. A value that is no longer known is held until then, where its line ends."""
    run_id, points = name_of(run["run_id"].iloc[0]), list[Record]()
    # Ids differ at their ends.
    name = f"{number} …{run_id[-6:]}" if number else run_id
    for change in records(run):
        status, time = name_of(change["status"] or MISSING, 40), round(change["time"].timestamp() * 1_000)
        values = {field: change[field] for field in _UNITS}
        texts = {"now": name_of(status, 12)} | {unit: amount(change[field]) for field, unit in _UNITS.items()}
        if points and any(values[field] is None and points[-1][field] is not None for field in _UNITS):
            points.append({**points[-1], "time": time})
        points.append({"run": name, "run id": run_id, "status": status, "time": time, **values, **texts, "last": False})
    points[-1]["last"] = True
    return points


def _spans(points: list[Record]) -> list[Record]:
    """Return each status that a run had, from when until when."""
    begins = [point for at, point in enumerate(points) if not at or point["status"] != points[at - 1]["status"]]
    return [{**begin, "end": end["time"]} for begin, end in zip(begins, [*begins[1:], points[-1]], strict=True)]


def _panels(lines: list[list[Record]], inner: int) -> list[LayerChart]:
    """Return the panel of the statuses and one for each unit, which have the same axis of time."""
    import altair as alt

    from . import chart

    start, end = min(line[0]["time"] for line in lines), max(line[-1]["time"] for line in lines)
    # A run of which one moment is known has an axis of a second.
    time = alt.X("time:T", title=None, scale=alt.Scale(type="utc", domain=[start, max(end, start + 1_000)]))
    form, moments = "%H:%M:%S" if end - start < _DAY else "%b %d %H:%M", max(2, inner // 90)
    plain = time.axis(labels=False, ticks=False, domain=False, tickCount=moments)
    clock = time.axis(format=form, tickCount=moments).title("time (UTC)")
    left = alt.Axis(tickCount=2, minExtent=_LEFT, maxExtent=_LEFT, labelLimit=_LEFT)
    row = alt.Y("run:N", title=None, axis=left if len(lines) > 1 else alt.Axis(labels=False, minExtent=_LEFT))
    color, dash = alt.Color("run:N", legend=None), alt.StrokeDash("run:N", legend=None)
    since, until = (f"utcFormat(datum.{moment}, '%Y-%m-%d %H:%M:%S UTC')" for moment in ("time", "end"))
    points = alt.Chart().transform_calculate(since=since)
    now = points.transform_filter("datum.last").mark_text(align="left", dx=chart.GAP).encode(x=chart.AT_END)

    spans = alt.Chart(alt.InlineData(values=[span for line in lines for span in _spans(line)]))
    spans = spans.transform_calculate(since=since, until=until)
    spans = spans.encode(x=plain, y=row, tooltip=chart.tooltips("run id:N", "status:N", "since:N", "until:N"))
    fits = f"(datum.end - datum.time) / {(end - start) / inner} > {chart.CHARACTER} * (length(datum.status) + 2)"
    names = spans.transform_filter(fits).mark_text(align="left", dx=chart.GAP, color=chart.ON_MARKS)
    bars, names = spans.mark_bar().encode(x2=alt.X2("end:T"), color=color), names.encode(text=alt.Text("status:N"))

    def panel(unit: str, layer: list[alt.Chart], height: int | alt.Step) -> LayerChart:
        title = alt.TitleParams(unit, frame="group", fontSize=11)
        return alt.LayerChart(layer=layer, title=title, width=inner, height=height)

    # A tick shows where a status began, also one that was too short to be seen.
    panels = [
        panel("status", [bars, spans.mark_tick(), names, now.encode(y=row, text=alt.Text("now:N"))], alt.Step(20))
    ]
    for field, unit in _UNITS.items():
        x, y = clock if unit == "credits" else plain, alt.Y(f"{field}:Q", title=None, axis=left)
        line = points.mark_line(interpolate="step-after", point={"size": 20})
        line = line.encode(
            x=x, y=y, color=color, strokeDash=dash, tooltip=chart.tooltips("run id:N", f"{unit}:N", "since:N")
        )
        middle = alt.YValue(_HEIGHT / 2)  # type: ignore[no-untyped-call]
        value = now.encode(y=middle, text=alt.Text(f"{unit}:N"))
        panels.append(panel(unit, [line, value] if len(lines) == 1 else [line], _HEIGHT))
    return panels


def plot_compare(runs: Source, *, more: int = 100, top: int = 20, width: int = 600) -> LayerChart:
    """Plot what a qualified lead of each run costs, the cheapest run first, with its range, leads and qualified share.

    No request is sent and no credits are spent. The tick is the price so far; the bar is its range for `more` further
    qualified leads, as `compare_runs` and `economics_frame` have it, if leads cost and qualify as before. Where the bars of two
    runs overlap, the cheaper one may not stay so. Runs without a qualified lead are last, without a bar.

    Args:
        runs: a list of runs, a `RunBatch`, or answers of the API about runs (dicts).
        more: number of further qualified leads that the range is for.
        top: runs at most, the cheapest ones; the rest is counted.
        width: of the whole chart, in px.

    Returns:
        An Altair chart, to be shown, restyled (`.properties`, `.configure_axis`, …) or saved.

    Raises:
        InvalidInput: for a source of another kind, a width or number that cannot be drawn, or without Altair.

    Source in the API: the tables of each run and their `stats`, by `compare_runs`.

    Example:
        >>> from origami_widgets.frames.plots import plot_compare
        >>> def run(name, qualified):
        ...     table = {"id": name, "leadCount": 20, "credits": {"lifetimeUsed": 60}, "columns": [],
        ...              "stats": {"qualification": {"qualifiedLeads": qualified, "rate": qualified / 20}}}
        ...     return {"agent": {"name": name}, "run": {"object": "run", "id": name, "response": {"tables": [table]}}}
        >>> plot_compare([run("Porto", 10), run("Faro", 15)]).description.split('; ')
        ['Credits per qualified lead: 2 runs. Faro: 4 (3.27 to 6.21) · 20 leads · 75 %', \
'Porto: 6 (4.11 to 11.82) · 20 leads · 50 %']
    """
    width = check_options(width, top)
    import altair as alt

    from . import chart

    compared = compare_runs(gather(runs, "plot_compare"), more=more)
    ranked = compared.sort_values(_PRICE, kind="stable").head(top)
    label = ranked["name"].fillna(ranked["prompt"]).fillna(ranked["run_id"]).map(name_of)
    # Runs with the same name are distinguished by their model, or else by the end of their id.
    for first in (ranked["model"].astype("string"), ranked["run_id"]):
        label = label.mask(label.duplicated(keep=False) & first.notna(), first.str[-12:] + " " + label)
    rows = [_priced(run) for run in records(ranked.assign(label=label))]
    ends = ranked[[_PRICE, f"{_PRICE}_high"]].max().fillna(0)
    # A range of very few verdicts would squeeze all others.
    most = float(min(ends.max(), 3 * ends[_PRICE])) or 1
    x = alt.X("low:Q", title="credits per qualified lead", scale=alt.Scale(domain=[0, most], nice=False, clamp=True))
    run, price = alt.Tooltip("name:N", title="run"), alt.Tooltip("note:N", title="price of a qualified lead")
    priced = alt.Chart().encode(tooltip=chart.tooltips(run, "model:N", price, "qualified:N", "credits:N"))
    bars = priced.mark_bar(opacity=0.4).encode(x=x, x2=alt.X2("high:Q"))
    ticks = priced.mark_tick().encode(x=alt.X("price:Q"))
    parts = "price so far (tick), its range (bar), leads, and the share that qualifies"
    meaning = f"the range is for {plural(more, 'more qualified lead')}, if they cost and qualify as before"
    details = [parts, meaning, left_out(len(compared) - len(ranked), "dearer run")]
    title = f"Credits per qualified lead: {plural(len(compared), 'run')}"
    return chart.row_plot(rows, [bars, ticks], title, details, width, empty="There are no runs.")


def _priced(run: Record) -> Record:
    """Return the row of a run, with the price of its qualified leads and the range of that."""
    price, low, high = (run[f"{_PRICE}{end}"] for end in ("", "_low", "_high"))
    known = amount(price) + ("" if high is None else f" ({amount(low)} to {amount(high)})")
    leads = MISSING if run["leads"] is None else plural(run["leads"], "lead")
    note = joined(known, leads, percent(run["qualified_share"]))
    tips = {name: amount(run[field]) for name, field in (("qualified", "qualified_leads"), ("credits", "credits_used"))}
    model = name_of(run["model"] or MISSING)
    return {"name": run["label"], "note": note, "price": price, "low": low, "high": high, "model": model, **tips}
