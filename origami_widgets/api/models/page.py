"""Lists: one page of objects, in the envelope of today and in those of before July 2026."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from origami_widgets.api.models.base import Model, build

T = TypeVar("T", bound=Model)

OLD_NAMES = ("rows", "runs", "agents", "tables", "columns", "data")


class Page(Model, Generic[T], frozen=True):
    """One page of a list. `next_cursor` None means that it is the last; `total` is given by some lists only."""

    items: tuple[T, ...] = ()
    next_cursor: str | None = None
    total: int | None = None
    url: str = ""

    @classmethod
    def of(cls, item: type[T], raw: Any, notes: list[str] | None = None) -> Page[T]:
        """The page in a decoded answer.

        Args:
            item: the kind of object on it.
            raw: the answer.
            notes: takes one sentence for each value that could not be used.
        """
        notes = [] if notes is None else notes
        if isinstance(raw, list):
            raw = {"items": raw}
        if not isinstance(raw, dict):
            return cls()
        items = next((raw[name] for name in ("items", *OLD_NAMES) if isinstance(raw.get(name), list)), [])
        cursor, total, url = raw.get("nextCursor"), raw.get("total"), raw.get("url")
        return cls(
            raw=raw,
            items=tuple(build(item, entry, f"items[{at}]", notes) for at, entry in enumerate(items)),
            next_cursor=cursor if isinstance(cursor, str) and cursor else None,
            total=total if isinstance(total, int) and not isinstance(total, bool) else None,
            url=url if isinstance(url, str) else "",
        )
