"""What completion knows of the account, and how little it may cost."""

import time

import pytest

import origami_widgets as ow
from origami_widgets.magics import known
from origami_widgets.magics.known import Account, known_in
from origami_widgets.run import settings
from tests.faults.journey import KEY
from tests.support.server import RawServer, answer, silence


def test_the_newest_runs_of_the_account_are_read_once(sandbox):
    created = sandbox.client().create_agent("Find bakeries")
    account = Account()
    for _ in range(3):
        assert [run.agent_id for run in account.runs()] == [created.agent.id]
    assert sum(line.startswith("GET") for line in sandbox.asked) == 1


def test_they_are_read_again_after_a_while_and_for_another_account(sandbox, monkeypatch):
    account = Account()
    assert account.runs() == []
    sandbox.client().create_agent("Find bakeries")
    assert account.runs() == []
    monkeypatch.setattr(known, "FRESH", 0.0)
    assert len(account.runs()) == 1
    monkeypatch.setattr(settings, "_client", ow.Sandbox().client())
    assert account.runs() == []


def test_without_a_client_at_hand_nothing_is_looked_for(monkeypatch):
    monkeypatch.setattr(settings, "_client", None)
    monkeypatch.setenv("ORIGAMI_API_KEY", KEY)
    assert Account().runs() == []
    assert settings.client_at_hand() is None


def test_a_server_that_is_silent_holds_nobody_up(monkeypatch):
    monkeypatch.setattr(known, "PATIENCE", 0.05)
    with RawServer(silence()) as server:
        monkeypatch.setattr(settings, "_client", ow.Client(KEY, base_url=server.base_url, timeout=1))
        account, before = Account(), time.monotonic()
        assert account.runs() == account.runs() == []
        assert time.monotonic() - before < 0.5
        assert len(server.requests) == 1, "it is not asked again while it has not answered"


@pytest.mark.parametrize("status", [401, 404])
def test_a_refusal_is_no_error(status, monkeypatch):
    with RawServer(answer({"error": {"code": "X", "message": "no"}}, status=status)) as server:
        monkeypatch.setattr(settings, "_client", ow.Client(KEY, base_url=server.base_url, timeout=1))
        assert Account().runs() == []


def test_words_of_each_kind(sandbox):
    run = ow.start("Find bakeries", once="porto", show=False).wait("cells")
    elsewhere = sandbox.client().create_agent("Find dentists")
    words = {kind: [*found()] for kind, found in known_in({"run": run, "_": run, "city": 1}, Account()).items()}
    assert words["token"][0] == run.token
    assert f"{elsewhere.agent.id}/{elsewhere.run.id}" in words["token"]
    assert words["agent"][0] == run.agent_id
    assert words["run"] == ["run", run.token]
    assert words["table"] == [table.id for table in run.tables]
    assert words["once"] == ["porto"]
