"""Outputs of a cell: what is shown, and what replaces it where it stands."""

from __future__ import annotations

WIDGET, METADATA = {"text/plain": "a widget"}, {"text/plain": {"isolated": True}}
SNAPSHOT, OTHER = {"text/plain": "a snapshot"}, {"text/plain": "another"}
