"""`plot_funnel`: what became of the leads that were sourced, table by table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from origami_widgets.frames.source import gather
from origami_widgets.frames.table_frames import tables_frame

from .bars import Bars, Line, Piece, draw, sentence
from .needed import checked, layered
from .picked import Record, largest, left_out, newest, records, runs_named, subject
from .theme import LEADS, LOSS
from .words import LONGEST_IN_FULL, MISSING, count, joined, name_of, share

if TYPE_CHECKING:
    from altair import LayerChart

    from origami_widgets.frames.source import Source

_COLUMNS = (
    *("run_id", "table_id", "table_name", "lead_count", "total_sourced_leads", "post_static_leads", "deduped_leads"),
    *("excluded_leads", "qualified_leads", "has_unknown_total_with_more"),
)
_STATS = ("total_sourced_leads", "post_static_leads", "deduped_leads", "excluded_leads", "qualified_leads")


def plot_funnel(source: Source, *, shares: bool = False, top: int = 8, width: int = 600) -> LayerChart:
    """What became of the leads of each table: sourced, lost on the way, kept, and qualified.

    No request is sent and no credits are spent. Each line has its number of leads and its share of those sourced. What
    the server left out is "n/a" and has no bar; a table without any stats says so (`run.refresh(include=["stats"])`
    asks for them). "Filtered out" are those that are neither kept nor counted as duplicates or excluded; it is left out
    where the numbers do not add up. A table that is given several times is drawn as it was given last.

    Args:
        source: a `Run`, an answer of the API about a run or a table (a dict), a table object, or a list of these.
        shares: make each table as wide as the leads that were sourced for it, to read small tables beside large ones.
        top: tables at most, those with the most leads; the rest is told.
        width: of the whole chart, in px.

    Returns:
        An Altair chart, to be shown, restyled (`.properties`, `.configure_axis`, …) or saved.

    Raises:
        InvalidInput: for a source of another kind, a width or number that cannot be drawn, or without Altair.

    Source in the API: `leadCount` and `stats.funnel`, `stats.qualification` of each table, by `tables_frame`.

    Example:
        >>> from origami_widgets.frames.plots import plot_funnel
        >>> table = {"object": "table", "id": "c0a3", "name": "Porto bakeries", "leadCount": 15, "columns": [],
        ...          "stats": {"funnel": {"totalSourcedLeads": 21, "postStaticLeads": 15, "dedupedLeads": 4}}}
        >>> plot_funnel(table).description.split('; ')
        ['Funnel: Porto bakeries. sourced: 21', 'duplicates: 4 · 19 %', 'excluded: n/a', 'kept: 15 · 71 %', \
'leads now: 15 · 71 %', 'qualified: n/a']
    """
    width = checked(width, top)
    tables = newest(records(tables_frame(gather(source, "plot_funnel")), _COLUMNS))
    for table in tables:
        table["size"] = table["total_sourced_leads"] or table["lead_count"]
    title = f"Funnel: {subject([table['table_name'] for table in tables])}"
    if not tables:
        return layered(sentence("Funnel", [], "There are no tables.", width))
    drawn = largest(tables, "size", top)
    lines: list[Line] = []
    for table in drawn:
        if len(tables) > 1:
            lines.append(_heading(table))
        lines += _lines(table, shares=shares)
    details = [
        joined(runs_named(tables), "leads, and their share of those sourced"),
        left_out(len(tables) - len(drawn), "smaller table", "smaller tables"),
    ]
    unit = "share of the leads sourced" if shares else "leads"
    return layered(
        draw(Bars(title, details, lines, unit, {"leads": LEADS, "lost": LOSS}, percent=shares), width),
    )


def _heading(table: Record) -> Line:
    tip = {"table": name_of(table["table_name"], LONGEST_IN_FULL), "run": name_of(table["run_id"])}
    return Line(name_of(table["table_name"]), kind="heading", tip=tip if table["run_id"] else {"table": tip["table"]})


def _lines(table: Record, *, shares: bool) -> list[Line]:
    sourced, kept = table["total_sourced_leads"], table["post_static_leads"]
    if all(table[name] is None for name in _STATS):
        alone = _line(table, "leads now", table["lead_count"], shares=shares)
        return [alone, Line("no stats were sent for this table", kind="remark")]
    lost: dict[str, Any] = {"duplicates": table["deduped_leads"], "excluded": table["excluded_leads"]}
    if None not in (sourced, kept, *lost.values()) and (rest := sourced - kept - sum(lost.values())) > 0:
        lost["filtered out"] = rest
    lines = [_line(table, "sourced", sourced, shares=shares, more=bool(table["has_unknown_total_with_more"]))]
    end = sourced
    for name, number in lost.items():
        # Each loss hangs where the one before it has ended, as long as the numbers can be right.
        start = end - number if end is not None and number is not None and number <= end else 0
        lines.append(_line(table, name, number, shares=shares, start=start, part="lost"))
        end = start or end
    lines.append(_line(table, "kept", kept, shares=shares))
    lines.append(_line(table, "leads now", table["lead_count"], shares=shares))
    lines.append(_line(table, "qualified", table["qualified_leads"], shares=shares))
    return lines


def _line(
    table: Record,
    name: str,
    number: int | None,
    *,
    shares: bool,
    start: float = 0,
    part: str = "leads",
    more: bool = False,
) -> Line:
    sourced = table["total_sourced_leads"]
    of_sourced = share(number, sourced)
    tip = {
        "table": name_of(table["table_name"], LONGEST_IN_FULL),
        "stage": name,
        "leads": count(number),
        "share of sourced": of_sourced,
    }
    if number is None:
        return Line(name, MISSING, tip=tip)
    told = "more available" if more else ""
    note = joined(count(number), of_sourced if sourced and name != "sourced" else "", told)
    whole = (table["size"] or 1) if shares else 1
    return Line(name, note, (Piece(part, start / whole, (start + number) / whole, tip=tip),), tip=tip)
