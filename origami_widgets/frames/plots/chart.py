"""Altair charts that can be read wherever a notebook is: on light and dark pages, without a network, without a kernel."""

from __future__ import annotations

import base64
import sys
from typing import Any

import altair as alt

from .png import packed, size_of
from .theme import themed

SCALES = (2, 1)
"""Px of the picture for each px of the page: as many as sharp screens have, as long as a notebook can keep it."""
MOST_BYTES = 100_000
VEGA_LITE = "5.20"
"""Of the line that JupyterLab draws by itself; no plot uses what came later."""
_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
_MIME = "application/vnd.vegalite.v5+json"


class _Readable(alt.TopLevelMixin):
    """What the plots do differently from other Altair charts: their theme, and what a notebook is given."""

    def to_dict(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """The chart as Vega-Lite has it, as Altair's own; the theme of the plots is under what the chart says itself."""
        spec = super().to_dict(*args, **kwargs)
        whole = (kwargs.get("context") or {}).get("top_level", True)
        return themed(spec) if whole and kwargs.get("format", "vega-lite") == "vega-lite" else spec

    def _repr_mimebundle_(self, *args: Any, **kwargs: Any) -> Any:
        """What a notebook shows: the chart for those that draw it, a picture for the others, and a sentence.

        Altair's own default asks a server on the internet for what draws, so it stays empty offline. Colab shows that
        only, and a renderer that somebody has chosen is what they want.
        """
        if alt.renderers.active != "default" or alt.renderers.options or "google.colab" in sys.modules:
            return super()._repr_mimebundle_(*args, **kwargs)
        spec = {**self.to_dict(context={"pre_transform": False}), "$schema": _SCHEMA}
        said = spec.get("description") or repr(type(self))
        data: dict[str, Any] = {_MIME: spec, "text/plain": said}
        metadata: dict[str, Any] = {}
        if drawn := _png(spec):
            picture, scale = drawn
            width, height = size_of(picture)
            data["image/png"] = base64.b64encode(picture).decode("ascii")
            metadata["image/png"] = {"width": width // scale, "height": height // scale, "alt": said}
        return data, metadata


class LayeredPlot(_Readable, alt.LayerChart):
    """A plot with one view."""


class StackedPlot(_Readable, alt.VConcatChart):
    """A plot with views one above the other."""


def _png(spec: dict[str, Any]) -> tuple[bytes, int] | None:
    """The picture on white paper, and its px for each px of a page; None where nothing can draw it."""
    try:
        import vl_convert
    except ImportError:
        return None
    if spec["config"].get("background") == "transparent" and "background" not in spec:
        spec = {**spec, "background": "white"}
    picture = b""
    for scale in SCALES:
        try:
            png = vl_convert.vegalite_to_png(spec, vl_version=VEGA_LITE, scale=scale, allowed_base_urls=[])
        except (ValueError, RuntimeError):
            # Restyled into something that this version cannot draw: the page may still be able to.
            return None
        picture = packed(png)
        if len(picture) <= MOST_BYTES:
            break
    return picture, scale
