"""The columns of leads that a user has chosen with `columns=`, without the leads of `leave_out=`. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from origami_widgets.api.errors import InvalidInput
from origami_widgets.frames.frame_attrs import read_only

from .lead_table import no_such_column, snake_case
from .stacking import IDS, mains_of, table_notes

if TYPE_CHECKING:
    import pandas as pd

    from .left_out import LeftOut


@dataclass(frozen=True, slots=True)
class ChosenColumns:
    """Columns of leads.

    Attributes:
        columns: names of columns of the frame; None for all.
        left_out: which leads are left out; None for none.
    """

    columns: Sequence[str] | None = None
    left_out: LeftOut | None = None

    @classmethod
    def checked(cls, columns: object) -> Self:
        """Return the choice of the argument `columns=`.

        Raises:
            InvalidInput: it is not a list of texts.
        """
        # Also an index, such as the columns of a frame.
        listed = list(columns) if isinstance(columns, Iterable) and not isinstance(columns, str) else None
        if columns is not None and (listed is None or not all(isinstance(each, str) for each in listed)):
            raise InvalidInput(
                "columns must be a list",
                cause=f"Got {columns!r:.60}.",
                remedy=f'Use a list of names: columns=["{columns if isinstance(columns, str) else "…":.40}"].',
            )
        return cls(listed)

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
        if self.columns is None:
            return names
        # Slugs name columns, too.
        wanted = [each if each in names else snake_case(each) for each in self.columns]
        known = zip(self.columns, wanted, strict=True)
        if strict and (unknown := next((given for given, each in known if each not in names), None)) is not None:
            mains = mains_of(table_notes(frame))
            listed = sorted(names, key=lambda name: mains.get(name, name) != name)
            raise no_such_column("columns", unknown, listed, tables=True)
        return list(dict.fromkeys(name for name in (*wanted, *IDS) if name in names))

    def of(self, frame: pd.DataFrame, *, strict: bool = True) -> pd.DataFrame:
        """Return a frame of leads with the chosen columns only, and note the choice for `refresh_leads`.

        Raises:
            InvalidInput: with `strict`, it lacks one of the columns.
        """
        if self.left_out is not None:
            # First, as it looks at columns that may not be chosen.
            frame = self.left_out.of(frame)
        if self.columns is None:
            return frame
        if not table_notes(frame) and frame.empty:
            # A run has no table yet.
            missing = [column for column in self.columns or () if column not in frame]
            frame = frame.assign(**dict.fromkeys(missing, frame["row_id"].array))
        chosen = frame[self.names(frame, strict=strict)]
        noted = read_only({"columns": self.columns})
        chosen.attrs = frame.attrs | {"origami": frame.attrs["origami"] | {"chosen": noted}}
        return chosen


ALL = ChosenColumns()
