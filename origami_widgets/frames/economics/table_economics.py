"""What the numbers of one table say about its leads and its credits. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import TypeVar

from origami_widgets.api.rows.cell_values import column_role
from origami_widgets.frames.frame_builder import Json, objects, value_at
from origami_widgets.frames.values import read_integer, read_number, spaced

Number = TypeVar("Number", int, float)
PEOPLE, COMPANIES = "people", "companies"
_PERSON = re.compile(r"(full|first|last|person|contact|lead|founder|owner)( s)? name|person|contact|founder|owner|name")
_COMPANY = re.compile(r"(company|organi[sz]ation|business|employer|firm)( name)?")


class TableEconomics:
    """Numbers of one table. Those that can't be, and what is computed from them, are None.

    Args:
        table: the API's object.

    Attributes:
        table: the same.
        columns: the objects of its columns.
        contradicts: whether numbers that were read so far contradict each other, or are below zero.
    """

    def __init__(self, table: Json) -> None:
        self.table = table
        self.columns = [column for _, column in objects(table.get("columns"))]
        self.contradicts = False

    def number(self, path: str, item: Json | None = None) -> float | None:
        """Return an amount of the table, or of another object; None if it is unknown or negative."""
        value = read_number(value_at(self.table if item is None else item, path))
        return self._unless(value, is_wrong=value is not None and value < 0)

    def count(self, path: str, item: Json | None = None) -> int | None:
        """Return a count in the same way."""
        value = read_integer(value_at(self.table if item is None else item, path))
        return self._unless(value, is_wrong=value is not None and value < 0)

    def _unless(self, value: Number | None, *, is_wrong: bool) -> Number | None:
        self.contradicts |= is_wrong
        return None if is_wrong else value

    @cached_property
    def leads(self) -> int | None:
        """The number of leads."""
        return self.count("leadCount")

    @cached_property
    def used(self) -> float | None:
        """The credits that the table has used."""
        return self.number("credits.lifetimeUsed")

    @property
    def has_verdicts(self) -> bool:
        """Whether the server says how many leads qualify: then it is a judged table."""
        return value_at(self.table, "stats.qualification") is not None

    @cached_property
    def _judge(self) -> tuple[int | None, Json]:
        """The number of verdicts of the column with the most of them, and that column."""
        found = [(total, column) for column in self.columns if (total := self._verdicts(column)) is not None]
        return max(found, key=lambda each: each[0], default=(None, {}))

    def _verdicts(self, column: Json) -> int | None:
        return self.count("qualification.total", column)

    @cached_property
    def judged(self) -> int | None:
        """The leads with a verdict: of the column with the most of them, else as the server's share implies."""
        most, qualified, rate = self._judge[0], self.count(_QUALIFIED), self.number("stats.qualification.rate")
        return most if most is not None or qualified is None or not rate else round(qualified / rate)

    @cached_property
    def qualified(self) -> int | None:
        """The qualified leads; None if they exceed the judged ones."""
        qualified = self.count(_QUALIFIED)
        return self._unless(qualified, is_wrong=self.judged is not None and (qualified or 0) > self.judged)

    @property
    def qualified_share(self) -> float | None:
        """The share of the judged leads that qualify."""
        return over(self.qualified, self.judged)

    @cached_property
    def unfit(self) -> int | None:
        """The leads that were judged not to qualify; None if more were judged than exist."""
        judged, fails = self.judged, self.count("qualification.fail", self._judge[1])
        return self._unless(fails, is_wrong=self.leads is not None and (judged or 0) > self.leads)

    @property
    def leads_left(self) -> int | None:
        """The qualified leads that are still to be found, by the server's estimate; None if it can't know them all."""
        most, there = self.count("stats.qualification.estimatedQualifiedLeads"), self.count(_QUALIFIED)
        if most is None or there is None or value_at(self.table, "stats.hasUnknownTotalWithMore") is True:
            return None
        return max(0, most - there)

    @cached_property
    def _used_by_columns(self) -> float | None:
        used = [self.number(_USED, each) for each in self.columns]
        return None if None in used else sum(each or 0 for each in used)

    def share_of_credits(self, column: Json) -> float | None:
        """Return a column's share of the credits of all columns of its table; None if one of these is unknown."""
        return over(self.number(_USED, column), self._used_by_columns)

    def pass_rate(self, column: Json) -> float | None:
        """Return the share of a column's verdicts that are good."""
        passed, total = self.count("qualification.pass", column), self._verdicts(column)
        return over(self._unless(passed, is_wrong=total is not None and (passed or 0) > total), total)

    def spent_on_unqualified(self, column: Json) -> float | None:
        """Return what a column is expected to have spent on unfit leads; None for a column that gives verdicts.

        It is assumed to have run for all leads alike, and drafts of outreach for qualified leads alone, unless they ran
        for more.
        """
        used, unfit, leads = self.number(_USED, column), self.unfit, self.leads
        if self._verdicts(column) is not None or used is None or unfit is None or not leads:
            return None
        runs, qualified = self.count("stats.totalRuns", column), self.qualified
        is_after = column.get("kind") == "sequence" and runs is not None and qualified is not None and runs <= qualified
        return 0.0 if is_after else used * unfit / leads

    @property
    def credits_on_unqualified(self) -> float | None:
        """The sum over its columns that give no verdicts; None if it is unknown for one that has spent credits."""
        spent = [
            self.spent_on_unqualified(column)
            for column in self.columns
            if self._verdicts(column) is None and self.number(_USED, column) != 0
        ]
        return None if None in spent or not self.columns else sum(each or 0.0 for each in spent)

    @property
    def of(self) -> str | None:
        """What its leads are: people have a person's name beside a company, companies a company or website without one."""
        return kind_of_leads([(str(each.get("name") or ""), str(each.get("kind") or "")) for each in self.columns])


def kind_of_leads(headings: Sequence[tuple[str, str]]) -> str | None:
    """Return what leads are by the heading and the kind of each of their columns; None if these don't tell.

    >>> kind_of_leads([("Full name", ""), ("Company", "")]), kind_of_leads([("Company", ""), ("City", "")])
    ('people', 'companies')
    """
    has_company = any(is_company(heading) for heading, _ in headings)
    names = [words for heading, _ in headings if _PERSON.fullmatch(words := spaced(heading).lower())]
    if has_company and names:
        return PEOPLE
    has_website = any(column_role(heading, kind) == "website" for heading, kind in headings)
    return COMPANIES if (has_company or has_website) and set(names) <= {"name"} else None


def is_company(heading: str) -> bool:
    """Return whether a column has the names of companies.

    >>> is_company("Company name"), is_company("companyName"), is_company("Company size")
    (True, True, False)
    """
    return _COMPANY.fullmatch(spaced(heading).lower()) is not None


_QUALIFIED = "stats.qualification.qualifiedLeads"
_USED = "credits.lifetimeUsed"


def over(part: float | None, whole: float | None) -> float | None:
    """Divide; None if one of both is unknown, or there is nothing to divide by.

    >>> over(57, 15), over(1, 0), over(None, 2)
    (3.8, None, None)
    """
    return None if part is None or not whole else part / whole
