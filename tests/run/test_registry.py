"""The names of `once=`: what is written down, read, and kept apart, by several processes at once."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from origami_widgets.api.errors import InvalidInput
from origami_widgets.run import claims, registry
from origami_widgets.run.claims import Brief, NameTaken, Scope
from origami_widgets.run.registry import FileSlot, RegistryUnusable

NOW = datetime(2026, 7, 21, 9, 30, tzinfo=UTC)
SCOPE = Scope("https://origami.chat/api/v2", None, "org_1")
WANTED = Brief("List bakeries in Porto")
KEY = "5b0c62f2-7a53-4b8e-9f4e-3a4a2f8d0c11"

names = st.text(min_size=1, max_size=claims.LONGEST_ONCE)
intents = st.builds(
    Brief,
    st.text(min_size=1, max_size=200),
    st.none() | st.text(max_size=80),
    st.none() | st.text(max_size=20),
    st.lists(st.text(max_size=10), max_size=3).map(tuple),
)
scopes = st.builds(Scope, st.text(max_size=30), st.none() | st.text(max_size=10), st.text(max_size=10))


def claim(name="porto", *, scope=SCOPE, intent=WANTED, **changes):
    return replace(claims.new_claim(scope, name, intent, KEY, NOW), **changes)


def started(**changes):
    return claim(**{"agent_id": "agent", "run_id": "v2_run-1", "started_at": NOW, **changes})


@given(scopes, names, intents)
def test_what_is_written_is_read_again(scope, name, intent):
    made = claim(name, scope=scope, intent=intent)
    assert claims.read(claims.written(made), scope, name) == made
    assert claims.next_step(made, intent, NOW) == "send_again"


@given(intents, intents)
def test_only_the_same_brief_with_the_same_options_is_the_same(one, other):
    known = claim(intent=one, agent_id="agent", run_id="v2_run-1")
    if one == other:
        assert claims.next_step(known, other, NOW) == "attach"
    else:
        with pytest.raises(NameTaken, match="fresh=True") as caught:
            claims.next_step(known, other, NOW)
        assert "another name" in caught.value.remedy


@pytest.mark.parametrize(
    ("known", "later", "step"),
    [
        (None, timedelta(0), "start"),
        (started(), timedelta(days=900), "attach"),
        (claim(), timedelta(hours=22), "send_again"),
        (claim(), timedelta(hours=-22), "send_again"),
        (claim(), timedelta(hours=24), "look"),
        (claim(), timedelta(hours=-24), "look"),
    ],
)
def test_a_run_that_may_exist_is_never_started_a_second_time(known, later, step):
    assert claims.next_step(known, WANTED, NOW + later) == step


@given(names)
def test_every_name_has_a_file_that_every_system_can_hold(name):
    stem = claims.file_stem(SCOPE, name)
    assert stem.isascii()
    assert len(stem) < 80
    assert set(stem) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


def test_names_and_places_are_kept_apart():
    scopes_and_names = [
        (SCOPE, "porto"),
        (SCOPE, "Porto"),
        (SCOPE, "p/o/r/t/o"),
        (SCOPE._replace(project="p1"), "porto"),
        (SCOPE._replace(organization="org_2"), "porto"),
        (SCOPE._replace(base_url="http://127.0.0.1:8000/api/v2"), "porto"),
    ]
    assert len({claims.file_stem(*each) for each in scopes_and_names}) == len(scopes_and_names)


@pytest.mark.parametrize("name", ["porto", "Bäckereien in Porto 🥐", "../../etc/passwd", "パン屋", "CON", "x" * 100])
def test_names_of_any_script_are_names(name, tmp_path):
    slot = FileSlot(tmp_path, SCOPE, claims.valid_once(name))
    slot.write(claim(claims.valid_once(name)))
    assert slot.read().name == name
    assert slot.path.parent == tmp_path


def test_a_letter_written_in_two_ways_is_one_name():
    assert claims.valid_once("cafe\u0301") == claims.valid_once("caf\u00e9")


@pytest.mark.parametrize(
    "name", ["", "  ", " porto", "porto\n", "x" * 101, "a\x00b", "a\nb", "\ud83d", 7, None, b"porto"]
)
def test_what_is_no_name_is_refused_with_an_example(name):
    with pytest.raises(InvalidInput, match="once='bakeries'"):
        claims.valid_once(name)


def test_a_person_can_read_a_file_and_finds_no_brief_in_it(tmp_path):
    slot = FileSlot(tmp_path, SCOPE, "porto")
    slot.write(started())
    text = slot.path.read_text(encoding="utf-8")
    assert slot.path.name.startswith("porto--")
    assert text.count("\n") > 8
    assert json.loads(text)["run_id"] == "v2_run-1"
    assert WANTED.prompt not in text
    assert list(tmp_path.iterdir()) == [slot.path]


def test_entries_cannot_be_compared_by_their_fingerprints():
    assert claims.fingerprint(WANTED, "one key") != claims.fingerprint(WANTED, "another key")


DAMAGED = {
    "empty": b"",
    "cut": claims.written(started())[:-40],
    "no JSON": b"\xff\xfe\x00",
    "a list": b"[]",
    "of another version": claims.written(started(version=2)),
    "of another name": claims.written(started(name="lisbon")),
    "half an answer": claims.written(claim(agent_id="agent")),
    "a moment without its zone": claims.written(claim()).replace(b"09:30:00Z", b"09:30:00"),
    "nested deeply": claims.written(started()).replace(b"{", b'{"more": ' + b"[" * 50_000 + b"]" * 50_000 + b",", 1),
    "cut while nested deeply": b'{"more": ' + b"[" * 50_000,
    "a moment after the last year": claims.written(claim()).replace(
        b"2026-07-21T09:30:00Z", b"9999-12-31T23:59:59-01:00"
    ),
    "a run of the last year": claims.written(started()).replace(b"2026-07-21T09:30:00Z", b"9999-12-31T23:59:59Z"),
    "a moment before the first year": claims.written(claim()).replace(
        b"2026-07-21T09:30:00Z", b"0001-01-01T00:00:00+01:00"
    ),
    "larger than any": claims.written(started()) + b" " * 2**20,
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_an_error_that_names_it(data, tmp_path):
    slot, other = FileSlot(tmp_path, SCOPE, "porto"), FileSlot(tmp_path, SCOPE, "lisbon")
    other.write(started(name="lisbon"))
    slot.path.write_bytes(data)
    with pytest.raises(RegistryUnusable) as caught:
        slot.read()
    assert str(slot.path) in caught.value.cause
    assert registry.FOLDER_VARIABLE in caught.value.remedy
    assert slot.path.read_bytes() == data
    assert other.read().name == "lisbon"


def test_a_folder_that_cannot_be_is_an_error_that_names_it(tmp_path):
    (tmp_path / "file").write_text("in the way")
    slot = FileSlot(tmp_path / "file" / "once", SCOPE, "porto")
    with pytest.raises(RegistryUnusable, match="locked"), slot.held():
        pytest.fail("it cannot be held")
    with pytest.raises(RegistryUnusable, match="written"):
        slot.write(claim())


def test_a_file_that_cannot_be_read_is_an_error(tmp_path):
    slot = FileSlot(tmp_path, SCOPE, "porto")
    slot.path.mkdir()
    with pytest.raises(RegistryUnusable, match="cannot be read"):
        slot.read()


def test_a_file_of_the_first_version_stays_readable(tmp_path):
    """As the release that introduced `once=` wrote it, byte for byte."""
    slot = FileSlot(tmp_path, SCOPE, "porto")
    slot.path.write_text(
        """{
  "name": "porto",
  "base_url": "https://origami.chat/api/v2",
  "project": null,
  "organization": "org_1",
  "fingerprint": "c0ffee",
  "idempotency_key": "5b0c62f2-7a53-4b8e-9f4e-3a4a2f8d0c11",
  "claimed_at": "2026-07-21T09:30:00Z",
  "agent_id": "agent",
  "run_id": "v2_run-1",
  "started_at": "2026-07-21T09:30:01.5Z",
  "version": 1
}
"""
    )
    assert slot.read().run_id == "v2_run-1"


def run_python(code, *arguments, **options):
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


FULL = """
import sys
from pathlib import Path
from tests.run.test_registry import SCOPE, FileSlot, RegistryUnusable, started
slot = FileSlot(Path(sys.argv[1]), SCOPE, "porto")
try:
    slot.write(started(run_id="v2_run-2"))
except RegistryUnusable as error:
    print(error.title, slot.read().run_id)
"""


def no_room():
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))


def test_a_disk_without_room_keeps_what_was_there(tmp_path):
    slot = FileSlot(tmp_path, SCOPE, "porto")
    slot.write(started())
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = run_python(FULL, tmp_path, preexec_fn=no_room, env=environment)
    assert "cannot be written v2_run-1" in done.stdout, done.stderr
    assert list(tmp_path.iterdir()) == [slot.path]


COUNT = """
import sys
from pathlib import Path
from tests.run.test_registry import SCOPE, FileSlot, replace, started
slot = FileSlot(Path(sys.argv[1]), SCOPE, "porto")
for _ in range(25):
    with slot.held():
        known = slot.read()
        slot.write(replace(known, run_id=f"v2_run-{int(known.run_id.rpartition('-')[2]) + 1}"))
"""


def test_processes_that_write_at_once_lose_nothing(tmp_path):
    slot = FileSlot(tmp_path, SCOPE, "porto")
    slot.write(started(run_id="v2_run-0"))
    command = [sys.executable, "-c", COUNT, str(tmp_path)]
    working = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    for each in working:
        _, said = each.communicate(timeout=120)
        assert each.returncode == 0, said
    assert slot.read().run_id == "v2_run-100"


HOLD = """
import sys
from pathlib import Path
from tests.run.test_registry import SCOPE, FileSlot
with FileSlot(Path(sys.argv[1]), SCOPE, "porto").held():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_kernel_that_does_not_come_to_an_end_is_named_and_a_dead_one_holds_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "PATIENCE", 0.1)
    slot = FileSlot(tmp_path, SCOPE, "porto")
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(RegistryUnusable, match="Another kernel is starting 'porto'"), slot.held():
            pytest.fail("it is held elsewhere")
        with FileSlot(tmp_path, SCOPE, "lisbon").held():
            pass
        other.kill()
    with slot.held():
        pass


@pytest.mark.parametrize("embedded", [False, True])
def test_threads_exclude_each_other(embedded, tmp_path, monkeypatch):
    monkeypatch.setenv(registry.FOLDER_VARIABLE, str(tmp_path))
    app = type("App", (), {})() if embedded else None
    registry.slot_for(app, SCOPE, "porto").write(started(run_id="v2_run-0"))

    def add():
        slot = registry.slot_for(app, SCOPE, "porto")
        for _ in range(20):
            with slot.held():
                known = slot.read()
                slot.write(replace(known, run_id=f"v2_run-{int(known.run_id.rpartition('-')[2]) + 1}"))

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert registry.slot_for(app, SCOPE, "porto").read().run_id == "v2_run-80"
    assert bool(list(tmp_path.rglob("*.json"))) != embedded


def test_the_folder_is_the_platforms_unless_another_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv(registry.FOLDER_VARIABLE, str(tmp_path))
    assert registry.folder() == tmp_path / "once"
    monkeypatch.delenv(registry.FOLDER_VARIABLE)
    assert registry.folder().parts[-2:] == ("origami_widgets", "once")


def test_a_folder_may_begin_with_the_home(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(registry.FOLDER_VARIABLE, "~/names")
    assert registry.folder() == tmp_path / "names" / "once"


@pytest.mark.parametrize("named", ["names", "./names", "~nobody-of-this-name/names"])
def test_a_folder_that_depends_on_the_working_directory_is_refused(monkeypatch, named):
    monkeypatch.setenv(registry.FOLDER_VARIABLE, named)
    with pytest.raises(RegistryUnusable, match=registry.FOLDER_VARIABLE) as caught:
        registry.folder()
    assert named in caught.value.cause
    assert str(Path.cwd()) in caught.value.remedy


def test_who_is_cancelled_lets_a_name_go_only_when_its_file_is_written():
    began, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def write():
        began.set()
        assert go_on.wait(30)
        ended.set()

    async def main():
        task = asyncio.create_task(registry.in_a_thread(write))
        assert await asyncio.to_thread(began.wait, 30)
        for _ in range(2):
            task.cancel()
            await asyncio.wait((task,), timeout=0.05)
        assert not task.done()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        return ended.is_set()

    assert asyncio.run(main())
