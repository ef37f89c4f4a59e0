"""The plot of runs, and what all plots share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from origami_widgets.frames.economics.run_economics import runs_frame
from origami_widgets.words.foreign_text import name_of
from origami_widgets.words.numbers import MISSING, amount, percent, plural

if TYPE_CHECKING:
    import pandas as pd
    from altair import LayerChart

    from origami_widgets.frames.source import SourceData


Record = dict[str, Any]


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


def compare_plot(data: SourceData, more: int, top: int, width: int) -> LayerChart:
    """Plot what a qualified lead of each run costs, the cheapest run first, with its range; see `plot`."""
    import altair as alt

    from . import chart

    compared = runs_frame(data, more=more)
    for end in ("low", "high"):
        compared[end] = compared[f"expected_cost_{end}"] / more
    ranked = compared.sort_values(_COST, kind="stable").head(top)
    label = ranked["run_name"].fillna(ranked["prompt"]).fillna(ranked["run_id"]).map(name_of)
    # Runs with the same name are distinguished by their model, or else by the end of their id.
    for first in (ranked["model"].astype("string"), ranked["run_id"]):
        label = label.mask(label.duplicated(keep=False) & first.notna(), first.str[-12:] + " " + label)
    rows = [_costly(run) for run in records(ranked.assign(label=label))]
    ends = ranked[[_COST, "high"]].max().fillna(0)
    # A range of very few verdicts would squeeze all others.
    most = float(min(ends.max(), 3 * ends[_COST])) or 1
    x = alt.X("low:Q", title="credits per qualified lead", scale=alt.Scale(domain=[0, most], nice=False, clamp=True))
    run, cost = alt.Tooltip("name:N", title="run"), alt.Tooltip("note:N", title="cost of a qualified lead")
    chance = alt.Tooltip("chance:N", title="chance to be the cheapest")
    drawn = alt.Chart().encode(tooltip=chart.tooltips(run, "model:N", cost, "qualified:N", "credits:N", chance))
    bars = drawn.mark_bar(opacity=0.4).encode(x=x, x2=alt.X2("high:Q"))
    ticks = drawn.mark_tick().encode(x=alt.X("cost:Q"))
    parts = "cost so far (tick), its range (bar), leads, the share that qualifies, and the chance to be the cheapest"
    meaning = f"the range is for {plural(more, 'more qualified lead')}, if they cost and qualify as before"
    details = [parts, meaning, left_out(len(compared) - len(ranked), "dearer run")]
    title = f"Credits per qualified lead: {plural(len(compared), 'run')}"
    return chart.row_plot(rows, [bars, ticks], title, details, width, empty="There are no runs.")


_COST = "cost_per_qualified_lead"


def _costly(run: Record) -> Record:
    """Return the row of a run, with the cost of its qualified leads and the range of that."""
    cost, low, high = run[_COST], run["low"], run["high"]
    known = amount(cost) + ("" if high is None else f" ({amount(low)} to {amount(high)})")
    leads = MISSING if run["lead_count"] is None else plural(run["lead_count"], "lead")
    chance = percent(run["chance_cheapest"])
    note = joined(known, leads, percent(run["qualified_share"]), "" if chance == MISSING else f"cheapest: {chance}")
    tips = {name: amount(run[field]) for name, field in (("qualified", "qualified_leads"), ("credits", "credits_used"))}
    model = name_of(run["model"] or MISSING)
    drawn = {"cost": cost, "low": low, "high": high, "model": model, "chance": chance}
    return {"name": run["label"], "note": note, **drawn, **tips}
