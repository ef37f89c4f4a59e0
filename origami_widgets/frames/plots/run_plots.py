"""The plot of runs, `plot_compare`, and what all plots share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from origami_widgets.api.errors import InvalidInput
from origami_widgets.frames.dtype_backend import optional_package
from origami_widgets.frames.economics.run_comparison import compare_runs
from origami_widgets.frames.source import Source, gather
from origami_widgets.words.foreign_text import name_of
from origami_widgets.words.numbers import MISSING, amount, percent, plural

if TYPE_CHECKING:
    import pandas as pd
    from altair import LayerChart


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
    remedy = "Run: pip install 'origami-widgets[plots]'. Frames work without it."
    optional_package("Altair", cause="It's needed for plots.", remedy=remedy)
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


def joined(first: str, *others: str) -> str:
    """Join a phrase and those of the others that are known into one line.

    Example:
        >>> joined("n/a", "n/a", "", "1 errored")
        'n/a · 1 errored'
    """
    return " · ".join(filter(None, [first, *(each for each in others if each != MISSING)]))


_PRICE = "credits_per_qualified_lead"


def plot_compare(runs: Source, *, more: int = 100, top: int = 20, width: int = 600) -> LayerChart:
    """Plot what a qualified lead of each run costs, the cheapest run first, with its range, leads and qualified share.

    No request is sent and no credits are spent. The tick is the price so far; the bar is its range for `more` further
    qualified leads, as `compare_runs` and `economics_frame` have it, if leads cost and qualify as before. Where the bars of two
    runs overlap, the cheaper one may not stay so. Runs without a qualified lead are last, without a bar.

    Args:
        runs: a list of runs, a `RunBatch`, or answers of the API about runs (dicts).
        more: number of further qualified leads that the range is for.
        top: runs at most, the cheapest ones; the rest is counted.
        width: of the whole chart, in px.

    Returns:
        An Altair chart, to be shown, restyled (`.properties`, `.configure_axis`, …) or saved.

    Raises:
        InvalidInput: for a source of another kind, a width or number that cannot be drawn, or without Altair.

    Source in the API: the tables of each run and their `stats`, by `compare_runs`.

    Example:
        >>> from origami_widgets.frames.plots import plot_compare
        >>> def run(name, qualified):
        ...     table = {"id": name, "leadCount": 20, "credits": {"lifetimeUsed": 60}, "columns": [],
        ...              "stats": {"qualification": {"qualifiedLeads": qualified, "rate": qualified / 20}}}
        ...     return {"agent": {"name": name}, "run": {"object": "run", "id": name, "response": {"tables": [table]}}}
        >>> plot_compare([run("Porto", 10), run("Faro", 15)]).description.split('; ')
        ['Credits per qualified lead: 2 runs. Faro: 4 (3.27 to 6.21) · 20 leads · 75 %', \
'Porto: 6 (4.11 to 11.82) · 20 leads · 50 %']
    """
    width = check_options(width, top)
    import altair as alt

    from . import chart

    compared = compare_runs(gather(runs, "plot_compare"), more=more)
    ranked = compared.sort_values(_PRICE, kind="stable").head(top)
    label = ranked["name"].fillna(ranked["prompt"]).fillna(ranked["run_id"]).map(name_of)
    # Runs with the same name are distinguished by their model, or else by the end of their id.
    for first in (ranked["model"].astype("string"), ranked["run_id"]):
        label = label.mask(label.duplicated(keep=False) & first.notna(), first.str[-12:] + " " + label)
    rows = [_priced(run) for run in records(ranked.assign(label=label))]
    ends = ranked[[_PRICE, f"{_PRICE}_high"]].max().fillna(0)
    # A range of very few verdicts would squeeze all others.
    most = float(min(ends.max(), 3 * ends[_PRICE])) or 1
    x = alt.X("low:Q", title="credits per qualified lead", scale=alt.Scale(domain=[0, most], nice=False, clamp=True))
    run, price = alt.Tooltip("name:N", title="run"), alt.Tooltip("note:N", title="price of a qualified lead")
    priced = alt.Chart().encode(tooltip=chart.tooltips(run, "model:N", price, "qualified:N", "credits:N"))
    bars = priced.mark_bar(opacity=0.4).encode(x=x, x2=alt.X2("high:Q"))
    ticks = priced.mark_tick().encode(x=alt.X("price:Q"))
    parts = "price so far (tick), its range (bar), leads, and the share that qualifies"
    meaning = f"the range is for {plural(more, 'more qualified lead')}, if they cost and qualify as before"
    details = [parts, meaning, left_out(len(compared) - len(ranked), "dearer run")]
    title = f"Credits per qualified lead: {plural(len(compared), 'run')}"
    return chart.row_plot(rows, [bars, ticks], title, details, width, empty="There are no runs.")


def _priced(run: Record) -> Record:
    """Return the row of a run, with the price of its qualified leads and the range of that."""
    price, low, high = (run[f"{_PRICE}{end}"] for end in ("", "_low", "_high"))
    known = amount(price) + ("" if high is None else f" ({amount(low)} to {amount(high)})")
    leads = MISSING if run["leads"] is None else plural(run["leads"], "lead")
    note = joined(known, leads, percent(run["qualified_share"]))
    tips = {name: amount(run[field]) for name, field in (("qualified", "qualified_leads"), ("credits", "credits_used"))}
    model = name_of(run["model"] or MISSING)
    return {"name": run["label"], "note": note, "price": price, "low": low, "high": high, "model": model, **tips}
