"""Altair charts for any notebook page: light or dark, online or offline, with or without a front end that draws them."""

from __future__ import annotations

import base64
import struct
import sys
import textwrap
import zlib
from typing import Any

import altair as alt
from altair.utils import update_nested

from origami_widgets.words.foreign_text import name_of

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
