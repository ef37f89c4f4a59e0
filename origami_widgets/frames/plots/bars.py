"""Horizontal bars, a line each: its name, its bar, and its numbers in words. Pure: a description for Vega-Lite."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from .theme import ON_MARKS, SIZE
from .words import LONGEST_IN_FULL, fitted, lines_of, width_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

STEP, BAR = 22, 14
ROOM = 6
"""Px that a text in a bar leaves free of it."""
GAP = 8
PADDING = 12
TICK_EVERY = 90
MOST_SAID = 1_000
_LEFT, _RIGHT = (60, 0.34), (40, 0.42)
"""Px that names and notes may take, and the share of the whole plot."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a bar.

    Attributes:
        part: what it is a part of, which decides its colour.
        start: where it begins, in the axis' unit.
        end: where it ends.
        text: what stands in it, where there is room.
        tip: what a tooltip tells, by its headings.
    """

    part: str
    start: float
    end: float
    text: str = ""
    tip: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the plot.

    Attributes:
        name: what stands left of the bar.
        note: what stands right of it.
        pieces: the bar; none where there is nothing to draw.
        kind: a bar, the heading of those below it, or a remark about them.
        tip: what a tooltip tells, by its headings.
    """

    name: str
    note: str = ""
    pieces: tuple[Piece, ...] = ()
    kind: Literal["bar", "heading", "remark"] = "bar"
    tip: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bars:
    """A plot.

    Attributes:
        title: what is seen.
        details: what it is made of, and what is left out.
        lines: what is drawn, from the top.
        unit: of the axis.
        colours: of the parts, in their order.
        legend: whether the parts are explained.
        most: where the axis ends; the longest bar when absent.
        percent: whether the axis is of shares.
    """

    title: str
    details: Sequence[str]
    lines: Sequence[Line]
    unit: str
    colours: Mapping[str, str]
    legend: bool = False
    most: float = 0
    percent: bool = False


def sentence(title: str, details: Sequence[str], said: str, width: int) -> dict[str, Any]:
    """A plot of nothing, which says why."""
    lines = lines_of(said, width - 2 * PADDING)
    rows = [{"row": row, "text": line} for row, line in enumerate(lines)]
    return {
        "title": title_of(title, details, width),
        "description": described(title, [said]),
        "data": {"values": rows},
        "width": width - 2 * PADDING,
        "height": STEP * len(rows),
        "layer": [
            {
                "mark": {"type": "text", "align": "left"},
                "encoding": {"x": {"value": 0}, "y": _y(len(rows)), "text": {"field": "text"}},
            }
        ],
    }


def draw(bars: Bars, width: int) -> dict[str, Any]:
    """The description of a plot for Vega-Lite.

    Args:
        bars: what is drawn.
        width: of the whole plot, in px.
    """
    texts = [line for line in bars.lines if line.kind == "bar"]
    left = _room((line.name for line in texts), width, *_LEFT)
    right = _room((line.note for line in texts), width, *_RIGHT)
    inner = max(40, round(width - left - right - 2 * GAP - PADDING))
    most = bars.most or max((piece.end for line in bars.lines for piece in line.pieces), default=0) or 1
    rooms = {"left": left, "right": right, "inner": inner, "whole": left + inner + right + 2 * GAP}
    rows = [_row(number, line, rooms) for number, line in enumerate(bars.lines)]
    pieces = [
        _piece(number, line, piece, inner / most)
        for number, line in enumerate(bars.lines)
        for piece in line.pieces
        if piece.end > piece.start
    ]
    seen = {piece["part"] for piece in pieces}
    parts = [part for part in bars.colours if part in seen] or list(bars.colours)[:1]
    y = _y(len(rows))
    return {
        "title": title_of(bars.title, bars.details, width, -left - GAP),
        "description": described(bars.title, [row["said"] for row in rows if row["said"]]),
        "width": inner,
        "height": STEP * len(rows),
        "layer": [
            {
                "data": {"values": pieces},
                "mark": {"type": "bar", "height": BAR, "aria": False},
                "encoding": {
                    "y": y,
                    "x": _x(bars, most, inner),
                    "x2": {"field": "end"},
                    "color": {
                        "field": "part",
                        "type": "nominal",
                        "title": None,
                        "scale": {"domain": parts, "range": [bars.colours[part] for part in parts]},
                        "legend": {} if bars.legend else None,
                    },
                    "tooltip": _tooltip([piece.tip for line in bars.lines for piece in line.pieces]),
                },
            },
            {
                "data": {"values": [piece for piece in pieces if piece["text"]]},
                "mark": {"type": "text", "color": ON_MARKS, "baseline": "middle", "aria": False},
                "encoding": {
                    "y": y,
                    "x": {"field": "middle", "type": "quantitative"},
                    "text": {"field": "text"},
                    "tooltip": _tooltip([piece.tip for line in bars.lines for piece in line.pieces]),
                },
            },
            *_texts(rows, bars.lines, y, rooms),
        ],
    }


def title_of(title: str, details: Sequence[str], width: int, offset: float = 0) -> dict[str, Any]:
    """A title whose lines fit over the plot.

    Args:
        title: what is seen.
        details: further sentences, a line each or more.
        width: of the whole plot, in px.
        offset: how far left of the axis the plot begins, in px.
    """
    room = width - 2 * PADDING
    small = [line for each in details if each for line in lines_of(each, room)]
    return {"text": lines_of(title, room, 1.35), "subtitle": small, "dx": offset}


def described(title: str, said: Sequence[str]) -> str:
    """The plot in a line, for those who don't see it."""
    text = f"{title}. {'; '.join(said)}" if said else title
    return text if len(text) <= MOST_SAID else text[: MOST_SAID - 1] + "…"


def _room(texts: Any, width: int, least: float, most: float) -> float:
    return min(max((width_of(text) for text in texts), default=0), max(least, width * most))


def _row(number: int, line: Line, rooms: Mapping[str, float]) -> dict[str, Any]:
    told = [f"{piece.text} {piece.part}" for piece in line.pieces if piece.text and piece.part not in line.note]
    said = f"{line.name}: {', '.join(filter(None, [line.note, *told]))}".removesuffix(": ")
    name = fitted(line.name, rooms["left" if line.kind == "bar" else "whole"])
    note = fitted(line.note, rooms["right"])
    return {"row": number, "kind": line.kind, "name": name, "note": note, "said": said, **_bounded(line.tip)}


def _piece(number: int, line: Line, piece: Piece, scale: float) -> dict[str, Any]:
    fits = (piece.end - piece.start) * scale >= width_of(piece.text) + ROOM
    return {
        "row": number,
        "part": piece.part,
        "start": piece.start,
        "middle": (piece.start + piece.end) / 2,
        "end": piece.end,
        "text": piece.text if fits else "",
        **_bounded({**line.tip, **piece.tip}),
    }


def _bounded(tip: Mapping[str, str]) -> dict[str, str]:
    return {_field(heading): text[:LONGEST_IN_FULL] for heading, text in tip.items()}


def _field(heading: str) -> str:
    """Where a tooltip's text stands beside the words of the plot itself, which may be called the same."""
    return f"tip_{heading.replace(' ', '_')}"


def _tooltip(tips: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    headings = dict.fromkeys(heading for tip in tips for heading in tip)
    return [{"field": _field(heading), "type": "nominal", "title": heading} for heading in headings]


def _y(rows: int) -> dict[str, Any]:
    scale = {"type": "band", "domain": list(range(rows)), "padding": 0}
    return {"field": "row", "type": "ordinal", "axis": None, "scale": scale}


def _x(bars: Bars, most: float, inner: int) -> dict[str, Any]:
    ticks = max(2, inner // TICK_EVERY)
    axis: dict[str, Any] = {"title": bars.unit, "tickCount": ticks, "format": ".0%" if bars.percent else ",~f"}
    if bars.unit == "leads" or (not bars.percent and most > ticks):
        axis["tickMinStep"] = 1
    scale = {"domain": [0, most], "nice": False}
    return {"field": "start", "type": "quantitative", "scale": scale, "axis": axis}


def _texts(
    rows: Sequence[dict[str, Any]], lines: Sequence[Line], y: dict[str, Any], room: Mapping[str, float]
) -> list[dict[str, Any]]:
    """Names left of the bars, notes right of them, headings and remarks over the whole width."""
    edge = -room["left"] - GAP

    def text(kind: str, shown: str, at: object, **mark: Any) -> dict[str, Any]:
        tips = [line.tip for line in lines if line.kind == kind]
        # One text of each line is read aloud, with all that the line says.
        spoken = {"description": {"field": "said"}} if shown == "name" else {}
        return {
            "data": {"values": [row for row in rows if row["kind"] == kind]},
            "mark": {"type": "text", "baseline": "middle", **mark, **({} if spoken else {"aria": False})},
            "encoding": {"y": y, "x": {"value": at}, "text": {"field": shown}, "tooltip": _tooltip(tips), **spoken},
        }

    shown = [
        text("bar", "name", -GAP, align="right"),
        text("bar", "note", room["inner"] + GAP, align="left"),
        text("heading", "name", edge, align="left", fontWeight="bold", fontSize=SIZE + 1),
        text("remark", "name", edge, align="left", fontStyle="italic"),
    ]
    return [each for each in shown if each["data"]["values"]]
