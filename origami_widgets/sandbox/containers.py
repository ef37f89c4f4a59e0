"""Containers of agents, tables and documents (`/workspaces`), and the files that are uploaded to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from origami_widgets.sandbox import error_responses
from origami_widgets.sandbox.error_responses import SITE
from origami_widgets.sandbox.own_lists import check_file_size, decode_base64, read_csv
from origami_widgets.sandbox.run_requests import (
    Issue,
    check_list,
    check_text,
    is_uuid,
    parse_json_object,
)
from origami_widgets.sandbox.simulated_time import iso

if TYPE_CHECKING:
    from origami_widgets.sandbox.own_lists import CsvRows

MAX_FILES = 20
"""Files of an upload. The limit isn't documented."""

MAX_FILE_NAME, MAX_CONTAINER_NAME = 255, 80

UploadMode = Literal["table", "append", "document"]

_TABULAR = (".csv", ".tsv")


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


def parse_workspace_name(body: bytes) -> str:
    """Return the `name` of a body, which may be empty.

    Raises:
        ErrorResponse: the body is not valid.
    """
    data = parse_json_object(body or b"{}")
    issues: list[Issue] = []
    name = check_text(data.get("name", "Untitled workspace"), "name", MAX_CONTAINER_NAME, issues, minimum=1)
    if issues:
        raise error_responses.invalid(*issues)
    return name


def parse_upload(body: bytes) -> list[UploadedFile]:
    """Check the body of an upload. Files that can't be read are no refusal: others may be taken.

    Raises:
        ErrorResponse: the body or a mode is not valid, there are too many files, or a file has too many rows.
    """
    data = parse_json_object(body)
    issues: list[Issue] = []
    files = data.get("files")
    if isinstance(files, list) and len(files) > MAX_FILES:
        raise error_responses.too_many("files", len(files), MAX_FILES)
    for place, item in enumerate(check_list(data, "files", MAX_FILES, issues, _file_issue, minimum=1)):
        check_text(item.get("filename"), f"files.{place}.filename", MAX_FILE_NAME, issues, minimum=1)
        if item.get("tableId") is not None and not is_uuid(item["tableId"]):
            issues.append((f"files.{place}.tableId", "Expected a UUID"))
    if issues or not isinstance(files, list):
        raise error_responses.invalid(*issues)
    modes = [_mode(item, f"files.{place}") for place, item in enumerate(files)]
    uploaded = [_uploaded_file(item, mode) for item, mode in zip(files, modes, strict=True)]
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


def _file_issue(item: Any) -> str | None:
    if not isinstance(item, dict):
        return "Expected an object"
    return None if isinstance(item.get("content"), str) else "Expected base64 as content"


def _mode(item: dict[str, Any], path: str) -> UploadMode:
    is_tabular = item["filename"].lower().endswith(_TABULAR)
    mode = item.get("mode", "table" if is_tabular else "document")
    if mode not in ("table", "append", "document"):
        problem = "Expected table, append or document"
    elif mode != "document" and not is_tabular:
        problem = "Only a .csv or .tsv file can become rows"
    elif mode == "append" and item.get("tableId") is None:
        problem = "append needs a tableId"
    else:
        chosen: UploadMode = mode
        return chosen
    raise error_responses.invalid((f"{path}.mode", problem), code="INVALID_UPLOAD_MODE", error="Invalid upload mode")


def _uploaded_file(item: dict[str, Any], mode: UploadMode) -> UploadedFile:
    name = item["filename"]
    table_id = item["tableId"].lower() if mode == "append" else None
    try:
        content = decode_base64(item["content"])
        if mode == "document":
            content.decode("utf-8-sig")
            return UploadedFile(name, mode, table_id, is_document=True)
        return UploadedFile(name, mode, table_id, rows=read_csv(content, name))
    except ValueError as error:
        problem = "The file isn't UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
        return UploadedFile(name, mode, table_id, error=problem)
