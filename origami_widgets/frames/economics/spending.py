"""What columns and tables have cost, what was judged and what was of no use: what the economics share. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from origami_widgets.frames.build import Entries, Holder, entries, runs_of, tables_of
from origami_widgets.frames.columns import COLUMNS
from origami_widgets.frames.records import Values, pluck
from origami_widgets.frames.tables import TABLES
from origami_widgets.frames.values import read

from .measures import Counts, Measure, counts, measure, over, sums

if TYPE_CHECKING:
    from origami_widgets.frames.source import Gathered

    from .measures import Places

_OF_TABLES = {field.name: field for field in TABLES.fields}
_OF_COLUMNS = {field.name: field for field in COLUMNS.fields}


@dataclass(frozen=True)
class Spending:
    """The tables of a source, their columns, and what was spent on them.

    Args:
        source: what was gathered.
        more: further places in the tables that are wanted.
    """

    source: Gathered
    more: tuple[str, ...] = ()

    @cached_property
    def found(self) -> Entries:
        """The tables."""
        return tables_of(self.source)[0]

    @cached_property
    def tables(self) -> Values:
        """The fields of the tables."""
        return pluck(self.found.items, [*TABLES.paths("table"), "columns", *self.more])

    @cached_property
    def each(self) -> Entries:
        """The columns."""
        return entries(self.tables["columns"])

    @cached_property
    def columns(self) -> Values:
        """The fields of the columns."""
        return pluck(self.each.items, COLUMNS.paths("column"))

    @property
    def skipped(self) -> int:
        """Entries of the answers that were no objects."""
        return self.found.skipped + self.each.skipped

    @property
    def size(self) -> int:
        """How many tables there are."""
        return len(self.found.items)

    @property
    def run_of_tables(self) -> Holder:
        """The run of each table."""
        return Holder(runs_of(self.source), self.found.owners)

    def run_of(self, owners: Places) -> Holder:
        """The run of what belongs to tables."""
        return Holder(runs_of(self.source), self.found.owners[owners])

    def table(self, name: str) -> Measure:
        """A measure of the tables, by its name in `tables_frame`."""
        return measure(_OF_TABLES[name], self.tables)

    def table_counts(self, name: str) -> Counts:
        """A count of the tables, by its name in `tables_frame`."""
        field = _OF_TABLES[name]
        return counts(read(field, self.tables[field.path]))

    def has_more(self) -> list[bool]:
        """Per table whether a source has more leads than anybody knows."""
        field = _OF_TABLES["has_unknown_total_with_more"]
        cells = read(field, self.tables[field.path])
        return [bool(more) for more in cells.data & ~cells.missing]

    def column(self, name: str) -> Measure:
        """A measure of the columns, by its name in `columns_frame`."""
        return measure(_OF_COLUMNS[name], self.columns)

    def of_table(self, values: Measure) -> Measure:
        """A measure of the tables, for each of their columns."""
        return values[self.each.owners]

    def of_columns(self, values: Measure) -> Measure:
        """The sum over the columns of each table, of those that are known."""
        return sums(values, self.each.owners, self.size)

    def of_all_columns(self, values: Measure, wanted: Measure) -> Measure:
        """The sum over the columns that are wanted; missing where one of them is."""
        lost = self.of_columns(np.where((wanted > 0) & np.isnan(values), 1.0, 0.0))
        return np.where(lost > 0, np.nan, self.of_columns(np.where(wanted > 0, values, np.nan)))

    @cached_property
    def judged(self) -> Measure:
        """Per table: leads with a verdict, by the column that has judged most; else by the server's own share."""
        most = np.full(self.size, np.nan)
        np.fmax.at(most, self.each.owners, self.column("qualification_total"))
        implied = np.rint(over(self.table("qualified_leads"), self.table("qualification_rate")))
        return np.where(np.isnan(most), implied, most)

    @cached_property
    def qualified_share(self) -> Measure:
        """Per table: of the leads with a verdict those that qualify."""
        return np.minimum(over(self.table("qualified_leads"), self.judged), 1.0)

    @cached_property
    def judges(self) -> Measure:
        """Per column: 1 where it gives verdicts, and so has to run for every lead."""
        return np.where(self.column("qualification_total") >= 0, 1.0, 0.0)

    @cached_property
    def spends(self) -> Measure:
        """Per column: 1 where it has used credits, or does not tell."""
        return np.where(self.column("credits_lifetime_used") <= 0, 0.0, 1.0)

    @cached_property
    def credits_errored(self) -> Measure:
        """Per column: failed cells at its mean price, not more than it has used."""
        errored = self.column("cells_errored")
        price = np.where(errored == 0, 0.0, errored * self.column("avg_credits_per_run"))
        return self._at_most_used(price)

    @cached_property
    def credits_unqualified(self) -> Measure:
        """Per column: the leads that were judged unfit and that it must have run for, at its mean price.

        It ran for `call rate x leads`. Those that are not judged unfit are too few to explain that many; the rest are.
        """
        leads = self.table("lead_count")
        unfit = self.judged - self.table("qualified_leads")
        ran = self.column("call_rate") * self.of_table(leads)
        least = np.clip(ran - self.of_table(leads - unfit), 0.0, self.of_table(unfit))
        price = least * self.column("avg_credits_per_run")
        return self._at_most_used(np.where(self.judges > 0, np.nan, price))

    @cached_property
    def credits_errored_of_tables(self) -> Measure:
        """Per table: the sum; missing where a column that spends does not tell."""
        return self.of_all_columns(self.credits_errored, self.spends)

    @cached_property
    def credits_unqualified_of_tables(self) -> Measure:
        """Per table: the sum; missing where a column that spends, and gives no verdicts, does not tell."""
        return self.of_all_columns(self.credits_unqualified, self.spends * (1 - self.judges))

    @cached_property
    def share_of_table(self) -> Measure:
        """Per column: its share of what all columns of its table have used."""
        used = self.column("credits_lifetime_used")
        return over(used, self.of_table(self.of_columns(used)))

    def newest(self) -> list[bool]:
        """Per table whether it is not given once more later on: runs of one agent share their tables."""
        ids = self.tables["id"]
        last = {table: place for place, table in enumerate(ids) if isinstance(table, str)}
        return [not isinstance(table, str) or last[table] == place for place, table in enumerate(ids)]

    def _at_most_used(self, values: Measure) -> Measure:
        used = self.column("credits_lifetime_used")
        return np.minimum(values, np.where(np.isnan(used), np.inf, used))
