"""Altair charts of runs and tables: funnel, verdicts, credits, history, and runs compared."""

from .compare_plot import plot_compare
from .credits_plot import plot_credits
from .funnel_plot import plot_funnel
from .history_plot import plot_history
from .qualification_plot import plot_qualification

__all__ = ["plot_compare", "plot_credits", "plot_funnel", "plot_history", "plot_qualification"]
