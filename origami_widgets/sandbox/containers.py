"""Containers of agents, tables and documents (`/workspaces`), and the files that are uploaded to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta, Struct

from origami_widgets.sandbox import error_responses
from origami_widgets.sandbox.error_responses import SITE
from origami_widgets.sandbox.own_lists import check_file_size, decode_base64, read_csv
from origami_widgets.sandbox.run_requests import Uuid, read_body
from origami_widgets.sandbox.simulated_time import iso

if TYPE_CHECKING:
    from origami_widgets.sandbox.own_lists import CsvRows

MAX_FILES = 20
"""Files of an upload. The limit isn't documented."""

UploadMode = Literal["table", "append", "document"]

_MODES: dict[str, UploadMode] = {"table": "table", "append": "append", "document": "document"}
_TABULAR = (".csv", ".tsv")


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
    """A container. That of an agent (`is_agents`) is archived with the last agent in it."""

    id: str
    name: str
    project: str | None
    created_at: float
    created_by_api: bool = True
    is_agents: bool = False
    documents: dict[str, DocumentRecord] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file of an upload, as rows or as a document. If it can't be read, it is neither, and `error` says why."""

    filename: str
    mode: UploadMode
    table_id: str | None
    rows: CsvRows | None = None
    is_document: bool = False
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
        if file.rows is not None:
            check_file_size(file.rows)
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


def _mode(file: FileBody, path: str) -> UploadMode:
    is_tabular = file.filename.lower().endswith(_TABULAR)
    usual = "table" if is_tabular else "document"
    mode = _MODES.get(usual if file.mode is None else file.mode)
    if mode is None:
        problem = "Expected table, append or document"
    elif mode != "document" and not is_tabular:
        problem = "Only a .csv or .tsv file can become rows"
    elif mode == "append" and file.table_id is None:
        problem = "append needs a tableId"
    else:
        return mode
    raise error_responses.invalid((f"{path}.mode", problem), code="INVALID_UPLOAD_MODE")


def _uploaded_file(file: FileBody, mode: UploadMode) -> UploadedFile:
    name = file.filename
    table_id = file.table_id.lower() if mode == "append" and file.table_id is not None else None
    try:
        content = decode_base64(file.content)
        if mode == "document":
            content.decode("utf-8-sig")
            return UploadedFile(name, mode, table_id, is_document=True)
        return UploadedFile(name, mode, table_id, rows=read_csv(content, name))
    except ValueError as error:
        problem = "The file isn't UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
        return UploadedFile(name, mode, table_id, error=problem)
