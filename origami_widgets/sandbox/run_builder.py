"""Build the timelines of a run and its tables, and end them early."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from math import inf
from random import Random
from typing import TYPE_CHECKING, Any

from origami_widgets.sandbox import agent_text, recipes
from origami_widgets.sandbox.prompt_parser import ParsedPrompt, leaves_out, slugify
from origami_widgets.sandbox.recipes import (
    PASS_SCORE,
    ColumnKind,
    ColumnRecipe,
    IdGenerator,
    LeadFacts,
    LeadOutcome,
    TableRecipe,
    invent,
    verdict_of,
)
from origami_widgets.sandbox.timelines import (
    CellOutcome,
    CellRun,
    ColumnTimeline,
    Deletion,
    Pace,
    RowFilter,
    RowSort,
    RunTimeline,
    SimulatedLead,
    SimulatedSource,
    TableTimeline,
    TimedEvent,
    iso,
)

if TYPE_CHECKING:
    from origami_widgets.sandbox.timelines import ModelName


@dataclass(frozen=True, slots=True)
class ScenarioInputs:
    """Inputs of a scenario: the request, the parsed prompt, the agent's tables, the affordable credits and the random seed.

    `focus_table_ids` are echoed as they were sent; `tables` holds the focus tables first, then the agent's others.
    """

    run_id: str
    agent_id: str
    container: str
    project: str | None
    prompt: str
    parsed: ParsedPrompt
    model: ModelName
    steps_max: int
    focus_table_ids: tuple[str, ...]
    pace: Pace
    seed: str
    affordable: int
    running_response: str = "null_response"
    tables: tuple[TableTimeline, ...] = ()
    answers: tuple[str, ...] = ()

    @property
    def own_lists(self) -> tuple[TableTimeline, ...]:
        """The user's own lists to work on: all that are in focus, else the agent's first table if it is one."""
        if leaves_out(self.prompt):
            return ()
        focus = {table_id.lower() for table_id in self.focus_table_ids}
        given = tuple(table for table in self.tables if table.is_own_list and table.id in focus)
        return given or tuple(table for table in self.tables[:1] if table.is_own_list)

    @property
    def built_tables(self) -> tuple[TableTimeline, ...]:
        """The tables that agents have built."""
        return tuple(table for table in self.tables if not table.is_own_list)


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """The run of a scenario, and the tables it creates or extends, by id."""

    run: RunTimeline
    tables: Mapping[str, TableTimeline] = field(default_factory=dict)


_MIN_DURATION, _MAX_DURATION = 0.04, 0.10
_PHASES: dict[ColumnKind, tuple[float, float]] = {"enrichment": (0.0, 0.65), "score": (0.4, 0.85)}
"""The part of the window in which each kind works: scores need some enrichment, and sequences need a passing score."""


@dataclass(frozen=True, slots=True)
class CellWindow:
    """The time in which cells run, and the share that fails in addition to those that fail by recipe."""

    opens: float
    closes: float
    failure_rate: float = 0.0

    def on(self, pace: Pace) -> CellWindow:
        """Return the same window on the wall clock."""
        return CellWindow(pace.at(self.opens), pace.at(self.closes), self.failure_rate)


@dataclass(frozen=True, slots=True)
class CellPlanner:
    """Plans the cell runs of one run in its window on the wall clock."""

    rng: Random
    run_id: str
    window: CellWindow

    def fill(
        self, table: TableTimeline, columns: Sequence[ColumnTimeline], leads: Iterable[SimulatedLead]
    ) -> TableTimeline:
        """Add the cell runs of some columns on some leads to a table.

        All of them are queued, started and done inside the window.
        """
        cell_runs: dict[str, list[CellRun]] = {column.id: [] for column in columns}
        for lead in leads:
            scored: CellRun | None = None
            for column in columns:
                if column.recipe.kind not in _PHASES or self.rng.random() > column.recipe.call_rate:
                    continue
                cell_run = self._cell_run(column.recipe, lead)
                cell_runs[column.id].append(cell_run)
                scored = cell_run if column.recipe.is_relevance else scored
            for column in columns:
                if column.recipe.kind == "sequence" and scored is not None and scored.verdict == "pass":
                    cell_runs[column.id].append(self._sequence_run(column.recipe, lead, scored))
        return table.with_cell_runs(lambda column: (*column.cell_runs, *cell_runs.get(column.id, ())))

    def _cell_run(self, recipe: ColumnRecipe, lead: SimulatedLead) -> CellRun:
        rng, window = self.rng, self.window
        length = window.closes - window.opens
        first, last = _PHASES[recipe.kind]
        duration = rng.uniform(_MIN_DURATION, _MAX_DURATION) * length
        earliest = window.opens + first * length
        started = rng.uniform(earliest, window.opens + last * length - duration)
        errored = rng.random() < recipe.error_rate + window.failure_rate
        found = rng.random() < recipe.found_rate
        value = recipe.make(rng, lead.facts, found=found)
        outcome: CellOutcome = "value" if found or recipe.kind == "score" else "nothing"
        return CellRun(
            lead_id=lead.id,
            run_id=self.run_id,
            decided=window.opens,
            queued=window.opens,
            done=started + duration,
            credits=0 if errored else rng.randint(*recipe.credits),
            outcome="errored" if errored else outcome,
            value=None if errored else value,
            verdict=verdict_of(value) if recipe.is_relevance and not errored else None,
        )

    def _sequence_run(self, recipe: ColumnRecipe, lead: SimulatedLead, scored: CellRun) -> CellRun:
        rng, window = self.rng, self.window
        length = window.closes - window.opens
        duration = rng.uniform(_MIN_DURATION, _MAX_DURATION) * length
        return CellRun(
            lead_id=lead.id,
            run_id=self.run_id,
            decided=scored.decided,
            queued=scored.done,
            done=min(window.closes, scored.done + 0.02 * length + duration),
            credits=rng.randint(*recipe.credits),
            outcome="value",
            value=recipe.make(rng, lead.facts, found=True),
        )


@dataclass(frozen=True, slots=True)
class TableSchedule:
    """When a table is built, in simulated seconds of the run. Excluded and filtered leads are deleted at `trimmed`."""

    opened: float
    leads_from: float
    leads_to: float
    trimmed: float
    cells: CellWindow


class RunBuilder:
    """Builds the tables of one run, records its actions and finishes it.

    Args:
        inputs: the run to build.
    """

    def __init__(self, inputs: ScenarioInputs) -> None:
        self.inputs = inputs
        self.rng = Random(inputs.seed)  # noqa: S311  # repeatable on purpose, nothing is secret
        self.ids = IdGenerator(inputs.seed)
        self.tables: dict[str, TableTimeline] = {}
        self.actions: list[TimedEvent] = []
        self._numbers = sum(len(table.leads) for table in inputs.tables)
        self._companies = {lead.facts.company for table in inputs.tables for lead in table.leads}

    def at(self, seconds: float) -> float:
        """Return the wall moment of a simulated second of the run."""
        return self.inputs.pace.at(seconds)

    def add_action(self, seconds: float, kind: str, table_id: str, **rest: Any) -> None:
        """Record an action."""
        self.actions.append(TimedEvent(self.at(seconds), {"type": kind, "tableId": table_id, **rest}))

    def cities(self) -> tuple[str, ...]:
        """Return the cities in which leads are invented."""
        place = self.inputs.parsed.place
        if place:
            return recipes.REGIONS.get(place.lower(), (place,))
        # A follow-up without a place goes on where the first brief has searched.
        known = dict.fromkeys(lead.facts.city for table in self.inputs.built_tables for lead in table.leads)
        return tuple(known) or recipes.CITIES

    def open_table(
        self,
        recipe: TableRecipe,
        schedule: TableSchedule,
        people: Sequence[LeadFacts] = (),
        announced: tuple[ColumnRecipe, ...] | None = None,
    ) -> TableTimeline:
        """Create a table: columns, leads in batches, the unfit ones deleted, then the cells.

        The `announced` columns are added one by one, each with its action (None: all that are computed); the others
        exist from the start. The first leads are `people`, the others are invented.
        """
        table_id = self.ids.uuid()
        opened = self.at(schedule.opened)
        names = self.rng.sample(recipes.SOURCES, len(recipe.available))
        sources = tuple(
            SimulatedSource(self.ids.uuid(), *source) for source in zip(names, recipe.available, strict=True)
        )
        self.add_action(schedule.opened, "table_created", table_id, tableName=recipe.name)
        later = [
            column
            for column in recipe.columns
            if (column.kind != "input" if announced is None else column in announced)
        ]
        columns = [self._column(column, opened) for column in recipe.columns if column not in later]
        for position, column in enumerate(later, 1):
            share = position / (len(later) + 1)
            seconds = schedule.opened + share * (schedule.cells.opens - schedule.opened)
            columns.append(self._announced_column(table_id, column, seconds))
        leads = self._leads(table_id, recipe.leads, schedule, columns, sources=len(sources), people=people)
        table = TableTimeline(
            id=table_id,
            run_id=self.inputs.run_id,
            container=self.inputs.container,
            project=self.inputs.project,
            name=recipe.name,
            created_at=opened,
            sources=sources,
            leads=tuple(leads),
            columns=tuple(columns),
            slug=slugify(recipe.name),
        )
        table = self._add_cell_runs(
            table, table.columns, [lead for lead in leads if lead.outcome == "kept"], schedule.cells
        )
        self.tables[table_id] = table
        return self.save_filters(table_id) if recipe.saves_filters else table

    def save_filters(self, table_id: str) -> TableTimeline:
        """Save the filter of a table by which only leads that fit the brief show, the best ones first."""
        table = self.tables[table_id]
        score = next(column.recipe.slug or "" for column in table.columns if column.recipe.is_relevance)
        self.tables[table_id] = replace(
            table,
            saved_filters=(RowFilter(score, "greater_than_or_equal", PASS_SCORE),),
            saved_sort=RowSort(score, "desc"),
        )
        return self.tables[table_id]

    def extend_table(
        self, table: TableTimeline, extras: Sequence[ColumnRecipe], more: int, schedule: TableSchedule
    ) -> TableTimeline:
        """Extend a table: more columns for all its leads, and more leads for all its columns.

        Only what exists when the run starts is extended. The rest is planned by another run, which may be stopped.
        """
        present = self.inputs.pace.start
        span = schedule.leads_from - schedule.opened
        added = [
            self._announced_column(table.id, extra, schedule.opened + position / len(extras) * span)
            for position, extra in enumerate(extras)
        ]
        old = [lead for lead in table.leads if lead.outcome == "kept" and lead.is_row(present)]
        columns = (*table.columns, *added)
        numbers: dict[LeadOutcome, int] = {"kept": more, "duplicate": more // 4, "filtered": more // 5}
        new = self._leads(table.id, numbers, schedule, columns, sources=len(table.sources))
        longer = replace(table, columns=columns, leads=(*table.leads, *new))
        fresh = [lead for lead in new if lead.outcome == "kept"]
        longer = self._add_cell_runs(longer, tuple(table.columns_at(present)), fresh, schedule.cells)
        longer = self._add_cell_runs(longer, tuple(added), [*old, *fresh], schedule.cells)
        self.tables[table.id] = longer
        return longer

    def fill_empty_cells(
        self,
        table: TableTimeline,
        columns: Iterable[ColumnTimeline],
        window: CellWindow,
        *,
        named: Collection[str] = (),
        overlooked: float = 0.0,
    ) -> int:
        """Run columns that a table has for those of its rows for which they have not run or have failed.

        Args:
            table: the table.
            columns: the columns.
            window: when their cells run.
            named: ids of rows; if any are the table's, only these count.
            overlooked: the share of cells that is forgotten.

        Returns:
            How many cells are to run.
        """
        present = table.rows_at(self.inputs.pace.start)
        chosen = [lead for lead in present if lead.id in named] or present
        cells = 0
        for column in columns:
            tried = {row_id for row_id, cell_run in column.by_lead.items() if cell_run.outcome != "errored"}
            empty = [lead for lead in chosen if lead.id not in tried]
            rows = [lead for lead in empty if not overlooked or self.rng.random() >= overlooked]
            self.tables[table.id] = self._add_cell_runs(self.tables.get(table.id, table), (column,), rows, window)
            cells += len(rows)
        return cells

    def fail_unaffordable_cells(self) -> None:
        """Make cell runs fail from the moment when the credits are used up. Call it when all tables are built."""
        self.tables = fail_unaffordable(self.tables, self.inputs.run_id, self.inputs.affordable)

    def update_columns(self, table: TableTimeline, seconds: float) -> None:
        """Record that columns of a table were changed."""
        self.add_action(seconds, "columns_updated", table.id)
        self.tables[table.id] = replace(table, edits=(*table.edits, (self.at(seconds), self.inputs.run_id)))

    def tool_call_id(self) -> str:
        """Return a new id of a tool call."""
        return f"call_{self.rng.getrandbits(40):010x}"

    def plan_messages(self, steps: Iterable[str]) -> list[TimedEvent]:
        """Return the messages in which the agent presents its plan and continues without waiting."""
        call = self.tool_call_id()
        plan = {"title": self.inputs.parsed.title, "steps": list(steps)}
        return [
            TimedEvent(
                self.at(3.0),
                {
                    "role": "assistant",
                    "content": agent_text.PLAN_INTRODUCTION,
                    "toolCalls": [{"id": call, "name": "present-plan", "input": plan}],
                },
            ),
            TimedEvent(
                self.at(3.5),
                {"role": "tool", "toolCallId": call, "name": "present-plan", "result": "Plan shown."},
            ),
        ]

    def finish(
        self,
        *,
        duration: float,
        steps: int,
        text: str | None,
        status: str = "completed",
        messages: Sequence[TimedEvent] = (),
        questions: tuple[Mapping[str, Any], ...] = (),
        suggestions: tuple[Mapping[str, Any], ...] = (),
    ) -> ScenarioResult:
        """Return the run, which takes `duration` simulated seconds and at most `steps` steps, and its tables.

        `messages` come between the prompt and the text in the transcript.
        """
        inputs = self.inputs
        # Only `step_cap_hit` reaches the cap; any other run stays below it.
        steps = min(steps, inputs.steps_max if status == "step_cap_hit" else inputs.steps_max - 1)
        ends = self.at(duration)
        transcript = [TimedEvent(inputs.pace.start, {"role": "user", "content": inputs.prompt}), *messages]
        if text is not None:
            transcript.append(TimedEvent(ends, {"role": "assistant", "content": text}))
        run = RunTimeline(
            id=inputs.run_id,
            agent_id=inputs.agent_id,
            container=inputs.container,
            prompt=inputs.prompt,
            model=inputs.model,
            focus_table_ids=inputs.focus_table_ids,
            steps_max=inputs.steps_max,
            starts=inputs.pace.start,
            ends=ends,
            step_moments=tuple(self.at(duration * (step + 0.7) / steps) for step in range(steps)),
            status=status,
            text=text,
            actions=tuple(sorted(self.actions, key=lambda action: action.at)),
            messages=tuple(transcript),
            questions=questions,
            suggestions=suggestions,
            running_response=inputs.running_response,
        )
        return ScenarioResult(run, dict(self.tables))

    def _invent(self) -> LeadFacts:
        while True:
            facts = invent(self.rng, self.cities(), self._numbers)
            # Two leads with one name would look like an overlooked duplicate.
            if facts.company not in self._companies:
                self._companies.add(facts.company)
                return facts

    def _column(self, recipe: ColumnRecipe, added_at: float) -> ColumnTimeline:
        return ColumnTimeline(self.ids.uuid(), self.inputs.run_id, recipe, added_at)

    def _announced_column(self, table_id: str, recipe: ColumnRecipe, seconds: float) -> ColumnTimeline:
        column = self._column(recipe, self.at(seconds))
        self.add_action(seconds, "column_added", table_id, columnId=column.id, columnName=recipe.name)
        return column

    def _leads(
        self,
        table_id: str,
        numbers: Mapping[LeadOutcome, int],
        schedule: TableSchedule,
        columns: Iterable[ColumnTimeline],
        *,
        sources: int,
        people: Sequence[LeadFacts] = (),
    ) -> list[SimulatedLead]:
        outcomes = [outcome for outcome, number in numbers.items() for _ in range(number)]
        self.rng.shuffle(outcomes)
        batches = 3
        leads: list[SimulatedLead] = []
        trimmed = self.at(schedule.trimmed)
        for batch in range(batches):
            seconds = schedule.leads_from + batch * (schedule.leads_to - schedule.leads_from) / (batches - 1)
            batch_outcomes = outcomes[batch::batches]
            for outcome in batch_outcomes:
                self._numbers += 1
                facts = people[len(leads)] if len(leads) < len(people) else self._invent()
                leads.append(
                    SimulatedLead(
                        id=self.ids.uuid(),
                        run_id=self.inputs.run_id,
                        source=0 if self.rng.random() < 0.6 else self.rng.randrange(sources),  # noqa: PLR2004
                        sourced_at=self.at(seconds),
                        outcome=outcome,
                        deletion=Deletion(trimmed, inf) if outcome in {"excluded", "filtered"} else None,
                        facts=facts,
                        values={
                            column.recipe.slug: value
                            for column in columns
                            if column.recipe.kind == "input"
                            and column.recipe.slug is not None
                            and (value := column.recipe.make(self.rng, facts, found=True)) is not None
                        },
                    )
                )
            inserted = sum(outcome != "duplicate" for outcome in batch_outcomes)
            if inserted:
                self.add_action(seconds, "leads_added", table_id, leadCount=inserted)
        deleted = sum(outcome in {"excluded", "filtered"} for outcome in outcomes)
        if deleted:
            self.add_action(schedule.trimmed, "leads_deleted", table_id, count=deleted, deletedAt=iso(trimmed))
        return leads

    def _add_cell_runs(
        self, table: TableTimeline, columns: tuple[ColumnTimeline, ...], leads: list[SimulatedLead], window: CellWindow
    ) -> TableTimeline:
        return CellPlanner(self.rng, self.inputs.run_id, window.on(self.inputs.pace)).fill(table, columns, leads)


def stop_early(result: ScenarioResult, at: float, *, status: str, reason: str | None) -> ScenarioResult:
    """End a run at a wall moment. Everything done until then stays and its cells go on; the rest is dropped.

    Tables that it would create later are left out. Its text says the `reason`; without one, it has no text.
    """
    cut = {table_id: table.cut(result.run.id, at) for table_id, table in result.tables.items()}
    tables = {table_id: table for table_id, table in cut.items() if table is not None}
    text = None if reason is None else agent_text.stopped_report(reason, result.run, tables, at)
    return ScenarioResult(result.run.cut(at, status=status, text=text, suggestions=agent_text.CONTINUE), tables)


def fail_unaffordable(tables: Mapping[str, TableTimeline], run_id: str, affordable: int) -> dict[str, TableTimeline]:
    """Make the cell runs of one run fail from the moment when the affordable credits are used up."""
    # Cell runs of earlier runs are already paid for.
    planned = [cell_run for table in tables.values() for cell_run in table.cell_runs if cell_run.run_id == run_id]
    planned.sort(key=lambda cell_run: cell_run.done)
    spent = accumulate(cell_run.credits for cell_run in planned)
    empty_at = next((cell_run.done for cell_run, total in zip(planned, spent, strict=True) if total > affordable), inf)

    def end(cell_run: CellRun) -> CellRun:
        if cell_run.run_id != run_id or cell_run.done < empty_at or cell_run.credits == 0:
            return cell_run
        return replace(cell_run, credits=0, outcome="errored", value=None, verdict=None)

    return {key: table.with_cell_runs(lambda column: map(end, column.cell_runs)) for key, table in tables.items()}
