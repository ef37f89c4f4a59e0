"""pandas DataFrames of runs, tables, columns, lead sources, actions, messages, leads and what they cost."""

from .dtype_backend import plain
from .economics.run_economics import runs_frame
from .files.exporting import export
from .lead_frames import leads_frame
from .lead_summaries import describe_leads, evidence_frame, overlap, refresh_leads
from .leads.company_domain import domain_of
from .own_list.joining import join_leads
from .run_frames import actions_frame, credits_frame, transcript_frame
from .table_frames import columns_frame, lead_sources_frame, tables_frame

__all__ = [
    "actions_frame",
    "columns_frame",
    "credits_frame",
    "describe_leads",
    "domain_of",
    "evidence_frame",
    "export",
    "join_leads",
    "lead_sources_frame",
    "leads_frame",
    "overlap",
    "plain",
    "refresh_leads",
    "runs_frame",
    "tables_frame",
    "transcript_frame",
]
