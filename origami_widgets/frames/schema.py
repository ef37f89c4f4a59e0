"""Columns of every frame as data: name, type, unit, meaning, and the API field that they show.

Columns that show an API field take all this from its description in the models, so that each field is described once.
Frames are built from their schemas, and so are the lists of columns in docstrings and on the reference page (`python -m
tests.fixtures.make_frames`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from origami_widgets.api.models.base import DescribedField, Model, described_fields
from origami_widgets.api.models.run import Action, RunObject, TranscriptMessage
from origami_widgets.api.models.table import Column, LeadSource, Table

Kind = Literal["integer", "number", "boolean", "string", "category", "date", "timestamp"]
Origin = Literal[
    "agent",
    "run",
    "table",
    "column",
    "lead_source",
    "action",
    "message",
    "history",
    "credits",
    "computed",
]

DTYPE_NAMES: dict[Kind, str] = {
    "integer": "Int64",
    "number": "Float64",
    "boolean": "boolean",
    "string": "string",
    "category": "category",
    "date": "datetime64[us]",
    "timestamp": "datetime64[us, UTC]",
}

_KINDS: dict[object, Kind] = {int: "integer", float: "number", bool: "boolean", datetime: "timestamp"}


@dataclass(frozen=True, slots=True)
class FrameField:
    """One column of a frame.

    Attributes:
        name: the column's name.
        kind: the type of the values, which decides the dtype.
        origin: the object of the API that holds the value, or `computed` for a column that the package computes.
        path: the value's path in that object, joined by dots; empty for computed columns.
        meaning: one phrase for the documentation.
        unit: the unit of an amount; empty for anything else.
        members: every documented word of a `category`, in the documented order.
    """

    name: str
    kind: Kind
    origin: Origin
    path: str
    meaning: str
    unit: str = ""
    members: tuple[str, ...] = ()

    def renamed(self, name: str, meaning: str = "") -> FrameField:
        """Return the same API field as a column with another name, and another meaning if given."""
        return replace(self, name=name, meaning=meaning or self.meaning)

    def describe(self) -> str:
        """Return the line that documents the column in its frame's docstring."""
        dtype = DTYPE_NAMES[self.kind] + (f", {self.unit}" if self.unit else "")
        return f"- `{self.name}` ({dtype}): {self.meaning}"


@dataclass(frozen=True, slots=True)
class FrameSchema:
    """Columns of one frame, in order. `schema["run_id"]` is the field with that name.

    Attributes:
        name: the function that makes the frame.
        fields: the columns.
    """

    name: str
    fields: tuple[FrameField, ...]

    def __getitem__(self, name: str) -> FrameField:
        return next(field for field in self.fields if field.name == name)

    @property
    def units(self) -> dict[str, str]:
        """The units by column, for columns that have one."""
        return {field.name: field.unit for field in self.fields if field.unit}

    def describe(self) -> str:
        """Return the list of columns for the frame's docstring."""
        return "\n".join(field.describe() for field in self.fields)


def computed_field(name: str, kind: Kind, meaning: str, unit: str = "") -> FrameField:
    """Return a column that the package computes."""
    return FrameField(name, kind, "computed", "", meaning, unit)


def number_field(name: str, meaning: str, unit: str) -> FrameField:
    """Return an amount that the package computes."""
    return computed_field(name, "number", meaning, unit)


def fields_of(model: type[Model], origin: Origin) -> dict[str, FrameField]:
    """Return the described fields of a model as columns, by name, in the model's order."""
    return {
        each.column: FrameField(
            each.column, _kind_of(each), origin, each.path, each.about.meaning, each.about.unit, each.about.words
        )
        for each in described_fields(model)
    }


def _kind_of(field: DescribedField) -> Kind:
    if field.about.words:
        return "category"
    # Models have whole credits, as the API does today, but frames compute fractions.
    return "number" if field.about.unit.startswith("credits") else _KINDS.get(field.hint, "string")


RUN_FIELDS = fields_of(RunObject, "run")
TABLE_FIELDS = fields_of(Table, "table")
COLUMN_FIELDS = fields_of(Column, "column")
LEAD_SOURCE_FIELDS = fields_of(LeadSource, "lead_source")
ACTION_FIELDS = fields_of(Action, "action")
MESSAGE_FIELDS = fields_of(TranscriptMessage, "message")

RUN_ID = RUN_FIELDS["run_id"].renamed("run_id", "the run; NA for a table given without its run")
RUN_NAME = FrameField("run_name", "string", "agent", "name", "the agent's name, as in `start_many({…})`; NA if unknown")
TABLE_ID, TABLE_NAME = TABLE_FIELDS["table_id"], TABLE_FIELDS["table_name"]
