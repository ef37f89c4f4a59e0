"""`plot_compare`: the price of a qualified lead of each run, with its range."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from origami_widgets.frames.economics.run_comparison import compare_runs
from origami_widgets.frames.source import gather

from . import plot_data as data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from altair import LayerChart

    from origami_widgets.frames.source import Source

_PRICE = "credits_per_qualified_lead"
_COLUMNS = (
    *("run_id", "name", "prompt", "model", "leads", "qualified_leads", "qualified_share", "credits_used"),
    *(_PRICE, f"{_PRICE}_low", f"{_PRICE}_high"),
)
_WIDEST = 3
"""Times the highest price that the axis shows at most: a range of very few verdicts would squeeze all others."""


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
        ['Credits per qualified lead: 2 runs. Faro: 4.0 (3.3 to 6.2), 20 leads, 75 % qualify', \
'Porto: 6.0 (4.1 to 11.8), 20 leads, 50 % qualify']
    """
    width = data.check_options(width, top)
    import altair as alt

    from . import chart

    compared = data.records(compare_runs(gather(runs, "plot_compare"), more=more), _COLUMNS)
    title = f"Credits per qualified lead: {data.many(len(compared), 'run')}"
    if not compared:
        return chart.empty_plot("Credits per qualified lead", "There are no runs.", width)
    ranked = sorted(compared, key=lambda run: (run[_PRICE] is None, run[_PRICE] or 0))
    rows = [_row(run, label) for run, label in zip(ranked[:top], _labels(ranked[:top]), strict=True)]
    prices = [row["price"] for row in rows if row["price"] is not None]
    ends = [row["high"] for row in rows if row["high"] is not None]
    most = min(max([*ends, *prices], default=0), _WIDEST * max(prices, default=0)) or 1
    for row in rows:
        row["end"] = min(row["high"] or 0, most)
    scale = alt.Scale(domain=[0, most], nice=False)
    base = alt.Chart().transform_filter("isValid(datum.price)")
    base = base.encode(
        tooltip=chart.tooltips("run", "model", "price of a qualified lead", "range", "leads", "qualified", "credits")
    )
    bars = base.mark_bar(height=chart.BAR, color=chart.LEADS, opacity=0.4, aria=False).encode(
        x=alt.X("low:Q", scale=scale, axis=alt.Axis(title="credits per qualified lead", tickCount=width // 100)),
        x2="end:Q",
    )
    ticks = base.mark_tick(color=chart.PAGE, thickness=2, height=chart.BAR + 4, aria=False).encode(
        x=alt.X("price:Q", scale=scale)
    )
    details = [
        "price so far (tick), its range (bar), leads, and the share that qualifies",
        f"the range is for {data.many(more, 'more qualified lead')}, if they cost and qualify as before",
        data.left_out(len(compared) - len(rows), "dearer run"),
    ]
    return chart.row_plot(rows, [bars, ticks], title, details, width)


def _row(run: data.Record, label: str) -> data.Record:
    price, low, high = (run[f"{_PRICE}{end}"] for end in ("", "_low", "_high"))
    ends = None if low is None or high is None else (_rounded(low), _rounded(high))
    leads = data.MISSING if run["leads"] is None else data.many(run["leads"], "lead")
    qualify = "" if run["qualified_share"] is None else data.share(run["qualified_share"], 1)
    said = [
        _rounded(price) + (f" ({ends[0]} to {ends[1]})" if ends else ""),
        leads,
        *([f"{qualify} qualify"] if qualify else []),
    ]
    return {
        "name": label,
        "note": data.joined(_rounded(price) + (f" ({ends[0]}\u2013{ends[1]})" if ends else ""), leads, qualify),
        "said": f"{label}: {', '.join(said)}",
        "price": price,
        "low": low,
        "high": high,
        "run": label,
        "model": data.name_of(run["model"]) if run["model"] else data.MISSING,
        "price of a qualified lead": data.amount(price),
        "range": f"{data.amount(low)} to {data.amount(high)}" if ends else data.MISSING,
        "leads": data.count(run["leads"]),
        "qualified": data.count(run["qualified_leads"]),
        "credits": data.amount(run["credits_used"]),
    }


def _rounded(price: float | None) -> str:
    """Return a price with as many digits as its range deserves."""
    if price is None or not 0 < price < 1e15:  # noqa: PLR2004 - beyond it digits would fill the plot
        return data.amount(price)
    return f"{price:.2f}" if price < 1 else f"{price:.1f}" if price < 100 else f"{price:,.0f}"  # noqa: PLR2004


def _labels(runs: Sequence[data.Record]) -> list[str]:
    """Return what runs are called: by their agent or brief, and where that is the same, also by their model or id."""
    labels = [data.name_of(run["name"] or run["prompt"] or run["run_id"]) for run in runs]
    for more in ("model", "run_id"):
        counts = Counter(labels)
        labels = [
            f"{run[more][-12:]} {label}" if counts[label] > 1 and run[more] else label
            for run, label in zip(runs, labels, strict=True)
        ]
    return labels
