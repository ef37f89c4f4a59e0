"""Write files to disk: each as a whole, or not at all.

All files are first written to a hidden folder on the same disk. Then each is moved into its place in one step.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from origami_widgets.api.errors import InvalidInput


@contextlib.contextmanager
def working_folder(folder: Path) -> Iterator[Path]:
    """Make a hidden folder on the same disk as `folder`, and remove it at the end."""
    parent = folder if folder.is_dir() else next(each for each in folder.parents if each.is_dir())
    work = parent / f".export-{secrets.token_hex(8)}"
    try:
        work.mkdir()
        (work / "new").mkdir()
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def check_not_taken(files: Sequence[Path], folder: Path, *, overwrite: bool) -> None:
    """Check the target before anything is read or written.

    Raises:
        InvalidInput: a file or folder is in the way.
    """
    blocking = next((each for each in (folder, *folder.parents) if each.exists()), folder)
    if blocking.exists() and not blocking.is_dir():
        raise InvalidInput("Not a folder", cause=f"{blocking} is a file.", remedy="Use another path.")
    for file in files:
        if file.is_dir():
            raise InvalidInput("Path is a folder", cause=f"{file} is a folder, not a file.", remedy="Use another path.")
        if os.path.lexists(file) and not overwrite:
            raise taken(file)


def taken(file: Path) -> InvalidInput:
    """Return the error for a file that exists."""
    return InvalidInput(
        "File already exists",
        cause=f"{file} already exists, and was not replaced.",
        remedy="Use another path, or replace it: overwrite=True, or --overwrite in a terminal.",
    )


def move_into_place(work: Path, folder: Path, files: Sequence[Path], *, overwrite: bool) -> Iterator[Path]:
    """Move the files in `work/new` to their targets, and yield each that is there.

    Raises:
        InvalidInput: a target has appeared meanwhile.
        OSError: a file cannot be replaced; a note says what to do.
    """
    for file in files:
        with (work / "new" / file.name).open("rb+") as made:
            os.fsync(made.fileno())
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        _move(work / "new" / file.name, file, overwrite=overwrite)
        yield file


def _move(made: Path, file: Path, *, overwrite: bool) -> None:
    if not overwrite:
        _link_new(made, file)
        return
    if file.exists():
        # The old file may be readable by fewer users than a new one.
        shutil.copymode(file, made)
    try:
        made.replace(file)
    except PermissionError as error:
        error.add_note(f"{file.name} may be open in another program such as Excel. Close it and export again.")
        raise


def _link_new(made: Path, file: Path) -> None:
    """Move a file to a free target, even if another process does so at the same moment."""
    try:
        os.link(made, file)
    except FileExistsError:
        raise taken(file) from None
    except OSError as error:  # a disk without links
        if os.path.lexists(file):
            raise taken(file) from error
        made.replace(file)
    else:
        made.unlink()
