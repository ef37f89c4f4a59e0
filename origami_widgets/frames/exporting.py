"""`export`: frames as an Excel workbook, CSV files or Parquet files, whole or not at all."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import pandas as pd

from origami_widgets.api.errors import InvalidInput

from .actions import actions_frame
from .backend import check_backend
from .columns import columns_frame
from .formulas import neutral
from .lead_sources import lead_sources_frame
from .plain import plain_cell
from .sheets import write_workbook
from .tables import tables_frame

if TYPE_CHECKING:
    import os

    from .source import Source

Format: TypeAlias = Literal["xlsx", "csv", "parquet"]
FORMATS = ("xlsx", "csv", "parquet")


def export(
    source: Source | pd.DataFrame | Mapping[str, pd.DataFrame],
    path: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    format: Format | None = None,  # noqa: A002 - the word that one looks for
    bom: bool = True,
    neutralize: bool = True,
) -> list[Path]:
    """Write frames to disk: an `.xlsx` workbook, or a folder of CSV or Parquet files. Sends nothing.

    A failure leaves no half file. Texts in leads that a spreadsheet would compute are neutralized: with an apostrophe in
    CSV, as quoted text in Excel; numbers and phone numbers stay as they are. Excel has no time zones: its times are UTC,
    as their headings say.

    Args:
        source: a frame, a dict of names and frames, or what frames are made of (a `Run`, a payload, tables): then its
            tables, columns, lead sources and actions.
        path: a file that ends in `.xlsx`, else a folder.
        overwrite: replace files that are there; other files of a folder stay.
        format: `"xlsx"`, `"csv"` or `"parquet"`; by the path when absent, CSV for a folder.
        bom: begin CSV files with the mark by which Excel knows UTF-8.
        neutralize: False writes texts as they are, for programs that compute nothing.

    Returns:
        The files that were written.

    Raises:
        InvalidInput: a file is there already, a package is missing, or an argument cannot be right.

    Example:
        >>> import tempfile, origami_widgets as ow, pandas as pd
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     [file.name for file in ow.export(pd.DataFrame({"a": ["=1+1"]}), f"{folder}/leads")]
        ['frame.csv']
    """
    target = Path(path).expanduser()
    kind = format or ("xlsx" if target.suffix.lower() == ".xlsx" else "csv")
    if kind not in FORMATS:
        raise InvalidInput(
            f"Nothing is exported as {kind!r}",
            cause="There are Excel, CSV and Parquet.",
            remedy='Use format="xlsx", format="csv" or format="parquet".',
        )
    if kind == "parquet":
        check_backend("pyarrow")
    frames = _frames_of(source)
    folder = target.parent if kind == "xlsx" else target
    files = [target] if kind == "xlsx" else [folder / name for name in _file_names(frames, kind)]
    _check_free(files, folder, overwrite=overwrite)
    folder.mkdir(parents=True, exist_ok=True)
    # On the same disk, or the last step would be a copy, which can break off.
    workshop = Path(tempfile.mkdtemp(prefix=".export-", dir=folder))
    try:
        made = [workshop / file.name for file in files]
        if kind == "xlsx":
            write_workbook(frames, made[0], neutralize=neutralize)
        for frame, file in zip(frames.values(), made, strict=False):
            if kind == "csv":
                _write_csv(frame, file, bom=bom, neutralize=neutralize)
            elif kind == "parquet":
                _write_parquet(frame, file)
        for file, place in zip(made, files, strict=True):
            file.replace(place)
    finally:
        shutil.rmtree(workshop, ignore_errors=True)
    return files


def _frames_of(source: Any) -> dict[str, pd.DataFrame]:
    if isinstance(source, pd.DataFrame):
        told = source.attrs.get("origami") or {}
        return {str(told.get("table_name") or told.get("frame") or "frame"): source}
    if isinstance(source, Mapping) and source and all(isinstance(each, pd.DataFrame) for each in source.values()):
        return {str(name): frame for name, frame in source.items()}
    return {
        "tables": tables_frame(source),
        "columns": columns_frame(source),
        "lead_sources": lead_sources_frame(source),
        "actions": actions_frame(source),
    }


def _file_names(frames: Mapping[str, pd.DataFrame], kind: Format) -> list[str]:
    names: dict[str, str] = {}
    for name in frames:
        base = re.sub(r"[^\w .-]", "_", name).strip(". ")[:80] or "frame"
        found, number = base, 1
        while f"{found}.{kind}".lower() in names:
            number += 1
            found = f"{base}_{number}"
        # Some disks do not tell capitals from small letters.
        names[f"{found}.{kind}".lower()] = f"{found}.{kind}"
    return list(names.values())


def _check_free(files: list[Path], folder: Path, *, overwrite: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise InvalidInput("A folder is needed", cause=f"{folder} is a file.", remedy="Give another path.")
    there = [file for file in files if file.exists()]
    if any(file.is_dir() for file in there):
        raise InvalidInput("A folder is in the way", cause=f"{there[0]} is one.", remedy="Give another path.")
    if there and not overwrite:
        raise InvalidInput(
            "The file is there already",
            cause=f"{there[0]} exists, and nothing was written.",
            remedy="Give another path, or overwrite=True to replace it.",
        )


def _write_csv(frame: pd.DataFrame, file: Path, *, bom: bool, neutralize: bool) -> None:
    shown = frame.copy(deep=False)
    guard = neutral if neutralize else str
    for name, dtype in frame.dtypes.items():
        if pd.api.types.is_object_dtype(dtype) or isinstance(dtype, pd.CategoricalDtype) or "str" in str(dtype):
            values = [plain_cell(value) for value in frame[name].astype(object)]
            shown[name] = pd.Series(
                [guard(value) if isinstance(value, str) else value for value in values], dtype=object, index=frame.index
            )
    shown.columns = pd.Index([guard(str(name)) for name in frame.columns])
    shown.to_csv(file, index=False, encoding="utf-8-sig" if bom else "utf-8", lineterminator="\r\n")


def _write_parquet(frame: pd.DataFrame, file: Path) -> None:
    """Columns without one type are written as JSON, and `attrs` says which."""
    mixed = [name for name, dtype in frame.dtypes.items() if pd.api.types.is_object_dtype(dtype)]
    shown = frame.copy(deep=False)
    for name in mixed:
        texts = [None if plain_cell(value) is None else json.dumps(value, default=str) for value in frame[name]]
        shown[name] = pd.array(texts, dtype=pd.StringDtype())
    shown.attrs = {**frame.attrs, **({"json_columns": [str(name) for name in mixed]} if mixed else {})}
    shown.to_parquet(file, index=False)
