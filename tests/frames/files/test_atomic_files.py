"""Each file is whole or not there, whatever goes wrong, and nothing else is left."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pandas as pd
import pytest

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput
from origami_widgets.frames.files import atomic_files

PARTS = ("a", "b", "c")
KINDS = ["xlsx", "csv", "parquet"]


def frames(text):
    return {name: pd.DataFrame({"n": pd.array([f"{text} {name}"], dtype="string")}) for name in PARTS}


def contents(folder):
    return {each.relative_to(folder).as_posix(): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def texts(folder):
    return {file.stem: pd.read_csv(file)["n"][0] for file in folder.glob("*.csv")}


def contents_of(text):
    return {name: f"{text} {name}" for name in PARTS}


def path_for(kind, folder):
    return folder / "book.xlsx" if kind == "xlsx" else folder / kind


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("there", [False, True], ids=["new", "there"])
def test_a_frame_that_fails_or_is_interrupted_leaves_everything_as_it_was(tmp_path, kind, there, error):
    target = path_for(kind, tmp_path / "deep" / "er")
    if there:
        ow.export(frames("old"), target, format=kind)
    before = contents(tmp_path)

    class Odd:
        def __str__(self):
            if error is KeyboardInterrupt:
                signal.raise_signal(signal.SIGINT)
            raise error

    with pytest.raises(error):
        ow.export(frames("new") | {"d": pd.DataFrame({"n": [Odd(), 1]})}, target, format=kind, overwrite=True)
    assert contents(tmp_path) == before
    assert there or list(tmp_path.iterdir()) == []


def interrupted_at(number, action):
    """Run an action with an interrupt before a line of `atomic_files`; False when it has fewer lines."""
    passed = 0

    def line(frame, event, _):
        nonlocal passed
        if event == "line":
            passed += 1
            if passed == number:
                raise KeyboardInterrupt
        return line

    def call(frame, event, _):
        # Python hears no interrupt between `finally` and the call that stands there.
        ours = frame.f_code.co_filename == atomic_files.__file__ and frame.f_code.co_name != "working_folder"
        return line if ours else None

    outer = sys.gettrace()
    sys.settrace(call)
    try:
        action()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(outer)
    return False


# A file that was just opened is closed by Python then, and says so.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("there", ["nothing", "a folder", "the files"])
def test_an_interrupt_at_any_line_leaves_whole_files(tmp_path, there):
    outcomes = set()
    for number in range(1, 1_000):
        home = tmp_path / f"{number}"
        target = home / "out"
        if there != "nothing":
            target.mkdir(parents=True)
        if there == "the files":
            ow.export(frames("old"), target, overwrite=True)
        before = texts(target)
        if not interrupted_at(number, lambda at=target: ow.export(frames("new"), at, overwrite=there == "the files")):
            break
        found = texts(target)
        for name in PARTS:
            assert found.get(name) in (before.get(name), f"new {name}")
        outcomes.add(found == before)
        left = [each for each in home.rglob("*") if each.name.startswith(".")] if home.exists() else []
        assert left == [], f"line {number}"
    assert number > 30
    assert True in outcomes
    assert texts(target) == contents_of("new")


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_file_that_is_open_elsewhere_stays_and_the_others_are_whole(tmp_path, monkeypatch, at):
    """Windows refuses to replace a file that another program has open; no other system does, so this is played."""
    ow.export(frames("old"), tmp_path)
    real, calls = os.replace, []

    def refuse(source, target):
        if Path(source).parent.name == "new":
            calls.append(target)
            if len(calls) == at:
                raise PermissionError(13, "Permission denied", str(target))
        return real(source, target)

    # pathlib has its own names for it in older Pythons.
    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(PermissionError) as caught:
        ow.export(frames("new"), tmp_path, overwrite=True)
    assert any("open in another program" in note for note in caught.value.__notes__)
    done = [f"{name}.csv" for name in PARTS[: at - 1]]
    said = f"Only these files were written: {', '.join(done)}." if done else "Nothing was exported."
    assert said in caught.value.__notes__
    assert texts(tmp_path) == contents_of("old") | {name: f"new {name}" for name in PARTS[: at - 1]}
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.csv", "b.csv", "c.csv"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_that_may_not_be_written_is_an_error_with_a_note(kind):
    # Nobody may make a folder there, not even root.
    with pytest.raises(OSError, match="/sys") as caught:
        ow.export(frames("new"), path_for(kind, Path("/sys")), format=kind)
    assert any("Nothing was exported" in note for note in caught.value.__notes__)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_in_the_place_of_a_folder_is_named(tmp_path, kind):
    (tmp_path / "file").write_bytes(b"mine")
    with pytest.raises(InvalidInput, match="file is a file"):
        ow.export(frames("new"), path_for(kind, tmp_path / "file" / "deep"), format=kind)
    assert contents(tmp_path) == {"file": b"mine"}


@pytest.mark.parametrize("name", ["book.xlsx", "book.csv/a.csv"])
def test_a_folder_in_the_place_of_a_file_is_named(tmp_path, name):
    (tmp_path / name).mkdir(parents=True)
    with pytest.raises(InvalidInput, match="Path is a folder"):
        ow.export(frames("new"), tmp_path / name.partition("/")[0], overwrite=True)


@pytest.mark.posix
def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path):
    (tmp_path / "real").mkdir()
    (file,) = ow.export(frames("old"), tmp_path / "real" / "book.xlsx")
    before = file.read_bytes()
    link = tmp_path / "link.xlsx"
    link.symlink_to(file)
    with pytest.raises(InvalidInput, match="overwrite=True"):
        ow.export(frames("new"), link)
    assert ow.export(frames("new"), link, overwrite=True) == [file]
    assert link.is_symlink()
    assert file.read_bytes() != before
    folder = tmp_path / "folder"
    folder.symlink_to(tmp_path / "real")
    ow.export(frames("new"), folder)
    assert texts(tmp_path / "real") == contents_of("new")
    astray = tmp_path / "astray.xlsx"
    astray.symlink_to(tmp_path / "none.xlsx")
    ow.export(frames("new"), astray)
    assert (tmp_path / "none.xlsx").is_file()


@pytest.mark.posix
def test_a_link_in_a_folder_is_replaced_and_its_target_stays(tmp_path):
    other = tmp_path / "other"
    other.write_bytes(b"mine")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.csv").symlink_to(other)
    with pytest.raises(InvalidInput, match="exists"):
        ow.export(frames("new"), folder)
    ow.export(frames("new"), folder, overwrite=True)
    assert other.read_bytes() == b"mine"
    assert texts(folder) == contents_of("new")


@pytest.mark.posix
def test_a_file_keeps_who_may_read_it(tmp_path):
    files = ow.export(frames("old"), tmp_path)
    files[0].chmod(0o600)
    ow.export(frames("new"), tmp_path, overwrite=True)
    assert files[0].stat().st_mode & 0o777 == 0o600
    mask = os.umask(0)
    os.umask(mask)
    assert files[1].stat().st_mode & 0o777 == 0o666 & ~mask
    (book,) = ow.export(frames("new"), tmp_path / "deep" / "book.xlsx")
    assert book.stat().st_mode & 0o777 == 0o666 & ~mask
    assert book.parent.stat().st_mode & 0o777 == 0o777 & ~mask


@pytest.mark.parametrize("there", [False, True], ids=["new", "there"])
def test_a_disk_without_links_works_the_same(tmp_path, monkeypatch, there):
    """As of FAT and of some network drives; there is none here, so this is played."""

    def refuse(*_args, **_options):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refuse)
    target = tmp_path / "out"
    target.mkdir()
    if there:
        ow.export(frames("old"), target)
        with pytest.raises(InvalidInput, match="overwrite=True"):
            ow.export(frames("new"), target)
    ow.export(frames("new"), target, overwrite=there)
    assert texts(target) == contents_of("new")
