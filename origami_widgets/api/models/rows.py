"""Rows of a table: the leads. Their content is not to be trusted."""

from __future__ import annotations

from typing import Any

from origami_widgets.api.models.base import Model


class Cell(Model, frozen=True):
    """One typed cell: `scalar` was typed in, `value` was computed, `sequence` refers to a drafted message."""

    type: str = ""
    value: Any = None


class Row(Model, frozen=True):
    """One lead with typed cells by column slug. Cells that are empty or failed are missing."""

    object: str = ""
    id: str = ""
    cells: dict[str, Cell] = {}


class FlatRow(Model, frozen=True):
    """One lead as slug and value. A column may be slugged `id`, so the row's own id stands apart."""

    id: str = ""
    values: dict[str, Any] = {}

    @classmethod
    def prepare(cls, raw: dict[str, Any]) -> dict[str, Any]:
        """Flat rows are documented without a `cells` level; some answers have one."""
        cells = raw.get("cells")
        values = cells if isinstance(cells, dict) else {key: value for key, value in raw.items() if key != "id"}
        return {"id": raw.get("id"), "values": values}
