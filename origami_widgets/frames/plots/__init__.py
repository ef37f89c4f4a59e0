"""Altair charts of runs and tables: funnel, credits, and runs compared."""

from .plotting import plot

__all__ = ["plot"]
