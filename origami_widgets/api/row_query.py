"""What is asked of a table's rows, as it is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from origami_widgets.api import validate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FILTERS = "[{'column': slug, 'operator': 'equals', 'value': …}]"
SORT = "{'column': slug, 'direction': 'asc' or 'desc'}"


@dataclass(frozen=True, slots=True)
class RowQuery:
    """The same for all pages of one walk.

    Attributes:
        filters: conditions; None for none of one's own.
        sort: the order; None for the saved one.
        flat: slug and value instead of typed cells.
        saved_filters: the table's saved filters stay on.
    """

    filters: Sequence[Mapping[str, Any]] | None = None
    sort: Mapping[str, str] | None = None
    flat: bool = False
    saved_filters: bool = True

    def params(self) -> dict[str, str]:
        """The query of the URL.

        Raises:
            InvalidInput: filters or sort cannot be right.
        """
        params: dict[str, str] = {}
        if self.filters is not None:
            params["filters"] = validate.as_json("filters", self.filters, FILTERS)
        if self.sort is not None:
            params["sort"] = validate.as_json("sort", self.sort, SORT)
        if self.flat:
            params["cells"] = "flat"
        if not self.saved_filters:
            params["defaults"] = "false"
        return params
