"""Altair charts: `plot` draws the funnel of tables, the credits of their columns, or what a qualified lead of each run costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.validate import flag
from origami_widgets.frames.dtype_backend import optional_package
from origami_widgets.frames.source import Source, gather

if TYPE_CHECKING:
    from altair import LayerChart

PlotKind: TypeAlias = Literal["funnel", "credits", "compare"]
NARROWEST, WIDEST = 240, 4_000


def plot(
    source: Source, kind: PlotKind, *, more: int = 100, shares: bool = False, top: int | None = None, width: int = 600
) -> LayerChart:
    """Plot the leads of each table, the credits of its columns, or what a qualified lead of each run costs.

    No request is sent and no credits are spent.

    - `"funnel"`: the leads of each table: sourced, lost on the way, kept, and qualified. Each row has its number of leads
      and its share of those sourced. A number that the server left out is "n/a" and has no bar; a table without any stats
      says so (`run.refresh(include=["stats"])` asks for them). "Filtered out" are those that are neither kept nor counted
      as duplicates or excluded; it is left out where the numbers do not add up.
    - `"credits"`: the credits of each column, the most expensive first, with its share of the credits of its table's
      columns and its errored cells. The brown part is `credits_on_unqualified` of `columns_frame`. Columns that have cost
      nothing are counted in a row, and so are those beyond `top`.
    - `"compare"`: what a qualified lead of each run costs (`cost_per_qualified_lead` of `runs_frame`), the cheapest run
      first. The tick is the cost so far; the bar is the range for `more` further ones, for each of them. The chance that a
      run is the cheapest is beside it: bars that don't overlap say less. Runs without a cost are last, without a tick.

    A table that is given several times is drawn as it was given last.

    Args:
        source: a `Run`, a `RunBatch`, an answer of the API about a run or a table (a dict), a table object, or a list of
            these.
        kind: `"funnel"`, `"credits"` or `"compare"`.
        more: number of further qualified leads that the range of `"compare"` is for.
        shares: make each table of `"funnel"` as wide as the leads that were sourced for it, to read small tables beside
            large ones.
        top: tables, columns or runs at most, the largest or cheapest ones; the rest is counted. None for 8 tables of
            `"funnel"` and 20 of the others.
        width: of the whole chart, in px.

    Returns:
        An Altair chart, to be shown, restyled (`.properties`, `.configure_axis`, …) or saved.

    Raises:
        InvalidInput: for a source of another kind, a kind, width or number that cannot be drawn, or without Altair.

    Source in the API: the tables of each run and their `stats`, by `tables_frame`, `columns_frame` and `runs_frame`.

    Example:
        >>> from origami_widgets.frames.plots import plot
        >>> table = {"object": "table", "id": "c0a3", "name": "Porto bakeries", "leadCount": 15, "columns": [
        ...              {"id": "0c7d", "name": "Fit", "credits": {"lifetimeUsed": 18}},
        ...              {"id": "2e8f", "name": "E-mail", "credits": {"lifetimeUsed": 39}}],
        ...          "credits": {"lifetimeUsed": 57},
        ...          "stats": {"funnel": {"totalSourcedLeads": 21, "postStaticLeads": 15, "dedupedLeads": 4}}}
        >>> plot(table, "credits").description
        'Credits by column: 57 in Porto bakeries. E-mail: 39 · 68 %; Fit: 18 · 32 %'
        >>> plot(table, "funnel").description.split('; ')
        ['Funnel: Porto bakeries. sourced: 21', 'duplicates: 4 · 19 %', 'excluded: n/a', 'kept: 15 · 71 %', \
'leads now: 15 · 71 %', 'qualified: n/a']
    """
    _check(kind, top, width)
    flag("shares", shares)
    data = gather(source, "plot")
    from . import kinds

    if kind == "compare":
        return kinds.compare_plot(data, more, top or 20, int(width))
    if kind == "credits":
        return kinds.credits_plot(data, top or 20, int(width))
    return kinds.funnel_plot(data, top or 8, int(width), shares=shares)


def _check(kind: object, top: object, width: object) -> None:
    """Check the arguments of `plot`.

    Raises:
        InvalidInput: the kind, the width or `top` cannot be drawn, or Altair isn't installed.
    """
    if str(kind) not in ("funnel", "credits", "compare"):
        raise InvalidInput(
            "Unknown kind of plot",
            cause=f"Got {kind!r:.40}.",
            remedy='Use plot(run, "funnel"), plot(run, "credits") or plot(runs, "compare").',
        )
    if isinstance(width, bool) or not isinstance(width, int | float) or not NARROWEST <= width <= WIDEST:
        remedy = f"Use the width of the whole plot in px, from {NARROWEST} to {WIDEST:,}."
        raise InvalidInput("Invalid width", cause=f"Got width={width!r}.", remedy=remedy)
    if top is not None and (isinstance(top, bool) or not isinstance(top, int) or top < 1):
        raise InvalidInput("Invalid top", cause=f"Got top={top!r}.", remedy="Use the most items to draw, 1 or more.")
    remedy = "Run: pip install 'origami-widgets[plots]'. Frames work without it."
    optional_package("Altair", cause="It's needed for plots.", remedy=remedy)
