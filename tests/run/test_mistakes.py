"""What a beginner types: refused at once and in words that help, or understood."""

from __future__ import annotations

import pandas as pd
import pytest
from keyring.backends.fail import Keyring as NoKeyring

import origami_widgets as ow
from origami_widgets.api.errors import AgentNotFound, InvalidInput, NotFound
from origami_widgets.cli.main import main
from tests.support.keys import use_keyring

AGENT = "6b1f0a8e-2f3b-4a50-9e55-2d0a4c1b7e90"


class Counted(ow.Sandbox):
    """A sandbox that counts the requests it gets."""

    requests = 0

    async def __call__(self, scope, receive, send):
        self.requests += 1
        await super().__call__(scope, receive, send)


@pytest.fixture
def sandbox(clock):
    return Counted(speed=1, clock=clock.time)


@pytest.fixture
def run(sandbox):
    return ow.start("List bakeries in Porto", client=sandbox, show=False).wait("cells", timeout=30)


@pytest.fixture
def no_key(monkeypatch):
    for name in ("ORIGAMI_API_KEY", "ORIGAMI_BASE_URL", "ORIGAMI_PROJECT", "ORIGAMI_PROJECT_ID"):
        monkeypatch.delenv(name, raising=False)
    use_keyring(monkeypatch, NoKeyring())
    ow.configure()


@pytest.mark.parametrize(
    ("answers", "which"), [((1, 2), "Answer 1"), (("Iberia", None), "Answer 2"), ((["Iberia"], "yes"), "Answer 1")]
)
def test_an_answer_that_is_no_text_is_named(sandbox, answers, which):
    run = ow.start("Find partners. scenario:needs_input", client=sandbox, show=False).wait(timeout=30)
    before = sandbox.requests
    with pytest.raises(InvalidInput) as caught:
        run.answer(*answers)
    assert which in caught.value.title
    assert "run.answer('" in caught.value.remedy
    assert sandbox.requests == before


NO_RUNS = ["nonsense", "x", "AGENT_ID/RUN_ID", "agent/run", "my-bakeries", "x/", "https://origami.chat/", None, 7]
NO_RUNS += [f"{AGENT}/{odd}" for odd in ("..", "a b", "a?b", "a%2Fb", "a\x00", "a\r\nX-Other: 1", "a\u202e", "x" * 129)]


@pytest.mark.usefixtures("no_key")
@pytest.mark.parametrize("given", NO_RUNS, ids=repr)
def test_what_names_no_run_is_refused_before_a_key_is_looked_for(given):
    calls = [ow.attach, lambda given: ow.RunBoard([given])]
    calls += [ow.RunBoard] if given is not None else []
    for call in calls:
        with pytest.raises(InvalidInput) as caught:
            call(given)
    with pytest.raises(InvalidInput) as caught:
        ow.attach(given)
    assert ("run's id" if AGENT in str(given) else '"AGENT_ID/RUN_ID"') in caught.value.remedy


@pytest.mark.usefixtures("no_key")
def test_two_placeholders_are_refused():
    with pytest.raises(InvalidInput, match="AGENT_ID/RUN_ID"):
        ow.attach("AGENT_ID", "RUN_ID")


@pytest.mark.usefixtures("no_key")
@pytest.mark.parametrize("command", [["watch"], ["export"], ["runs"]], ids=" ".join)
def test_commands_refuse_it_before_a_key_is_looked_for(command, tmp_path, capsys):
    path = [str(tmp_path / "made")] if command == ["export"] else []
    assert main([*command, "nonsense", *path]) == 2
    assert '"AGENT_ID/RUN_ID"' in capsys.readouterr().err


def test_what_may_be_an_id_is_left_to_the_server(sandbox):
    for given in ("tbl_77", "ws_4a9b", AGENT.upper(), "qwertyuiopasdfghjkl"):
        with pytest.raises(AgentNotFound):
            ow.attach(given, client=sandbox, show=False)
    assert sandbox.requests == 4


def test_all_forms_of_a_run_are_understood(sandbox, run):
    agent, client = run.agent_id, sandbox.client()
    link = f"https://origami.chat/workspace/{agent}"
    for given in (
        *(run.token, f"  {run.token}\n", agent, agent.upper()),
        *(link, f"{link}?table={run.tables[0].id}", f"https://www.origami.chat/workspace/{agent}/"),
        f"https://origami.chat/api/v2/agents/{agent}/runs/{run.id}",
    ):
        assert ow.attach(given, client=client, show=False).id == run.id
    for given in (agent, link, run.token):
        assert [found.id for found in ow.RunBoard(given, client=client).runs] == [run.id]
    for table in run.tables:
        assert ow.attach(table.url, client=client, show=False).id == run.id


@pytest.mark.parametrize(
    "link",
    [
        f"https://origami.chat/?next=/workspace/{AGENT}",
        f"javascript://origami.chat/workspace/{AGENT}",
        f"https://origami.chat/tables/{AGENT}",
        "https://origami.chat/workspace/settings",
    ],
)
def test_a_link_whose_meaning_is_not_clear_is_refused(sandbox, link):
    with pytest.raises(InvalidInput):
        ow.attach(link, client=sandbox)
    assert sandbox.requests == 0


def test_a_run_is_read_through_its_own_client_or_the_one_that_is_given(sandbox, run):
    assert ow.attach(run, show=False) == run
    assert ow.attach(run, client=sandbox.client(), show=False) == run
    with pytest.raises(NotFound):
        ow.attach(run, client=ow.Sandbox(), show=False)
    for given in ({"run_id": run.id}, {"client": "og_live_0"}):
        with pytest.raises(InvalidInput):
            ow.attach(run, show=False, **given)


def test_a_saved_run_is_attached_by_its_token(sandbox, run):
    found = ow.attach(ow.Run.from_payload(run.raw), client=sandbox, show=False)
    assert found.token == run.token
    assert found.refresh().status == "completed"


@pytest.mark.parametrize("until", [5, 0.5])
def test_seconds_in_the_place_of_until_name_timeout(run, until):
    with pytest.raises(InvalidInput) as caught:
        run.wait(until)
    assert "timeout=" in caught.value.remedy
    assert 'until="cells"' in caught.value.remedy


def test_a_sandbox_stands_for_its_client(sandbox, run, tmp_path):
    assert ow.attach(run.token, client=sandbox, show=False) == run
    assert ow.account(client=sandbox).plan == "Pro"
    assert len(ow.leads_frame(run.tables[0], client=sandbox)) > 0
    assert len(ow.RunBoard(client=sandbox).runs) == 1
    assert ow.export(run, tmp_path / "made", client=sandbox)
    ow.configure(client=sandbox)
    try:
        assert ow.attach(run.token, show=False) == run
        assert ow.start_many(["Find bakers"], show=False).wait(timeout=30).runs[0].done
    finally:
        ow.configure()


@pytest.mark.parametrize(
    "given", [ow.Sandbox, "og_live_aaaaaaaaaaaaaaaa", 7, object()], ids=lambda value: type(value).__name__
)
def test_what_is_no_client_is_refused_with_what_is_one(given):
    for call in (lambda: ow.configure(client=given), lambda: ow.attach(AGENT, client=given)):
        with pytest.raises(InvalidInput) as caught:
            call()
        assert "ow.Sandbox()" in caught.value.remedy
        assert "og_live_aaaa" not in str(caught.value)


def test_a_folder_may_be_called_as_one_likes(run, tmp_path):
    for name, options in (("v1.2", {}), ("2026.11", {}), ("notes.old/", {}), ("my.folder", {"format": "csv"})):
        assert ow.export(run, f"{tmp_path}/{name}", **options)
        assert (tmp_path / name / "Summary.csv").exists()
    (tmp_path / "there.before").mkdir()
    assert ow.export(run, tmp_path / "there.before")


ROWS = [{"site": "a.example"}]


def test_rows_of_a_run_are_those_of_a_table_of_it(sandbox, run):
    before = sandbox.requests
    for given in (run, run.tables, run.raw, None, "Companies"):
        with pytest.raises(InvalidInput, match=r"(?s)This is no table.*run\.tables\[0\]"):
            ow.join_leads(ROWS, given, key="site", client=sandbox)
    assert sandbox.requests == before


def mistakes(run, client):
    """What to call, and a part of the words that say what to write instead."""
    table, frame = run.tables[0], pd.DataFrame({"a": [1]})
    agents = client.list_agents()
    (agent,), (summary,) = agents, client.list_runs(run.agent_id)
    return {
        "focus tables that are a number": (lambda: ow.start("x", focus_tables=5, client=client), "[run.tables[0]]"),
        "one table in focus": (lambda: ow.start("x", focus_tables=table, client=client), "[run.tables[0]]"),
        "a run in focus": (lambda: run.follow_up("x", focus_tables=run), "all of a run: run.tables"),
        "attachments that are a number": (lambda: client.create_agent("x", attachments=5), "'kind'"),
        "a run made of its token": (lambda: ow.Run(run.token), "ow.attach("),
        "a batch made of runs": (lambda: ow.RunBatch([run]), "ow.RunBoard("),
        "a run made of a table": (lambda: ow.Run.from_payload(table.raw), "run.raw"),
        "include that is a number": (lambda: run.refresh(5), "include=('stats',)"),
        "include that is None": (lambda: run.refresh(None), "include=('stats',)"),
        "include that is misspelt": (lambda: run.refresh(["transcrpt"]), "include=('stats',)"),
        "cells that is a word": (lambda: run.cancel(cells="no"), "cells=False"),
        "a frame for a key": (lambda: ow.Client(frame), "og_live_"),
        "a base URL without https": (lambda: ow.configure(base_url="origami.chat"), "https://origami.chat/api/v2"),
        "a project that is a number": (lambda: ow.configure(project=5), "project's id"),
        "a queue that is a word": (lambda: ow.configure(queue="no"), "queue=False"),
        "an amount to confirm": (lambda: ow.configure(confirm=500), "confirm=True"),
        "a board's client": (lambda: ow.RunBoard(run, client=5), "ow.Sandbox()"),
        "a table for its id": (lambda: client.get_table(table), "table.id"),
        "a run for its agent's id": (lambda: client.list_runs(run), "run.agent_id"),
        "an agent to attach": (lambda: ow.attach(agent, client=client), '"AGENT_ID/RUN_ID"'),
        "a summary to attach": (lambda: ow.attach(summary, client=client), '"AGENT_ID/RUN_ID"'),
        "a table to attach": (lambda: ow.attach(table, client=client), '"AGENT_ID/RUN_ID"'),
        "agents for runs": (lambda: ow.runs_frame(agents), "runs_frame(run)"),
        "nothing to export": (lambda: ow.export(None, "x.xlsx"), 'export(run, "founders.xlsx")'),
    }


def test_each_mistake_raises_an_error_with_what_to_write(sandbox, run):
    client = sandbox.client()
    for name, (call, words) in mistakes(run, client).items():
        before = sandbox.requests
        with pytest.raises(InvalidInput) as caught:
            call()
        assert words in str(caught.value), name
        assert caught.value.cause, name
        assert sandbox.requests == before, name


def test_settings_that_are_refused_change_nothing(sandbox, run):
    ow.configure(client=sandbox)
    try:
        with pytest.raises(InvalidInput):
            ow.configure(base_url="origami.chat", render="html")
        assert ow.attach(run.token, show=False) == run
    finally:
        ow.configure()


@pytest.mark.parametrize(
    ("written", "meant"), [("strat", "start"), ("columns_frames", "columns_frame"), ("runboard", "RunBoard")]
)
def test_a_name_that_is_misspelt_names_the_one_that_is_meant(written, meant):
    with pytest.raises(AttributeError, match=f"Did you mean: '{meant}'"):
        getattr(ow, written)


@pytest.mark.parametrize("name", ["__wrapped__", "_repr_html_", "wholly_different"])
def test_a_name_that_nothing_is_like_names_none(name):
    with pytest.raises(AttributeError) as caught:
        getattr(ow, name)
    assert "mean" not in str(caught.value)
