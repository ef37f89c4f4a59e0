"""Altair charts for any notebook page: light or dark, online or offline, with or without a front end that draws them."""

from __future__ import annotations

import base64
import struct
import sys
import textwrap
import zlib
from typing import TYPE_CHECKING, Any

import altair as alt
from altair.utils import update_nested

from .plot_data import CHARACTER, name_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .plot_data import Record

# Every colour has three times the contrast to white and to dark pages that text needs to large areas.
LEADS, LOSS = "#4f8df5", "#b07c5a"
VERDICTS = {"pass": "#12a080", "fail": "#e0604f", "unsure": "#8e8ec4", "other": "#b8860b"}
RUNS = (LEADS, "#e0604f", "#12a080", "#a879d6", "#b8860b", "#8a929c")
ON_MARKS = "#000"
"""Colour of text on a mark: black can be read on all colours above."""
PAGE = "currentColor"
"""Colour of the page's own text in its current theme; black where a chart is no part of a page."""

GAP, PADDING = 8, 5
"""Space beside marks, and around the plot, in px."""
_NAMES, _NOTES = 0.3, 0.45
"""Shares of a plot's width that the names left of its bars and the notes right of them may take."""
_MOST_DESCRIBED = 1_000

_TEXT = {"labelColor": PAGE, "titleColor": PAGE, "labelFontSize": 11}
CONFIG: dict[str, Any] = {
    "background": "transparent",
    # All digits up to the length where they would fill the plot.
    "numberFormat": ",.15~g",
    # JupyterLab's dark theme would set these, for a background of its own.
    "view": {"stroke": None, "fill": None},
    "axis": {**_TEXT, "domainColor": PAGE, "tickColor": PAGE, "gridColor": PAGE, "gridOpacity": 0.15},
    "axisY": {"domain": False, "ticks": False, "labelPadding": GAP},
    "legend": {**_TEXT, "title": None, "orient": "top"},
    "title": {"color": PAGE, "subtitleColor": PAGE, "anchor": "start", "frame": "bounds"},
    "text": {"color": PAGE},
    "mark": {"color": LEADS},
    "range": {"category": list(RUNS)},
    # Texts say what their row says; its bar need not be read aloud as well.
    **{mark: {"aria": False} for mark in ("bar", "line", "point")},
    "tick": {"aria": False, "color": PAGE, "thickness": 2},
}
# SVG follows the page's colour when the theme changes, which a canvas does not, and screen readers read it.
# Its menu has no link to an editor on the internet, which would be sent all that is drawn.
_EMBED = {"renderer": "svg", "actions": {"export": True, "source": True, "compiled": False, "editor": False}}

VEGA_LITE = "5.20"
"""Version that draws pictures. It belongs to the line built into JupyterLab; no plot uses what came later."""
_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
_MIME = "application/vnd.vegalite.v5+json"
_SCALE = 2
"""Px of the picture for each px of the page, as on sharp screens."""


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
        if picture := _png(spec):
            width, height = struct.unpack(">II", picture[16:24])
            data["image/png"] = base64.b64encode(picture).decode("ascii")
            metadata["image/png"] = {"width": width // _SCALE, "height": height // _SCALE, "alt": said}
        return data, metadata


class LayeredPlot(_NotebookChart, alt.LayerChart):
    """Plot with one view, whose width is that of the whole plot."""

    _defaults = {"autosize": {"type": "fit-x", "contains": "padding"}}  # noqa: RUF012


class StackedPlot(_NotebookChart, alt.VConcatChart):
    """Plot with views one above the other."""


def _png(spec: dict[str, Any]) -> bytes:
    """Return the picture on white paper; empty where nothing can draw it."""
    try:
        import vl_convert
    except ImportError:
        return b""
    if spec["config"].get("background") == "transparent" and "background" not in spec:
        spec = {**spec, "background": "white"}
    try:
        return _packed(vl_convert.vegalite_to_png(spec, vl_version=VEGA_LITE, scale=_SCALE, allowed_base_urls=[]))
    except (ValueError, RuntimeError):
        # Restyled into something that this version cannot draw: the page may still be able to.
        return b""


def _packed(png: bytes) -> bytes:
    """Compress a PNG to a quarter of what the renderer writes, because notebooks keep it."""
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
    small = [line for each in details for line in textwrap.wrap(each, width // 6)]
    text = f"{title}. {'; '.join(said)}"
    return {
        "title": alt.TitleParams(textwrap.wrap(title, width // 8), subtitle=small),
        "description": text if len(text) <= _MOST_DESCRIBED else text[: _MOST_DESCRIBED - 1] + "…",
    }


def empty_view(width: int) -> alt.Chart:
    """Return a view without marks, for a plot whose title says why there is nothing to draw."""
    view: alt.Chart = alt.Chart(alt.InlineData(values=[]), width=width - 2 * PADDING, height=1).mark_point()
    return view


def empty_plot(title: str, text: str, width: int, runs: str = "") -> LayeredPlot:
    """Return a plot with nothing but its title, its runs, and why there is nothing to draw."""
    return LayeredPlot(layer=[empty_view(width)], **headed(title, [runs, text], [text], width))


def tooltips(*fields: str) -> list[str]:
    """Return tooltips of fields that hold text."""
    return [f"{field}:N" for field in fields]


def row_plot(
    rows: Sequence[Record], marks: Sequence[alt.Chart], title: str, details: Sequence[str], width: int
) -> LayeredPlot:
    """Return horizontal bars in rows, with a name left and a note right of each.

    Args:
        rows: from the top; each has a `table`, a `name` with its `note`, or a `heading` instead, and the fields that
            `marks` encode.
        marks: bars, without their y.
        title: what the plot shows.
        details: further sentences.
        width: of the whole plot, in px.
    """
    data = [
        {
            **row,
            # Names repeat, rows do not: the number keeps them apart and in order, and the axis drops it.
            "row": f"{number:06} {name_of(row['name'], width * _NAMES / CHARACTER) if 'name' in row else ''}",
            "note": name_of(row["note"], width * _NOTES / CHARACTER) if row.get("note") else "",
            "heading": name_of(row["heading"], width * (1 - _NAMES) / CHARACTER) if "heading" in row else "",
            "said": row.get("said") or row.get("heading") or f"{row['name']}: {row['note']}",
        }
        for number, row in enumerate(rows)
    ]
    y = alt.Y("row:N", title=None, axis=alt.Axis(labelExpr="slice(datum.value, 7)", labelLimit=0, aria=False))
    # One text of each row is read aloud, with all that the row says.
    text = alt.Chart().encode(y=y, description="said:N", tooltip=["table:N"])
    note = text.mark_text(align="left", dx=GAP).transform_filter("datum.name")
    heading = text.mark_text(align="left", fontWeight="bold").transform_filter("datum.heading")
    return LayeredPlot(
        data=alt.InlineData(values=data),
        layer=[
            *(mark.encode(y=y) for mark in marks),
            note.encode(x=alt.value("width"), text="note:N", tooltip=marks[0].encoding.tooltip),
            heading.encode(x=alt.value(0), text="heading:N"),
        ],
        width=width,
        **headed(title, details, [row["said"] for row in data], width),
    )
