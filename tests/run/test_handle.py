"""The handle: started, attached, waited for, steered, against the sandbox."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import origami_widgets as ow
from origami_widgets.api.errors import AgentNotFound, InvalidInput, RunNotFound
from origami_widgets.api.models.run import Steps
from origami_widgets.card.view import view_now
from origami_widgets.run.settings import client_or_default, configuration
from origami_widgets.run.waiting import WaitTimedOut, block, end_of_run, reached
from tests.fixtures import states

FIXTURES = Path(__file__).parent.parent / "fixtures"
BRIEF = "List bakeries in Porto with a web shop"


def fixture(name):
    return json.loads((FIXTURES / f"{name}.json").read_text())


def start(client, brief=BRIEF, **options):
    return ow.start(brief, client=client, show=False, **options)


def test_a_run_from_start_to_settled_cells(client):
    run = start(client, name="Bakeries", model="origami-lite")
    assert (run.status, run.done, run.settled) == ("running", False, False)
    assert run.token == f"{run.agent_id}/{run.id}"
    run.wait("cells", timeout=30)
    assert (run.status, run.done, run.settled) == ("completed", True, True)
    assert run.model == "origami-lite"
    assert run.prompt == BRIEF
    assert run.text
    assert run.actions
    assert [each.type for each in run.suggestions][:2] == ["find_more_leads", "export_csv"]
    assert len(run.tables) == 2
    assert all(table.stats is not None for table in run.tables), "polls ask for stats"
    assert run.steps.completed <= run.steps.max
    assert run.error is None
    assert run.connection.state == "ended"
    assert [point.status for point in run.history][-1] == "completed"
    assert run.raw["response"]["tables"][0]["id"] == run.tables[0].id


def test_waiting_for_the_run_does_not_wait_for_its_cells(clock):
    run = start(ow.Sandbox(speed=1, clock=clock.time).client(), f"{BRIEF}. scenario:filling")
    clock.skips = lambda: not run.done
    run.wait(timeout=60)
    assert run.done
    assert not run.settled
    assert run.state.cells_running > 0
    clock.skips = lambda: True
    run.wait("cells", timeout=60)
    assert run.settled
    assert run.state.cells_running == 0


@pytest.mark.parametrize(
    "status", ["completed", "needs_input", "step_cap_hit", "incomplete", "cancelled", "errored", "timed_out"]
)
def test_every_end_is_an_end(client, status):
    run = start(client, f"{BRIEF}. scenario:{status}").wait(timeout=60)
    assert run.status == status
    assert (run.error is not None) == (status in ("errored", "timed_out"))


def test_answers_are_one_turn_of_the_same_run(client):
    run = start(client, "Find wholesale partners. scenario:needs_input").wait(timeout=30)
    assert len(run.questions) == 2
    asked, first = run.questions[0].question, run.id
    assert run.answer("Iberia", "Confirm") is run
    assert run.id != first
    assert run.questions == ()
    assert run.suggestions == ()
    assert run.actions == tuple(action for turn in run.turns for action in turn.actions)
    assert run.turns[-1].prompt.startswith(f"{asked} Iberia")
    assert run.prompt == "Find wholesale partners. scenario:needs_input"
    assert run.wait(timeout=30).status == "completed"
    with pytest.raises(InvalidInput, match="Nothing to answer"):
        run.answer("France", "Confirm")
    assert len(client.list_runs(run.agent_id).items) == 2


@pytest.mark.parametrize("answers", [(), ("Iberia",), ("Iberia", "Confirm", "more"), ("Iberia", " "), ("Iberia", None)])
def test_answers_that_do_not_fit_are_refused_before_anything_is_sent(client, answers):
    run = start(client, "Find wholesale partners. scenario:needs_input").wait(timeout=30)
    with pytest.raises(InvalidInput, match="Which region"):
        run.answer(*answers)
    assert len(client.list_runs(run.agent_id).items) == 1


def test_a_run_whose_answer_is_being_sent_is_waited_for():
    assert reached(states.needs_input(), "run")
    assert not reached(states.sending_answers(), "run")


def test_the_timeout_of_a_wait_begins_anew_with_each_turn(slow_client):
    run = start(slow_client, f"{BRIEF}. scenario:slow")
    began, end = time.monotonic(), end_of_run(run.conversation, "run")
    with pytest.raises(TimeoutError):
        block(end._replace(turn=lambda: time.monotonic() - began > 0.4), 0.5)
    assert time.monotonic() - began >= 0.9


def test_what_somebody_else_has_sent_is_shown_and_not_cancelled(slow_client):
    run = start(slow_client).wait(timeout=30)
    theirs = slow_client.create_run(run.agent_id, "Go on. scenario:slow")
    with pytest.raises(ow.errors.ContinuedElsewhere):
        run.follow_up("Add phones")
    assert (run.id, run.status) == (theirs.id, "running")
    for stop in (run.cancel, run.stop_cells):
        with pytest.raises(ow.OrigamiError, match="Somebody else's turn") as caught:
            stop()
        assert theirs.id in caught.value.remedy
    assert slow_client.get_run(run.agent_id, theirs.id).status == "running"
    assert ow.attach(run.token, client=slow_client, show=False).cancel().wait(timeout=30).status == "cancelled"


def test_attach_by_token_by_two_ids_and_by_agent(client):
    run = start(client).wait(timeout=30)
    first = run.token
    run.follow_up("And their opening hours").wait(timeout=30)
    for given in ((first,), (run.token,), (run.agent_id, run.id), (run.agent_id,)):
        assert ow.attach(*given, client=client, show=False) == run


def test_attach_by_agent_knows_the_runs_before_the_newest(client):
    created = client.create_agent(BRIEF)
    agent_id, first = created.agent.id, created.run.id
    ow.attach(agent_id, client=client, show=False).wait(timeout=30)
    second = client.create_run(agent_id, "And their opening hours").id
    found = ow.attach(agent_id, client=client, show=False)
    assert [state.run_id for state in found.conversation.states] == [first, second]
    (earlier,) = view_now(found.conversation)["earlier"]["runs"]
    assert (earlier["prompt"], earlier["status_label"]) == (BRIEF, "Completed")
    assert earlier["outcome"]


def test_attach_knows_what_agents_are_called_that_were_listed_before(clock):
    sandbox = ow.Sandbox(speed=60, clock=clock.time)
    starting, nameless, client = (sandbox.client() for _ in range(3))
    run = starting.create_agent("List bakeries in Porto", name="Porto").run
    token = f"{run.agent_id}/{run.id}"
    assert ow.attach(token, client=nameless, show=False).name == ""
    client.list_agents()
    for target in (token, run.agent_id):
        other = ow.attach(target, client=client, show=False).wait("cells", timeout=30)
        assert other.name == "Porto"
        for frame in (ow.runs_frame(other), ow.tables_frame(other), ow.leads_frame(other)):
            assert frame["run_name"].unique().tolist() == ["Porto"]


def test_a_table_id_where_an_agent_is_expected_is_named_in_the_remedy(client):
    run = start(client).wait(timeout=30)
    with pytest.raises(AgentNotFound, match="table"):
        ow.attach(run.tables[0].id, client=client, show=False)
    with pytest.raises((AgentNotFound, RunNotFound)):
        ow.attach(f"{run.tables[0].id}/{run.id}", client=client, show=False)


def test_wait_ends_at_its_timeout_and_the_run_goes_on(slow_client):
    run = start(slow_client, f"{BRIEF}. scenario:slow")
    before = time.monotonic()
    with pytest.raises(WaitTimedOut, match=r"run\.wait"):
        run.wait(timeout=0.2)
    assert time.monotonic() - before < 10
    assert run.status == "running"
    with pytest.raises(WaitTimedOut):
        run.wait(timeout=0)
    with pytest.raises(InvalidInput, match="cells"):
        run.wait(until="leads")
    run.cancel()


def test_what_cannot_be_called_back_is_refused_at_once(client):
    with pytest.raises(InvalidInput, match="Got str") as caught:
        start(client).on_change("print")
    assert "lambda run" in caught.value.remedy


def test_refresh_reads_the_transcript_and_later_reads_keep_it(client):
    run = start(client).wait(timeout=30)
    assert run.transcript is None
    run.refresh(include="transcript")
    assert run.transcript
    assert all(table.stats is not None for table in run.tables)
    run.refresh()
    assert run.transcript


def test_a_saved_answer_needs_no_network():
    run = ow.Run.from_payload(fixture("completed_stats"))
    assert (run.status, run.done, run.settled, run.steps) == (
        "completed",
        True,
        False,
        Steps(completed=17, max=50, raw=run.steps.raw),
    )
    assert run.raw == fixture("completed_stats")
    assert "Porto bakeries" in str(run)
    assert "Porto bakeries" in run.to_html()
    with pytest.raises(InvalidInput, match=r"ow\.attach"):
        run.refresh()
    with pytest.raises(InvalidInput, match=r"ow\.attach"):
        run.follow_up("More")


def test_the_answer_of_a_post_is_a_payload_too():
    assert ow.Run.from_payload(fixture("create_agent")).status == "running"


@pytest.mark.parametrize("payload", [None, [], "x", {}, {"id": 7}, {"run": None}])
def test_what_is_no_payload_is_refused(payload):
    with pytest.raises(InvalidInput, match="Invalid run"):
        ow.Run.from_payload(payload)


def test_configure_sets_what_start_uses(client, monkeypatch):
    monkeypatch.delenv("ORIGAMI_API_KEY", raising=False)
    ow.configure()
    with pytest.raises(ow.OrigamiError, match="ORIGAMI_API_KEY"):
        ow.start(BRIEF, show=False)
    ow.configure(client=client)
    assert ow.start(BRIEF, show=False).wait(timeout=30).done
    with pytest.raises(InvalidInput, match="both a client"):
        ow.configure(client=ow.Sandbox().client(), project="p")
    with pytest.raises(InvalidInput, match=r"ow\.Client"):
        ow.configure(client="og_live_planted")
    ow.configure()


def test_threads_that_start_at_once_share_one_client(monkeypatch):
    monkeypatch.setenv("ORIGAMI_API_KEY", "og_live_threads")
    ow.configure()
    at_once = threading.Barrier(8)

    def first_use(_number):
        at_once.wait()
        return client_or_default(None)

    with ThreadPoolExecutor(8) as threads:
        assert len(set(map(id, threads.map(first_use, range(8))))) == 1
    ow.configure()


def test_configure_of_the_rendering_leaves_the_client_alone(client):
    ow.configure(client=ow.Sandbox().client())
    try:
        ow.configure(render="html")
        assert configuration().render == "html"
        ow.configure(client=client)
        assert configuration().render == "html"
        ow.configure(render="auto")
        assert ow.start(BRIEF, show=False).wait(timeout=30).done
        with pytest.raises(InvalidInput, match="'png'") as caught:
            ow.configure(render="png")
        assert 'render="html"' in caught.value.remedy
    finally:
        ow.configure(render="auto")
        ow.configure()


def test_a_model_that_the_plan_does_not_have_or_that_does_not_exist(client):
    with pytest.raises(InvalidInput, match="origami-max") as caught:
        ow.start(BRIEF, model="origami-max", client=ow.Sandbox(plan="starter").client(), show=False)
    assert "origami-lite" in caught.value.remedy
    with pytest.raises(InvalidInput, match="origami-lite"):
        ow.start(BRIEF, model="origami-ultra", client=client, show=False)
