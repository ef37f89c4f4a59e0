"""`plot_compare`: the price of a qualified lead of each run, with its range."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.frames.economics.run_comparison import compare_runs
from origami_widgets.frames.source import gather

from . import plot_data as data

if TYPE_CHECKING:
    from altair import LayerChart

    from origami_widgets.frames.source import Source

_PRICE = "credits_per_qualified_lead"
_WIDEST = 3
"""Times the highest price that the axis shows at most."""


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
    width = data.check_options(width, top)
    import altair as alt

    from . import chart

    compared = compare_runs(gather(runs, "plot_compare"), more=more)
    if compared.empty:
        return chart.empty_plot("Credits per qualified lead", "There are no runs.", width)
    ranked = compared.sort_values(_PRICE, kind="stable").head(top)
    label = ranked["name"].fillna(ranked["prompt"]).fillna(ranked["run_id"]).map(data.name_of)
    for more_of_it in ("model", "run_id"):
        # Runs with the same name are told apart by their model, or else by the end of their id.
        is_shared = label.duplicated(keep=False) & ranked[more_of_it].notna()
        label = label.mask(is_shared, ranked[more_of_it].astype("string").str[-12:] + " " + label)
    # A range of very few verdicts would squeeze all others.
    price, high = ranked[_PRICE].fillna(0), ranked[f"{_PRICE}_high"].fillna(0)
    most = float(min(max(high.max(), price.max()), _WIDEST * price.max())) or 1
    rows = [_row(run) for run in data.records(ranked.assign(label=label, end=high.clip(upper=most)))]
    scale = alt.Scale(domain=[0, most], nice=False)
    tooltip = chart.tooltips("run", "model", "price of a qualified lead", "range", "leads", "qualified", "credits")
    base = alt.Chart().transform_filter("isValid(datum.price)").encode(tooltip=tooltip)
    bars = base.mark_bar(opacity=0.4).encode(
        x=alt.X("low:Q", scale=scale, title="credits per qualified lead"), x2="end:Q"
    )
    ticks = base.mark_tick().encode(x=alt.X("price:Q", scale=scale))
    details = [
        "price so far (tick), its range (bar), leads, and the share that qualifies",
        f"the range is for {data.many(more, 'more qualified lead')}, if they cost and qualify as before",
        data.left_out(len(compared) - len(rows), "dearer run"),
    ]
    title = f"Credits per qualified lead: {data.many(len(compared), 'run')}"
    return chart.row_plot(rows, [bars, ticks], title, details, width)


def _row(run: data.Record) -> data.Record:
    price, low, high = (run[f"{_PRICE}{end}"] for end in ("", "_low", "_high"))
    ends = "" if low is None or high is None else f"{data.amount(low)} to {data.amount(high)}"
    leads = data.MISSING if run["leads"] is None else data.many(run["leads"], "lead")
    return {
        "name": run["label"],
        "note": data.joined(
            data.amount(price) + (f" ({ends})" if ends else ""), leads, data.share(run["qualified_share"], 1)
        ),
        "price": price,
        "low": low,
        "high": high,
        "end": run["end"],
        "run": run["label"],
        "model": data.name_of(run["model"]) if run["model"] else data.MISSING,
        "price of a qualified lead": data.amount(price),
        "range": ends or data.MISSING,
        "leads": data.amount(run["leads"]),
        "qualified": data.amount(run["qualified_leads"]),
        "credits": data.amount(run["credits_used"]),
    }
