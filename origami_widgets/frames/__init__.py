"""Runs, tables, columns, lead sources, actions and leads as pandas DataFrames."""

from .actions import actions_frame
from .columns import columns_frame
from .exporting import export
from .lead_sources import lead_sources_frame
from .rows import rows_frame
from .tables import tables_frame

__all__ = ["actions_frame", "columns_frame", "export", "lead_sources_frame", "rows_frame", "tables_frame"]
