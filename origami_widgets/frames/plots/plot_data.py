"""Options of plots, and their rows, names and numbers as text. Loads no Altair."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from origami_widgets.api.errors import InvalidInput
from origami_widgets.words.foreign_text import clean, fit
from origami_widgets.words.numbers import MISSING, plural

if TYPE_CHECKING:
    import pandas as pd

Record = dict[str, Any]

NARROWEST, WIDEST = 240, 4_000


def check_options(width: object, top: object = 1) -> int:
    """Return the width in px.

    Raises:
        InvalidInput: the width or `top` cannot be drawn, or Altair isn't installed.
    """
    if isinstance(width, bool) or not isinstance(width, int | float) or not NARROWEST <= width <= WIDEST:
        remedy = f"Use the width of the whole plot in px, from {NARROWEST} to {WIDEST:,}."
        raise InvalidInput("Invalid width", cause=f"Got width={width!r}.", remedy=remedy)
    if isinstance(top, bool) or not isinstance(top, int) or top < 1:
        raise InvalidInput("Invalid top", cause=f"Got top={top!r}.", remedy="Use the most items to draw, 1 or more.")
    try:
        import_module("altair")
    except ImportError as error:
        remedy = "Run: pip install 'origami-widgets[plots]'. Frames work without it."
        raise InvalidInput("Altair isn't installed", cause="It's needed for plots.", remedy=remedy) from error
    return int(width)


def records(frame: pd.DataFrame) -> list[Record]:
    """Return the rows of a frame, with None for missing values."""
    return cast("list[Record]", frame.astype(object).where(frame.notna(), None).to_dict("records"))


def run_ids(frame: pd.DataFrame) -> str:
    """Return the ids of the runs of some rows in a few words; empty without runs."""
    names = [name_of(run, 40) for run in frame["run_id"].dropna().unique()]
    further = f" and {len(names) - 2:,} more" if len(names) > 2 else ""  # noqa: PLR2004 - two are named
    return f"run{'s' * (len(names) > 1)} {', '.join(names[:2])}{further}" if names else ""


def left_out(number: int, what: str, why: str = "are not drawn") -> str:
    """Return a note about `number` things, such as "1 smaller table is not drawn"; empty for none."""
    said = why.replace("are ", "is ", 1).replace("have ", "has ", 1) if number == 1 else why
    return f"{plural(number, what)} {said}" if number else ""


def name_of(value: object, limit: float = 60) -> str:
    r"""Return text from outside as one line of at most `limit` characters; wide ones count twice.

    Vega's own limits cut through emoji, which vl-convert (1.9) refuses.

    Example:
        >>> name_of("  Porto\n bakeries "), name_of(None), name_of("a long name", 7)
        ('Porto bakeries', '(no name)', 'a long…')
    """
    return fit(clean(value, 2_000), limit) or "(no name)"


def joined(first: str, *others: str) -> str:
    """Join a phrase and those of the others that are known into one line.

    Example:
        >>> joined("n/a", "n/a", "", "1 errored")
        'n/a · 1 errored'
    """
    return " · ".join(filter(None, [first, *(each for each in others if each != MISSING)]))
