"""Lists: one page of objects, in the envelope of today and in those of before July 2026."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from origami_widgets.api.models.base import Model, build, build_all
from origami_widgets.api.models.shown import list_html, many

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T", bound=Model)

NAMES = ("items", "rows", "runs", "agents", "tables", "columns", "data")


class Page(Model, Generic[T], frozen=True):
    """One page of a list: a sequence of its items.

    `next_cursor` None means that it is the last; `total` is given by some lists only, `workspace_id` by the tables of
    an agent.
    """

    __shown_fields__: ClassVar[tuple[str, ...]] = ("items", "total", "next_cursor")

    object: str = ""
    items: tuple[T, ...] = ()
    next_cursor: str | None = None
    total: int | None = None
    url: str = ""
    workspace_id: str | None = None

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, at: int) -> T:
        return self.items[at]

    def _repr_html_(self) -> str:
        summary = (many(self.total, "in all", "in all"), "more pages follow" if self.next_cursor else "the last page")
        return list_html(many(len(self.items), "item", "items"), summary, self.items)

    @classmethod
    def of(cls, item: type[T], raw: Any, notes: list[str] | None = None) -> Page[T]:
        """The page in a decoded answer.

        Args:
            item: the kind of object on it.
            raw: the answer.
            notes: takes one sentence for each value that could not be used.
        """
        notes = [] if notes is None else notes
        envelope = build(Envelope, raw, "", notes)
        return cls(
            raw=envelope.raw,
            object=envelope.object,
            items=build_all(item, entries(raw), "items", notes),
            next_cursor=envelope.next_cursor or None,
            total=envelope.total,
            url=envelope.url,
            workspace_id=envelope.workspace_id,
        )


class Envelope(Model, frozen=True):
    """What stands around the items of a list."""

    object: str = ""
    next_cursor: str | None = None
    total: int | None = None
    url: str = ""
    workspace_id: str | None = None

    @classmethod
    def prepare(cls, raw: dict[str, Any]) -> dict[str, Any]:
        """Before July 2026 the total stood in `pagination`."""
        pagination = raw.get("pagination")
        return {**pagination, **raw} if isinstance(pagination, dict) else raw


def entries(raw: Any) -> list[Any]:
    """The raw items of a list answer, whatever its envelope; empty when there are none."""
    if not is_list(raw):
        return []
    found: list[Any] = next(raw[name] for name in NAMES if isinstance(raw.get(name), list))
    return found


def is_list(raw: Any) -> bool:
    """Whether an answer is a list, in whatever envelope."""
    return isinstance(raw, dict) and any(isinstance(raw.get(name), list) for name in NAMES)
