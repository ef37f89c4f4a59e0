"""Runs, tables, columns, lead sources, actions, messages, leads and what they cost, as pandas DataFrames."""

from .actions import actions_frame
from .batches import rows_batches
from .columns import columns_frame
from .credits import credits_frame, credits_frame_async
from .economics.comparing import compare_runs
from .economics.of_columns import column_economics_frame
from .economics.of_lead_sources import lead_source_economics_frame
from .economics.of_tables import economics_frame
from .files.exporting import export
from .history import history_frame
from .lead_sources import lead_sources_frame
from .rows import rows_frame, rows_frame_async
from .runs import runs_frame
from .tables import tables_frame
from .transcript import transcript_frame

__all__ = [
    "actions_frame",
    "column_economics_frame",
    "columns_frame",
    "compare_runs",
    "credits_frame",
    "credits_frame_async",
    "economics_frame",
    "export",
    "history_frame",
    "lead_source_economics_frame",
    "lead_sources_frame",
    "rows_batches",
    "rows_frame",
    "rows_frame_async",
    "runs_frame",
    "tables_frame",
    "transcript_frame",
]
