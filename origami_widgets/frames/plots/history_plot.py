"""`plot_history`: the status, steps, leads, cells and credits of runs over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from origami_widgets.frames.run_frames import history_frame
from origami_widgets.frames.source import gather

from . import plot_data as data

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    import altair as alt
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
_LEFT, _RIGHT, _TEXT, _HEIGHT, _SPACING = 66, 74, 66, 56, 30
"""Px left and right of the panels, of the texts right of them, of a panel's height, and between two."""
_TIME_FORMATS = ((10, "%H:%M:%S.%L"), (1_800, "%H:%M:%S"), (86_400, "%H:%M"), (float("inf"), "%b %d %H:%M"))
"""Labels of the axis of time, by how many seconds it has at most."""


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

    rows = data.records(history_frame(gather(source, "plot_history")), ("run_id", "time", "status", *_UNITS))
    # A run that is given twice has its rows twice.
    changes = list({tuple(row.values()): row for row in rows if row["time"] is not None}.values())
    by_run: dict[Any, list[data.Record]] = {}
    for row in sorted(changes, key=lambda row: row["time"]):
        by_run.setdefault(row["run_id"], []).append(row)
    if not by_run:
        text = "No history yet. It's recorded while this kernel watches a run."
        return chart.StackedPlot(vconcat=[chart.empty_view(text, width)], **chart.headed("History", [], [text], width))
    drawn = list(by_run.values())[-_MOST_RUNS:]
    runs: dict[str, list[data.Record]] = {}
    said: list[str] = []
    for number, run in enumerate(drawn, 1):
        name = _run_name(run[0]["run_id"], number if len(drawn) > 1 else None)
        runs[name] = _thinned(run, _MOST_POINTS // len(drawn))
        said.append((f"run {name}: " if len(drawn) > 1 else "") + _last_state(run))
    several = len(by_run) > 1
    title = f"History of {data.many(len(by_run), 'run') if several else data.runs_named(drawn[0][:1]) or 'a run'}"
    details = [
        data.runs_named(changes) if several else "",
        data.joined("times are UTC", "values hold until the next change"),
        data.left_out(len(by_run) - len(drawn), "earlier run"),
        data.left_out(sum(map(len, drawn)) - sum(map(len, runs.values())), "change"),
    ]
    return chart.StackedPlot(
        vconcat=_panels(runs, max(60, width - _LEFT - _RIGHT - 2 * chart.PADDING)),
        data=alt.InlineData(values=[point for name, rows in runs.items() for point in _points(name, rows)]),
        spacing=_SPACING,
        bounds="flush",
        **chart.headed(title, details, said, width),
    )


def _run_name(run_id: str | None, number: int | None) -> str:
    if number is None:
        return data.name_of(run_id, 40) if run_id else "run"
    # Ids differ at their ends.
    return f"{number} …{data.name_of(run_id[-6:])}" if run_id else f"{number}"


def _thinned(rows: list[data.Record], most: int) -> list[data.Record]:
    """Return the first row, the last, those with a new status, and some between them: `most` at most."""
    if len(rows) <= most:
        return rows
    turns = [at for at in range(1, len(rows)) if rows[at]["status"] != rows[at - 1]["status"]][: most // 2]
    evenly = [at * (len(rows) - 1) // (most // 2 - 1) for at in range(most // 2)]
    return [rows[at] for at in sorted({*turns, *evenly})]


def _last_state(rows: list[data.Record]) -> str:
    last = rows[-1]
    values = [f"{_text(column, last[column])} {unit}" for column, unit in _UNITS.items()]
    span = f"{data.many(len(rows), 'change')} until {_moment(last)}"
    return ", ".join([data.name_of(last["status"], 40), *values, span])


def _text(column: str, value: float | None) -> str:
    return data.amount(value) if column == "credits_used" else data.count(value)


def _moment(row: data.Record) -> str:
    return f"{row['time']:%Y-%m-%d %H:%M:%S} UTC"


def _milliseconds(row: data.Record) -> int:
    time: datetime = row["time"]
    return round(time.timestamp() * 1000)


def _panels(runs: dict[str, list[data.Record]], inner: int) -> list[alt.LayerChart]:
    """Return the panel of the statuses and one for each unit, which share the axis of time."""
    import altair as alt

    from . import chart

    def panel(title: str, layers: list[alt.Chart], height: int) -> alt.LayerChart:
        heading = alt.TitleParams(title, fontSize=chart.FONT, frame="group", offset=4)
        return alt.LayerChart(layer=layers, title=heading, width=inner, height=height)

    def time(**axis: Any) -> alt.X:
        scale = alt.Scale(type="utc", domain=[start, end], nice=False)
        return alt.X("time:T", scale=scale, axis=alt.Axis(tickCount=max(2, inner // 90), **axis))

    times = [_milliseconds(row) for rows in runs.values() for row in rows]
    # A run of which one moment is known has an axis of a second.
    lacking = max(0, 1000 - (max(times) - min(times))) / 2
    start, end = min(times) - lacking, max(times) + lacking
    plain = time(title=None, labels=False, ticks=False, domain=False)
    timed = time(
        title="time (UTC)",
        labelSeparation=8,
        format=next(words for most, words in _TIME_FORMATS if (end - start) / 1000 < most),
    )
    names = list(runs)
    colour = alt.Color("run:N", legend=None, scale=alt.Scale(domain=names, range=list(chart.RUNS[: len(names)])))
    dash = alt.StrokeDash("run:N", legend=None, scale=alt.Scale(domain=names, range=list(chart.DASHES[: len(names)])))
    spans = [span for name, rows in runs.items() for span in _spans(name, rows, (end - start) / inner)]
    panels = [panel("status", _status_layers(spans, names, plain, colour), chart.STEP * len(runs))]
    for column, unit in _UNITS.items():
        values = [row[column] for rows in runs.values() for row in rows if row[column] is not None]
        most = max(values, default=0) or 1
        axis = alt.Axis(
            title=None, values=[0, most], format=",~f", minExtent=_LEFT - chart.GAP, labelLimit=_LEFT - chart.GAP
        )
        y = alt.Y(f"{column}:Q", scale=alt.Scale(domain=[0, most], nice=False), axis=axis)
        base = alt.Chart().encode(x=timed if unit == "credits" else plain, y=y)
        lines = base.mark_line(interpolate="step-after", strokeWidth=2, aria=False)
        # All points can be hovered over; the last one is seen, too, and may be all that there is.
        seen = alt.condition("datum.last", alt.value(1), alt.value(0))
        tooltip = [alt.Tooltip("id:N", title="run"), alt.Tooltip(f"{unit}:N"), alt.Tooltip("moment:N", title="time")]
        points = base.mark_point(filled=True, size=40, aria=False).encode(color=colour, opacity=seen, tooltip=tooltip)
        text = base.mark_text(align="left", dx=chart.GAP, aria=False).transform_filter("datum.last")
        layers = [lines.encode(color=colour, strokeDash=dash), points]
        if not values:
            layers.append(text.encode(x=alt.value(inner), y=alt.value(_HEIGHT / 2), text=alt.value(data.MISSING)))
        elif len(runs) == 1:
            layers.append(text.encode(text=f"{unit}:N"))
        panels.append(panel(unit, layers, _HEIGHT))
    return panels


def _points(name: str, rows: Sequence[data.Record]) -> Iterator[data.Record]:
    """Yield the rows of a run as points of its lines."""
    before: data.Record = {}
    for row in rows:
        values = {column: row[column] for column in _UNITS}
        texts = {unit: _text(column, row[column]) for column, unit in _UNITS.items()}
        time = {"time": _milliseconds(row), "moment": _moment(row)}
        if any(row[column] is None and before.get(column) is not None for column in _UNITS):
            # A value that is not known any more has held until now; the line ends here.
            yield {**before, **time}
        before = {"run": name, "id": data.name_of(row["run_id"]), **time, **values, **texts, "last": row is rows[-1]}
        yield before


def _spans(name: str, rows: Sequence[data.Record], scale: float) -> Iterator[data.Record]:
    """Yield each status that a run had, from when until when; `scale` is milliseconds of a px."""
    starts = [at for at, row in enumerate(rows) if at == 0 or row["status"] != rows[at - 1]["status"]]
    for at, after in zip(starts, [*starts[1:], len(rows) - 1], strict=True):
        status = data.name_of(rows[at]["status"], 40) if rows[at]["status"] else data.MISSING
        time, end = _milliseconds(rows[at]), _milliseconds(rows[after])
        fits = (end - time) / scale >= data.CHARACTER * (len(status) + 1)
        yield {
            "run": name,
            "id": data.name_of(rows[at]["run_id"]),
            "status": status,
            "time": time,
            "middle": (time + end) / 2,
            "end": end,
            "from": _moment(rows[at]),
            "until": _moment(rows[after]),
            "text": status if fits else "",
            "now": data.fitted(status, _TEXT) if at == starts[-1] else "",
        }


def _status_layers(spans: list[data.Record], runs: list[str], x: alt.X, colour: alt.Color) -> list[alt.Chart]:
    """Return a bar for each status in the row of its run, and the last status right of it."""
    import altair as alt

    from . import chart

    axis = alt.Axis(title=None, domain=False, ticks=False, labelLimit=0) if len(runs) > 1 else None
    base = alt.Chart(alt.InlineData(values=spans)).encode(
        y=alt.Y("run:N", scale=alt.Scale(domain=runs, padding=0), axis=axis),
        tooltip=[alt.Tooltip("id:N", title="run"), *chart.tooltips("status", "from", "until")],
    )
    return [
        base.mark_bar(height=chart.BAR).encode(x=x, x2="end", color=colour, description="status:N"),
        # A tick shows where a status began, also one that was too short to be seen.
        base.mark_tick(color=chart.PAGE, thickness=2, height=chart.BAR + 4, aria=False).encode(x=x),
        base.mark_text(color=chart.ON_MARKS, aria=False).encode(x="middle:T", text="text:N"),
        base.mark_text(align="left", dx=chart.GAP)
        .encode(x=alt.value("width"), text="now:N")
        .transform_filter("datum.now"),
    ]
