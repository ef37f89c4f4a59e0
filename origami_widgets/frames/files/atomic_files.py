"""Files put where they belong: all of them, or none.

They are made in a folder of their own on the same disk, and put in place in the last step. Whatever goes wrong there is
taken back. A process that is killed between two files of a folder leaves each of them whole, some of them new.
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
    """A hidden folder to work in, on the same disk as `folder`; nothing of it is left at the end."""
    ground = folder if folder.is_dir() else next(each for each in folder.parents if each.is_dir())
    room = ground / f".export-{secrets.token_hex(8)}"
    try:
        room.mkdir()
        (room / "new").mkdir()
        (room / "old").mkdir()
        yield room
    finally:
        try:
            shutil.rmtree(room, ignore_errors=True)
        finally:
            # Nor does an interrupt in the lines above leave anything.
            shutil.rmtree(room, ignore_errors=True)


def check_not_taken(files: Sequence[Path], folder: Path, *, overwrite: bool) -> None:
    """Refuse a place that cannot be right, before anything is read or written.

    Raises:
        InvalidInput: a file is in the way.
    """
    blocking = next((each for each in (folder, *folder.parents) if each.exists()), folder)
    if blocking.exists() and not blocking.is_dir():
        raise InvalidInput("A folder is needed", cause=f"{blocking} is a file.", remedy="Give another path.")
    for file in files:
        if file.is_dir():
            raise InvalidInput("A folder is in the way", cause=f"{file} is one.", remedy="Give another path.")
        if os.path.lexists(file) and not overwrite:
            raise taken(file)


def taken(file: Path) -> InvalidInput:
    """The error for a file that is there."""
    return InvalidInput(
        "The file is there already",
        cause=f"{file} exists, and nothing was written.",
        remedy="Give another path, or overwrite=True to replace it.",
    )


def move_into_place(room: Path, folder: Path, files: Sequence[Path], *, overwrite: bool) -> None:
    """Move what was made in `room/new` to its places.

    Raises:
        InvalidInput: a file has appeared there meanwhile.
        OSError: a file cannot be replaced; its note says what to do. Those that were replaced are back.
    """
    for file in files:
        with (room / "new" / file.name).open("rb+") as made:
            os.fsync(made.fileno())
    if folder.is_dir() or not _in_one_step(room, folder):
        _one_by_one(room, files, overwrite=overwrite)


def _in_one_step(room: Path, folder: Path) -> bool:
    """A folder that is new appears with all its files; False where somebody else has made it."""
    missing = [each for each in folder.parents if not each.exists()]
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        (room / "new").rename(folder)
    except BaseException as error:
        if isinstance(error, OSError) and folder.is_dir():
            return False
        for each in missing:
            with contextlib.suppress(OSError):
                each.rmdir()
        raise
    return True


def _one_by_one(room: Path, files: Sequence[Path], *, overwrite: bool) -> None:
    file = files[0]
    try:
        for file in files:
            made, kept = room / "new" / file.name, room / "old" / file.name
            if not overwrite:
                _claim(made, file)
                continue
            if file.exists():
                _keep(file, kept)
                # Who may read the file may be fewer than who may read a new one.
                shutil.copymode(file, made)
            made.replace(file)
    except BaseException as error:
        _take_back(room, files, error)
        if isinstance(error, PermissionError):
            error.add_note(f"{file.name} may be open in another program, for example Excel: close it and export again.")
        raise


def _keep(file: Path, kept: Path) -> None:
    try:
        os.link(file, kept)
    except OSError:  # a disk without links
        shutil.copy2(file, kept)


def _claim(made: Path, file: Path) -> None:
    """Put a file where none is, also when another process does the same at this moment."""
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


def _take_back(room: Path, files: Sequence[Path], error: BaseException) -> None:
    for file in files:
        made, kept = room / "new" / file.name, room / "old" / file.name
        try:
            if made.exists() and not (file.exists() and made.samefile(file)):
                continue
            if kept.exists():
                kept.replace(file)
            else:
                file.unlink(missing_ok=True)
        except OSError:
            error.add_note(f"{file} is new and could not be taken back.")
