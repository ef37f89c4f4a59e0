"""The scenarios by name: what a run does and how it ends, and which one a prompt asks for.

A scenario is a function that builds the timelines of a run and of its tables. Its name follows `scenario:` in a prompt.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from origami_widgets.sandbox import agent_text, recipes
from origami_widgets.sandbox.prompt_parser import (
    adds_rows,
    fills_cells,
    read_ids,
    read_wishes,
    scenario_names,
    unique_slug,
)
from origami_widgets.sandbox.recipes import ColumnRecipe, TableRecipe
from origami_widgets.sandbox.run_builder import (
    CellWindow,
    RunBuilder,
    ScenarioInputs,
    ScenarioResult,
    TableSchedule,
    stop_early,
)
from origami_widgets.sandbox.timelines import Deletion, TableTimeline, TimedEvent, iso

USUAL_DURATION = 96.0
"""Simulated seconds of a usual run."""

FILLING_AFTER_END = 40.0
"""Simulated seconds for which the cells of a usual run go on filling after its end."""

_FILLING_PER_ROW = 0.2
"""Simulated seconds more for each row of a list of the user's own."""

_OVERLOOKED = 0.05
"""Share of cells that an agent overlooks when it is told to fill them: one in twenty."""

_OWN_LIST_FAILURES = 0.03
"""Share of cells that fail on a list of the user's own, whose rows are of mixed quality."""

MAX_DURATION = 1200.0
"""Simulated seconds after which every run ends: 20 minutes."""

DELETED_BY_MISTAKE = 2
"""Leads that `every_action` deletes and restores."""

LARGE_TABLES, LARGE_COLUMNS, LARGE_MESSAGES = 20, 40, 130
_LARGE_DURATION = 180.0
_LARGE_RECIPES = (recipes.NEWS, recipes.ADDRESS, recipes.TOOLS, recipes.HIRING)


# Runs that build tables and complete


def completed(inputs: ScenarioInputs) -> ScenarioResult:
    """Build two tables whose cells go on filling for a while after the end, or extend the agent's first table.

    If there is a list of the user's own, add the columns that the prompt asks for to that one, as every scenario that
    builds two tables does.
    """
    if inputs.built_tables and not inputs.own_lists:
        return _extend_first_table(inputs, cells_until=54 + FILLING_AFTER_END)
    return _two_tables(inputs, duration=USUAL_DURATION, cells_after=FILLING_AFTER_END)


def settled(inputs: ScenarioInputs) -> ScenarioResult:
    """Do the same as `completed`, with all cells settled before the end."""
    if inputs.built_tables and not inputs.own_lists:
        return _extend_first_table(inputs, cells_until=50)
    return _two_tables(inputs, duration=USUAL_DURATION)


def filling(inputs: ScenarioInputs) -> ScenarioResult:
    """Build two tables whose cells go on filling for two minutes after the end, some with errors."""
    return _two_tables(inputs, duration=72, cells_after=120, failure_rate=0.06)


def slow(inputs: ScenarioInputs) -> ScenarioResult:
    """Build two tables over a quarter of an hour."""
    return _two_tables(inputs, duration=900)


def every_action(inputs: ScenarioInputs) -> ScenarioResult:
    """Build two tables; delete and restore leads and a table before any of their cells run."""
    return _two_tables(inputs, duration=USUAL_DURATION, rework=_delete_and_restore)


def large(inputs: ScenarioInputs) -> ScenarioResult:
    """Build 20 tables of 40 columns, with 200 actions and a truncated transcript."""
    builder = RunBuilder(inputs)
    input_columns = (recipes.COMPANY, recipes.WEBSITE, recipes.CITY, recipes.EMPLOYEES)
    late = (recipes.EMAIL, recipes.PHONE, recipes.FIT, recipes.OPENER)
    filler = tuple(_filler_column(number) for number in range(LARGE_COLUMNS - len(input_columns) - len(late)))
    for number in range(LARGE_TABLES):
        opened = 4 + number * 7
        recipe = TableRecipe(
            name=f"{inputs.parsed.title}, part {number + 1}",
            columns=(*input_columns, *filler, *late),
            leads={"kept": 12, "duplicate": 2, "excluded": 1, "filtered": 1},
            available=(120, 40),
            saves_filters=True,
        )
        cells = CellWindow(opened + 12, opened + 34, 0.01)
        schedule = TableSchedule(opened, opened + 2, opened + 8, opened + 10, cells)
        table = builder.open_table(recipe, schedule, announced=late)
        builder.update_columns(table, opened + 20)
    builder.fail_unaffordable_cells()
    text = agent_text.large_report(LARGE_TABLES, LARGE_COLUMNS)
    messages = [
        TimedEvent(builder.at(1 + step), {"role": "assistant", "content": f"Part {step + 1} is ready."})
        for step in range(LARGE_MESSAGES)
    ]
    messages[-1] = TimedEvent(messages[-1].at, {**messages[-1].body, "truncated": True})
    result = builder.finish(duration=_LARGE_DURATION, steps=44, text=text, messages=messages)
    return ScenarioResult(replace(result.run, transcript_truncated=True), result.tables)


# Runs without tables


def empty(inputs: ScenarioInputs) -> ScenarioResult:
    """Complete with a text about a table that does not exist."""
    return RunBuilder(inputs).finish(duration=48, steps=9, text=agent_text.false_report(inputs.parsed))


def answer(inputs: ScenarioInputs) -> ScenarioResult:
    """Answer in words; nothing is changed, and nothing should be."""
    return RunBuilder(inputs).finish(duration=12, steps=2, text=agent_text.ANSWER)


def needs_input(inputs: ScenarioInputs) -> ScenarioResult:
    """Ask two questions."""
    builder = RunBuilder(inputs)
    questions = {
        "id": builder.tool_call_id(),
        "name": "ask-questions",
        "input": {"questions": list(agent_text.QUESTIONS)},
    }
    asked = {"role": "assistant", "content": agent_text.ASKING, "toolCalls": [questions]}
    return builder.finish(
        duration=31,
        steps=2,
        text=agent_text.ASKING,
        status="needs_input",
        messages=[TimedEvent(builder.at(30), asked)],
        questions=agent_text.QUESTIONS,
        suggestions=agent_text.ANSWER_QUESTIONS,
    )


def unknown_status(inputs: ScenarioInputs) -> ScenarioResult:
    """Have a status that is not documented, first while running, then another one at the end."""
    result = RunBuilder(inputs).finish(duration=60, steps=8, text=agent_text.HANDED_OVER, status="handed_over")
    run = replace(result.run, interim_statuses=((inputs.pace.at(24), "reviewing"),))
    return ScenarioResult(run, result.tables)


# Runs that are stopped while they build two tables


def step_cap_hit(inputs: ScenarioInputs) -> ScenarioResult:
    """Stop at the plan's step cap."""
    result = settled(inputs)
    at = inputs.pace.start + 0.8 * (result.run.ends - inputs.pace.start)
    result = _stopped(result, inputs, 0.8, "step_cap_hit", agent_text.step_cap_report(inputs.steps_max))
    span = at - inputs.pace.start
    moments = tuple(inputs.pace.start + span * (step + 1) / inputs.steps_max for step in range(inputs.steps_max))
    return ScenarioResult(replace(result.run, step_moments=moments), result.tables)


def incomplete(inputs: ScenarioInputs) -> ScenarioResult:
    """Stop because a tool call could not be read."""
    return _stopped(settled(inputs), inputs, 0.55, "incomplete", agent_text.INCOMPLETE)


def cancelled(inputs: ScenarioInputs) -> ScenarioResult:
    """Be cancelled from the web app."""
    return _stopped(settled(inputs), inputs, 0.6, "cancelled", agent_text.CANCELLED_ELSEWHERE)


def errored(inputs: ScenarioInputs) -> ScenarioResult:
    """Fail without a text; the tables built until then are kept."""
    return _stopped(settled(inputs), inputs, 0.7, "errored", None)


def timed_out(inputs: ScenarioInputs) -> ScenarioResult:
    """Be ended after 20 minutes."""
    too_long = _two_tables(inputs, duration=1500)
    return stop_early(too_long, inputs.pace.at(MAX_DURATION), status="timed_out", reason=None)


# By name

SCRIPTS: dict[str, Callable[[ScenarioInputs], ScenarioResult]] = {
    "completed": completed,
    "settled": settled,
    "filling": filling,
    "slow": slow,
    "every_action": every_action,
    "large": large,
    "empty": empty,
    "answer": answer,
    "needs_input": needs_input,
    "step_cap_hit": step_cap_hit,
    "incomplete": incomplete,
    "cancelled": cancelled,
    "errored": errored,
    "timed_out": timed_out,
    "unknown_status": unknown_status,
}
"""Scenarios that start a run."""

RUNNING_RESPONSES = ("null_response", "partial", "partial_actions")
"""Scenarios that decide on `response` while the run is running: null, actions and tables, or only actions."""

REFUSALS = (
    "no_credits",
    "budget_exceeded",
    "subscription_required",
    "account_blocked",
    "pool_full",
)
"""Scenarios in which no run starts."""

SCENARIOS: tuple[str, ...] = (*SCRIPTS, *RUNNING_RESPONSES, *REFUSALS)
"""Every name that may follow `scenario:` in a prompt.

One of `SCRIPTS` and one of `RUNNING_RESPONSES` can be joined.
"""


class ParsedScenario(NamedTuple):
    """What a prompt asks for: a script, what `response` is while running, and a refusal."""

    script: str
    running_response: str
    refusal: str | None


def parse_scenario(prompt: str) -> ParsedScenario:
    """Read the scenario that a prompt asks for; the last name of each kind counts.

    Raises:
        LookupError: a name is not in `SCENARIOS`.
    """
    names = scenario_names(prompt)
    unknown = next((name for name in names if name not in SCENARIOS), None)
    if unknown is not None:
        raise LookupError(unknown)
    return ParsedScenario(
        next((name for name in reversed(names) if name in SCRIPTS), "completed"),
        next((name for name in reversed(names) if name in RUNNING_RESPONSES), "null_response"),
        next((name for name in reversed(names) if name in REFUSALS), None),
    )


def run_scenario(inputs: ScenarioInputs) -> ScenarioResult:
    """Build the run of the scenario that the prompt names; one without it may be told to fill cells."""
    parsed = parse_scenario(inputs.prompt)
    is_fill = parsed.script == "completed" and inputs.tables and fills_cells(inputs.prompt)
    script = _fill_cells if is_fill else SCRIPTS[parsed.script]
    return script(replace(inputs, running_response=parsed.running_response))


# Shared steps


def _two_tables(
    inputs: ScenarioInputs,
    *,
    duration: float,
    cells_after: float = 0,
    failure_rate: float = 0.0,
    rework: Callable[[RunBuilder, TableTimeline, TableTimeline], None] | None = None,
) -> ScenarioResult:
    """Build two tables. Cells fill until `cells_after` seconds after the end; `rework` may change the tables before.

    Lists of the user's own are filled instead.
    """
    if inputs.own_lists:
        return _fill_own_lists(inputs, duration=duration, cells_after=cells_after, failure_rate=failure_rate)
    builder = RunBuilder(inputs)
    companies, contacts = _company_and_contact_recipes(inputs)

    def schedule(opened: float, leads: float, trimmed: float, cells: float, closes: float) -> TableSchedule:
        return TableSchedule(
            opened=opened * duration,
            leads_from=leads * duration,
            leads_to=(trimmed - 0.03) * duration,
            trimmed=trimmed * duration,
            cells=CellWindow(cells * duration, closes * duration + cells_after, failure_rate),
        )

    first = builder.open_table(companies, schedule(0.06, 0.12, 0.32, 0.36, 0.90))
    people = [lead.facts for lead in first.leads if lead.outcome == "kept"]
    second = builder.open_table(contacts, schedule(0.38, 0.44, 0.58, 0.61, 0.97), people)
    builder.update_columns(first, 0.7 * duration)
    if rework is not None:
        rework(builder, builder.tables[first.id], second)
    builder.fail_unaffordable_cells()
    first, second = builder.tables[first.id], builder.tables[second.id]
    return builder.finish(
        duration=duration,
        steps=17,
        text=agent_text.two_tables_report(first, second, builder.at(duration)),
        messages=builder.plan_messages(agent_text.PLAN),
        suggestions=agent_text.next_actions(first),
    )


def _company_and_contact_recipes(inputs: ScenarioInputs) -> tuple[TableRecipe, TableRecipe]:
    title, lead_target = inputs.parsed.title, inputs.parsed.lead_target
    without_lookups = any(_declines(answer) for answer in inputs.answers[1:])
    lookups: tuple[ColumnRecipe, ...] = () if without_lookups else (recipes.EMAIL, recipes.PHONE)
    companies = TableRecipe(
        name=title,
        columns=(
            recipes.COMPANY,
            recipes.WEBSITE,
            recipes.CITY,
            recipes.EMPLOYEES,
            *lookups,
            recipes.ADDRESS,
            recipes.FUNDING,
            recipes.FIT,
            recipes.OPENER,
        ),
        leads={
            "kept": lead_target,
            "duplicate": max(1, lead_target // 6),
            "excluded": max(1, lead_target // 12),
            "filtered": max(1, lead_target // 8),
        },
        available=(lead_target * 7, lead_target * 2),
        saves_filters=True,
    )
    emails: tuple[ColumnRecipe, ...] = () if without_lookups else (recipes.WORK_EMAIL,)
    contacts = TableRecipe(
        name=f"People at {title}",
        columns=(recipes.PERSON, recipes.ROLE, recipes.COMPANY, *emails, recipes.PROFILE, recipes.SENIORITY),
        leads={"kept": max(3, lead_target * 2 // 3), "duplicate": 1, "filtered": 1},
        available=(lead_target * 3, None),
    )
    return companies, contacts


def _declines(answer: str) -> bool:
    return answer.strip().lower().startswith(("no", "not", "don't", "do not", "without", "skip"))


def _extend_first_table(inputs: ScenarioInputs, *, cells_until: float) -> ScenarioResult:
    builder = RunBuilder(inputs)
    table = inputs.built_tables[0]
    extra = _next_extra_column(table)
    more = max(4, inputs.parsed.lead_target // 3)
    schedule = TableSchedule(opened=6, leads_from=10, leads_to=20, trimmed=23, cells=CellWindow(25, cells_until))
    builder.extend_table(table, (extra,), more, schedule)
    builder.fail_unaffordable_cells()
    longer = builder.tables[table.id]
    return builder.finish(
        duration=54,
        steps=9,
        text=agent_text.extended_table_report(longer, extra.name, builder.at(54)),
        messages=builder.plan_messages(("Find more leads", f"Fill {extra.name}")),
        suggestions=agent_text.next_actions(longer),
    )


def _fill_own_lists(
    inputs: ScenarioInputs, *, duration: float, cells_after: float, failure_rate: float
) -> ScenarioResult:
    """Add the columns that the prompt asks for to the user's own lists, and rows only if it says so."""
    builder = RunBuilder(inputs)
    more = inputs.parsed.lead_target if adds_rows(inputs.prompt) else 0
    names: list[str] = []
    for table in inputs.own_lists:
        wished = [recipes.WISHES[name] for name in read_wishes(inputs.prompt)] or [_next_extra_column(table)]
        computed = {column.recipe.name: column for column in table.columns if column.recipe.kind != "input"}
        present = [computed[recipe.name] for recipe in wished if recipe.name in computed]
        slugs = [column.recipe.slug for column in table.columns]
        extras = [
            replace(recipe, slug=unique_slug(recipe.slug or "", slugs))
            for recipe in wished
            if recipe.name not in computed
        ]
        closes = duration + cells_after + _FILLING_PER_ROW * len(table.leads) if cells_after else 0.95 * duration
        window = CellWindow(0.45 * duration, closes, failure_rate or _OWN_LIST_FAILURES)
        schedule = TableSchedule(0.1 * duration, 0.25 * duration, 0.35 * duration, 0.4 * duration, window)
        builder.extend_table(table, extras, more, schedule)
        builder.fill_empty_cells(table, present, window)
        if any(recipe.is_relevance for recipe in extras):
            builder.save_filters(table.id)
        names += [recipe.name for recipe in wished]
    builder.fail_unaffordable_cells()
    filled = [builder.tables[table.id] for table in inputs.own_lists]
    return builder.finish(
        duration=duration,
        steps=9,
        text=agent_text.filled_lists_report(filled, dict.fromkeys(names), builder.at(duration)),
        messages=builder.plan_messages([f"Fill {name}" for name in dict.fromkeys(names)]),
        suggestions=agent_text.next_actions(filled[0]),
    )


def _fill_cells(inputs: ScenarioInputs) -> ScenarioResult:
    """Run the columns that the prompt names for the rows that it names, or all, where their cells are empty."""
    builder = RunBuilder(inputs)
    prompt, ids = inputs.prompt.lower(), read_ids(inputs.prompt)
    duration, names, cells = 30.0, list[str](), 0
    for table in inputs.tables:
        columns = [
            column
            for column in table.columns_at(inputs.pace.start)
            if column.recipe.kind != "input" and column.recipe.name.lower() in prompt
        ]
        if columns and (table.id in ids or not ids.intersection(each.id for each in inputs.tables)):
            closes = duration + FILLING_AFTER_END + _FILLING_PER_ROW * len(table.leads)
            window = CellWindow(0.4 * duration, closes)
            cells += builder.fill_empty_cells(table, columns, window, named=ids, overlooked=_OVERLOOKED)
            names += [column.recipe.name for column in columns]
    builder.fail_unaffordable_cells()
    return builder.finish(duration=duration, steps=4, text=agent_text.filled_cells_report(cells, dict.fromkeys(names)))


def _next_extra_column(table: TableTimeline) -> ColumnRecipe:
    slugs = {column.recipe.slug for column in table.columns}
    number = len(table.columns)
    note = recipes.ColumnRecipe(f"Note {number}", "enrichment", recipes.NEWS.make, f"note-{number}")
    return next((recipe for recipe in recipes.EXTRAS if recipe.slug not in slugs), note)


def _delete_and_restore(builder: RunBuilder, first: TableTimeline, second: TableTimeline) -> None:
    # Cells of the first table run from 34.6 s, those of the second from 58.6 s, so deleted ones have used no credits.
    deleted, restored = builder.at(33.5), builder.at(34.0)
    mistaken = [lead.id for lead in first.leads if lead.outcome == "kept"][:DELETED_BY_MISTAKE]
    builder.add_action(33.5, "leads_deleted", first.id, count=len(mistaken), deletedAt=iso(deleted))
    builder.add_action(34.0, "leads_restored", first.id, count=len(mistaken))
    builder.tables[first.id] = replace(
        first,
        leads=tuple(
            replace(lead, deletion=Deletion(deleted, restored)) if lead.id in mistaken else lead for lead in first.leads
        ),
    )
    builder.tables[second.id] = replace(second, deletion=Deletion(builder.at(38.0), builder.at(41.0)))
    builder.add_action(41.0, "table_restored", second.id, tableName=second.name)


def _filler_column(number: int) -> ColumnRecipe:
    recipe = _LARGE_RECIPES[number % len(_LARGE_RECIPES)]
    # A column without a slug cannot appear in rows. One such column is enough.
    slug = None if number == 0 else f"{recipe.slug}-{number}"
    return replace(recipe, name=f"{recipe.name} {number}", slug=slug, call_rate=0.8, credits=(0, 1))


def _stopped(
    result: ScenarioResult, inputs: ScenarioInputs, share: float, status: str, reason: str | None
) -> ScenarioResult:
    """Stop a run after a share of its time. Without a `reason`, it has no text."""
    at = inputs.pace.start + share * (result.run.ends - inputs.pace.start)
    return stop_early(result, at, status=status, reason=reason)
