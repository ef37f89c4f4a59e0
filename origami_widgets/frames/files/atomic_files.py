"""Write files to disk: either all of them or none.

Files are written to a hidden folder on the same disk and moved into place in the last step. An error in that step is
undone. If the process is killed between two files of a folder, each file is whole, and some are new.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from typing import TYPE_CHECKING

from origami_widgets.api.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


@contextlib.contextmanager
def working_folder(folder: Path) -> Iterator[Path]:
    """Make a hidden folder on the same disk as `folder`, and remove it at the end."""
    parent = folder if folder.is_dir() else next(each for each in folder.parents if each.is_dir())
    work = parent / f".export-{secrets.token_hex(8)}"
    try:
        work.mkdir()
        (work / "new").mkdir()
        (work / "old").mkdir()
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
        cause=f"{file} already exists. Nothing was written.",
        remedy="Use another path, or overwrite=True to replace it.",
    )


def move_into_place(work: Path, folder: Path, files: Sequence[Path], *, overwrite: bool) -> None:
    """Move the files in `work/new` to their targets.

    Raises:
        InvalidInput: a target has appeared meanwhile.
        OSError: a file cannot be replaced; a note says what to do. Files replaced before are restored.
    """
    for file in files:
        with (work / "new" / file.name).open("rb+") as made:
            os.fsync(made.fileno())
    if folder.is_dir() or not _in_one_step(work, folder):
        _one_by_one(work, files, overwrite=overwrite)


def _in_one_step(work: Path, folder: Path) -> bool:
    """Make a new folder appear with all its files. Return False if another process has made it."""
    missing = [each for each in folder.parents if not each.exists()]
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        (work / "new").rename(folder)
    except BaseException as error:
        if isinstance(error, OSError) and folder.is_dir():
            return False
        for each in missing:
            with contextlib.suppress(OSError):
                each.rmdir()
        raise
    return True


def _one_by_one(work: Path, files: Sequence[Path], *, overwrite: bool) -> None:
    file = files[0]
    try:
        for file in files:
            made, kept = work / "new" / file.name, work / "old" / file.name
            if not overwrite:
                _link_new(made, file)
                continue
            if file.exists():
                _keep(file, kept)
                # The old file may be readable by fewer users than a new one.
                shutil.copymode(file, made)
            made.replace(file)
    except BaseException as error:
        _restore(work, files, error)
        if isinstance(error, PermissionError):
            error.add_note(f"{file.name} may be open in another program such as Excel. Close it and export again.")
        raise


def _keep(file: Path, kept: Path) -> None:
    try:
        os.link(file, kept)
    except OSError:  # a disk without links
        shutil.copy2(file, kept)


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


def _restore(work: Path, files: Sequence[Path], error: BaseException) -> None:
    for file in files:
        made, kept = work / "new" / file.name, work / "old" / file.name
        try:
            if made.exists() and not (file.exists() and made.samefile(file)):
                continue
            if kept.exists():
                kept.replace(file)
            else:
                file.unlink(missing_ok=True)
        except OSError:
            error.add_note(f"{file} is a new file that couldn't be removed.")
