"""Scripts of runs that build tables and come to their own end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.sandbox import recipes
from origami_widgets.sandbox.recipes import TableRecipe
from origami_widgets.sandbox.scripts.cells import Window
from origami_widgets.sandbox.scripts.ending import finish, plan_talk
from origami_widgets.sandbox.scripts.stage import Slot, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from origami_widgets.sandbox.life import TableLife
    from origami_widgets.sandbox.recipes import ColumnRecipe
    from origami_widgets.sandbox.scripts.stage import Brief, Story

LASTS = 96.0
"""Simulated seconds of a usual run."""

FILLS = 40.0
"""Simulated seconds for which the cells of a usual run go on filling after its end."""

_PLAN = ("Collect candidates", "Remove duplicates and misfits", "Look up contacts", "Judge the fit")


def completed(brief: Brief) -> Story:
    """Two tables whose cells go on filling for a while after the end; more of the same when the agent has tables."""
    if brief.tables:
        return _extended(brief, cells_until=54 + FILLS)
    return built(brief, lasts=LASTS, cells_after=FILLS)


def settled(brief: Brief) -> Story:
    """The same with all cells settled before the end."""
    if brief.tables:
        return _extended(brief, cells_until=50)
    return built(brief, lasts=LASTS)


def filling(brief: Brief) -> Story:
    """Two tables whose cells go on filling for two minutes after the end, some with errors."""
    return built(brief, lasts=72, cells_after=120, failing=0.06)


def slow(brief: Brief) -> Story:
    """The same two tables over a quarter of an hour."""
    return built(brief, lasts=900)


def overlong(brief: Brief) -> Story:
    """The same two tables, too slow for the ceiling of 20 minutes."""
    return built(brief, lasts=1500)


def built(
    brief: Brief,
    *,
    lasts: float,
    cells_after: float = 0,
    failing: float = 0.0,
    rework: Callable[[Stage, TableLife, TableLife], None] | None = None,
) -> Story:
    """Build two tables; their cells go on for a while after the end, and `rework` may change them before it."""
    stage = Stage(brief)
    companies, contacts = _recipes(brief)

    def slot(opened: float, leads: float, trimmed: float, cells: float, closes: float) -> Slot:
        return Slot(
            opened=opened * lasts,
            leads_from=leads * lasts,
            leads_to=(trimmed - 0.03) * lasts,
            trimmed=trimmed * lasts,
            cells=Window(cells * lasts, closes * lasts + cells_after, failing),
        )

    first = stage.open_table(companies, slot(0.06, 0.12, 0.32, 0.36, 0.90))
    people = [lead.facts for lead in first.leads if lead.fate == "kept"]
    second = stage.open_table(contacts, slot(0.38, 0.44, 0.58, 0.61, 0.97), people)
    stage.touch(first, 0.7 * lasts)
    if rework is not None:
        rework(stage, stage.tables[first.id], second)
    stage.pay()
    first, second = stage.tables[first.id], stage.tables[second.id]
    text = _report(first, second, stage.at(lasts))
    talk = plan_talk(stage, _PLAN)
    return finish(stage, lasts=lasts, steps=17, text=text, talk=talk, suggestions=_suggestions(first, second))


def _recipes(brief: Brief) -> tuple[TableRecipe, TableRecipe]:
    subject = brief.subject
    without_lookups = any(_declines(answer) for answer in brief.answers[1:])
    looked_up: tuple[ColumnRecipe, ...] = () if without_lookups else (recipes.EMAIL, recipes.PHONE)
    wanted = subject.wanted
    companies = TableRecipe(
        name=subject.title,
        columns=(
            recipes.COMPANY,
            recipes.WEBSITE,
            recipes.CITY,
            recipes.EMPLOYEES,
            *looked_up,
            recipes.ADDRESS,
            recipes.FUNDING,
            recipes.FIT,
            recipes.OPENER,
        ),
        kept=wanted,
        duplicate=max(1, wanted // 6),
        excluded=max(1, wanted // 12),
        filtered=max(1, wanted // 8),
        available=(wanted * 7, wanted * 2),
        only_passing=True,
    )
    emails: tuple[ColumnRecipe, ...] = () if without_lookups else (recipes.WORK_EMAIL,)
    contacts = TableRecipe(
        name=f"People at {subject.title}",
        columns=(recipes.PERSON, recipes.ROLE, recipes.COMPANY, *emails, recipes.PROFILE, recipes.SENIORITY),
        kept=max(3, wanted * 2 // 3),
        duplicate=1,
        excluded=0,
        filtered=1,
        available=(wanted * 3, None),
    )
    return companies, contacts


def _declines(answer: str) -> bool:
    said = answer.strip().lower()
    return said.startswith(("no", "not", "don't", "do not", "without", "skip"))


def _extended(brief: Brief, *, cells_until: float) -> Story:
    stage = Stage(brief)
    table = brief.tables[0]
    extra = _next_extra(table)
    more = max(4, brief.subject.wanted // 3)
    slot = Slot(opened=6, leads_from=10, leads_to=20, trimmed=23, cells=Window(25, cells_until))
    longer = stage.extend_table(table, extra, more, slot)
    stage.pay()
    end = stage.at(54)
    rows = len(longer.rows_at(end))
    text = f"I added **{extra.name}** and more leads: **{longer.name}** now has {rows} of them."
    talk = plan_talk(stage, ("Find more leads", f"Fill {extra.name}"))
    return finish(stage, lasts=54, steps=9, text=text, talk=talk, suggestions=_suggestions(longer))


def _next_extra(table: TableLife) -> ColumnRecipe:
    taken = {column.slug for column in table.columns}
    for recipe in recipes.EXTRAS:
        if recipe.slug not in taken:
            return recipe
    number = len(table.columns)
    return recipes.ColumnRecipe(f"Note {number}", "enrichment", recipes.NEWS.make, f"note-{number}")


def _report(first: TableLife, second: TableLife, end: float) -> str:
    rows = len(first.rows_at(end))
    running = sum(column.running(end) for table in (first, second) for column in table.columns)
    fit = next(column for column in first.columns if column.relevance)
    lines = [
        f"I built **{first.name}** with {rows} companies and **{second.name}** with {len(second.rows_at(end))} people.",
        "",
        "- Duplicates and companies that miss your hard requirements are already removed.",
    ]
    if running:
        lines.append(f"- {running} cells are still being filled; the tables update by themselves.")
    else:
        lines.append(f"- {fit.verdict('pass', end)} of {rows} companies fit the brief; the table shows those first.")
    return "\n".join(lines)


def _suggestions(*tables: TableLife) -> tuple[Mapping[str, Any], ...]:
    first = tables[0]
    return (
        {"label": f"Find more leads for {first.name}", "type": "find_more_leads", "tableSlug": first.slug},
        {"label": "Download the table", "type": "export_csv", "tableSlug": first.slug},
        {"label": "Add recent news about each company"},
    )
