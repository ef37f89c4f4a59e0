"""The economics of a table and its columns (`include=stats`), counted from its life.

Credits are booked once, on the cell that used them. Summed by column they give the column's and the table's credits;
summed by the source of the lead they give a lead source's `totalCredits`. So columns, sources, table and the fall of
the balance are the same number, and a lead that is a duplicate has cost nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from origami_widgets.sandbox.moments import iso

if TYPE_CHECKING:
    from origami_widgets.sandbox.life import Column, TableLife

FIND_MORE = 25
"""Leads in the "find more" that is priced."""


def ratio(part: float, whole: float) -> float | None:
    """Return a share, or None when there is nothing to share.

    >>> ratio(3, 21), ratio(0, 0)
    (0.1429, None)
    """
    return round(part / whole, 4) if whole else None


def column_stats(column: Column, leads: int, now: float) -> dict[str, Any]:
    """Return `stats` of a column in a table of so many leads."""
    runs = column.runs(now)
    return {
        "avgCreditsPerRun": ratio(column.credits(now), runs) or 0,
        "callRate": ratio(runs, leads) or 0,
        "totalRuns": runs,
    }


def column_qualification(column: Column, now: float) -> dict[str, int]:
    """Return the verdicts of a column with the relevance condition."""
    passed, failed, unsure = (column.verdict(name, now) for name in ("pass", "fail", "unsure"))
    return {"pass": passed, "fail": failed, "unsure": unsure, "total": passed + failed + unsure}


def table_stats(table: TableLife, now: float) -> dict[str, Any]:
    """Return `stats` of a table.

    Shares of the funnel are taken over all sourced leads. Sourced minus duplicates, minus excluded, minus those that
    a static filter removed, is `postStaticLeads`, and that is the table's `leadCount` at every moment.
    """
    sourced = [lead for lead in table.leads if lead.sourced_at <= now]
    leads = len(table.rows_at(now))
    spent = table.credits_at(now)
    duplicates = sum(lead.fate == "duplicate" for lead in sourced)
    excluded = sum(lead.fate == "excluded" and not lead.is_row(now) for lead in sourced)
    relevance = next((column for column in table.columns_at(now) if column.relevance), None)
    verdicts = column_qualification(relevance, now) if relevance is not None else None
    per_lead = ratio(spent, leads) or 0
    active = table.active_works(now)
    return {
        "creditsPerLead": per_lead,
        "creditsPerQualifiedLead": (ratio(spent, verdicts["pass"]) or 0) if verdicts is not None else per_lead,
        "findMoreEstimatedCredits": round(per_lead * FIND_MORE, 1),
        "qualification": _qualification(table, verdicts, leads, len(sourced)) if verdicts is not None else None,
        "funnel": {
            "totalSourcedLeads": len(sourced),
            "postStaticLeads": leads,
            "dedupedLeads": duplicates,
            "dedupRate": ratio(duplicates, len(sourced)),
            "excludedLeads": excluded,
            "excludedRate": ratio(excluded, len(sourced)),
        },
        "running": {
            "runningLeads": len({work.lead_id for work in active}),
            "oldestActiveRunStartedAt": iso(min(work.queued for work in active)) if active else None,
        },
        "leadSources": [_source(table, position, now) for position in range(len(table.sources))],
        "hasUnknownTotalWithMore": any(source.available is None for source in table.sources),
    }


def _qualification(table: TableLife, verdicts: dict[str, int], leads: int, sourced: int) -> dict[str, Any]:
    passed, judged = verdicts["pass"], verdicts["total"]
    rate = ratio(passed, judged)
    fetch_rate = ratio(leads, sourced)
    sizes = [source.available for source in table.sources]
    known = [size for size in sizes if size is not None]
    estimate = None
    if rate is not None and fetch_rate is not None and len(known) == len(sizes):
        estimate = max(passed, round(sum(known) * fetch_rate * rate))
    return {
        "rate": rate,
        "fetchRate": fetch_rate,
        "qualifiedLeads": passed,
        "effectiveLeadsPerQualified": ratio(judged, passed) or 0,
        "estimatedQualifiedLeads": estimate,
    }


def _source(table: TableLife, position: int, now: float) -> dict[str, Any]:
    source = table.sources[position]
    spent = table.source_credits_at(position, now)
    leads = sum(lead.source == position and lead.sourced_at <= now for lead in table.leads)
    return {
        "id": source.id,
        "name": source.name,
        "avgCreditsPerLead": ratio(spent, leads) or 0,
        "totalCredits": spent,
        "totalLeads": leads,
        "source": source.basis,
    }
