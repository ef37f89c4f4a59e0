"""Tables of the user's own: read from CSV, with what their rows tell about companies and people. Pure."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from origami_widgets.sandbox import fake_data, recipes
from origami_widgets.sandbox.prompt_parser import slugify
from origami_widgets.sandbox.timelines import ColumnTimeline, SimulatedLead, SimulatedSource, TableTimeline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from origami_widgets.sandbox.fake_data import IdGenerator
    from origami_widgets.sandbox.recipes import ColumnRecipe

_HEADINGS: tuple[tuple[str, ColumnRecipe | None], ...] = (
    (r"mail|phone|date|note|\bid\b", None),
    (r"web|domain|url|homepage", recipes.WEBSITE),
    (r"role|title|position", recipes.ROLE),
    (r"person|contact|(first|last|full)[ _-]?name", recipes.PERSON),
    (r"company|organi[sz]ation|account|firm|^name$", recipes.COMPANY),
    (r"city|town|location", recipes.CITY),
    (r"employees|headcount", recipes.EMPLOYEES),
)
"""What a column of the user's holds, as its heading suggests."""

_FACTS = {recipes.ROLE: "role", recipes.PERSON: "person", recipes.COMPANY: "company", recipes.CITY: "city"}
_HOST = re.compile(r"(?:[a-z]+://|.*@)?(?:www\.)?([^/?#:\s]+)", re.IGNORECASE)


class CsvRows(NamedTuple):
    """The headings of a CSV file, and its rows by position of the column; empty fields are left out."""

    headings: list[str]
    rows: list[dict[int, str]]


def read_csv(content: bytes, filename: str) -> CsvRows:
    """Read a file of comma-separated values; tabs separate those of a `.tsv` file.

    Raises:
        ValueError: it is not UTF-8, has no headings, or a row has more fields than there are headings.
    """
    text = content.decode("utf-8-sig")
    delimiter = "\t" if filename.lower().endswith(".tsv") else ","
    try:
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True) if line]
    except csv.Error as error:
        raise ValueError(f"The file isn't valid CSV: {error}") from None
    if not lines or not all(heading.strip() for heading in lines[0]):
        raise ValueError("The first line must have a heading for each column")
    headings, *rows = lines
    for number, row in enumerate(rows, 2):
        if len(row) > len(headings):
            raise ValueError(f"Row {number} has more fields than the first line")
    filled = ({position: field for position, field in enumerate(row) if field} for row in rows)
    return CsvRows(headings, [row for row in filled if row])


def new_table(  # a table is these
    name: str, file: CsvRows, *, container: str, project: str | None, now: float, ids: IdGenerator, seed: int
) -> TableTimeline:
    """Return the table of a file: text columns only, nothing is computed."""
    slugs: list[str] = []
    for heading in file.headings:
        slugs.append(unique_slug(slugify(heading), slugs))
    columns = tuple(
        ColumnTimeline(
            id=ids.uuid(),
            run_id="",
            name=heading,
            type="static",
            kind="input",
            slug=slug,
            auto_trigger=False,
            added_at=now,
            recipe=next((recipe for words, recipe in _HEADINGS if re.search(words, heading.lower())), None),
        )
        for heading, slug in zip(file.headings, slugs, strict=True)
    )
    rows = [{slugs[position]: field for position, field in row.items()} for row in file.rows]
    return TableTimeline(
        id=ids.uuid(),
        run_id="",
        container=container,
        project=project,
        name=name,
        created_at=now,
        sources=(SimulatedSource(ids.uuid(), "Upload", len(rows), "historical"),),
        leads=tuple(new_lead(values, columns, now=now, ids=ids, seed=seed) for values in rows),
        columns=columns,
        slug=slugify(name),
        is_own_list=True,
    )


def new_lead(
    values: Mapping[str, Any], columns: Sequence[ColumnTimeline], *, now: float, ids: IdGenerator, seed: int
) -> SimulatedLead:
    """Return a row that the user has written."""
    lead_id = ids.uuid()
    return SimulatedLead(
        id=lead_id,
        run_id="",
        source=0,
        sourced_at=now,
        outcome="kept",
        deletion=None,
        facts=_facts(lead_id, values, columns, seed),
        values=values,
    )


def unique_slug(slug: str, taken: Sequence[str | None]) -> str:
    """Return a slug that no other column has.

    >>> unique_slug("email", ["email", "email-2"])
    'email-3'
    """
    names = (slug, *(f"{slug}-{number}" for number in range(2, len(taken) + 2)))
    return next(name for name in names if name not in taken)


def _facts(
    lead_id: str, values: Mapping[str, Any], columns: Sequence[ColumnTimeline], seed: int
) -> fake_data.LeadFacts:
    """Return what the row says, and invent the rest. The domain is never a real one, so that no mail reaches a person."""
    rng = Random(f"{seed}/{lead_id}")  # noqa: S311  # repeatable on purpose, nothing is secret
    invented = fake_data.invent(rng, fake_data.CITIES, rng.randrange(10_000))
    said: dict[str, Any] = {}
    for column in columns:
        value = values.get(column.slug or "")
        if not isinstance(value, str) or column.recipe is None:
            continue
        if column.recipe is recipes.WEBSITE and (host := _HOST.match(value.strip())):
            said["domain"] = f"{slugify(host[1].removesuffix('.example'))}.example"
        elif column.recipe in _FACTS:
            said.setdefault(_FACTS[column.recipe], value)
    return replace(invented, **said)
