"""What every script builds with: the brief, and tables laid out over the time of a run."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import inf
from random import Random
from typing import TYPE_CHECKING, Any

from origami_widgets.sandbox import words
from origami_widgets.sandbox.budget import afford
from origami_widgets.sandbox.ids import Ids
from origami_widgets.sandbox.life import Absence, Column, Lead, Source, TableLife
from origami_widgets.sandbox.moments import Pace, iso
from origami_widgets.sandbox.recipes import PASS_FROM, Facts, TableRecipe, invent
from origami_widgets.sandbox.run_life import Happening, ResponseForm, RunLife
from origami_widgets.sandbox.scripts.cells import Shift, Window, work_on
from origami_widgets.sandbox.subject import slugify

if TYPE_CHECKING:
    from collections.abc import Mapping

    from origami_widgets.sandbox.life import Fate
    from origami_widgets.sandbox.plans import ModelName
    from origami_widgets.sandbox.recipes import ColumnRecipe
    from origami_widgets.sandbox.subject import Subject


@dataclass(frozen=True, slots=True)
class Brief:
    """All that a script may know: the request, the subject, the agent's tables, its credits, the seed of chance.

    `focus_table_ids` are echoed as they were sent; `tables` holds the focus tables first, then the agent's others.
    """

    run_id: str
    agent_id: str
    container: str
    project: str | None
    prompt: str
    subject: Subject
    model: ModelName
    steps_max: int
    focus_table_ids: tuple[str, ...]
    pace: Pace
    seed: str
    form: ResponseForm = "null"
    tables: tuple[TableLife, ...] = ()
    answers: tuple[str, ...] = ()
    wallet: int = 0


@dataclass(frozen=True, slots=True)
class Story:
    """What a script gives back: the run, and the tables it makes or goes on with, by id."""

    run: RunLife
    tables: Mapping[str, TableLife] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Slot:
    """When one table is made, in simulated seconds of the run."""

    opened: float
    leads_from: float
    leads_to: float
    trimmed: float
    cells: Window


class Stage:
    """Builds the tables of one run and notes its actions.

    Args:
        brief: the run that is laid out.
    """

    def __init__(self, brief: Brief) -> None:
        self.brief = brief
        self.rng = Random(brief.seed)  # noqa: S311  # repeatable on purpose, nothing is secret
        self.ids = Ids(brief.seed)
        self.tables: dict[str, TableLife] = {}
        self.actions: list[Happening] = []
        self._numbers = sum(len(table.leads) for table in brief.tables)
        self._companies = {lead.facts.company for table in brief.tables for lead in table.leads}

    def at(self, seconds: float) -> float:
        """Return the wall moment of a simulated second of the run."""
        return self.brief.pace.at(seconds)

    def act(self, seconds: float, kind: str, table_id: str, **rest: Any) -> None:
        """Note an action."""
        self.actions.append(Happening(self.at(seconds), {"type": kind, "tableId": table_id, **rest}))

    def cities(self) -> tuple[str, ...]:
        """Return the cities in which leads are invented."""
        place = self.brief.subject.place
        return words.REGIONS.get(place.lower(), (place,)) if place else words.CITIES

    def open_table(
        self,
        recipe: TableRecipe,
        slot: Slot,
        people: list[Facts] | None = None,
        announced: tuple[ColumnRecipe, ...] | None = None,
    ) -> TableLife:
        """Lay out a new table: columns, leads in batches, the unfit deleted, then the cells.

        The `announced` columns are added one by one, each with its action (None: all that are computed); the others
        are there from the start.
        """
        table_id = self.ids.uuid()
        opened = self.at(slot.opened)
        sources = tuple(
            Source(self.ids.uuid(), name, available, "historical" if position == 0 else "estimate")
            for position, (name, available) in enumerate(
                zip(self.rng.sample(words.SOURCES, len(recipe.available)), recipe.available, strict=True)
            )
        )
        self.act(slot.opened, "table_created", table_id, tableName=recipe.name)
        later = [
            column
            for column in recipe.columns
            if (column.kind != "input" if announced is None else column in announced)
        ]
        columns = [self._column(column, opened) for column in recipe.columns if column not in later]
        columns += self._add_columns(table_id, later, slot)
        fates = _fates(
            self.rng,
            kept=recipe.kept,
            duplicate=recipe.duplicate,
            excluded=recipe.excluded,
            filtered=recipe.filtered,
        )
        leads = self._leads(table_id, fates, slot, columns, sources=len(sources), people=people)
        filters = ({"column": "fit", "operator": "greater_than_or_equal", "value": PASS_FROM},)
        table = TableLife(
            id=table_id,
            run_id=self.brief.run_id,
            container=self.brief.container,
            project=self.brief.project,
            name=recipe.name,
            created_at=opened,
            sources=sources,
            leads=tuple(leads),
            columns=tuple(columns),
            saved_filters=filters if recipe.only_passing else (),
            saved_sort={"column": "fit", "direction": "desc"} if recipe.only_passing else None,
            slug=slugify(recipe.name),
        )
        table = self._work(table, table.columns, [lead for lead in leads if lead.fate == "kept"], slot.cells)
        self.tables[table_id] = table
        return table

    def extend_table(self, table: TableLife, extra: ColumnRecipe, more: int, slot: Slot) -> TableLife:
        """Go on with a table: one more column for all its leads, and more leads for all its columns.

        Only what is there when the run starts is worked on: the rest is planned by another run, which may be stopped.
        """
        present = self.brief.pace.start
        added = self._column(extra, self.at(slot.opened))
        self.act(slot.opened, "column_added", table.id, columnId=added.id, columnName=added.name)
        old = [lead for lead in table.leads if lead.fate == "kept" and lead.is_row(present)]
        fates = _fates(self.rng, kept=more, duplicate=more // 4, filtered=more // 5)
        columns = (*table.columns, added)
        new = self._leads(table.id, fates, slot, list(columns), sources=len(table.sources))
        longer = replace(table, columns=columns, leads=(*table.leads, *new))
        fresh = [lead for lead in new if lead.fate == "kept"]
        longer = self._work(longer, tuple(table.columns_at(present)), fresh, slot.cells)
        longer = self._work(longer, (added,), [*old, *fresh], slot.cells)
        self.tables[table.id] = longer
        return longer

    def pay(self) -> None:
        """Let the work fail that the wallet does not cover; call it when all work is laid out."""
        self.tables = afford(self.tables, self.brief.run_id, self.brief.wallet)

    def touch(self, table: TableLife, seconds: float) -> None:
        """Note that columns of a table were changed."""
        self.act(seconds, "columns_updated", table.id)
        self.tables[table.id] = replace(table, edits=(*table.edits, (self.at(seconds), self.brief.run_id)))

    def _invent(self) -> Facts:
        while True:
            facts = invent(self.rng, self.cities(), self._numbers)
            # Two leads of one name would look like a duplicate that was overlooked.
            if facts.company not in self._companies:
                self._companies.add(facts.company)
                return facts

    def _column(self, recipe: ColumnRecipe, added_at: float) -> Column:
        return Column(
            id=self.ids.uuid(),
            run_id=self.brief.run_id,
            name=recipe.name,
            type=recipe.type,
            kind=recipe.kind,
            slug=recipe.slug,
            auto_trigger=recipe.auto,
            added_at=added_at,
            recipe=recipe,
        )

    def _add_columns(self, table_id: str, recipes: list[ColumnRecipe], slot: Slot) -> list[Column]:
        columns = []
        for position, recipe in enumerate(recipes):
            share = (position + 1) / (len(recipes) + 1)
            seconds = slot.opened + share * (slot.cells.opens - slot.opened)
            column = self._column(recipe, self.at(seconds))
            self.act(seconds, "column_added", table_id, columnId=column.id, columnName=column.name)
            columns.append(column)
        return columns

    def _leads(
        self,
        table_id: str,
        fates: list[Fate],
        slot: Slot,
        columns: list[Column],
        *,
        sources: int,
        people: list[Facts] | None = None,
    ) -> list[Lead]:
        batches = 3
        leads: list[Lead] = []
        trimmed = self.at(slot.trimmed)
        for batch in range(batches):
            seconds = slot.leads_from + batch * (slot.leads_to - slot.leads_from) / (batches - 1)
            share: list[Fate] = fates[batch::batches]
            for fate in share:
                self._numbers += 1
                known = people[len(leads)] if people is not None and len(leads) < len(people) else None
                facts = known or self._invent()
                leads.append(
                    Lead(
                        id=self.ids.uuid(),
                        run_id=self.brief.run_id,
                        source=0 if self.rng.random() < 0.6 else self.rng.randrange(sources),  # noqa: PLR2004
                        sourced_at=self.at(seconds),
                        fate=fate,
                        absence=Absence(trimmed, inf) if fate in {"excluded", "filtered"} else None,
                        facts=facts,
                        values={
                            column.slug: column.recipe.make(self.rng, facts, found=True)
                            for column in columns
                            if column.kind == "input" and column.slug is not None and column.recipe is not None
                        },
                    )
                )
            inserted = sum(fate != "duplicate" for fate in share)
            if inserted:
                self.act(seconds, "leads_added", table_id, leadCount=inserted)
        deleted = sum(fate in {"excluded", "filtered"} for fate in fates)
        if deleted:
            self.act(slot.trimmed, "leads_deleted", table_id, count=deleted, deletedAt=iso(trimmed))
        return leads

    def _work(self, table: TableLife, columns: tuple[Column, ...], leads: list[Lead], window: Window) -> TableLife:
        works = work_on(Shift(self.rng, self.brief.run_id, window.on(self.brief.pace)), columns, leads)
        return replace(
            table,
            columns=tuple(
                replace(column, works=(*column.works, *works[column.id])) if column.id in works else column
                for column in table.columns
            ),
        )


def _fates(rng: Random, *, kept: int, duplicate: int = 0, excluded: int = 0, filtered: int = 0) -> list[Fate]:
    fates: list[Fate] = ["kept"] * kept
    fates.extend(["duplicate"] * duplicate)
    fates.extend(["excluded"] * excluded)
    fates.extend(["filtered"] * filtered)
    rng.shuffle(fates)
    return fates
