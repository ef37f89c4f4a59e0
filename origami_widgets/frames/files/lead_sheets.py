"""How leads stand in a sheet: which columns come first, under which headings, and which are folded away or hidden. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from origami_widgets.api.rows.cell_values import is_remark, reading_order
from origami_widgets.frames.leads.lead_column import FOUND
from origami_widgets.frames.leads.stacking import HEAD, table_notes

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from origami_widgets.api.rows.cell_values import Role

Place = Literal["shown", "folded", "hidden"]


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """One column of a sheet of leads.

    Attributes:
        at: the position of the column in the frame.
        heading: the heading that people read.
        role: what the column is for.
        place: whether it is shown, folded (confidence, reasoning, sources) or hidden (ids).
    """

    at: int
    heading: str
    role: Role = "other"
    place: Place = "shown"


def sheet_columns(frame: pd.DataFrame) -> list[SheetColumn]:
    """Return the columns of a frame of leads as people read them.

    The name, the score and the contact come first, then the rest in the table's order; each part of an object stands
    behind its main value. What explains a value is folded at the end. Ids are hidden.

    Args:
        frame: a frame of `rows_frame` or `leads_frame`, with its `attrs`.
    """
    names = [str(name) for name in frame.columns]
    listed, parts = _listed(frame), _parts(frame)
    mains = [name for name in names if name in listed]
    shown: list[SheetColumn] = []
    folded: list[SheetColumn] = []
    if "name" in names and names[: len(HEAD)] == list(HEAD) and len(frame["name"].unique()) > 1:
        shown.append(SheetColumn(names.index("name"), "Run"))
    for position, role in reading_order([listed[name] for name in mains]):
        main = mains[position]
        heading = listed[main][0]
        column = SheetColumn(names.index(main), heading, role, "folded" if role == "internal" else "shown")
        (folded if role == "internal" else shown).append(column)
        for name, key in parts.get(main, ()):
            explains = key == FOUND or is_remark(key) or role == "internal"
            part = SheetColumn(names.index(name), f"{heading}: {_words(key)}", place="folded" if explains else "shown")
            (folded if explains else shown).append(part)
    taken = {column.at for column in (*shown, *folded)}
    head = set(HEAD if names[: len(HEAD)] == list(HEAD) else HEAD[2:5])
    rest = [at for at in range(len(names)) if at not in taken]
    # What the user has added to the frame stays in sight.
    shown += [SheetColumn(at, names[at]) for at in rest if names[at] not in head]
    hidden = [SheetColumn(at, names[at], place="hidden") for at in rest if names[at] in head]
    return [*shown, *folded, *hidden]


def _listed(frame: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """Return heading and kind of the main columns of the frame."""
    found: dict[str, tuple[str, str]] = {}
    for note in table_notes(frame):
        for column in note.get("table_columns", ()):
            found.setdefault(str(column["column"]), (str(column["name"]), str(column["kind"])))
    return found


def _parts(frame: pd.DataFrame) -> dict[str, list[tuple[str, str]]]:
    """Return the parts of each main column: name in the frame, and key."""
    found: dict[str, dict[str, str]] = {}
    for note in table_notes(frame):
        mains = {str(column["id"]): str(column["column"]) for column in note.get("table_columns", ())}
        columns: Mapping[str, Any] = note.get("columns", {})
        for name, column_id in columns.items():
            main = mains.get(str(column_id))
            if main is not None and name != main:
                found.setdefault(main, {}).setdefault(name, name[len(main) + 1 :])
    there = set(map(str, frame.columns))
    return {main: [(name, key) for name, key in parts.items() if name in there] for main, parts in found.items()}


def _words(key: str) -> str:
    """Return a key as words.

    >>> _words("announced_on"), _words("source_url")
    ('announced on', 'source URL')
    """
    return " ".join("URL" if word == "url" else word for word in key.replace("-", "_").split("_") if word)
