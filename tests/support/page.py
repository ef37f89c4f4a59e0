"""What a page does with the changes of a card's tables or a board's rows, as `js/src/model.ts` does it."""

from __future__ import annotations

import json
from typing import Any


def take_changes(state: dict[str, Any], content: dict[str, Any]) -> None:
    """Change the lists in the traits of a widget by a message."""
    content = json.loads(json.dumps(content))
    lists = state["tables" if "tables" in state else "rows"]
    if content["seq"] <= lists["seq"]:
        return
    assert lists["seq"] == content["seq"] - 1, "the page has missed a message"
    lists.update(content.get("values", {}), seq=content["seq"])
    for name, size in content.get("sizes", {}).items():
        lists[name] = [*lists[name][:size], *[None] * (size - len(lists[name]))]
    for name, at, item in content["items"]:
        lists[name][at] = item
