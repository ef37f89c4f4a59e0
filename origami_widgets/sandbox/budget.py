"""What a run can pay for: work that the wallet does not cover ends as errored, out of credits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from origami_widgets.sandbox.life import TableLife, Work


def afford(tables: Mapping[str, TableLife], run_id: str, wallet: int) -> dict[str, TableLife]:
    """Let the work of one run fail from the moment at which its credits are used up.

    Args:
        tables: tables with the work of the run in them; work of earlier runs is paid for already.
        run_id: the run.
        wallet: credits that nothing else will use.
    """
    planned = sorted(
        (
            work
            for table in tables.values()
            for column in table.columns
            for work in column.works
            if work.run_id == run_id
        ),
        key=lambda work: work.done,
    )
    spent = 0
    broke_at: float | None = None
    for work in planned:
        spent += work.credits
        if spent > wallet:
            broke_at = work.done
            break
    if broke_at is None:
        return dict(tables)
    return {table_id: _broke(table, run_id, broke_at) for table_id, table in tables.items()}


def _broke(table: TableLife, run_id: str, at: float) -> TableLife:
    def end(work: Work) -> Work:
        if work.run_id != run_id or work.done < at or work.credits == 0:
            return work
        return replace(work, credits=0, outcome="errored", value=None, verdict=None, failure="out_of_credits")

    columns = tuple(replace(column, works=tuple(end(work) for work in column.works)) for column in table.columns)
    return replace(table, columns=columns)
