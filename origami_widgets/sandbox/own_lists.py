"""Lists of the user's own: uploaded files, rows that are matched by key and written, and the cells that this sets off."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from msgspec import Meta, Struct

from origami_widgets.sandbox import error_responses, recipes
from origami_widgets.sandbox.error_responses import SITE
from origami_widgets.sandbox.prompt_parser import slugify, unique_slug
from origami_widgets.sandbox.run_builder import CellPlanner, CellWindow, fail_unaffordable
from origami_widgets.sandbox.run_requests import Slug, Uuid, read_body
from origami_widgets.sandbox.timelines import (
    CellRun,
    ColumnTimeline,
    Pace,
    SimulatedLead,
    SimulatedSource,
    TableTimeline,
    iso,
)

if TYPE_CHECKING:
    from origami_widgets.sandbox.recipes import IdGenerator

MAX_FILE_ROWS = 5000
"""Rows of a file. The limit isn't documented."""

_MAX_ISSUES = 100

_HEADINGS = (
    (r"mail|phone|date|note|\bid\b", recipes.OTHER),
    (r"web|domain|url|homepage", recipes.WEBSITE),
    (r"role|title|position", recipes.ROLE),
    (r"person|contact|(first|last|full)[ _-]?name", recipes.PERSON),
    (r"company|organi[sz]ation|account|firm|^name$", recipes.COMPANY),
    (r"city|town|location", recipes.CITY),
    (r"employees|headcount", recipes.EMPLOYEES),
    (r"", recipes.OTHER),
)
"""What a column of the user's holds, as its heading suggests."""

_FACTS = {
    recipes.ROLE.make: "role",
    recipes.PERSON.make: "person",
    recipes.COMPANY.make: "company",
    recipes.CITY.make: "city",
}
_HOST = re.compile(r"(?:[a-z]+://|.*@)?(?:www\.)?([^/?#:\s]+)", re.IGNORECASE)


class CsvRows(NamedTuple):
    """The headings of a CSV file, and its rows by position of the column; empty fields are left out."""

    headings: list[str]
    rows: list[dict[int, str]]


def read_csv(text: str, filename: str) -> CsvRows:
    """Read a file of comma-separated values; tabs separate those of a `.tsv` file.

    Raises:
        ValueError: it has no headings, or a row has more fields than there are headings.
    """
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


def new_table(
    name: str, file: CsvRows, container: ContainerRecord, *, now: float, ids: IdGenerator, seed: int
) -> TableTimeline:
    """Return the table of a file: text columns only, nothing is computed."""
    slugs: list[str] = []
    columns: list[ColumnTimeline] = []
    for heading in file.headings:
        slugs.append(unique_slug(slugify(heading), slugs))
        recipe = next(recipe for words, recipe in _HEADINGS if re.search(words, heading.lower()))
        columns.append(ColumnTimeline(ids.uuid(), "", replace(recipe, name=heading, slug=slugs[-1]), now))
    rows = [{slugs[position]: field for position, field in row.items()} for row in file.rows]
    return TableTimeline(
        id=ids.uuid(),
        run_id="",
        container=container.id,
        project=container.project,
        name=name,
        created_at=now,
        sources=(SimulatedSource(ids.uuid(), "Upload", len(rows)),),
        leads=tuple(new_lead(values, columns, now=now, ids=ids, seed=seed) for values in rows),
        columns=tuple(columns),
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


def _facts(lead_id: str, values: Mapping[str, Any], columns: Sequence[ColumnTimeline], seed: int) -> recipes.LeadFacts:
    """Return what the row says, and invent the rest. The domain is never a real one, so that no mail reaches a person."""
    rng = Random(f"{seed}/{lead_id}")  # noqa: S311  # repeatable on purpose, nothing is secret
    invented = recipes.invent(rng, recipes.CITIES, rng.randrange(10_000))
    said: dict[str, Any] = {}
    for column in columns:
        value = values.get(column.recipe.slug or "")
        if not isinstance(value, str):
            continue
        if column.recipe.make is recipes.WEBSITE.make and (host := _HOST.match(value.strip())):
            said["domain"] = f"{slugify(host[1].removesuffix('.example'))}.example"
        elif column.recipe.make in _FACTS:
            said.setdefault(_FACTS[column.recipe.make], value)
    return replace(invented, **said)


RowOutcome = Literal["inserted", "updated", "skipped"]


class UpsertBody(Struct, rename="camel"):
    """The request to insert or update rows, keyed by slugs."""

    rows: Annotated[list[dict[str, Any]], Meta(min_length=1, max_length=100)]
    match_columns: Annotated[list[Slug], Meta(min_length=1, max_length=100)]
    enrich: bool = True
    reenrich_updated: bool = False
    batch_id: Uuid | None = None


class WrittenRows(NamedTuple):
    """A table after a write, with the row id and outcome of each row that was sent."""

    table: TableTimeline
    outcomes: tuple[tuple[str, RowOutcome], ...]


def upsert(table: TableTimeline, request: UpsertBody, now: float, ids: IdGenerator, seed: int) -> WrittenRows:
    """Insert or update rows. A value of null empties a cell, and a row that changes nothing is skipped.

    Raises:
        ErrorResponse: a field is no input column, a key is missing, sent twice, or matches several rows.
    """
    rows, match = _by_slug(table, request.rows, request.match_columns, now, is_file=False)
    keys = _keys(rows, match)
    found: dict[tuple[str, ...], list[SimulatedLead]] = {key: [] for key in keys}
    for lead in table.rows_at(now):
        key = tuple(_text(lead.values.get(slug)) for slug in match)
        if key in found:
            found[key].append(lead)
    ambiguous = [f"rows.{place}" for place, key in enumerate(keys) if len(found[key]) > 1]
    _refuse("AMBIGUOUS_MATCH", ambiguous)
    changed: dict[str, SimulatedLead] = {}
    added: list[SimulatedLead] = []
    outcomes: list[tuple[str, RowOutcome]] = []
    for key, row in zip(keys, rows, strict=True):
        old = found[key][0] if found[key] else None
        values = {slug: value for slug, value in {**(old.values if old else {}), **row}.items() if value is not None}
        if old is None:
            added.append(new_lead(values, table.columns, now=now, ids=ids, seed=seed))
            outcomes.append((added[-1].id, "inserted"))
        elif values == old.values:
            outcomes.append((old.id, "skipped"))
        else:
            changed[old.id] = replace(old, values=values)
            outcomes.append((old.id, "updated"))
    leads = (*(changed.get(lead.id, lead) for lead in table.leads), *added)
    edits = (*table.edits, (now, "")) if changed else table.edits
    return WrittenRows(replace(table, leads=leads, edits=edits), tuple(outcomes))


def append(
    table: TableTimeline, rows: Sequence[dict[str, Any]], now: float, ids: IdGenerator, seed: int
) -> WrittenRows:
    """Add the rows of a file, whether or not the table has them.

    Raises:
        ErrorResponse: a field is no input column.
    """
    values, _ = _by_slug(table, rows, (), now, is_file=True)
    added = tuple(new_lead(row, table.columns, now=now, ids=ids, seed=seed) for row in values)
    outcomes: tuple[tuple[str, RowOutcome], ...] = tuple((lead.id, "inserted") for lead in added)
    return WrittenRows(replace(table, leads=(*table.leads, *added)), outcomes)


def _by_slug(
    table: TableTimeline, rows: Sequence[dict[str, Any]], match: Sequence[str], now: float, *, is_file: bool
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return rows keyed by slug, and the slugs to match."""
    columns = [column.recipe for column in table.columns_at(now)]
    known = {column.name: column for column in columns if column.slug is not None} if is_file else {}
    known |= {column.slug: column for column in columns if column.slug is not None}
    fields = [(f"rows.{place}.{name}", name) for place, row in enumerate(rows) for name in row]
    fields += [(f"matchColumns.{place}", name) for place, name in enumerate(match)]
    _refuse("UNKNOWN_FIELDS", [path for path, name in fields if name not in known])
    _refuse("NON_INPUT_COLUMNS", [path for path, name in fields if known[name].kind != "input"])
    slugs = {name: str(column.slug) for name, column in known.items()}
    by_slug = [{slugs[name]: value for name, value in row.items()} for row in rows]
    return by_slug, list(dict.fromkeys(slugs[name] for name in match))


def _keys(rows: Sequence[dict[str, Any]], match: Sequence[str]) -> list[tuple[str, ...]]:
    keys = [tuple(_text(row.get(slug)) for slug in match) for row in rows]
    missing = [
        f"rows.{place}.{slug}"
        for place, key in enumerate(keys)
        for slug, part in zip(match, key, strict=True)
        if not part.strip()
    ]
    _refuse("MISSING_MATCH_VALUE", missing)
    first: dict[tuple[str, ...], int] = {}
    repeated = [f"rows.{place}" for place, key in enumerate(keys) if first.setdefault(key, place) != place]
    _refuse("DUPLICATE_MATCH_KEY", repeated)
    return keys


def _refuse(code: str, paths: Sequence[str]) -> None:
    if paths:
        problem = str(error_responses.refusal(code))
        raise error_responses.invalid(*((path, problem) for path in paths[:_MAX_ISSUES]), code=code)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


_MIN_FILLING, _FILLING_PER_ROW = 20.0, 0.1
"""Simulated seconds in which the cells of a write fill."""

_FAILURE_RATE = 0.03


@dataclass(frozen=True, slots=True)
class EnrichmentRunRecord:
    """One write of rows. `table_run_id` is None if it was to set off no cells."""

    id: str
    table_id: str
    project: str | None
    type: str
    created_at: float
    table_run_id: str | None
    outcomes: tuple[tuple[str, RowOutcome], ...]


def enrich(
    written: WrittenRows, outcomes: Collection[RowOutcome], run_id: str, pace: Pace, *, seed: str, affordable: int
) -> TableTimeline:
    """Let the columns that trigger by themselves run for the rows with these outcomes."""
    table, now = written.table, pace.start
    chosen = {row_id for row_id, outcome in written.outcomes if outcome in outcomes}
    leads = [lead for lead in table.leads if lead.id in chosen]
    window = CellWindow(0, _MIN_FILLING + _FILLING_PER_ROW * len(leads), _FAILURE_RATE).on(pace)
    columns = tuple(column for column in table.columns_at(now) if column.recipe.auto_trigger)
    planner = CellPlanner(Random(seed), run_id, window)  # noqa: S311  # repeatable on purpose, nothing is secret
    table = planner.fill(table, columns, leads)
    return fail_unaffordable({table.id: table}, run_id, affordable)[table.id]


def enrichment_run(record: EnrichmentRunRecord, table: TableTimeline, now: float) -> dict[str, Any]:
    """Return an EnrichmentRun."""
    ends = max((cell_run.done for cell_run in _cell_runs(record, table)), default=record.created_at)
    return {
        "object": "enrichment_run",
        "id": record.id,
        "batchId": record.id,
        "tableId": record.table_id,
        "type": record.type,
        "status": "processing" if ends > now else "complete",
        "createdAt": iso(record.created_at),
        "completedAt": None if ends > now else iso(ends),
        "tableRunId": record.table_run_id,
    }


def enrichment_run_detail(record: EnrichmentRunRecord, table: TableTimeline, now: float) -> dict[str, Any]:
    """Return an EnrichmentRunDetail. Credits show when all cells have settled."""
    cell_runs = _cell_runs(record, table)
    settled = [cell_run for cell_run in cell_runs if cell_run.done <= now]
    failed = sum(cell_run.outcome == "errored" for cell_run in settled)
    return {
        **enrichment_run(record, table, now),
        "rowCount": len(record.outcomes),
        "enrichments": {
            "total": len(cell_runs),
            "completed": len(settled) - failed,
            "pending": len(cell_runs) - len(settled),
            "failed": failed,
        },
        "creditsUsed": sum(cell_run.credits for cell_run in settled) if len(settled) == len(cell_runs) else 0,
        "outcomes": [
            {"inputIndex": place, "rowId": row_id, "outcome": outcome}
            for place, (row_id, outcome) in enumerate(record.outcomes)
        ],
        "outcomeCounts": _counts(record),
    }


def upsert_receipt(record: EnrichmentRunRecord) -> dict[str, Any]:
    """Return an UpsertReceipt."""
    return {
        "object": "enrichment_run",
        "id": record.id,
        "batchId": record.id,
        "tableRunId": record.table_run_id,
        "counts": _counts(record),
    }


def _cell_runs(record: EnrichmentRunRecord, table: TableTimeline) -> list[CellRun]:
    """Return the cell runs that a write has set off and that weren't stopped."""
    return [cell_run for cell_run in table.cell_runs if cell_run.run_id == record.id]


def _counts(record: EnrichmentRunRecord) -> dict[str, int]:
    outcomes = [outcome for _, outcome in record.outcomes]
    return {name: outcomes.count(name) for name in ("inserted", "updated", "skipped")}


MAX_FILES = 20
"""Files of an upload. The limit isn't documented."""

_MODES = ("table", "append", "document")
_TABULAR = (".csv", ".tsv")
_NO_ROWS = CsvRows([], [])


class WorkspaceBody(Struct):
    """The request for a container."""

    name: Annotated[str, Meta(min_length=1, max_length=80)] = "Untitled workspace"


class FileBody(Struct, rename="camel"):
    """A file of an upload, in base64."""

    filename: Annotated[str, Meta(min_length=1, max_length=255)]
    content: str
    mode: str | None = None
    table_id: Uuid | None = None


class UploadBody(Struct):
    """The request to upload files."""

    files: Annotated[list[FileBody], Meta(min_length=1)]


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """A text file in a container. No answer has its content."""

    id: str
    filename: str
    created_at: float


@dataclass(slots=True)
class ContainerRecord:
    """A container of agents, tables and documents."""

    id: str
    name: str
    project: str | None
    created_at: float
    created_by_api: bool = True
    documents: dict[str, DocumentRecord] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file of an upload, with its rows unless it is a document. If it can't be read, `error` says why."""

    filename: str
    mode: str
    table_id: str | None
    rows: CsvRows = _NO_ROWS
    error: str = ""

    @property
    def stem(self) -> str:
        """The name without its extension."""
        return self.filename.rsplit(".", 1)[0] or self.filename


def parse_upload(body: bytes) -> list[UploadedFile]:
    """Read the body of an upload. Files that can't be read are no refusal: others may be taken.

    Raises:
        ErrorResponse: the body or a mode is not valid, there are too many files, or a file has too many rows.
    """
    files = read_body(body, UploadBody).files
    if len(files) > MAX_FILES:
        raise error_responses.refusal(
            "TOO_MANY_FILES", f"Too many files: at most {MAX_FILES}", details={"files": len(files), "limit": MAX_FILES}
        )
    modes = [_mode(file, f"files.{place}") for place, file in enumerate(files)]
    uploaded = [_uploaded_file(file, mode) for file, mode in zip(files, modes, strict=True)]
    for file in uploaded:
        if len(file.rows.rows) > MAX_FILE_ROWS:
            raise error_responses.refusal(
                "TOO_MANY_ROWS",
                f"Too many rows: at most {MAX_FILE_ROWS}",
                details={"rows": len(file.rows.rows), "limit": MAX_FILE_ROWS},
            )
    return uploaded


def workspace_object(container: ContainerRecord) -> dict[str, Any]:
    """Return a Workspace."""
    return {
        "object": "workspace",
        "id": container.id,
        "name": container.name,
        "createdByApi": container.created_by_api,
        "url": f"{SITE}/workspace/{container.id}",
        "createdAt": iso(container.created_at),
    }


def document_object(document: DocumentRecord) -> dict[str, Any]:
    """Return a Document."""
    return {
        "object": "document",
        "id": document.id,
        "documentId": document.id,
        "filename": document.filename,
        "vfsPath": f"/documents/{document.filename}",
        "kind": "file",
        "status": "ready",
        "createdAt": iso(document.created_at),
        "updatedAt": iso(document.created_at),
    }


def _mode(file: FileBody, path: str) -> str:
    is_tabular = file.filename.lower().endswith(_TABULAR)
    usual = "table" if is_tabular else "document"
    mode = usual if file.mode is None else file.mode
    if mode not in _MODES:
        problem = "Expected table, append or document"
    elif mode != "document" and not is_tabular:
        problem = "Only a .csv or .tsv file can become rows"
    elif mode == "append" and file.table_id is None:
        problem = "append needs a tableId"
    else:
        return mode
    raise error_responses.invalid((f"{path}.mode", problem), code="INVALID_UPLOAD_MODE")


def _uploaded_file(file: FileBody, mode: str) -> UploadedFile:
    name = file.filename
    table_id = file.table_id.lower() if mode == "append" and file.table_id is not None else None
    try:
        content = base64.b64decode(file.content, validate=True)
    except ValueError:
        return UploadedFile(name, mode, table_id, error="Expected base64")
    try:
        text = content.decode("utf-8-sig")
        return UploadedFile(name, mode, table_id, _NO_ROWS if mode == "document" else read_csv(text, name))
    except UnicodeDecodeError:
        return UploadedFile(name, mode, table_id, error="The file isn't UTF-8")
    except ValueError as error:
        return UploadedFile(name, mode, table_id, error=str(error))
