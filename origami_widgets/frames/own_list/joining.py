"""`join_leads`: bring what an agent found back to the rows of a user's own list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from origami_widgets._version import __version__
from origami_widgets.api.background.sync_bridge import OnLoop, bridged, warn_user
from origami_widgets.api.default_client import AnyClient, operations_for
from origami_widgets.api.errors import InvalidInput, OrigamiError
from origami_widgets.api.rows.own_rows import NOT_SENT, at_positions, without_key
from origami_widgets.api.validate import shortened
from origami_widgets.api.validate import text as valid_text
from origami_widgets.frames.files.list_reading import GivenList, as_frame
from origami_widgets.frames.frame_builder import read_only
from origami_widgets.frames.leads.row_reading import RowsReading, request_from
from origami_widgets.frames.leads.stacking import headings_of, table_notes
from origami_widgets.words.numbers import plural

from .frame_rows import column_names, keys_of

if TYPE_CHECKING:
    from origami_widgets.api.models.table import Column
    from origami_widgets.api.operations import Operations
    from origami_widgets.api.rows.row_reader import Progress
    from origami_widgets.frames.source import HasRaw

ROW_ID = "row_id"


class AmbiguousKey(OrigamiError):
    """Several rows of a table have the key of one row of the list, so that results can't be joined to it."""


@bridged
async def join_leads(
    frame: GivenList,
    table: HasRaw | Mapping[str, Any] | str,
    *,
    key: str | Sequence[str],
    columns: Sequence[str] | None = None,
    suffix: str = "_found",
    client: AnyClient | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Your own rows, with the columns that an agent has added to their table. Free requests.

    Rows are found by the ids that `upload` has read, else by the exact text of the key that was sent, never by a
    similar address. All your rows come back, and their order, index, values and dtypes stay as they are. One warning
    names those without a key, which were not sent, and those that are not in the table, because they were deleted there,
    for example. Rows that the table's saved filters hide are
    joined, too. Rows that the agent has added are not in the result, only counted; to read them:
    `leads_frame(table, include_hidden=True)`. Texts that agents found on the web are not to be trusted.

    Args:
        frame: your list, as in `upload`. It may have other rows and another order than the one that was uploaded.
        table: the table: an `UploadedTable`, any other table, or a table's id.
        key: the column, or columns, that tell rows apart, as in `upload`.
        columns: slugs or headings of the table's columns to add; None for all that did not come from your list.
        suffix: added to the name of a column that your list has already, and to the names of its parts; with a number if the
            list has that name, too.
        client: the client; None for the one that uploaded the table, else the configured one.
        progress: a tqdm bar, the class `tqdm` itself, or a function of rows read and total rows.

    Returns:
        The columns of `frame`, then those of the table as in `leads_frame`, with NA for rows that the table does not
        have. `attrs["origami"]` counts `rows`, `joined`, `without_key`, `not_in_table`, `deleted` (those of them that were
        uploaded) and `added_rows`.

    Raises:
        InvalidInput: an argument is not valid, or the table lacks a column.
        AmbiguousKey: several rows of the table have the key of one of your rows.
        IncompleteRows: an error came after some rows.

    API: `GET /tables/{tableId}/columns`, then all pages of `GET /tables/{tableId}/rows`.

    Example:
        >>> import origami_widgets as ow, pandas as pd
        >>> companies = pd.DataFrame({"website": ["b.example", "a.example"], "revenue": [7, 8]}, index=[20, 10])
        >>> table = ow.upload(companies, key="website", client=ow.Sandbox(speed=600).client())
        >>> found = ow.join_leads(companies, table, key="website")
        >>> found.index.to_list(), found["revenue"].to_list(), found.attrs["origami"]["joined"]
        ([20, 10], [7, 8], 2)
    """
    joining = Joining(frame, table, key=key, columns=columns, suffix=suffix)
    found = await joining.steps(operations_for(client, table), progress)
    if joining.said:
        warn_user(joining.said)
    return found


class Joining:
    """Join of one list with its table. The arguments are checked at once.

    Args:
        frame: see `join_leads`, also for the rest.
        table: the table.
        key: the columns that tell rows apart.
        columns: the table's columns to add; None for all new ones.
        suffix: added to names that the list has already.

    Attributes:
        said: a warning about rows for which there is nothing to join; empty without such rows.

    Raises:
        InvalidInput: an argument is not valid.
    """

    def __init__(self, frame: object, table: Any, *, key: object, columns: object, suffix: str) -> None:
        self.said = ""
        self._frame = as_frame(frame)
        self._table = table
        self._key = column_names(key, "key")
        self._keys = keys_of(self._frame, self._key)
        self._wanted = None if columns is None else column_names(columns, "columns")
        self._suffix = valid_text("suffix", suffix)
        request_from(table, include_hidden=True)

    async def steps(self, operations: Operations, progress: Progress | None) -> pd.DataFrame:
        """Read the table and join it, for the sync bridge.

        Raises:
            AmbiguousKey: several rows of the table have one key.
        """
        table_id = request_from(self._table).table_id
        listed = list(await OnLoop(operations.list_columns(table_id)))
        keys = [_named(listed, name, "key") for name in self._key]
        for name in self._wanted or ():
            _named(listed, name, "columns")
        # Texts, so that a key is compared as it was sent, and not as a date or number that looks like it.
        request = request_from(self._table, include_hidden=True)
        # The names of the list are its own: none is reserved.
        reading = RowsReading(operations, request, as_texts={str(each.slug) for each in keys}, reserved=())
        found = await reading.steps(progress)
        (note,) = table_notes(found)
        origins = note["columns"]
        columns = {each.id: each for each in listed}
        names = [name for name, each in origins.items() if each in columns and self._adds(columns[each])]
        main = {column_id: name for name, column_id in reversed(origins.items())}
        ids = found[ROW_ID].to_list()
        texts = zip(*(found[main[each.id]].to_list() for each in keys), strict=True)
        places = self._places(ids, list(texts))
        taken = {
            name: pd.Series(found[name].array.take(places, allow_fill=True), index=self._frame.index, copy=False)
            for name in names
        }
        result = pd.concat([self._frame, pd.DataFrame(taken, index=self._frame.index, copy=False)], axis=1)
        added = self._new_names({name: main[origins[name]] for name in names})
        result.columns = self._frame.columns.append(pd.Index(added, dtype=object))
        used = len({place for place in places if place != NOT_SENT})
        keyless = [position for position, key in enumerate(self._keys) if key is None]
        absent = [position for position, place in enumerate(places) if place == NOT_SENT and self._keys[position]]
        known = getattr(self._table, "ids_by_key", {})
        deleted = sum(self._keys[position] in known for position in absent)
        said = [without_key(keyless, len(places), self._key)] if keyless else []
        if absent:
            # Without a warning, they would look like rows for which nothing was found.
            were = "was" if deleted == 1 else "were"
            whose = f" {plural(deleted, 'row')} of them {were} deleted there." if deleted else ""
            verb = "isn't" if len(absent) == 1 else "aren't"
            said.append(
                f"{plural(len(absent), 'row')} of your list {verb} in the table, so the new cells are NA: "
                f"{at_positions(absent)}.{whose}"
            )
        self.said = " ".join(said)
        headings = headings_of([note])
        about = {
            **{name: note.get(name) for name in _KEPT_NOTES},
            "frame": "join_leads",
            "version": __version__,
            "key": self._key,
            "rows": len(places),
            "joined": sum(place != NOT_SENT for place in places),
            "without_key": len(keyless),
            "not_in_table": len(absent),
            "deleted": deleted,
            "added_rows": len(ids) - used,
            "found_columns": added,
            "parts": {
                new: note["parts"][name] for new, name in zip(added, names, strict=True) if name in note["parts"]
            },
            # A name with the suffix says more than a heading that the list has itself.
            "headings": {name: headings[name] for name in added if name in headings},
        }
        result.attrs = {**self._frame.attrs, **read_only({"origami": about})}
        return result

    def _adds(self, column: Column) -> bool:
        """Return whether a column of the table goes into the result."""
        if self._wanted is not None:
            return column.name in self._wanted or column.slug in self._wanted
        is_own = column.kind == "input" and (column.name in self._frame.columns or column.slug in self._frame.columns)
        return not (is_own or column.id in getattr(self._table, "column_ids", ()))

    def _new_names(self, mains: Mapping[str, str]) -> list[str]:
        """Return the names in the result of the table's columns, given with the main column of each."""
        own = set(self._frame.columns)
        taken = {main for name, main in mains.items() if name in own}
        suffix, number = self._suffix, 1
        while True:
            # The suffix is in all parts: phone_found would look like a part of the list's own phone.
            made = [
                f"{main}{suffix}{name.removeprefix(main)}" if main in taken else name for name, main in mains.items()
            ]
            if not own.intersection(made) and len(set(made)) == len(made):
                return made
            # A list of leads, and one that was enriched before, have phone and phone_found. What was found is paid by now.
            number += 1
            suffix = f"{self._suffix}_{number}"

    def _places(self, ids: Sequence[str], texts: Sequence[tuple[Any, ...]]) -> list[int]:
        """Return for each row of the list the position of its row among those of the table.

        Raises:
            AmbiguousKey: several rows of the table have one key.
        """
        known: Mapping[Any, str] = getattr(self._table, "ids_by_key", {})
        by_id = {row_id: place for place, row_id in enumerate(ids)}
        by_text: dict[Any, list[int]] = {}
        for place, text in enumerate(texts):
            by_text.setdefault(tuple("" if pd.isna(each) else str(each) for each in text), []).append(place)
        places, ambiguous = [], []
        for position, key in enumerate(self._keys):
            place = NOT_SENT
            if row_id := known.get(key):
                place = by_id.get(row_id, NOT_SENT)
            elif equal := by_text.get(key):
                place = equal[0]
                if len(equal) > 1:
                    ambiguous.append(position)
            places.append(place)
        if ambiguous:
            raise AmbiguousKey(
                "Several rows of the table have the same key",
                cause=f"{plural(len(ambiguous), 'row')} of your list: {at_positions(ambiguous)}.",
                remedy="Pass the UploadedTable that upload returned, which knows the ids of your rows, or join by more "
                "columns: key=['website', 'city'].",
                code="AMBIGUOUS_KEY",
            )
        return places


_KEPT_NOTES = ("source", "origin", "untrusted", "untrusted_note", "table_id", "table_name", "complete", "stopped")


def _named(listed: Sequence[Column], name: str, argument: str) -> Column:
    """Return the table's column with a heading, else with a slug.

    Raises:
        InvalidInput: there is none.
    """
    found = next((each for each in listed if each.name == name), None)
    found = found or next((each for each in listed if each.slug == name), None)
    if found is None or not found.slug:
        raise InvalidInput(
            f"The table has no column {shortened(name)}",
            cause=f"{argument}= named it. The table has these: {', '.join(shortened(each.name) for each in listed[:30])}.",
            remedy=f"Pass {argument}= with headings or slugs of the table's columns.",
        )
    return found
