"""The leads that a grid shows, for files of the same leads, columns, order and words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from origami_widgets.card.view.lead_cells import cell_words

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from origami_widgets.card.view.lead_contract import LeadCell, LeadHead


@dataclass(frozen=True, slots=True)
class ShownLeads:
    """The leads that a grid shows, as far as they were read, in its order.

    Attributes:
        heads: the heads of the columns.
        rows: the id and the cells of each lead.
    """

    heads: Sequence[LeadHead]
    rows: Sequence[tuple[str, Sequence[LeadCell]]]

    def chosen(self, ids: Collection[str], columns: Collection[str]) -> ShownLeads:
        """Return some leads and columns of these.

        Args:
            ids: the ids of the leads; empty for all.
            columns: the slugs of the columns; empty for all.
        """
        places = [at for at, head in enumerate(self.heads) if not columns or head["slug"] in columns]
        rows = [(row_id, [cells[at] for at in places]) for row_id, cells in self.rows if not ids or row_id in ids]
        return ShownLeads([self.heads[at] for at in places], rows)

    def words(self) -> dict[str, list[str | None]]:
        """Return the words of the cells by the slugs of the columns; None where there is no value."""
        words = [[cell_words(cell) or None for cell in cells] for _, cells in self.rows]
        columns = map(list, zip(*words, strict=True)) if words else ([] for _ in self.heads)
        return dict(zip((head["slug"] for head in self.heads), columns, strict=True))
