"""How all plots look: colours that can be told from light and dark pages, text in the colour of the page's own text."""

from __future__ import annotations

from typing import Any

LEADS, LOSS, REST = "#4f8df5", "#b07c5a", "#8a929c"
PASS, FAIL, UNSURE, OTHER = "#12a080", "#e0604f", "#8e8ec4", "#b8860b"
RUNS = (LEADS, FAIL, PASS, "#a879d6", OTHER, REST)
DASHES = ([1, 0], [6, 3], [2, 2], [8, 2, 2, 2], [10, 4], [4, 2, 1, 2])

ON_MARKS = "#000"
"""Text that lies on a mark. Every colour above has three times the contrast to white pages and to dark ones that text
needs to large areas; black is what can be read on all of them."""

PAGE = "currentColor"
"""What the page writes in, whichever theme it has at the moment; black where a chart is no part of a page."""

SIZE = 11
"""Of all texts but titles, in px."""

_TEXT = {"labelColor": PAGE, "titleColor": PAGE, "labelFontSize": SIZE, "titleFontSize": SIZE}

CONFIG: dict[str, Any] = {
    "background": "transparent",
    "font": "sans-serif",
    "padding": 6,
    # JupyterLab's dark theme would set these, for a background of its own.
    "view": {"stroke": None, "fill": None},
    "axis": {
        **_TEXT,
        "titleFontWeight": "normal",
        "domainColor": PAGE,
        "tickColor": PAGE,
        "gridColor": PAGE,
        "gridOpacity": 0.15,
        "domainOpacity": 0.5,
        "tickOpacity": 0.5,
    },
    "legend": {**_TEXT, "orient": "top", "symbolType": "square", "symbolStrokeWidth": 0, "offset": 8, "padding": 0},
    "title": {
        "anchor": "start",
        "frame": "group",
        "color": PAGE,
        "subtitleColor": PAGE,
        "fontSize": 14,
        "subtitleFontSize": SIZE,
        "subtitlePadding": 4,
        "offset": 10,
    },
    "text": {"fontSize": SIZE, "color": PAGE},
}

# SVG takes the page's colour anew when the theme changes, which a canvas does not, and it is read by screen readers.
# Its menu has no way to an editor on the internet, which would be sent all that is drawn.
EMBED: dict[str, Any] = {
    "renderer": "svg",
    "actions": {"export": True, "source": True, "compiled": False, "editor": False},
}


def themed(spec: dict[str, Any]) -> dict[str, Any]:
    """The chart with what it leaves open decided as all plots have it."""
    config = dict(spec.get("config") or {})
    for part, value in CONFIG.items():
        given = config.get(part)
        if isinstance(value, dict):
            config[part] = {**value, **given} if isinstance(given, dict) else dict(value)
        elif given is None:
            config[part] = value
    usermeta = dict(spec.get("usermeta") or {})
    usermeta["embedOptions"] = {**EMBED, **(usermeta.get("embedOptions") or {})}
    return {**spec, "config": config, "usermeta": usermeta}
