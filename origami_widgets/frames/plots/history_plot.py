"""`plot_history`: the status, steps, leads, cells and credits of runs over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.frames.run_frames import history_frame
from origami_widgets.frames.source import gather

from . import plot_data as data

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd
    from altair import VConcatChart

    from origami_widgets.frames.source import Source

_UNITS = {
    "steps_completed": "steps",
    "lead_count": "leads",
    "cells_running": "cells running",
    "cells_errored": "cells errored",
    "credits_used": "credits",
}
_MOST_RUNS = 6
_MOST_POINTS = 400
"""Changes of all runs together: about as many as a plot has px across."""
_LEFT, _RIGHT, _HEIGHT = 66, 74, 56
"""Px left and right of the panels, and a panel's height."""
_DAY = 86_400_000
"""In milliseconds, as all times of the plot."""


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
    width = data.check_options(width)
    import altair as alt

    from . import chart

    # A run that is given twice has its changes twice.
    history = history_frame(gather(source, "plot_history")).dropna(subset="time").drop_duplicates()
    if history.empty:
        text = "No history yet. It's recorded while this kernel watches a run."
        return chart.StackedPlot(vconcat=[chart.empty_view(width)], **chart.headed("History", [text], [text], width))
    found = [run for _, run in _with_texts(history).groupby("run_id", sort=False, dropna=False)]
    runs = [_named(run, number, len(found)) for number, run in enumerate(found[-_MOST_RUNS:], 1)]
    drawn = [_thinned(run, _MOST_POINTS // len(runs)) for run in runs]
    title = f"History of {data.many(len(found), 'run') if len(found) > 1 else data.runs_named(history) or 'a run'}"
    details = [
        data.runs_named(history) if len(found) > 1 else "",
        "times are UTC · values hold until the next change",
        data.left_out(len(found) - len(runs), "earlier run"),
        data.left_out(sum(map(len, runs)) - sum(map(len, drawn)), "change"),
    ]
    return chart.StackedPlot(
        data=alt.InlineData(values=[point for run in drawn for point in _held(run)]),
        vconcat=_panels(drawn, width - _LEFT - _RIGHT - 2 * chart.PADDING),
        **chart.headed(title, details, [_last_state(run) for run in runs], width),
    )


def _with_texts(history: pd.DataFrame) -> pd.DataFrame:
    """Return a history in order of time, which is in milliseconds, with the texts of its points."""
    history = history.sort_values("time", kind="stable")
    texts = {unit: data.amounts(history[field]) for field, unit in _UNITS.items()}
    status = history["status"].astype(object).fillna(data.MISSING).map(lambda status: data.name_of(status, 40))
    time = history["time"]
    return history.assign(
        **texts, status=status, time=time.astype("int64") // 1_000, since=time.dt.strftime("%Y-%m-%d %H:%M:%S UTC")
    )


def _named(run: pd.DataFrame, number: int, runs: int) -> pd.DataFrame:
    """Return a run with its name in the plot, and a mark at its last change."""
    run_id = data.name_of(run["run_id"].iloc[0])
    # Ids differ at their ends.
    name = f"{number} …{run_id[-6:]}" if runs > 1 else run_id
    run = run.drop(columns="run_id").reset_index(drop=True).assign(run=name, **{"run id": run_id})
    return run.assign(
        last=run.index == len(run) - 1,
        now=run["status"].map(lambda status: data.name_of(status, _RIGHT / data.CHARACTER)),
    )


def _thinned(run: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return the first change, the last, those of the status, and some between them: `most` at most."""
    if len(run) <= most:
        return run
    turns = run.index[run["status"] != run["status"].shift()][: most // 2]
    evenly = [at * (len(run) - 1) // (most // 2 - 1) for at in range(most // 2)]
    return run.loc[turns.union(evenly)].reset_index(drop=True)


def _last_state(run: pd.DataFrame) -> str:
    last = run.iloc[-1]
    values = [f"{last[unit]} {unit}" for unit in _UNITS.values()]
    return ", ".join(
        [f"{last['run']}: {last['status']}", *values, f"{data.many(len(run), 'change')} until {last['since']}"]
    )


def _held(run: pd.DataFrame) -> list[data.Record]:
    """Return the points of a run's lines. A value that is no longer known is held until then, where its line ends."""
    values, points = run[[*_UNITS]], data.records(run)
    lost = (values.isna() & values.shift().notna()).any(axis="columns")
    held = {at: {**points[at - 1], "time": points[at]["time"], "last": False} for at in run.index[lost]}
    return [point for at in run.index for point in (held.get(at), points[at]) if point]


def _spans(run: pd.DataFrame) -> list[data.Record]:
    """Return each status that a run had, from when until when."""
    begins = run[run["status"] != run["status"].shift()]
    ends = {each: begins[each].shift(-1, fill_value=run[each].iloc[-1]) for each in ("time", "since")}
    return data.records(begins.assign(end=ends["time"], until=ends["since"]))


def _panels(runs: list[pd.DataFrame], inner: int) -> list[alt.LayerChart]:
    """Return the panel of the statuses and one for each unit, which have the same axis of time."""
    import altair as alt

    from . import chart

    def heading(unit: str) -> alt.TitleParams:
        return alt.TitleParams(unit, frame="group", fontSize=11)

    points = alt.Chart()
    spans = alt.Chart(alt.InlineData(values=[span for run in runs for span in _spans(run)]))
    start, end = min(run["time"].iloc[0] for run in runs), max(run["time"].iloc[-1] for run in runs)
    # A run of which one moment is known has an axis of a second.
    time = alt.X("time:T", title=None, scale=alt.Scale(type="utc", domain=[start, max(end, start + 1_000)]))
    moments = max(2, inner // 90)
    plain = time.axis(labels=False, ticks=False, domain=False, tickCount=moments)
    format_ = "%H:%M:%S" if end - start < _DAY else "%b %d %H:%M"
    clock = time.axis(format=format_, tickCount=moments).title("time (UTC)")
    color, dash = alt.Color("run:N", legend=None), alt.StrokeDash("run:N", legend=None)
    left = alt.Axis(tickCount=2, minExtent=_LEFT, maxExtent=_LEFT, labelLimit=_LEFT)
    row = alt.Y("run:N", title=None, axis=left if len(runs) > 1 else alt.Axis(labels=False, minExtent=_LEFT))
    now = points.transform_filter("datum.last").mark_text(align="left", dx=chart.GAP).encode(x=alt.value("width"))

    status = spans.encode(x=plain, y=row, tooltip=chart.tooltips("run id", "status", "since", "until"))
    bars = status.mark_bar().encode(x2="end:T", color=color, description="status:N")
    # A tick shows where a status began, also one that was too short to be seen.
    ticks = status.mark_tick()
    fits = f"(datum.end - datum.time) / {(end - start) / inner} > {data.CHARACTER} * (length(datum.status) + 2)"
    names = (
        status.mark_text(align="left", dx=chart.GAP, color=chart.ON_MARKS)
        .encode(text="status:N")
        .transform_filter(fits)
    )
    last = now.encode(y=row, text="now:N")
    panels = [alt.LayerChart(layer=[bars, ticks, names, last], title=heading("status"), width=inner)]
    for field, unit in _UNITS.items():
        lines = points.mark_line(interpolate="step-after", point={"size": 20}).encode(
            x=clock if unit == "credits" else plain,
            y=alt.Y(f"{field}:Q", title=None, axis=left),
            color=color,
            strokeDash=dash,
            tooltip=chart.tooltips("run id", unit, "since"),
        )
        value = now.encode(y=alt.value(_HEIGHT / 2), text=f"{unit}:N")
        layer = [lines, value] if len(runs) == 1 else [lines]
        panels.append(alt.LayerChart(layer=layer, title=heading(unit), width=inner, height=_HEIGHT))
    return panels
