"""The script of a run that deletes what it made and brings it back: all kinds of actions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from origami_widgets.sandbox.life import Absence
from origami_widgets.sandbox.moments import iso
from origami_widgets.sandbox.scripts.finished import LASTS, built

if TYPE_CHECKING:
    from origami_widgets.sandbox.life import TableLife
    from origami_widgets.sandbox.scripts.stage import Brief, Stage, Story

MISTAKEN = 2
"""Leads that are deleted by mistake."""


def every_action(brief: Brief) -> Story:
    """Two tables as usual; leads, a column and a table go and come back before any of their cells is worked on."""
    return built(brief, lasts=LASTS, rework=_rework)


def _rework(stage: Stage, first: TableLife, second: TableLife) -> None:
    # Cells of the first table are worked on from 34.6 s, those of the second from 58.6 s; what is away has no credits.
    column = next(column for column in first.columns if column.slug == "address")
    gone, back = stage.at(33.0), stage.at(34.0)
    stage.act(33.0, "columns_deleted", first.id, count=1, deletedAt=iso(gone))
    stage.act(34.0, "columns_restored", first.id, count=1)
    mistaken = [lead.id for lead in first.leads if lead.fate == "kept"][:MISTAKEN]
    stage.act(33.5, "leads_deleted", first.id, count=len(mistaken), deletedAt=iso(stage.at(33.5)))
    stage.act(34.0, "leads_restored", first.id, count=len(mistaken))
    stage.tables[first.id] = replace(
        first,
        columns=tuple(replace(part, absence=Absence(gone, back)) if part is column else part for part in first.columns),
        leads=tuple(
            replace(lead, absence=Absence(stage.at(33.5), back)) if lead.id in mistaken else lead
            for lead in first.leads
        ),
    )
    stage.tables[second.id] = replace(second, absence=Absence(stage.at(38.0), stage.at(41.0)))
    stage.act(41.0, "table_restored", second.id, tableName=second.name)
