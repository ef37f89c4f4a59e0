"""What columns and tables have cost, and what of it was of no use: the measures that the economics share. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from .build import Entries, Holder, entries, runs_of, tables_of
from .columns import COLUMNS
from .measures import Measure, measure, over, sums
from .records import Values, pluck
from .tables import TABLES

if TYPE_CHECKING:
    from .source import Gathered

_OF_TABLES = {field.name: field for field in TABLES.fields}
_OF_COLUMNS = {field.name: field for field in COLUMNS.fields}


@dataclass(frozen=True)
class Spending:
    """The tables of a source, their columns, and what was spent on them.

    Attributes:
        source: what it was gathered from.
        found: the tables.
        each: their columns.
        tables: the fields of the tables.
        columns: the fields of the columns.
    """

    source: Gathered
    found: Entries
    each: Entries
    tables: Values
    columns: Values

    @classmethod
    def of(cls, source: Gathered, *more: str) -> Spending:
        """All tables and columns of a source.

        Args:
            source: what was gathered.
            more: further places in the tables that are wanted.
        """
        found, _ = tables_of(source)
        tables = pluck(found.items, [*TABLES.paths("table"), "columns", *more])
        each = entries(tables["columns"])
        return cls(source, found, each, tables, pluck(each.items, COLUMNS.paths("column")))

    @property
    def skipped(self) -> int:
        """Entries of the answers that were no objects."""
        return self.found.skipped + self.each.skipped

    @property
    def run_of_tables(self) -> Holder:
        """The run of each table."""
        return Holder(runs_of(self.source), self.found.owners)

    def table(self, name: str) -> Measure:
        """A measure of the tables, by its name in `tables_frame`."""
        return measure(_OF_TABLES[name], self.tables)

    def column(self, name: str) -> Measure:
        """A measure of the columns, by its name in `columns_frame`."""
        return measure(_OF_COLUMNS[name], self.columns)

    def of_table(self, values: Measure) -> Measure:
        """A measure of the tables, for each of their columns."""
        return values[self.each.owners]

    def of_columns(self, values: Measure) -> Measure:
        """The sum over the columns of each table, of those that are known."""
        return sums(values, self.each.owners, len(self.found.items))

    @cached_property
    def credits_errored(self) -> Measure:
        """Per column: cells that failed, at the column's mean price; not more than it has used."""
        return self._at_most_used(self.column("cells_errored") * self.column("avg_credits_per_run"))

    @cached_property
    def credits_unqualified(self) -> Measure:
        """Per column: executions beyond the number of leads that qualify, at its mean price."""
        beyond = self.column("total_runs") - self.of_table(self.table("qualified_leads"))
        return self._at_most_used(np.maximum(beyond, 0) * self.column("avg_credits_per_run"))

    @cached_property
    def credits_wasted(self) -> Measure:
        """Per column: the larger of the two, as a cell that failed may stand at a lead that does not qualify."""
        return np.fmax(self.credits_errored, self.credits_unqualified)

    @cached_property
    def share_of_table(self) -> Measure:
        """Per column: its share of what all columns of its table have used."""
        used = self.column("credits_lifetime_used")
        return over(used, self.of_table(self.of_columns(used)))

    def _at_most_used(self, values: Measure) -> Measure:
        return np.minimum(values, self.column("credits_lifetime_used"))
