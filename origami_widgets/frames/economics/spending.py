"""Credits spent on tables and columns, verdicts, and waste: the arithmetic that the economics frames share. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from origami_widgets.frames.frame_builder import (
    DataIssues,
    FieldValues,
    NestedItems,
    OriginValues,
    nested_items,
    pluck,
    runs_of,
    tables_of,
)
from origami_widgets.frames.schema import FrameField, computed_field
from origami_widgets.frames.table_frames import COLUMNS, TABLES
from origami_widgets.frames.values import TypedValues, read_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from origami_widgets.frames.frame_builder import FieldValues
    from origami_widgets.frames.source import SourceData

Measure: TypeAlias = npt.NDArray[np.float64]
Counts: TypeAlias = "list[int | None]"
Places: TypeAlias = npt.NDArray[np.intp]


def measure(field: FrameField, fields: FieldValues, notes: DataIssues) -> Measure:
    """A field of objects as floats; all of them are amounts, so a negative one is missing, and noted."""
    values = known(notes.read(field, fields[field.path]))
    notes.contradicts(f"{field.origin}.{field.path} is negative", values < 0)
    return np.where(values < 0, np.nan, values)


def known(cells: TypedValues) -> Measure:
    """Cells of numbers as floats."""
    return np.where(cells.missing, np.nan, cells.data.astype(np.float64))


def counts(cells: TypedValues) -> Counts:
    """Cells of integers as Python's."""
    return [None if lost else value for value, lost in zip(cells.data.tolist(), cells.missing.tolist(), strict=True)]


def measured(values: Measure) -> TypedValues:
    """Floats as cells of a column of numbers."""
    missing = ~np.isfinite(values)
    return TypedValues(np.where(missing, 0.0, values), missing)


def counted(field: FrameField, values: Sequence[int | None]) -> TypedValues:
    """Counts as cells of a column of integers; one of more than 64 bits is missing."""
    cells = read_values(field, values)
    return TypedValues(cells.data, cells.missing)


def over(part: Measure, whole: Measure) -> Measure:
    """One by the other; missing where there is nothing to divide by.

    >>> over(np.array([57.0, 1.0, np.nan]), np.array([15.0, 0.0, 2.0])).tolist()
    [3.8, nan, nan]
    """
    return part / np.where(whole > 0, whole, np.nan)


def sums(values: Measure, owners: Places, size: int) -> Measure:
    """The sum of what is known per owner; missing where nothing is.

    >>> sums(np.array([1.0, np.nan, 2.0, np.nan]), np.array([0, 0, 0, 1]), 3).tolist()
    [3.0, nan, nan]
    """
    told = ~np.isnan(values)
    total = np.bincount(owners[told], weights=values[told], minlength=size)
    return np.where(np.bincount(owners[told], minlength=size) > 0, total, np.nan)


def count_sums(values: Counts, owners: Places, size: int) -> Counts:
    """The same of counts.

    >>> count_sums([2**53, 1, None], np.array([0, 0, 1]), 2)
    [9007199254740993, None]
    """
    total: Counts = [None] * size
    for value, owner in zip(values, owners.tolist(), strict=True):
        if value is not None:
            total[owner] = (total[owner] or 0) + value
    return total


ERRORED = computed_field("credits_errored", "number", "failed cells at the mean price", "credits")
UNQUALIFIED = computed_field(
    "credits_unqualified", "number", "expected to have been spent on leads judged unfit", "credits"
)
UNQUALIFIED_MIN = computed_field(
    "credits_unqualified_min", "number", "spent on leads judged unfit at least, as the counts prove", "credits"
)


@dataclass(frozen=True)
class Spending:
    """The tables of a source, their columns, and what was spent on them.

    Args:
        source: what was gathered.
        more: further places in the tables that are wanted.
        notes: takes what could not be read, and what cannot be true.
    """

    source: SourceData
    more: tuple[str, ...] = ()
    notes: DataIssues = field(default_factory=DataIssues)

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
        """Entries of the answers that were no objects."""
        return self.found.skipped + self.each.skipped

    @property
    def size(self) -> int:
        """How many tables there are."""
        return len(self.found.items)

    @property
    def run_of_tables(self) -> OriginValues:
        """The run of each table."""
        return OriginValues(runs_of(self.source), self.found.owners)

    def run_of(self, owners: Places) -> OriginValues:
        """The run of what belongs to tables."""
        return OriginValues(runs_of(self.source), self.found.owners[owners])

    def table(self, name: str) -> Measure:
        """A measure of the tables, by its name in `tables_frame`."""
        return measure(TABLES[name], self.tables, self.notes)

    def table_counts(self, name: str) -> Counts:
        """A count of the tables, by its name in `tables_frame`; a negative one is missing."""
        field = TABLES[name]
        told = counts(self.notes.read(field, self.tables[field.path]))
        return [None if count is None or count < 0 else count for count in told]

    def has_more(self) -> list[bool]:
        """Per table whether a source has more leads than anybody knows."""
        field = TABLES["has_unknown_total_with_more"]
        cells = self.notes.read(field, self.tables[field.path])
        return [bool(more) for more in cells.data & ~cells.missing]

    def column(self, name: str) -> Measure:
        """A measure of the columns, by its name in `columns_frame`."""
        return measure(COLUMNS[name], self.columns, self.notes)

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
    def qualified(self) -> Measure:
        """Per table: leads that qualify; missing where they are more than were judged."""
        qualified = self.table("qualified_leads")
        is_wrong = qualified > self.judged
        self.notes.contradicts("more leads qualify than were judged", is_wrong)
        return np.where(is_wrong, np.nan, qualified)

    @cached_property
    def qualified_share(self) -> Measure:
        """Per table: of the leads with a verdict those that qualify."""
        return over(self.qualified, self.judged)

    @cached_property
    def unfit(self) -> Measure:
        """Per table: leads that were judged and do not qualify; missing where more were judged than there are."""
        leads = self.table("lead_count")
        is_wrong = self.judged > leads
        self.notes.contradicts("more leads were judged than there are", is_wrong)
        return np.where(is_wrong, np.nan, self.judged - self.qualified)

    @cached_property
    def ran_for(self) -> Measure:
        """Per column: the leads that it ran for, `call rate x leads`, but not more than it has run."""
        rate = self.column("call_rate")
        self.notes.contradicts("column.stats.callRate is above 1", rate > 1)
        ran = np.rint(np.where(rate > 1, np.nan, rate) * self.of_table(self.table("lead_count")))
        return np.fmin(ran, np.where(np.isnan(ran), np.nan, self.column("total_runs")))

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
        """Per column: failed cells at its mean price, not more than it has used; missing where that is not known."""
        errored = self.column("cells_errored")
        price = errored * self.column("avg_credits_per_run")
        return np.where(errored == 0, 0.0, np.minimum(price, self.column("credits_lifetime_used")))

    @cached_property
    def credits_unqualified_min(self) -> Measure:
        """Per column: the leads that were judged unfit and that it must have run for, at its mean price.

        Those that are not judged unfit are too few to explain all that it ran for; the rest are. Not more than it has
        used; missing where that is not known, as a bound without its cap may exceed what was spent.
        """
        others = self.of_table(self.table("lead_count") - self.unfit)
        price = np.maximum(self.ran_for - others, 0.0) * self.column("avg_credits_per_run")
        return np.where(self.judges > 0, np.nan, np.minimum(price, self.column("credits_lifetime_used")))

    @cached_property
    def credits_unqualified(self) -> Measure:
        """Per column: what it is expected to have spent on leads that were judged unfit, not less than it must have.

        Nothing tells which leads a column ran for. As long as it ran for any of them alike, the unfit ones have their
        share of what it has used. One that ran for as many leads as qualify ran for these, and so did one that drafts
        outreach, unless it ran for more.
        """
        used, leads = self.column("credits_lifetime_used"), self.table("lead_count")
        alike = used * self.of_table(over(self.unfit, leads))
        fitting = self.of_table(self.qualified)
        drafts = np.array([kind == "sequence" for kind in self.columns["kind"]], dtype=np.bool_)
        is_after = (self.ran_for == fitting) | (drafts & (self.ran_for <= fitting))
        expected = np.where(is_after & ~np.isnan(alike), 0.0, alike)
        return np.where(
            self.judges > 0,
            np.nan,
            np.where(np.isnan(expected), expected, np.fmax(expected, self.credits_unqualified_min)),
        )

    @cached_property
    def credits_errored_of_tables(self) -> Measure:
        """Per table: the sum; missing where a column that spends does not tell."""
        return self.of_all_columns(self.credits_errored, self.spends)

    @cached_property
    def credits_unqualified_of_tables(self) -> Measure:
        """Per table: the sum; missing where a column that spends, and gives no verdicts, does not tell."""
        return self.of_all_columns(self.credits_unqualified, self.spends * (1 - self.judges))

    @cached_property
    def credits_unqualified_min_of_tables(self) -> Measure:
        """Per table: the sum; missing where a column that spends, and gives no verdicts, does not tell."""
        return self.of_all_columns(self.credits_unqualified_min, self.spends * (1 - self.judges))

    @cached_property
    def share_of_table(self) -> Measure:
        """Per column: its share of what all columns of its table have used; missing where one of them does not tell."""
        used = self.column("credits_lifetime_used")
        return over(used, self.of_table(self.of_all_columns(used, np.ones(len(used)))))

    def newest(self) -> list[bool]:
        """Per table whether it is not given once more later on: runs of one agent share their tables."""
        ids = self.tables["id"]
        last = {table: place for place, table in enumerate(ids) if isinstance(table, str)}
        return [not isinstance(table, str) or last[table] == place for place, table in enumerate(ids)]
