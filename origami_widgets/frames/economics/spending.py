"""Arithmetic that the economics frames share: credits spent on tables and columns, verdicts, and waste. Pure.

Measures are floats, with NaN for missing values; `measured` turns them into typed values. Counts stay Python integers,
with None for missing ones, because a float would lose the last digits of large ones. A result is missing if one of its
inputs is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from origami_widgets.frames.frame_builder import (
    NestedItems,
    OriginValues,
    nested_items,
    pluck,
    runs_of,
    tables_of,
)
from origami_widgets.frames.schema import FrameField, number_field
from origami_widgets.frames.table_frames import COLUMNS, TABLES
from origami_widgets.frames.values import TypedValues, read_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from origami_widgets.frames.frame_builder import FieldValues
    from origami_widgets.frames.source import SourceData

Measure: TypeAlias = npt.NDArray[np.float64]
Counts: TypeAlias = "list[int | None]"
Places: TypeAlias = npt.NDArray[np.intp]


def known(cells: TypedValues) -> Measure:
    """Return typed numbers as floats, with NaN for missing ones."""
    return np.where(cells.missing, np.nan, cells.data.astype(np.float64))


def counts(cells: TypedValues) -> Counts:
    """Return typed integers as Python integers, with None for missing ones."""
    return [None if lost else value for value, lost in zip(cells.data.tolist(), cells.missing.tolist(), strict=True)]


def measured(values: Measure) -> TypedValues:
    """Return floats as typed values of a column of numbers."""
    missing = ~np.isfinite(values)
    return TypedValues(np.where(missing, 0.0, values), missing)


def counted(field: FrameField, values: Sequence[int | None]) -> TypedValues:
    """Return counts as typed values of a column of integers. Counts of more than 64 bits become missing."""
    cells = read_values(field, values)
    return TypedValues(cells.data, cells.missing)


def over(part: Measure, whole: Measure) -> Measure:
    """Divide; missing if the divisor is not positive.

    >>> over(np.array([57.0, 1.0, np.nan]), np.array([15.0, 0.0, 2.0])).tolist()
    [3.8, nan, nan]
    """
    return part / np.where(whole > 0, whole, np.nan)


def sums(values: Measure, owners: Places, size: int) -> Measure:
    """Sum the known values per owner; missing if none is known.

    >>> sums(np.array([1.0, np.nan, 2.0, np.nan]), np.array([0, 0, 0, 1]), 3).tolist()
    [3.0, nan, nan]
    """
    is_known = ~np.isnan(values)
    total = np.bincount(owners[is_known], weights=values[is_known], minlength=size)
    return np.where(np.bincount(owners[is_known], minlength=size) > 0, total, np.nan)


def count_sums(values: Counts, owners: Places, size: int) -> Counts:
    """Sum the known counts per owner, as `sums` does.

    >>> count_sums([2**53, 1, None], np.array([0, 0, 1]), 2)
    [9007199254740993, None]
    """
    total: Counts = [None] * size
    for value, owner in zip(values, owners.tolist(), strict=True):
        if value is not None:
            total[owner] = (total[owner] or 0) + value
    return total


ERRORED = number_field("credits_errored", "failed cells at the mean price", "credits")
UNQUALIFIED = number_field("credits_unqualified", "expected to have been spent on leads judged unfit", "credits")
UNQUALIFIED_MIN = number_field(
    "credits_unqualified_min", "least credits spent on leads judged unfit, as the counts prove", "credits"
)


@dataclass(eq=False)
class Spending:
    """The tables of a source, their columns, and the credits spent on them.

    Args:
        source: the runs and tables.
        more: paths of further fields of the tables to read.

    Attributes:
        contradicts: whether numbers that were read so far contradict each other, or are below zero.
    """

    source: SourceData
    more: tuple[str, ...] = ()
    contradicts: bool = field(default=False, init=False)

    @cached_property
    def found(self) -> NestedItems:
        """The tables."""
        return tables_of(self.source)[0]

    @cached_property
    def tables(self) -> FieldValues:
        """The fields of the tables."""
        return pluck(self.found.items, [*TABLES.paths("table"), "columns", *self.more])

    @cached_property
    def each(self) -> NestedItems:
        """The columns."""
        return nested_items(self.tables["columns"])

    @cached_property
    def columns(self) -> FieldValues:
        """The fields of the columns."""
        return pluck(self.each.items, COLUMNS.paths("column"))

    @property
    def skipped(self) -> int:
        """The number of list items in the answers that were not objects."""
        return self.found.skipped + self.each.skipped

    @property
    def size(self) -> int:
        """The number of tables."""
        return len(self.found.items)

    @property
    def run_of_tables(self) -> OriginValues:
        """The run of each table."""
        return OriginValues(runs_of(self.source), self.found.owners)

    def run_of(self, owners: Places) -> OriginValues:
        """The run of each item, given the position of its table."""
        return OriginValues(runs_of(self.source), self.found.owners[owners])

    def unless(self, is_wrong: npt.NDArray[np.bool_], values: Measure) -> Measure:
        """Return values without those that can't be, and remember whether there are such."""
        self.contradicts |= bool(is_wrong.any())
        return np.where(is_wrong, np.nan, values)

    def measure(self, field: FrameField, fields: FieldValues) -> Measure:
        """Read a field as floats. As all are amounts, negative ones become missing."""
        values = known(read_values(field, fields[field.path]))
        return self.unless(values < 0, values)

    def table(self, name: str) -> Measure:
        """Read a column of `tables_frame` as floats."""
        return self.measure(TABLES[name], self.tables)

    def table_counts(self, name: str) -> Counts:
        """Read a column of `tables_frame` as counts. Negative ones become missing."""
        field = TABLES[name]
        found = counts(read_values(field, self.tables[field.path]))
        return [None if count is None or count < 0 else count for count in found]

    def has_more(self) -> list[bool]:
        """Per table: whether a lead source has an unknown number of further leads."""
        field = TABLES["has_unknown_total_with_more"]
        cells = read_values(field, self.tables[field.path])
        return [bool(more) for more in cells.data & ~cells.missing]

    def column(self, name: str) -> Measure:
        """Read a column of `columns_frame` as floats."""
        return self.measure(COLUMNS[name], self.columns)

    def of_table(self, values: Measure) -> Measure:
        """Repeat a measure of the tables for each of their columns."""
        return values[self.each.owners]

    def of_columns(self, values: Measure) -> Measure:
        """Sum the known values over the columns of each table."""
        return sums(values, self.each.owners, self.size)

    def of_all_columns(self, values: Measure, wanted: Measure) -> Measure:
        """Sum over the wanted columns of each table; missing if one of these is missing."""
        lost = self.of_columns(np.where((wanted > 0) & np.isnan(values), 1.0, 0.0))
        return np.where(lost > 0, np.nan, self.of_columns(np.where(wanted > 0, values, np.nan)))

    @cached_property
    def judged(self) -> Measure:
        """Per table: leads with a verdict, from the column with most verdicts, else as implied by the server's share."""
        most = np.full(self.size, np.nan)
        np.fmax.at(most, self.each.owners, self.column("qualification_total"))
        implied = np.rint(over(self.table("qualified_leads"), self.table("qualification_rate")))
        return np.where(np.isnan(most), implied, most)

    @cached_property
    def qualified(self) -> Measure:
        """Per table: qualified leads; missing if they exceed the judged ones."""
        qualified = self.table("qualified_leads")
        return self.unless(qualified > self.judged, qualified)

    @cached_property
    def qualified_share(self) -> Measure:
        """Per table: share of the judged leads that qualify."""
        return over(self.qualified, self.judged)

    @cached_property
    def unfit(self) -> Measure:
        """Per table: judged leads that do not qualify; missing if more were judged than exist."""
        return self.unless(self.judged > self.table("lead_count"), self.judged - self.qualified)

    @cached_property
    def ran_for(self) -> Measure:
        """Per column: number of leads that it ran for, `call rate x leads`, at most its executions."""
        rate = self.column("call_rate")
        ran = np.rint(self.unless(rate > 1, rate) * self.of_table(self.table("lead_count")))
        return np.fmin(ran, np.where(np.isnan(ran), np.nan, self.column("total_runs")))

    @cached_property
    def judges(self) -> Measure:
        """Per column: 1 if it gives verdicts, and so must run for every lead; else 0."""
        return np.where(self.column("qualification_total") >= 0, 1.0, 0.0)

    @cached_property
    def spends(self) -> Measure:
        """Per column: 1 if it has used credits, or their number is unknown; else 0."""
        return np.where(self.column("credits_lifetime_used") <= 0, 0.0, 1.0)

    @cached_property
    def credits_errored(self) -> Measure:
        """Per column: failed cells at its mean price, at most the credits used; missing if these are unknown."""
        errored = self.column("cells_errored")
        price = errored * self.column("avg_credits_per_run")
        return np.where(errored == 0, 0.0, np.minimum(price, self.column("credits_lifetime_used")))

    @cached_property
    def credits_unqualified_min(self) -> Measure:
        """Per column: the unfit leads that it must have run for, at its mean price.

        If there are more executions than leads that are not judged unfit, the rest must have been for unfit leads. At
        most the credits used; missing if these are unknown, because the bound without its cap may exceed what was
        spent.
        """
        others = self.of_table(self.table("lead_count") - self.unfit)
        price = np.maximum(self.ran_for - others, 0.0) * self.column("avg_credits_per_run")
        return np.where(self.judges > 0, np.nan, np.minimum(price, self.column("credits_lifetime_used")))

    @cached_property
    def credits_unqualified(self) -> Measure:
        """Per column: expected spend on leads judged unfit, at least `credits_unqualified_min`.

        The API does not report which leads a column ran for. If it ran for all of them alike, unfit leads have their
        share of the credits. A column that drafts outreach is assumed to have run only for leads that qualify, unless
        it ran for more. For other columns, an equal number is a coincidence: it does not say which leads they were.
        """
        used, leads = self.column("credits_lifetime_used"), self.table("lead_count")
        alike = used * self.of_table(over(self.unfit, leads))
        drafts = np.array([kind == "sequence" for kind in self.columns["kind"]], dtype=np.bool_)
        is_after = drafts & (self.ran_for <= self.of_table(self.qualified))
        expected = np.where(is_after & ~np.isnan(alike), 0.0, alike)
        return np.where(
            self.judges > 0,
            np.nan,
            np.where(np.isnan(expected), expected, np.fmax(expected, self.credits_unqualified_min)),
        )

    @cached_property
    def credits_errored_of_tables(self) -> Measure:
        """Per table: the sum; missing if it is unknown for a column that spends."""
        return self.of_all_columns(self.credits_errored, self.spends)

    @cached_property
    def credits_unqualified_of_tables(self) -> Measure:
        """Per table: the sum; missing if it is unknown for a column that spends and gives no verdicts."""
        return self.of_all_columns(self.credits_unqualified, self.spends * (1 - self.judges))

    @cached_property
    def credits_unqualified_min_of_tables(self) -> Measure:
        """Per table: the sum; missing if it is unknown for a column that spends and gives no verdicts."""
        return self.of_all_columns(self.credits_unqualified_min, self.spends * (1 - self.judges))

    @cached_property
    def share_of_table(self) -> Measure:
        """Per column: its share of the credits of all columns of its table; missing if one of these is unknown."""
        used = self.column("credits_lifetime_used")
        return over(used, self.of_table(self.of_all_columns(used, np.ones(len(used)))))

    def newest(self) -> list[bool]:
        """Per table: whether the source has no later version of it, as runs of one agent share tables."""
        ids = self.tables["id"]
        last = {table: position for position, table in enumerate(ids) if isinstance(table, str)}
        return [not isinstance(table, str) or last[table] == position for position, table in enumerate(ids)]
