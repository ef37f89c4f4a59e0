"""What Tab offers on a line of the magics, and how little it may cost."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import origami_widgets as ow
from origami_widgets.magics import completion
from origami_widgets.magics.commands import CELL, COMMANDS
from origami_widgets.magics.completion import AccountRuns, candidates_in, complete
from origami_widgets.run.settings import client_at_hand
from tests.faults.journey import KEY
from tests.support.server import RawServer, answer, silence

TOKEN = "6b1f0a8e-2f3b/v2_run-1"
KNOWN = {
    "token": lambda: [TOKEN],
    "agent": lambda: ["6b1f0a8e-2f3b"],
    "run": lambda: ["run", "batch", TOKEN],
    "table": lambda: ["29401cc1", "with space", "29401cc1"],
    "once": lambda: ["porto"],
}
OPTIONS = [option.name for option in CELL.options]


def offered(before):
    found = complete(before, KNOWN)
    return None if found is None else [*found.texts]


OFFERED = {
    "%origami ": [*COMMANDS],
    "%origami ca": ["cancel"],
    "run = %origami att": ["attach"],
    "  runs['a'] = %origami att": ["attach"],
    "%origami attach ": [TOKEN],
    "%origami attach 6b1f0a8e-2f3b/v2": [TOKEN],
    f"%origami attach {TOKEN} ": ["--into"],
    f"%origami attach {TOKEN} --into x ": [],
    "%origami attach --into ": [],
    "%origami attach --into x ": [TOKEN],
    "%origami runs ": ["6b1f0a8e-2f3b"],
    "%origami tables ": ["run", "batch", TOKEN],
    "%origami cancel b": ["batch"],
    "%origami cancel run ": [],
    "%origami credits ": ["--frame"],
    "%origami help ": ["start", *COMMANDS],
    "%origami nothing ": [],
    "%%origami ": OPTIONS,
    "%%origami --": OPTIONS,
    "%%origami --fresh --f": ["--focus"],
    "%%origami --once ": ["porto"],
    "%%origami --once=p": ["porto"],
    "%%origami --once x --once": [],
    "%%origami --model origami-m": ["origami-max"],
    "%%origami --wait ": ["run", "cells", *(name for name in OPTIONS if name != "--wait")],
    "%%origami --wait=": ["run", "cells"],
    "%%origami --wait=c": ["cells"],
    "%%origami --focus ": ["29401cc1"],
    "%%origami --focus 29401cc1 --focus ": ["29401cc1"],
    "%%origami --name ": [],
}


@pytest.mark.parametrize("before", OFFERED)
def test_completions_fit_the_line(before):
    assert offered(before) == OFFERED[before]


@pytest.mark.parametrize(
    "before",
    ["%origami", "%%origamix ", "origami ", "print(1)", "%time ", "%origami tables {ru", "%%origami --once {ci", ""],
)
def test_other_lines_are_not_completed(before):
    assert offered(before) is None


def test_only_fitting_kinds_are_looked_up():
    def fail():
        raise AssertionError

    assert complete("%origami ", dict.fromkeys(KNOWN, fail)) is not None


@given(st.text(alphabet="-=origamtchwens%{}'\" ", max_size=40), st.sampled_from(["%origami ", "%%origami ", ""]))
@example("=" * 20, "%origami ")
def test_completions_always_extend_the_word_before_the_cursor(text, start):
    found = complete(start + text, KNOWN)
    assert found is None or (start + text).endswith(found.word)
    assert found is None or all(each.startswith(found.word) for each in found.texts)


def test_a_long_line_is_skipped():
    assert complete(" " * 200_000 + "origami", KNOWN) is None
    assert complete(" " * 1_900 + "origami", KNOWN) is None


def test_the_runs_of_the_account_are_read_once(sandbox):
    created = sandbox.client().create_agent("Find bakeries")
    account = AccountRuns()
    for _ in range(3):
        assert [run.agent_id for run in account.newest()] == [created.agent.id]
    assert sum(line.startswith("GET") for line in sandbox.requests) == 1


def test_the_runs_of_the_account_are_read_again_after_a_while_and_for_another_account(sandbox, monkeypatch):
    account = AccountRuns()
    assert account.newest() == []
    sandbox.client().create_agent("Find bakeries")
    assert account.newest() == []
    monkeypatch.setattr(completion, "FRESH", 0.0)
    assert len(account.newest()) == 1
    ow.configure(client=ow.Sandbox().client())
    assert account.newest() == []


def test_completion_searches_for_no_key(monkeypatch):
    ow.configure()
    monkeypatch.setenv("ORIGAMI_API_KEY", KEY)
    assert AccountRuns().newest() == []
    assert client_at_hand() is None


@pytest.mark.usefixtures("unconfigured")
def test_a_silent_server_does_not_delay_completion(monkeypatch):
    monkeypatch.setattr(completion, "PATIENCE", 0.05)
    with RawServer(silence()) as server:
        ow.configure(client=ow.Client(KEY, base_url=server.base_url, timeout=1))
        account, before = AccountRuns(), time.monotonic()
        assert account.newest() == account.newest() == []
        assert time.monotonic() - before < 0.5
        assert len(server.requests) == 1, "it is not asked again while it has not answered"


@pytest.mark.parametrize("status", [401, 404])
@pytest.mark.usefixtures("unconfigured")
def test_an_error_of_the_server_is_not_shown(status):
    with RawServer(answer({"error": {"code": "X", "message": "no"}}, status=status)) as server:
        ow.configure(client=ow.Client(KEY, base_url=server.base_url, timeout=1))
        assert AccountRuns().newest() == []


def test_candidates_of_each_kind(sandbox):
    run = ow.start("Find bakeries", once="porto", show=False).wait("cells")
    elsewhere = sandbox.client().create_agent("Find dentists")
    words = {
        kind: [*found()] for kind, found in candidates_in({"run": run, "_": run, "city": 1}, AccountRuns()).items()
    }
    assert words["token"][0] == run.token
    assert f"{elsewhere.agent.id}/{elsewhere.run.id}" in words["token"]
    assert words["agent"][0] == run.agent_id
    assert words["run"] == ["run", run.token]
    assert words["table"] == [table.id for table in run.tables]
    assert words["once"] == ["porto"]
