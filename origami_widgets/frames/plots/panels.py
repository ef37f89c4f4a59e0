"""Panels that share an axis of time, one for each unit. Pure: a description for Vega-Lite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .bars import BAR, GAP, PADDING, ROOM, STEP, TICK_EVERY
from .theme import DASHES, ON_MARKS, PAGE, RUNS, SIZE
from .words import MISSING, fitted, name_of, width_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from .picked import Record

HEIGHT = 56
LEFT, RIGHT = 66, 74
SPACING = 30
_LEAST_SECONDS = 1.0
"""What the axis of time shows of a run of which one moment is known."""
_FORMATS = ((10, "%H:%M:%S.%L"), (1_800, "%H:%M:%S"), (86_400, "%H:%M"), (float("inf"), "%b %d %H:%M"))
"""Of the moments on the axis, by how many seconds it has."""


@dataclass(frozen=True, slots=True)
class Run:
    """What is known of a run.

    Attributes:
        name: how it is called in the plot, unlike any other.
        rows: its changes, from the first.
        changes: how many there were.
    """

    name: str
    rows: list[Record]
    changes: int


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel.

    Attributes:
        column: what it shows of the changes.
        unit: of its axis.
        words: how a value is told.
    """

    column: str
    unit: str
    words: Callable[[float | None], str]


@dataclass(frozen=True, slots=True)
class _Span:
    """The axis of time: from when to when, in milliseconds, and how many px it has."""

    start: float
    end: float
    px: int

    def px_of(self, start: float, end: float) -> float:
        return (end - start) / (self.end - self.start) * self.px


def draw(runs: Sequence[Run], panels: Sequence[Panel], width: int) -> dict[str, Any]:
    """What a description for Vega-Lite has beside its title.

    Args:
        runs: what is drawn; each has one change at least.
        panels: from the top, below that of the status.
        width: of the whole plot, in px.
    """
    times = [_at(row["time"]) for run in runs for row in run.rows]
    lacking = max(0.0, _LEAST_SECONDS * 1000 - (max(times) - min(times)))
    span = _Span(min(times) - lacking / 2, max(times) + lacking / 2, max(60, width - LEFT - RIGHT - PADDING))
    colour = _by_run(runs, RUNS)
    views = [_status(runs, span, colour)]
    views += [_view(panel, runs, span, colour, last=panel is panels[-1]) for panel in panels]
    return {"spacing": SPACING, "bounds": "flush", "vconcat": views}


def _at(time: datetime) -> float:
    return round(time.timestamp() * 1000)


def _by_run(runs: Sequence[Run], values: Sequence[Any]) -> dict[str, Any]:
    names = [run.name for run in runs]
    scale = {"domain": names, "range": list(values[: len(names)])}
    return {"field": "run", "type": "nominal", "scale": scale, "legend": None}


def _x(span: _Span, *, shown: bool) -> dict[str, Any]:
    seconds = (span.end - span.start) / 1000
    words = next(words for most, words in _FORMATS if seconds < most)
    axis: dict[str, Any] = {"title": "time (UTC)", "tickCount": max(2, span.px // TICK_EVERY), "format": words}
    if not shown:
        axis |= {"labels": False, "ticks": False, "title": None, "domain": False}
    scale = {"type": "utc", "domain": [span.start, span.end], "nice": False}
    return {"field": "time", "type": "temporal", "scale": scale, "axis": axis}


def _heading(text: str) -> dict[str, Any]:
    return {"text": text, "fontSize": SIZE, "fontWeight": "bold", "offset": 4}


def _tooltip(*headings: str) -> list[dict[str, Any]]:
    return [{"field": f"tip_{heading}", "type": "nominal", "title": heading} for heading in headings]


def _moment(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"


def _status(runs: Sequence[Run], span: _Span, colour: dict[str, Any]) -> dict[str, Any]:
    """A line for each run, with a bar for each status that it had."""
    bars: list[dict[str, Any]] = []
    ends: list[dict[str, Any]] = []
    for run in runs:
        starts = [at for at, row in enumerate(run.rows) if at == 0 or row["status"] != run.rows[at - 1]["status"]]
        for at, after in zip(starts, [*starts[1:], len(run.rows) - 1], strict=True):
            first, end = run.rows[at], run.rows[after]
            word = name_of(first["status"], 40) if first["status"] else MISSING
            room = span.px_of(_at(first["time"]), _at(end["time"]))
            bars.append(
                {
                    "run": run.name,
                    "time": _at(first["time"]),
                    "end": _at(end["time"]),
                    "middle": (_at(first["time"]) + _at(end["time"])) / 2,
                    "text": word if room >= width_of(word) + ROOM else "",
                    "tip_run": name_of(first["run_id"]),
                    "tip_status": word,
                    "tip_from": _moment(first["time"]),
                    "tip_until": _moment(end["time"]),
                }
            )
        ends.append({"run": run.name, "text": fitted(bars[-1]["tip_status"], RIGHT - GAP)})
    several = len(runs) > 1
    axis = {"title": None, "domain": False, "ticks": False, "labelLimit": 0} if several else None
    y = {"field": "run", "type": "nominal", "scale": {"domain": [run.name for run in runs], "padding": 0}, "axis": axis}
    tooltip = _tooltip("run", "status", "from", "until")
    return {
        "title": _heading("status"),
        "width": span.px,
        "height": STEP * len(runs),
        "data": {"values": bars},
        "layer": [
            {
                "mark": {"type": "bar", "height": BAR},
                "encoding": {
                    "x": _x(span, shown=False),
                    "x2": {"field": "end"},
                    "y": y,
                    "color": colour,
                    "tooltip": tooltip,
                    "description": {"field": "tip_status"},
                },
            },
            {
                # Where a status began, also one that has not lasted long enough to be seen.
                "mark": {"type": "tick", "color": PAGE, "thickness": 2, "height": BAR + 4, "aria": False},
                "encoding": {"x": _x(span, shown=False), "y": y, "tooltip": tooltip},
            },
            {
                "mark": {"type": "text", "color": ON_MARKS, "aria": False},
                "encoding": {
                    "x": {"field": "middle", "type": "temporal"},
                    "y": y,
                    "text": {"field": "text"},
                    "tooltip": tooltip,
                },
            },
            {
                "data": {"values": ends},
                "mark": {"type": "text", "align": "left"},
                "encoding": {"x": {"value": span.px + GAP}, "y": y, "text": {"field": "text"}},
            },
        ],
    }


def _view(panel: Panel, runs: Sequence[Run], span: _Span, colour: dict[str, Any], *, last: bool) -> dict[str, Any]:
    values = [value for run in runs for value in _values(panel, run)]
    most = max((value["value"] for value in values), default=0) or 1
    y: dict[str, Any] = {
        "field": "value",
        "type": "quantitative",
        "scale": {"domain": [0, most], "nice": False},
        "axis": {"title": None, "values": [0, most], "format": ",~f", "minExtent": LEFT - GAP, "labelLimit": LEFT - 6},
    }
    x = _x(span, shown=last)
    tooltip = _tooltip("run", panel.unit.replace(" ", "_"), "from")
    tooltip[1]["title"] = panel.unit
    encoding = {"x": x, "y": y, "color": colour, "tooltip": tooltip}
    layer: list[dict[str, Any]] = [
        {
            "mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 2, "aria": False},
            "encoding": {
                **{name: value for name, value in encoding.items() if name != "tooltip"},
                "strokeDash": _by_run(runs, DASHES),
                "detail": {"field": "piece", "type": "nominal"},
            },
        },
        # What is pointed at; the end is seen, too, which may be all that there is.
        {
            "mark": {"type": "point", "filled": True, "size": 40, "aria": False},
            "encoding": {**encoding, "opacity": {"condition": {"test": "datum.seen", "value": 1}, "value": 0}},
        },
    ]
    ends = _end(panel, runs[0]) if len(runs) == 1 else []
    text = {"type": "text", "align": "left", "aria": False}
    for shown, at in (
        (ends, {"field": "value", "type": "quantitative"}),
        (_untold(panel, runs), {"value": HEIGHT / 2}),
    ):
        if shown:
            where = {"x": {"value": span.px + GAP}, "y": at, "text": {"field": "text"}}
            layer.append({"data": {"values": shown}, "mark": text, "encoding": where})
    return {
        "title": _heading(panel.unit),
        "width": span.px,
        "height": HEIGHT,
        "data": {"values": values or [{"time": span.start, "value": None, "run": runs[0].name, "piece": 0}]},
        "layer": layer,
    }


def _end(panel: Panel, run: Run) -> list[dict[str, Any]]:
    """What is known now."""
    value = run.rows[-1][panel.column]
    return [] if value is None else [{"value": value, "text": fitted(panel.words(value), RIGHT - GAP)}]


def _untold(panel: Panel, runs: Sequence[Run]) -> list[dict[str, str]]:
    if any(row[panel.column] is not None for run in runs for row in run.rows):
        return []
    return [{"text": MISSING}]


def _values(panel: Panel, run: Run) -> list[dict[str, Any]]:
    """The changes of one number, and the end of the run; what is not told ends a piece of the line."""
    found: list[dict[str, Any]] = []
    piece, before = 0, None
    for at, row in enumerate(run.rows):
        value = row[panel.column]
        final = at == len(run.rows) - 1
        if value is None and before is not None:
            # It has held until now.
            found.append(_point(panel, run, row, before, piece))
            piece += 1
        elif value is not None and (value != before or final):
            found.append(_point(panel, run, row, value, piece) | {"seen": final})
        before = value
    return found


def _point(panel: Panel, run: Run, row: Record, value: float, piece: int) -> dict[str, Any]:
    return {
        "run": run.name,
        "time": _at(row["time"]),
        "value": value,
        "piece": piece,
        "seen": False,
        "tip_run": name_of(row["run_id"]),
        f"tip_{panel.unit.replace(' ', '_')}": panel.words(value),
        "tip_from": _moment(row["time"]),
    }
