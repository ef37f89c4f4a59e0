"""An accepted request, the response to it, and the pages of lists."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from msgspec import MsgspecError, Struct
from msgspec.json import decode, encode
from starlette.responses import Response

from origami_widgets.sandbox import error_responses
from origami_widgets.sandbox.organization import AgentRecord, SandboxOrganization
from origami_widgets.sandbox.own_lists import ContainerRecord, EnrichmentRunRecord
from origami_widgets.sandbox.run_requests import is_uuid

if TYPE_CHECKING:
    from origami_widgets.sandbox.timelines import TableTimeline

T = TypeVar("T")


R = TypeVar("R", AgentRecord, ContainerRecord, EnrichmentRunRecord)
DEFAULT_LIMIT, MAX_LIMIT, MAX_ROWS_LIMIT = 50, 100, 200
"""Items on a page: by default, at most, and at most for rows."""

_ANCHORS = 3
"""Items before the next page whose ids are in a cursor: it goes on after the last one that is still there."""


class Cursor(Struct, rename={"list_id": "l", "offset": "o", "anchors": "a"}):
    """Where the next page of a list begins, and the ids of the items before."""

    list_id: int
    offset: int
    anchors: list[str]


@dataclass(frozen=True, slots=True)
class RequestContext:
    """One accepted request. Ids in `params` are in lower case, except run ids, which are literal."""

    organization: SandboxOrganization
    now: float
    path: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    project: str | None
    body: bytes

    @property
    def include(self) -> frozenset[str]:
        """The tokens of `include`; unknown ones are ignored."""
        return frozenset(self.query.get("include", "").split(","))

    def table(self) -> TableTimeline:
        """Return the table that the path names; raises `ErrorResponse` when there is none."""
        table = self.organization.tables.get(self.params["tableId"])
        if table is None or table.project != self.project or not table.exists(self.now):
            raise error_responses.not_found("table")
        return table

    def id_of(self, name: str) -> str | None:
        """Return an id that the query may have, in lower case; raises `ErrorResponse` for one that is no UUID."""
        value = self.query.get(name)
        if value is not None and not is_uuid(value):
            raise error_responses.invalid((name, "Expected a UUID"))
        return value.lower() if value is not None else None

    def records(self, records: dict[str, R]) -> list[R]:
        """Return the records of this project, newest first."""
        return [record for record in reversed(records.values()) if record.project == self.project]

    def page_of(
        self,
        items: Sequence[T],
        show: Callable[[T], dict[str, Any]],
        *parts: str | None,
        id_of: Callable[[T], str] = lambda item: item.id,  # type: ignore[attr-defined] # records have one
        **rest: Any,
    ) -> Response:
        """Return the requested page of the list that path and `parts` of the query identify."""
        page, cursor = self.take(items, *parts, id_of=id_of)
        return json_response(list_object([show(item) for item in page], cursor, self.path, **rest))

    def take(
        self, items: Sequence[T], *parts: str | None, id_of: Callable[[T], str], most: int = MAX_LIMIT
    ) -> tuple[list[T], str | None]:
        """Return the items of the requested page, and the cursor of the next page (None at the end)."""
        list_id = zlib.crc32("\n".join([self.path, *(part or "" for part in parts)]).encode("utf-8", "replace"))
        start = _start(items, self.query.get("cursor", ""), list_id, id_of)
        page = list(items[start : start + parse_limit(self.query.get("limit"), most)])
        end = start + len(page)
        if end >= len(items) or not page:
            return page, None
        anchors = [id_of(item) for item in items[max(0, end - _ANCHORS) : end]]
        return page, base64.urlsafe_b64encode(encode(Cursor(list_id, end, anchors))).decode().rstrip("=")

    def matches(self, name: str) -> bool:
        """Return whether a name has the text that the query searches for."""
        return self.query.get("search", "").casefold() in name.casefold()


Handler: TypeAlias = "Callable[[RequestContext], Response]"
"""What answers the requests of one route."""


def json_response(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a response with a JSON body."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # Half of a surrogate pair is valid in JSON, but in no other encoding.
    content = text.encode("utf-8", "replace")
    return Response(content, status, headers, "application/json")


def parse_limit(text: str | None, max_limit: int = MAX_LIMIT) -> int:
    """Return a limit within range. Text that is not a number gives the default.

    >>> parse_limit("0"), parse_limit("1000"), parse_limit("many"), parse_limit(None)
    (1, 100, 50, 50)
    """
    # `int` alone would also accept "1_0" and digits of other scripts.
    if text is None or not text.isascii() or "_" in text:
        return DEFAULT_LIMIT
    try:
        return min(max_limit, max(1, int(text)))
    except ValueError:
        return DEFAULT_LIMIT


def list_object(items: list[Any], next_cursor: str | None, url: str, **rest: Any) -> dict[str, Any]:
    """Return a List."""
    return {"object": "list", "items": items, "nextCursor": next_cursor, "url": url, **rest}


def _start(items: Sequence[T], cursor: str, list_id: int, id_of: Callable[[T], str]) -> int:
    try:
        mark = decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=Cursor)
    except (MsgspecError, ValueError, RecursionError):
        return 0
    if mark.list_id != list_id:
        return 0
    positions = {id_of(item): position for position, item in enumerate(items)}
    for anchor in reversed(mark.anchors):
        if anchor in positions:
            # Items may have been added before the cursor since. What was read is not read again.
            return positions[anchor] + 1
    # All of them are gone, so what follows them has moved up. At the end of the list nothing is left to read.
    return min(max(mark.offset - len(mark.anchors), 0), len(items))
