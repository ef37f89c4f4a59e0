"""One entry of a start store, read and written without a server: its form, its place, its lock, and what it asks for."""

from __future__ import annotations

import asyncio
import gc
import json
import string
import weakref
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origami_widgets.run.batch import names_of
from origami_widgets.run.starts.record import Life, NameTaken, StartRecord, StartSpec
from origami_widgets.run.starts.store import RegistryUnusable, Scope, StoreEntry, file_stem
from tests.support.quick import wait_for_another_kernel
from tests.support.start_files import StartFiles

KEY = "1f4c8d2e-7a31-4f0e-9b55-0c6d2e8a9f10"
NOW = datetime(2026, 7, 21, 9, 30, 15, 250_000, tzinfo=UTC)
SCOPE = Scope("https://origami.chat/api/v2", "prj_1", "org_1")
SPEC = StartSpec("List bakeries in Porto", name="Bakers", focus_tables=["6b1f0a8e-2f3b-4a50-9e55-2d0a4c1b7e90"])
FILE = "porto--75c59b2035c4f176db64.json"
"""As this version calls and writes it."""
WRITTEN = """{
  "name": "porto",
  "base_url": "https://origami.chat/api/v2",
  "project": "prj_1",
  "organization": "org_1",
  "fingerprint": "d0e2f8093d033d28470bc6566c62e049",
  "version": 3,
  "idempotency_key": "1f4c8d2e-7a31-4f0e-9b55-0c6d2e8a9f10",
  "life": "started",
  "claimed_at": "2026-07-21T09:30:15.250000Z",
  "attempted_at": "2026-07-21T09:30:15.250000Z",
  "after": "",
  "refused": 0,
  "unknown": false,
  "losses": 0,
  "bases": {},
  "agent_id": "6b1f0a8e-2f3b-4a50-9e55-2d0a4c1b7e91",
  "run_id": "v2_run-1",
  "started_at": "2026-07-21T09:30:17Z",
  "before": null
}
"""
PLACE = {"name": "porto", **SCOPE._asdict()}


def stored(**changes):
    """A record as it is written before the run is started, with changes."""
    given = {**PLACE, "idempotency_key": KEY, "claimed_at": NOW, "attempted_at": NOW, **changes}
    return StartRecord(fingerprint=SPEC.fingerprint(given["idempotency_key"]), **given)


@pytest.fixture(autouse=True)
def files(monkeypatch, tmp_path):
    made = StartFiles(monkeypatch, tmp_path)
    made.folder.mkdir()
    return made


@pytest.fixture
def path(files):
    return files.folder / FILE


@pytest.fixture
def entry(files):
    return StoreEntry(None, SCOPE, "porto", StartRecord)


# The form


async def test_an_entry_is_read_and_written_as_it_was(entry, path):
    path.write_text(WRITTEN, encoding="utf-8")
    read = entry.read()
    known = {"agent_id": "6b1f0a8e-2f3b-4a50-9e55-2d0a4c1b7e91", "run_id": "v2_run-1", "life": Life.STARTED}
    assert read == stored(**known, started_at=datetime(2026, 7, 21, 9, 30, 17, tzinfo=UTC))
    path.unlink()
    entry.write(read)
    assert path.read_text(encoding="utf-8") == WRITTEN


async def test_what_the_name_stood_for_before_is_kept_until_its_run_is_known(entry):
    before = stored(agent_id="agent-1", run_id="v2_run-1", life=Life.STARTED)
    entry.write(stored(before=before))
    assert (entry.read()).before == before


def test_briefs_of_a_batch_keep_their_names():
    towns = [StartSpec(f"List bakeries in {town}") for town in ("Faro", "Lagos", "Faro")]
    faro = "towns, e8b1dd9de9b79ea6"
    assert names_of("towns", towns) == (faro, "towns, 7c7c91dfbdf8738d", f"{faro}, 2")


async def test_what_is_written_is_read_and_what_is_forgotten_is_not_there(entry, files):
    assert entry.read() is None
    entry.write(None)
    for run_id in ("", "v2_run-1", "v2_run-2"):
        written = stored(agent_id=run_id and "agent-1", run_id=run_id)
        entry.write(written)
        assert entry.read() == written
    assert [each.name for each in files.folder.iterdir()] == [FILE]
    entry.write(None)
    assert entry.read() is None
    assert files.paths == []


async def test_each_file_that_was_cut_is_an_error(entry, path):
    whole = WRITTEN.encode()
    for length in range(len(whole) - len(b"}\n") + 1):
        path.write_bytes(whole[:length])
        with pytest.raises(RegistryUnusable, match="is damaged") as caught:
            entry.read()
        assert str(path) in caught.value.cause
    path.write_bytes(whole.rstrip())
    assert entry.read() is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 2},
        {"name": "lisbon"},
        {"base_url": "https://example.org/api/v2"},
        {"project": None},
        {"organization": "org_2"},
        {"agent_id": ""},
        {"run_id": ""},
        {"run_id": None},
        {"fingerprint": 7},
        {"claimed_at": "2026-07-21T09:30:15"},
        {"claimed_at": "yesterday"},
    ],
    ids=str,
)
async def test_each_file_with_other_contents_is_an_error_and_stays(entry, path, changes):
    data = json.dumps({**json.loads(WRITTEN), **changes})
    path.write_text(data, encoding="utf-8")
    with pytest.raises(RegistryUnusable, match="is damaged"):
        entry.read()
    assert path.read_text(encoding="utf-8") == data


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode) | st.just(b"null"))
def test_no_bytes_are_taken_for_an_entry_or_raise_anything_else(tmp_path_factory, data):
    with pytest.MonkeyPatch.context() as patch:
        folder = StartFiles(patch, tmp_path_factory.mktemp("store")).folder
        folder.mkdir()
        (folder / FILE).write_bytes(data)
        with pytest.raises(RegistryUnusable):
            asyncio.run(StoreEntry(None, SCOPE, "porto", StartRecord).read())


# Its place

# Letters, digits, signs and spaces of any script; no control characters.
TEXT = st.characters(categories=("L", "N", "P", "S", "Zs"))
SCOPES = st.builds(
    Scope, st.sampled_from(["https://a/v2", "https://b/v2"]), st.sampled_from([None, "", "p"]), st.text(TEXT)
)
NAMES = st.text(TEXT, min_size=1, max_size=100) | st.sampled_from(["Porto", "porto", "PORTO", "p/o/r/t/o"])


@given(SCOPES, NAMES, SCOPES, NAMES)
def test_only_one_name_in_one_scope_shares_a_file(scope, name, other_scope, other_name):
    is_same = (scope, name) == (other_scope, other_name)
    # Also on a disk that knows no difference between large and small letters.
    assert (file_stem(scope, name).lower() == file_stem(other_scope, other_name).lower()) == is_same


class Api:
    """An API that lives in this process."""


ELSEWHERE = [
    (SCOPE._replace(base_url="https://example.org/api/v2"), "porto"),
    (SCOPE._replace(project="prj_2"), "porto"),
    (SCOPE._replace(project=None), "porto"),
    (SCOPE._replace(organization="org_2"), "porto"),
    (SCOPE._replace(organization=""), "porto"),
    (SCOPE, "Porto"),
]


@pytest.mark.parametrize("embedded", [None, Api()], ids=["files", "memory"])
async def test_the_same_name_elsewhere_is_another_one(embedded):
    here = StoreEntry(embedded, SCOPE, "porto", StartRecord)
    here.write(stored())
    for scope, name in ELSEWHERE:
        other = StoreEntry(embedded, scope, name, StartRecord)
        assert other.key != here.key
        assert other.read() is None
        other.write(stored(**{"name": name, **scope._asdict()}))
    again = StoreEntry(embedded, SCOPE, "porto", StartRecord)
    assert again.key == here.key
    assert again.read() == stored()


async def test_an_api_of_this_process_has_its_own_entries_and_they_end_with_it(files):
    api, other = Api(), Api()
    entry = StoreEntry(api, SCOPE, "porto", StartRecord)
    async with entry.held():
        entry.write(stored())
    assert StoreEntry(api, SCOPE, "porto", StartRecord).read() == stored()
    assert StoreEntry(other, SCOPE, "porto", StartRecord).read() is None
    assert StoreEntry(other, SCOPE, "porto", StartRecord).key != entry.key
    gone = weakref.ref(api)
    del api
    gc.collect()
    assert gone() is None
    assert files.paths == []


# What it stands for


@given(st.text("abc ", min_size=1).filter(str.strip))
def test_another_brief_raises_that_the_name_is_taken(prompt):
    stored().check(SPEC)
    for spec in (StartSpec(prompt, name=SPEC.name, focus_tables=SPEC.focus_tables), StartSpec(SPEC.prompt)):
        with pytest.raises(NameTaken, match="'porto'") as caught:
            stored().check(spec)
        assert "fresh=True" in caught.value.remedy
        assert SPEC.prompt not in str(caught.value)


@given(st.text(string.ascii_letters, min_size=1, max_size=255), st.integers(0, 90))
def test_each_refusal_is_followed_by_another_key_that_every_process_makes(key, refused):
    keys = [stored(idempotency_key=key, refused=number).key for number in range(refused + 1)]
    assert len(set(keys)) == len(keys)
    assert max(map(len, keys)) <= 255
    assert keys[-1] == stored(idempotency_key=key, refused=refused).key


# Its lock


async def test_a_name_that_another_kernel_does_not_let_go_is_given_up(entry, monkeypatch):
    wait_for_another_kernel(monkeypatch, 0.3)
    async with StoreEntry(None, SCOPE, "porto", StartRecord).held():
        with pytest.raises(RegistryUnusable, match="porto") as caught:
            async with entry.held():
                pytest.fail("two hold the same name")
        assert caught.value.code == "REGISTRY_BUSY"
        async with asyncio.timeout(5), StoreEntry(None, SCOPE, "lisbon", StartRecord).held():
            pass
    async with asyncio.timeout(5), entry.held():
        pass


async def test_a_name_is_waited_for_without_holding_up_anything_else(entry):
    holder = StoreEntry(None, SCOPE, "porto", StartRecord)
    order = []

    async def hold_too():
        async with entry.held():
            order.append("second")

    async with holder.held():
        second = asyncio.create_task(hold_too())
        await asyncio.sleep(0.3)
        order.append("first")
    async with asyncio.timeout(5):
        await second
    assert order == ["first", "second"]


@pytest.mark.parametrize("waits", [False, True], ids=["while it holds it", "while it waits for it"])
async def test_a_task_that_is_cancelled_lets_a_name_go(entry, waits):
    holder = StoreEntry(None, SCOPE, "porto", StartRecord)

    async def hold():
        async with entry.held():
            await asyncio.sleep(60)

    if waits:
        async with holder.held():
            task = asyncio.create_task(hold())
            await asyncio.sleep(0.15)
            task.cancel()
            await asyncio.wait((task,))
    else:
        task = asyncio.create_task(hold())
        await asyncio.sleep(0.15)
        task.cancel()
        await asyncio.wait((task,))
    assert task.cancelled()
    async with asyncio.timeout(5), holder.held():
        pass
