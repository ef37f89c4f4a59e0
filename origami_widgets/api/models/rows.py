"""Rows of a table: the leads. Their content is not to be trusted."""

from __future__ import annotations

from typing import Any

import msgspec

from origami_widgets.api.models.base import Model


class Cell(Model, frozen=True):
    """One typed cell: `scalar` was typed in, `value` was computed, `sequence` refers to a drafted message."""

    type: str = ""
    value: Any = None


class Row(Model, frozen=True):
    """One lead with typed cells by column slug. Cells that are empty or failed are missing."""

    object: str = ""
    id: str = ""
    cells: dict[str, Cell] = msgspec.field(default_factory=dict)

    @classmethod
    def prepare(cls, raw: dict[str, Any]) -> dict[str, Any]:
        """A cell may come without its wrapping, as the bare value."""
        cells = raw.get("cells")
        if not isinstance(cells, dict):
            return raw
        return {**raw, "cells": {slug: cell if _is_cell(cell) else {"value": cell} for slug, cell in cells.items()}}


class FlatRow(Model, frozen=True):
    """One lead as slug and value. A column may be slugged `id`, so the row's own id stands apart."""

    id: str = ""
    values: dict[str, Any] = msgspec.field(default_factory=dict)

    @classmethod
    def prepare(cls, raw: dict[str, Any]) -> dict[str, Any]:
        """Flat rows are documented without a `cells` level; some answers have one. A column may be slugged so, too."""
        cells = raw.get("cells")
        leveled = isinstance(cells, dict) and raw.keys() <= {"object", "id", "cells"}
        values = cells if leveled else {key: value for key, value in raw.items() if key != "id"}
        return {"id": raw.get("id"), "values": values}


def _is_cell(value: object) -> bool:
    return isinstance(value, dict) and ("type" in value or "value" in value)
