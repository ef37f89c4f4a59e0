"""What a route is given, and what it gives back."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from origami_widgets.sandbox.paging import MOST, PageRequest, read_limit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from origami_widgets.sandbox.world import World


@dataclass(frozen=True, slots=True)
class Context:
    """One admitted request; ids in `params` are in lower case, except run ids, which are literal."""

    world: World
    now: float
    path: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    project: str | None
    body: bytes

    @property
    def include(self) -> frozenset[str]:
        """The tokens of `include`; unknown ones are harmless."""
        return frozenset(self.query.get("include", "").split(","))

    def page(self, most: int = MOST, *parts: str | None) -> PageRequest:
        """Return what page of this list is asked for; `parts` of the query make it another list."""
        list_id = "\n".join([self.path, *(part or "" for part in parts)])
        return PageRequest(self.query.get("cursor"), read_limit(self.query.get("limit"), most), list_id)


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, body and extra headers of an answer."""

    status: int
    content: bytes
    headers: dict[str, str] = field(default_factory=dict)
    media_type: str = "application/json"


def reply(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    """Return a JSON answer."""
    content = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    return Answer(status, content, headers or {})
