"""The columns of leads that a user has chosen with `columns=` and `parts=`. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from origami_widgets.api.errors import InvalidInput
from origami_widgets.frames.frame_attrs import read_only

from .lead_table import no_such_column
from .stacking import HEAD, IDS, mains_of, table_notes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

VALUE = "value"


@dataclass(frozen=True, slots=True)
class ChosenColumns:
    """Columns of leads, and the parts of these.

    Attributes:
        columns: names of columns of the frame; None for all.
        parts: keys of the parts to keep of each column; None for all of them, or, with `columns`, for the named ones.
    """

    columns: Sequence[str] | None = None
    parts: Sequence[str] | None = None

    @classmethod
    def checked(cls, columns: object, parts: object) -> Self:
        """Return the choice of the arguments `columns=` and `parts=`.

        Raises:
            InvalidInput: one of them is not a list of texts.
        """
        made: list[list[str] | None] = []
        for name, given in (("columns", columns), ("parts", parts)):
            # Also an index, such as the columns of a frame.
            listed = list(given) if isinstance(given, Iterable) and not isinstance(given, str) else None
            if given is not None and (listed is None or not all(isinstance(each, str) for each in listed)):
                raise InvalidInput(
                    f"{name} must be a list",
                    cause=f"Got {given!r:.60}.",
                    remedy=f'Use a list of names: {name}=["{given if isinstance(given, str) else "…":.40}"].',
                )
            made.append(listed)
        return cls(*made)

    @classmethod
    def noted(cls, notes: Mapping[str, Any]) -> Self:
        """Return the choice by which a frame was read, from its notes."""
        return cls(**notes.get("chosen", {}))

    def names(self, frame: pd.DataFrame, *, strict: bool = True) -> list[str]:
        """Return those columns of a frame of leads that are chosen, in this order; the ids come last.

        Args:
            frame: the leads.
            strict: whether it must have all of the columns.

        Raises:
            InvalidInput: it does not.
        """
        names = [str(name) for name in frame.columns]
        listed = dict.fromkeys(HEAD, "") | mains_of(table_notes(frame))
        # Without notes, the names tell.
        plain = {name: name.rpartition(".")[0] for name in names}
        mains = {name: listed.get(name, plain[name] if plain[name] in names else name) for name in names}
        if self.columns is None:
            return [name for name in names if name in HEAD or self._has(name, mains[name])]
        kept: list[str] = []
        for column in self.columns:
            if strict and column not in names:
                known = sorted(names, key=lambda name: mains[name] not in (name, ""))
                raise no_such_column("columns", column, known, tables=True)
            if self.parts is not None and mains.get(column) == column:
                kept += [name for name in names if mains[name] == column and self._has(name, column)]
            elif column in names:
                kept.append(column)
        return list(dict.fromkeys([*kept, *(name for name in IDS if name in names)]))

    def _has(self, name: str, main: str) -> bool:
        return self.parts is None or (VALUE if name == main else name[len(main) + 1 :]) in self.parts

    def of(self, frame: pd.DataFrame, *, strict: bool = True) -> pd.DataFrame:
        """Return a frame of leads with the chosen columns only, and note the choice for `refresh_leads`.

        Raises:
            InvalidInput: with `strict`, it lacks one of the columns.
        """
        if self == ALL:
            return frame
        if not table_notes(frame) and frame.empty:
            # A run has no table yet.
            missing = [column for column in self.columns or () if column not in frame]
            frame = frame.assign(**dict.fromkeys(missing, frame["row_id"].array))
        chosen = frame[self.names(frame, strict=strict)]
        noted = {"columns": self.columns, "parts": self.parts}
        chosen.attrs = frame.attrs | {"origami": frame.attrs["origami"] | {"chosen": read_only(noted)}}
        return chosen


ALL = ChosenColumns()
