"""The tables of a grid of leads at one moment: each once, with its run, and which of them are one table there."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from origami_widgets.card.view.lead_cells import distinct_names
from origami_widgets.card.view.table_view import NAME_LIMIT, TABLE_ID_LIMIT
from origami_widgets.run.state import newest_tables
from origami_widgets.words.foreign_text import clip

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from origami_widgets.api.models import Table
    from origami_widgets.run.handle import Run

MergedTables = list[tuple["Table", "Run"]]
"""The tables that are one table in a grid of several runs, each with its run."""


class GridTables:
    """The tables of a grid by the states of its runs when this was made.

    Args:
        given: the tables of a grid without runs.
        runs: the runs of the grid.
        given_names: the names of briefs, by run.

    Attributes:
        placed: each table once, as the server changed it last, with the first run that has it.
        by_id: the same by the id that the front end has.
    """

    def __init__(self, given: Sequence[Table], runs: Sequence[Run], given_names: Mapping[Run, str]) -> None:
        self._runs = runs
        self._given_names = given_names
        # Several runs may work on one table.
        newest = newest_tables(run.state for run in runs)
        placed: dict[str, tuple[Table, Run | None]] = {table.id: (table, None) for table in given}
        for run in runs:
            for table in run.state.tables:
                placed.setdefault(table.id, (newest.get(table.id, table), run))
        self.placed = tuple(placed.values())
        self.by_id = {clip(table_id, TABLE_ID_LIMIT): each for table_id, each in placed.items()}

    @cached_property
    def merged(self) -> dict[str, MergedTables]:
        """The tables of several runs by what is one table in the grid.

        Tables with the same typed-in columns list the same. The agent may add computed columns to one before the other.
        """
        merged: dict[str, MergedTables] = {}
        for table, run in self.placed:
            if run is not None:
                typed = ",".join(column.slug or "" for column in table.columns if column.kind == "input")
                merged.setdefault(clip(f":{typed or table.id}", TABLE_ID_LIMIT), []).append((table, run))
        return merged

    def name_of(self, run: Run) -> str:
        """Return the name that a run has on a board: that of its brief or agent, else its prompt."""
        return self._given_names.get(run) or run.state.agent_name or run.prompt or run.token

    @cached_property
    def names(self) -> dict[Run, str]:
        """Names that tell the runs apart."""
        texts = [(clip(self.name_of(run), NAME_LIMIT), clip(run.prompt, NAME_LIMIT)) for run in self._runs]
        return dict(zip(self._runs, distinct_names(texts), strict=True))
