"""The files of `once=`: what stands in them, what is wrong with them, and where they are. One name is one file."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
from pathlib import Path

import pytest

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput
from tests.support.errors import raises
from tests.support.processes import OtherKernels
from tests.support.server import RawServer
from tests.support.start_files import FOLDER_VARIABLE

FRONT = {"plan": "ultra"}
TIMEOUT = 30
BRIEF = "List bakeries in Porto. scenario:answer"


def start(client, once="porto", **options):
    return ow.start(BRIEF, once=once, client=client, show=False, **options)


# What stands in a file


def test_a_person_can_read_a_file_and_finds_no_brief_in_it(client, files, base_url):
    run = start(client, name="Secret bakeries")
    text = files.path.read_text(encoding="utf-8")
    assert files.path.name.startswith("porto--")
    assert text.count("\n") > 8
    key = client.operations.settings.key
    for secret in (key.reveal(), key.fingerprint, "bakeries", "Secret"):
        assert secret not in text + files.path.name
    kept = json.loads(text)
    assert (kept["name"], kept["base_url"], kept["version"]) == ("porto", base_url, 3)
    assert (kept["agent_id"], kept["run_id"]) == (run.agent_id, run.id)
    # Beside the lock, nothing is left of writing it.
    assert {path.suffix for path in files.folder.iterdir()} <= {".json", ".lock"}


# Names


NAMES = [
    "porto",
    "Porto",
    "p/o/r/t/o",
    "Bäckereien in Porto 🥐",
    "../../etc/passwd",
    "..\\..\\etc",
    "パン屋",
    "CON",
    "nul.json",
    ".porto",
    "x" * 100,
    "パ" * 100,
]


def test_names_of_any_script_have_files_on_every_system(client, front, files):
    runs = [start(client, once=name) for name in NAMES]
    assert len(set(runs)) == len(front.runs()) == len(files.paths) == len(NAMES)
    assert {path.parent for path in files.folder.parent.rglob("*.json")} == {files.folder}
    assert {json.loads(path.read_text(encoding="utf-8"))["name"] for path in files.paths} == set(NAMES)
    # On a disk that knows no difference between large and small letters they are as many.
    assert len({path.name.lower() for path in files.paths}) == len(NAMES)
    for path in files.paths:
        assert len(path.name) < 90
        assert set(path.stem) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert [start(client, once=name) for name in NAMES] == runs


def test_a_letter_written_in_two_ways_is_one_name(client, front):
    assert start(client, once="cafe\u0301") == start(client, once="caf\u00e9")
    assert len(front.runs()) == 1


@pytest.mark.parametrize(
    "name", ["", "  ", " porto", "porto\n", "x" * 101, "a\x00b", "a\nb", "\ud83d", 7, b"porto", f"og_live_{'k' * 43}"]
)
def test_what_is_no_name_is_refused_before_anything_is_sent(client, front, files, name):
    with pytest.raises(InvalidInput):
        start(client, once=name)
    with pytest.raises(InvalidInput):
        ow.start_many([BRIEF], once=name, client=client, show=False)
    assert front.starts == []
    assert not files.folder.exists()


def test_organizations_have_names_of_their_own(front, files):
    """Two servers behind one address, one after the other: what one has started, the other does not know."""
    with RawServer(front) as server:
        first = start(ow.Client(front.sandbox.api_key, base_url=server.base_url)).id
        port = server.port
    gc.collect()
    kept = files.read()
    files.change(organization="org_of_others")
    again = RawServer(front)
    again.port = port
    with again as server:
        with raises("RegistryUnusable", match="another name"):
            start(ow.Client(front.sandbox.api_key, base_url=server.base_url))
        files.change(**kept)
        assert start(ow.Client(front.sandbox.api_key, base_url=server.base_url)).id == first
    assert len(front.runs()) == 1


# What is wrong with a file

# All that may be wrong with it is in `test_store.py`.
DAMAGES = {
    "empty": lambda text: b"",
    "of another version": lambda text: text.replace(b'"version": 3', b'"version": 2'),
    "cut while nested deeply": lambda text: b'{"more": ' + b"[" * 50_000,
}


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_file_is_an_error_for_its_name_alone(client, front, files, how):
    start(client)
    path, text = files.path, files.path.read_bytes()
    other = start(client, once="lisbon")
    data = DAMAGES[how](text)
    path.write_bytes(data)
    with raises("RegistryUnusable") as caught:
        start(client)
    assert str(path) in caught.value.cause
    assert FOLDER_VARIABLE in caught.value.remedy
    assert path.read_bytes() == data
    assert start(client, once="lisbon") == other
    assert len(front.starts) == 2
    assert start(client, fresh=True) == start(client)
    assert len(front.runs()) == 3


FULL = """
import resource, sys
import origami_widgets as ow
ow.start(sys.argv[1], once="another", show=False)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
try:
    ow.start(sys.argv[1], once="porto", fresh=True, show=False)
except ow.OrigamiError as error:
    print(error.title)
"""


@pytest.mark.posix
def test_a_disk_without_room_sends_nothing_and_keeps_what_was_there(client, front, files, base_url):
    first = start(client)
    text = files.path.read_bytes()
    (title,) = OtherKernels(front, base_url).run(FULL, BRIEF)
    assert "can't be written" in title
    (path,) = [path for path in files.paths if path.name.startswith("porto")]
    assert path.read_bytes() == text
    assert len(files.paths) == 2
    assert not list(files.folder.glob("*.tmp")), "nothing is left of what could not be written"
    assert len(front.starts) == 2
    assert start(client) == first


# Who may write


RACE = """
import sys
import origami_widgets as ow
for number in range(8):
    print(ow.start(sys.argv[1], once=f"town {number}", show=False).id)
"""


@pytest.mark.slow
def test_processes_that_write_at_once_lose_nothing(front, base_url, files):
    kernels = OtherKernels(front, base_url)
    begun = [kernels.begin(RACE, BRIEF) for _ in range(2)]
    printed = {tuple(kernels.printed(each)) for each in begun}
    assert len(printed) == 1
    assert len(front.runs()) == len(front.starts) == len(files.paths) == 8


async def test_a_cancelled_task_keeps_a_name_until_its_file_is_written(client, front, files):
    """Else another start would write at the same time."""
    began, go_on = threading.Event(), threading.Event()

    def write(record):
        if record["run_id"]:
            began.set()
            assert go_on.wait(10)

    with files.before_each_write(write):
        task = asyncio.create_task(ow.aio.start(BRIEF, once="porto", client=client, show=False))
        assert await asyncio.to_thread(began.wait, 30)
        for _ in range(2):
            task.cancel()
            await asyncio.wait((task,), timeout=0.1)
        assert files.is_locked()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(20):
            while files.is_locked():
                await asyncio.sleep(0.02)
    assert [files.read()["run_id"]] == front.runs()


# Where they are


def test_the_folder_is_the_platforms_unless_another_is_named(client, front, monkeypatch, tmp_path, files):
    start(client)
    assert files.path.is_file()
    monkeypatch.delenv(FOLDER_VARIABLE)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data of the platform"))
    start(client)
    written = [path for path in tmp_path.rglob("*.json") if path.parent != files.folder]
    assert [path.parts[-3:-1] for path in written] == [("origami_widgets", "once")]
    assert len(front.runs()) == 2


@pytest.mark.parametrize("named", ["names", "./names", "~nobody-of-this-name/names"])
def test_a_folder_that_depends_on_the_working_directory_is_refused(client, front, monkeypatch, named):
    monkeypatch.setenv(FOLDER_VARIABLE, named)
    with raises("RegistryUnusable", match=FOLDER_VARIABLE) as caught:
        start(client)
    assert named in caught.value.cause
    assert str(Path.cwd()) in caught.value.remedy
    assert front.starts == []
