"""What draws, loaded when something is drawn."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from origami_widgets.api.errors import InvalidInput

if TYPE_CHECKING:
    from altair import LayerChart, VConcatChart

NARROWEST, WIDEST = 240, 4_000


def checked(width: object, top: object = 1) -> int:
    """The width of a plot in px.

    Raises:
        InvalidInput: it cannot be drawn, or nothing would be.
    """
    if isinstance(width, bool) or not isinstance(width, int | float) or not NARROWEST <= width <= WIDEST:
        raise InvalidInput(
            "A plot cannot be this wide",
            cause=f"width={width!r} was given.",
            remedy=f"Give the width of the whole plot in px, from {NARROWEST} to {WIDEST:,}.",
        )
    if isinstance(top, bool) or not isinstance(top, int) or top < 1:
        raise InvalidInput(
            "Nothing would be drawn",
            cause=f"top={top!r} was given.",
            remedy="Give how many are drawn at most, 1 or more.",
        )
    return int(width)


def layered(spec: dict[str, Any]) -> LayerChart:
    """The chart of a description in Vega-Lite's words that has one view.

    Raises:
        InvalidInput: Altair is not installed.
    """
    return _charts().LayeredPlot.from_dict(spec)  # type: ignore[no-any-return]


def stacked(spec: dict[str, Any]) -> VConcatChart:
    """The chart of a description that has views one above the other.

    Raises:
        InvalidInput: Altair is not installed.
    """
    return _charts().StackedPlot.from_dict(spec)  # type: ignore[no-any-return]


def _charts() -> Any:
    try:
        import_module("altair")
    except ImportError as error:
        raise InvalidInput(
            "Altair is not installed",
            cause="Plots need it.",
            remedy="Run: pip install 'origami-widgets[plots]'. The frames that plots are made of work without it.",
        ) from error
    return import_module(f"{__package__}.chart")
