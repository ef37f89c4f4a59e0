"""Runs and tables as Altair charts: the funnel, the verdicts, the credits, and how a run came to be what it is."""

from .credits import plot_credits
from .funnel import plot_funnel
from .history import plot_history
from .qualification import plot_qualification

__all__ = ["plot_credits", "plot_funnel", "plot_history", "plot_qualification"]
