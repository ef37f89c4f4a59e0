"""The columns of every frame as data: name, kind, unit, meaning and the field of the API they come from.

A frame is built from its schema, its docstring is checked against it, and a test walks the description of the API and
fails for a field that no schema mentions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["integer", "number", "boolean", "string", "category", "date", "timestamp"]
Origin = Literal["run", "table", "column", "lead_source", "action", "message", "history", "credits", "computed"]

DTYPE_NAMES: dict[Kind, str] = {
    "integer": "Int64",
    "number": "Float64",
    "boolean": "boolean",
    "string": "string",
    "category": "category",
    "date": "datetime64[us]",
    "timestamp": "datetime64[us, UTC]",
}

ARROW_DTYPE_NAMES: dict[Kind, str] = {
    "integer": "int64[pyarrow]",
    "number": "double[pyarrow]",
    "boolean": "bool[pyarrow]",
    "string": "string[pyarrow]",
    "date": "date32[day][pyarrow]",
    "timestamp": "timestamp[us, tz=UTC][pyarrow]",
}


@dataclass(frozen=True, slots=True)
class FrameField:
    """One column of a frame.

    Attributes:
        name: the column's name.
        kind: what its values are; decides the dtype.
        origin: the object of the API that holds the value, or `computed` for one that is made here.
        path: where it stands inside that object, levels joined by dots; the inputs' paths are no part of it.
        meaning: one phrase for the documentation.
        unit: what one of it is; empty where there is nothing to count.
        members: every documented word of a `category`, in the documented order.
    """

    name: str
    kind: Kind
    origin: Origin
    path: str
    meaning: str
    unit: str = ""
    members: tuple[str, ...] = ()

    def describe(self) -> str:
        """The line that documents the column in its frame's docstring."""
        dtype = DTYPE_NAMES[self.kind] + (f", {self.unit}" if self.unit else "")
        return f"- `{self.name}` ({dtype}): {self.meaning}"


@dataclass(frozen=True, slots=True)
class FrameSchema:
    """One kind of frame: its name and its columns in order."""

    name: str
    fields: tuple[FrameField, ...]

    def __getitem__(self, name: str) -> FrameField:
        """The field of that name."""
        return next(field for field in self.fields if field.name == name)

    @property
    def columns(self) -> list[str]:
        """The names of the columns, in order."""
        return [field.name for field in self.fields]

    @property
    def units(self) -> dict[str, str]:
        """Column to unit, for the columns that have one."""
        return {field.name: field.unit for field in self.fields if field.unit}

    def paths(self, origin: Origin) -> list[str]:
        """Where the columns from one kind of object stand in it."""
        return [field.path for field in self.fields if field.origin == origin]

    def describe(self) -> str:
        """The list of columns as it stands in the frame's docstring."""
        return "\n".join(field.describe() for field in self.fields)


RUN_ID = FrameField("run_id", "string", "run", "id", "the run; NA for a table that was given without its run")
TABLE_ID = FrameField("table_id", "string", "table", "id", "the table")
TABLE_NAME = FrameField("table_name", "string", "table", "name", "the table's name")
LEAD_COUNT = FrameField(
    "lead_count", "integer", "table", "leadCount", "rows not deleted, before saved filters", "leads"
)
