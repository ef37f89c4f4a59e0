"""Repr of the API's objects: one short line, and a small HTML table for notebooks. Pure.

All texts come from the server, so they are cut and escaped, and control characters and keys are removed.
"""

from __future__ import annotations

from datetime import datetime
from html import escape
from operator import attrgetter
from typing import TYPE_CHECKING

import msgspec

from origami_widgets.words.foreign_text import clean
from origami_widgets.words.numbers import instant, plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LONGEST_LINE = 200
LONGEST_TEXT = 60
LONGEST_PART = 60
MOST_ROWS = 30
_SKIPPED = ("raw", "object")

_FRAME = "font:13px/1.45 system-ui,sans-serif;max-width:60em"
_QUIET = "opacity:.74"
_TABLE = "font:inherit;border-collapse:collapse;margin:4px 0"
_CELL = "text-align:{side};vertical-align:top;padding:2px 14px 2px 0;border:0"


def facts_of(model: msgspec.Struct) -> dict[str, object]:
    """Return the fields to show: those in `__shown_fields__`, else all that differ from their default."""
    fields = {field.name: field for field in msgspec.structs.fields(model) if field.name not in _SKIPPED}
    if shown := getattr(model, "__shown_fields__", ()):
        values = {name: getattr(model, name) for name in shown}
        return {name: value for name, value in values.items() if value is not None and value != ""}
    return {name: value for name, field in fields.items() if (value := getattr(model, name)) != _default(field)}


def _facts_of_line(model: msgspec.Struct) -> dict[str, object]:
    """Return the fields of the line: those in `__line_fields__` that are set, else those of `facts_of`."""
    fields = getattr(model, "__line_fields__", ())
    values = {name: attrgetter(name)(model) for name in fields}
    return {name: value for name, value in values.items() if value is not None and value != ""} or facts_of(model)


def one_line(model: msgspec.Struct) -> str:
    """Return the class and fields of an object, in at most 200 characters.

    Objects that come in lists, such as columns, are shorter: the repr of a list has a line for each.

    >>> from origami_widgets.api.models import Column, CreditsUsed, Question, Table
    >>> one_line(Table(name="Porto bakeries", lead_count=15, credits=CreditsUsed(lifetime_used=57)))
    "Table(name='Porto bakeries', lead_count=15, columns=<0 items>, credits=CreditsUsed(lifetime_used=57))"
    >>> one_line(Column(name="Fit", slug="fit", kind="score", credits=CreditsUsed(lifetime_used=34)))
    "Column(name='Fit', kind='score', credits.lifetime_used=34)"
    >>> one_line(Question(question="Which region?", suggested_answers=("Iberia", "France")))
    "Question(question='Which region?', suggested_answers=('Iberia', 'France'))"
    """
    name = type(model).__name__
    line = ""
    for field, value in _facts_of_line(model).items():
        part = f"{', ' if line else ''}{field}={_in_line(value)}"
        if len(name) + len(line) + len(part) > LONGEST_LINE - len("(, …)"):
            return f"{name}({line}{', ' if line else ''}…)"
        line += part
    return f"{name}({line})"


def as_html(title: str, summary: Iterable[str], head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return HTML with a heading, a line below it, and a small table.

    Args:
        title: the heading.
        summary: parts of the line below the heading; empty ones are left out.
        head: the column headings; empty for none.
        rows: the rows; the first 30 are shown.
    """
    parts = [f"<div><b>{_text(title)}</b></div>"]
    if line := " · ".join(_text(part) for part in summary if part):
        parts.append(f'<div style="{_QUIET}">{line}</div>')
    if rows:
        heading = "".join(f'<th style="{_CELL.format(side="left")}">{_text(name)}</th>' for name in head)
        body = "".join(
            f"<tr>{''.join(_cell(value, right=bool(head)) for value in row)}</tr>" for row in rows[:MOST_ROWS]
        )
        head_row = f"<thead><tr>{heading}</tr></thead>" if heading else ""
        parts.append(f'<table style="{_TABLE}">{head_row}<tbody>{body}</tbody></table>')
    if len(rows) > MOST_ROWS:
        parts.append(f'<div style="{_QUIET}">and {len(rows) - MOST_ROWS:,} more</div>')
    return f'<div style="{_FRAME}">{"".join(parts)}</div>'


def model_html(model: msgspec.Struct) -> str:
    """Return HTML with one row for each field of an object."""
    rows = [(field.replace("_", " "), value) for field, value in facts_of(model).items()]
    return as_html(type(model).__name__, (), (), rows)


def list_html(title: str, summary: Iterable[str], models: Sequence[object]) -> str:
    """Return HTML with one row for each object in a list."""
    shown = [facts_of(model) for model in models if isinstance(model, msgspec.Struct)]
    fields = list(dict.fromkeys(field for facts in shown for field in facts))
    rows = [[facts.get(field) for field in fields] for facts in shown]
    return as_html(title, summary, [field.replace("_", " ") for field in fields], rows)


def _default(field: msgspec.structs.FieldInfo) -> object:
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()


def _in_line(value: object) -> str:
    if isinstance(value, str):
        return repr(_cut(value))
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, msgspec.Struct):
        text = repr(value)
        return text if len(text) <= LONGEST_PART else f"{type(value).__name__}(…)"
    if isinstance(value, tuple) and value and all(isinstance(each, str) for each in value):
        texts = repr(tuple(map(_cut, value)))
        if len(texts) <= LONGEST_PART:
            return texts
    if isinstance(value, tuple | list | dict):
        return f"<{plural(len(value), 'item')}>"
    return _cut(repr(value))


def _in_cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, msgspec.Struct):
        facts = facts_of(value)
        return ", ".join(f"{field.replace('_', ' ')} {_in_cell(part)}" for field, part in facts.items())
    if isinstance(value, tuple | list | dict):
        return f"{len(value):,}"
    return str(value)


def _cell(value: object, *, right: bool) -> str:
    """Return a table cell; with `right`, numbers are aligned to the right."""
    right = right and isinstance(value, int | float) and not isinstance(value, bool)
    return f'<td style="{_CELL.format(side="right" if right else "left")}">{_text(_in_cell(value))}</td>'


def _cut(text: str, most: int = LONGEST_TEXT) -> str:
    # Imported when an object is shown: frames import the models, but nothing that knows keys.
    from origami_widgets.api.keys.secret import hide_all

    # Cleaned first, as an invisible character would keep a key from being found.
    return hide_all(clean(text, most))


def _text(text: str) -> str:
    return escape(_cut(text, LONGEST_LINE))
