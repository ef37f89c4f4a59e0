"""Altair charts for any notebook page: light or dark, online or offline, with or without a front end that draws them."""

from __future__ import annotations

import base64
import struct
import sys
import zlib
from typing import TYPE_CHECKING, Any

import altair as alt
from altair.utils import update_nested

from .plot_data import CHARACTER, NAMES, NOTES, fitted, joined, lines_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .plot_data import Record

# Every colour has three times the contrast to white and to dark pages that text needs to large areas.
LEADS, LOSS, REST = "#4f8df5", "#b07c5a", "#8a929c"
VERDICTS = {"pass": "#12a080", "fail": "#e0604f", "unsure": "#8e8ec4", "other": "#b8860b"}
RUNS = (LEADS, "#e0604f", "#12a080", "#a879d6", "#b8860b", REST)
DASHES = ([1, 0], [6, 3], [2, 2], [8, 2, 2, 2], [10, 4], [4, 2, 1, 2])
ON_MARKS = "#000"
"""Colour of text on a mark: black can be read on all colours above."""
PAGE = "currentColor"
"""Colour of the page's own text in its current theme; black where a chart is no part of a page."""

STEP, BAR, GAP, PADDING, FONT = 22, 14, 8, 6, 11
"""Height of a row and of its bar, space beside marks, space around the plot, and size of texts, in px."""
_MOST_DESCRIBED = 1_000

_TEXT = {"labelColor": PAGE, "titleColor": PAGE, "labelFontSize": FONT, "titleFontSize": FONT}
_LINE = {"domainColor": PAGE, "tickColor": PAGE, "gridColor": PAGE}
CONFIG: dict[str, Any] = {
    "background": "transparent",
    "font": "sans-serif",
    "padding": PADDING,
    # JupyterLab's dark theme would set these, for a background of its own.
    "view": {"stroke": None, "fill": None},
    "axis": {
        **_TEXT,
        **_LINE,
        "titleFontWeight": "normal",
        "gridOpacity": 0.15,
        "domainOpacity": 0.5,
        "tickOpacity": 0.5,
    },
    "legend": {**_TEXT, "orient": "top", "symbolType": "square", "symbolStrokeWidth": 0, "offset": 8, "padding": 0},
    "title": {
        "anchor": "start",
        "frame": "bounds",
        "color": PAGE,
        "subtitleColor": PAGE,
        "fontSize": 14,
        "subtitleFontSize": FONT,
        "subtitlePadding": 4,
        "offset": 10,
    },
    "text": {"fontSize": FONT, "color": PAGE, "baseline": "middle"},
}
# SVG follows the page's colour when the theme changes, which a canvas does not, and screen readers read it.
# Its menu has no link to an editor on the internet, which would be sent all that is drawn.
_EMBED = {"renderer": "svg", "actions": {"export": True, "source": True, "compiled": False, "editor": False}}

VEGA_LITE = "5.20"
"""Version that draws pictures. It belongs to the line built into JupyterLab; no plot uses what came later."""
_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
_MIME = "application/vnd.vegalite.v5+json"
_SCALES = (2, 1)
"""Px of the picture for each px of the page: as on sharp screens, or fewer where the picture gets too large."""
_MOST_BYTES = 100_000


class _NotebookChart(alt.TopLevelMixin):
    """Chart with the theme of the plots and its own notebook output."""

    _defaults: dict[str, Any] = {}  # noqa: RUF012 - Altair's classes would take an annotation for a property

    def to_dict(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the chart in Vega-Lite, as Altair does, with the theme for all that the chart leaves open."""
        spec = super().to_dict(*args, **kwargs)
        if not (kwargs.get("context") or {}).get("top_level", True) or kwargs.get("format", "vega-lite") != "vega-lite":
            return spec
        theme = {**self._defaults, "config": CONFIG, "usermeta": {"embedOptions": _EMBED}}
        return dict(update_nested(theme, spec, copy=True))

    def _repr_mimebundle_(self, *args: Any, **kwargs: Any) -> Any:
        """Return the chart for front ends that draw it, a picture for the others, and its description.

        Altair's default output loads what draws it from the internet, so it stays empty offline. Colab shows nothing
        else, and a renderer that the user has chosen is kept.
        """
        if alt.renderers.active != "default" or alt.renderers.options or "google.colab" in sys.modules:
            return super()._repr_mimebundle_(*args, **kwargs)
        spec = {**self.to_dict(context={"pre_transform": False}), "$schema": _SCHEMA}
        said = spec.get("description") or repr(type(self))
        data: dict[str, Any] = {_MIME: spec, "text/plain": said}
        metadata: dict[str, Any] = {}
        if drawn := _png(spec):
            picture, scale = drawn
            width, height = struct.unpack(">II", picture[16:24])
            data["image/png"] = base64.b64encode(picture).decode("ascii")
            metadata["image/png"] = {"width": width // scale, "height": height // scale, "alt": said}
        return data, metadata


class LayeredPlot(_NotebookChart, alt.LayerChart):
    """Plot with one view, whose width is that of the whole plot."""

    _defaults = {"autosize": {"type": "fit-x", "contains": "padding"}}  # noqa: RUF012


class StackedPlot(_NotebookChart, alt.VConcatChart):
    """Plot with views one above the other."""


def _png(spec: dict[str, Any]) -> tuple[bytes, int] | None:
    """Return the picture on white paper and its scale, or None where nothing can draw it."""
    try:
        import vl_convert
    except ImportError:
        return None
    if spec["config"].get("background") == "transparent" and "background" not in spec:
        spec = {**spec, "background": "white"}
    picture = b""
    for scale in _SCALES:
        try:
            png = vl_convert.vegalite_to_png(spec, vl_version=VEGA_LITE, scale=scale, allowed_base_urls=[])
        except (ValueError, RuntimeError):
            # Restyled into something that this version cannot draw: the page may still be able to.
            return None
        picture = _packed(png)
        if len(picture) <= _MOST_BYTES:
            break
    return picture, scale


def _packed(png: bytes) -> bytes:
    """Compress a PNG to a third of what the renderer writes, because notebooks keep it."""
    chunks: list[tuple[bytes, bytes]] = []
    at = 8
    while at < len(png):
        length, name = struct.unpack(">I4s", png[at : at + 8])
        chunks.append((name, png[at + 8 : at + 8 + length]))
        at += length + 12
    pixels = zlib.decompress(b"".join(body for name, body in chunks if name == b"IDAT"))
    kept = [each for each in chunks if each[0] != b"IDAT"]
    # The last chunk marks the end of the file.
    kept.insert(-1, (b"IDAT", zlib.compress(pixels, 9)))
    return png[:8] + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in kept
    )


def headed(title: str, details: Sequence[str], said: Sequence[str], width: int) -> dict[str, Any]:
    """Return a plot's title, wrapped to its width, and its description for screen readers.

    Args:
        title: what the plot shows.
        details: further sentences, which begin a line each; empty ones are left out.
        said: the plot's rows in words.
        width: of the whole plot, in px.
    """
    room = width - 2 * PADDING
    small = [line for each in details if each for line in lines_of(each, room)]
    text = f"{title}. {'; '.join(said)}" if said else title
    return {
        "title": alt.TitleParams(lines_of(title, room, 1.35), subtitle=small),
        "description": text if len(text) <= _MOST_DESCRIBED else text[: _MOST_DESCRIBED - 1] + "…",
    }


def empty_view(text: str, width: int) -> alt.Chart:
    """Return a view with nothing but a sentence: why there is nothing to draw."""
    room = width - 2 * PADDING
    lines = lines_of(text, room)
    chart = alt.Chart(alt.InlineData(values=[{"text": lines}]), width=room, height=STEP * len(lines))
    view: alt.Chart = chart.mark_text(align="left", baseline="top")
    return view.encode(x=alt.value(0), y=alt.value(0), text="text:N")


def empty_plot(title: str, text: str, width: int, runs: str = "") -> LayeredPlot:
    """Return a plot with nothing but its title, its runs and a sentence."""
    return LayeredPlot(layer=[empty_view(text, width)], **headed(title, [runs], [text], width))


def tooltips(*fields: str) -> list[alt.Tooltip]:
    """Return tooltips of fields that hold text."""
    return [alt.Tooltip(f"{field}:N") for field in fields]


def row_plot(
    rows: Sequence[Record], marks: Sequence[alt.Chart], title: str, details: Sequence[str], width: int
) -> LayeredPlot:
    """Return horizontal bars in rows, with a name left and a note right of each.

    Args:
        rows: from the top; each has a `table` and a `name` with its `note`, or a `heading` or `remark` instead, and
            the fields that `marks` encode.
        marks: bars and texts on them, without their y.
        title: what the plot shows.
        details: further sentences.
        width: of the whole plot, in px.
    """
    longest = max(len(row.get("name", "")) for row in rows)
    right = width - min(width * NAMES, longest * CHARACTER) - GAP - 2 * PADDING

    def heading_of(row: Record) -> str:
        more = row.get("more", "")
        return joined(fitted(row.get("heading", ""), right - CHARACTER * (len(more) + 3)), more)

    data = [
        {
            **row,
            # Names repeat, rows do not: the number keeps them apart and in order, and the axis drops it.
            "row": f"{number:06} {fitted(row.get('name', ''), width * NAMES)}",
            "note": fitted(row.get("note", ""), width * NOTES),
            "heading": heading_of(row),
            "said": row.get("said") or heading_of(row) or row.get("remark") or f"{row['name']}: {row['note']}",
        }
        for number, row in enumerate(rows)
    ]
    names = alt.Axis(
        labelExpr="slice(datum.value, 7)", labelLimit=0, labelPadding=GAP, domain=False, ticks=False, aria=False
    )
    y = alt.Y("row:N", title=None, axis=names, scale=alt.Scale(padding=0))
    # One text of each row is read aloud, with all that the row says.
    text = alt.Chart().encode(y=y, description="said:N", tooltip=tooltips("table"))
    note = text.mark_text(align="left", dx=GAP).encode(
        x=alt.value("width"), text="note:N", tooltip=marks[0].encoding.tooltip
    )
    heading = text.mark_text(align="left", fontWeight="bold", fontSize=FONT + 1).encode(
        x=alt.value(0), text="heading:N"
    )
    remark = text.mark_text(align="left", fontStyle="italic").encode(x=alt.value(0), text="remark:N")
    layer = [
        *(mark.encode(y=y) for mark in marks),
        note.transform_filter("datum.name"),
        heading.transform_filter("datum.heading"),
        remark.transform_filter("datum.remark"),
    ]
    return LayeredPlot(
        data=alt.InlineData(values=data),
        layer=layer,
        width=width,
        height=alt.Step(STEP),
        **headed(title, details, [row["said"] for row in data], width),
    )
