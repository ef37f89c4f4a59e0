"""Altair charts of runs and tables: funnel, verdicts, credits, history, and runs compared."""

from .run_plots import plot_compare
from .table_plots import plot_credits, plot_funnel

__all__ = ["plot_compare", "plot_credits", "plot_funnel"]
