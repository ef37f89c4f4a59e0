"""What the numbers of one table say about its leads and its credits. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TypeVar

from origami_widgets.api.rows.cell_values import column_role
from origami_widgets.frames.frame_builder import Json, objects, value_at, values_at
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
        positions: their places in the list.
        contradicts: whether numbers that were read so far contradict each other, or are below zero.
    """

    def __init__(self, table: Json) -> None:
        self.table = table
        listed = objects(table.get("columns"))
        self.columns = [column for _, column in listed]
        self.positions = [position for position, _ in listed]
        self.contradicts = False

    def number(self, path: str) -> float | None:
        """Return an amount of the table; None if it is unknown or negative."""
        return self._amounts(read_number, path, [self.table])[0]

    def count(self, path: str) -> int | None:
        """Return a count in the same way."""
        return self._amounts(read_integer, path, [self.table])[0]

    def _amounts(
        self, read: Callable[[object], Number | None], path: str, items: Sequence[Json]
    ) -> list[Number | None]:
        found = [None if value is None else read(value) for value in values_at(items, path)]
        if min((value for value in found if value is not None), default=0) < 0:
            self.contradicts = True
            return [None if value is None or value < 0 else value for value in found]
        return found

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
        counted = zip(self._verdicts, self.columns, strict=True)
        found = [(total, column) for total, column in counted if total is not None]
        return max(found, key=lambda each: each[0], default=(None, {}))

    @cached_property
    def _verdicts(self) -> list[int | None]:
        return self._amounts(read_integer, "qualification.total", self.columns)

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
        judged, fails = self.judged, self._amounts(read_integer, "qualification.fail", [self._judge[1]])[0]
        return self._unless(fails, is_wrong=self.leads is not None and (judged or 0) > self.leads)

    @property
    def leads_left(self) -> int | None:
        """The qualified leads that are still to be found, by the server's estimate; None if it can't know them all."""
        most, there = self.count("stats.qualification.estimatedQualifiedLeads"), self.count(_QUALIFIED)
        if most is None or there is None or value_at(self.table, "stats.hasUnknownTotalWithMore") is True:
            return None
        return max(0, most - there)

    @cached_property
    def _used_by_columns(self) -> list[float | None]:
        return self._amounts(read_number, "credits.lifetimeUsed", self.columns)

    @property
    def shares_of_credits(self) -> list[float | None]:
        """Each column's share of the credits of all columns of its table; None if one of these is unknown."""
        used = self._used_by_columns
        total = None if None in used else sum(each or 0 for each in used)
        return [None if each is None or not total else each / total for each in used]

    @property
    def pass_rates(self) -> list[float | None]:
        """The share of each column's verdicts that are good."""
        passed = self._amounts(read_integer, "qualification.pass", self.columns)
        return [
            None if total is None else over(self._unless(each, is_wrong=(each or 0) > total), total)
            for each, total in zip(passed, self._verdicts, strict=True)
        ]

    @cached_property
    def spent_on_unqualified(self) -> list[float | None]:
        """What each column is expected to have spent on unfit leads; None for a column that gives verdicts.

        It is assumed to have run for all leads alike, and drafts of outreach for qualified leads alone, unless they ran
        for more.
        """
        unfit, leads, counted = self.unfit, self.leads, zip(self._used_by_columns, self._verdicts, strict=True)
        if unfit is None or not leads:
            return [None] * len(self.columns)
        spent = [None if used is None or total is not None else used * unfit / leads for used, total in counted]
        qualified = self.qualified
        for at, column in enumerate(self.columns):
            if qualified is not None and spent[at] and column.get("kind") == "sequence":
                [runs] = self._amounts(read_integer, "stats.totalRuns", [column])
                spent[at] = 0.0 if runs is not None and runs <= qualified else spent[at]
        return spent

    @property
    def credits_on_unqualified(self) -> float | None:
        """The sum over its columns that give no verdicts; None if it is unknown for one that has spent credits."""
        counted = zip(self.spent_on_unqualified, self._used_by_columns, self._verdicts, strict=True)
        spent = [each for each, used, total in counted if total is None and used != 0]
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


def over(part: float | None, whole: float | None) -> float | None:
    """Divide; None if one of both is unknown, or there is nothing to divide by.

    >>> over(57, 15), over(1, 0), over(None, 2)
    (3.8, None, None)
    """
    return None if part is None or not whole else part / whole
