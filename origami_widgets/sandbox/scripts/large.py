"""The script of a very large run: 20 tables of 40 columns, 200 actions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from origami_widgets.sandbox import recipes
from origami_widgets.sandbox.recipes import TableRecipe
from origami_widgets.sandbox.run_life import Happening
from origami_widgets.sandbox.scripts.cells import Window
from origami_widgets.sandbox.scripts.ending import finish
from origami_widgets.sandbox.scripts.stage import Slot, Stage, Story

if TYPE_CHECKING:
    from origami_widgets.sandbox.recipes import ColumnRecipe
    from origami_widgets.sandbox.scripts.stage import Brief

TABLES, COLUMNS, MESSAGES = 20, 40, 100
_LASTS = 180.0
_MADE_FROM = (recipes.NEWS, recipes.ADDRESS, recipes.TOOLS, recipes.HIRING)


def large(brief: Brief) -> Story:
    """Build 20 tables one after the other; the transcript is longer than what is shown of it."""
    stage = Stage(brief)
    inputs = (recipes.COMPANY, recipes.WEBSITE, recipes.CITY, recipes.EMPLOYEES)
    late = (recipes.EMAIL, recipes.PHONE, recipes.FIT, recipes.OPENER)
    filler = tuple(_filler(number) for number in range(COLUMNS - len(inputs) - len(late)))
    for number in range(TABLES):
        opened = 4 + number * 7
        recipe = TableRecipe(
            name=f"{brief.subject.title}, part {number + 1}",
            columns=(*inputs, *filler, *late),
            kept=12,
            duplicate=2,
            excluded=1,
            filtered=1,
            available=(120, 40),
            only_passing=True,
        )
        cells = Window(opened + 12, opened + 34, 0.01)
        slot = Slot(opened, opened + 2, opened + 8, opened + 10, cells)
        table = stage.open_table(recipe, slot, announced=late)
        stage.touch(table, opened + 20)
    stage.pay()
    text = f"I split the work into {TABLES} tables. Each has its own {COLUMNS} columns."
    talk = [
        Happening(stage.at(1 + step), {"role": "assistant", "content": f"Part {step + 1} is prepared."})
        for step in range(MESSAGES + 30)
    ]
    talk[-1] = Happening(talk[-1].at, {**talk[-1].body, "truncated": True})
    story = finish(stage, lasts=_LASTS, steps=44, text=text, talk=talk)
    return Story(replace(story.run, transcript_truncated=True), story.tables)


def _filler(number: int) -> ColumnRecipe:
    made_from = _MADE_FROM[number % len(_MADE_FROM)]
    # A column without a slug cannot appear in rows; one is enough to meet it.
    slug = None if number == 0 else f"{made_from.slug}-{number}"
    return replace(made_from, name=f"{made_from.name} {number}", slug=slug, call=0.8, credits=(0, 1))
