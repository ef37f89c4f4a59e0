"""An answer is known wherever one looks at the run, wherever it was given: what one place counts, no other one lacks."""

from __future__ import annotations

import asyncio
import gc
import itertools
import os
import subprocess
import sys
import threading
import uuid

import openpyxl
import pytest

import origami_widgets as ow
from origami_widgets.api.background.loop import background
from origami_widgets.card.view import view_now
from origami_widgets.card.widgets.click_commands import CardCommandHandler, ClickCommand
from origami_widgets.run import conversation
from origami_widgets.run.fill import count_gaps, plan_fill
from tests.card.live import card_in
from tests.support.front import Front
from tests.support.quick import see
from tests.support.server import RawServer

BRIEFS = {"Asked": "Find partners. scenario:needs_input", "Told": "Find bakeries in Porto"}
ANSWERS = ("Iberia", "yes")
_ids = itertools.count()


def click(run, name, **given):
    command = ClickCommand(f"click {next(_ids)}", name, run.id, **given)
    ack = background().run(CardCommandHandler(run.conversation).carry_out(command))
    assert ack["ok"], ack["title"]


def on_an_open_card_of_a_board(run):
    board = ow.RunBoard([run])
    content = {"kind": "command", "id": f"click {next(_ids)}", "name": "open", "run_id": run.token}
    board.comm.handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})
    see(lambda: board.card)
    click(card_in(board).run, "answer", answers=ANSWERS)
    board.close()


def by_another_handle(run):
    ow.Run(run.conversation.current).answer(*ANSWERS)


def in_another_kernel(run):
    """Sent through the same API, but not by this conversation, which is then attached again."""
    sent = run.operations.post_run(run.agent_id, {"prompt": "Which region? Iberia"}, uuid.uuid4().hex, asyncio.Event())
    background().run(sent)
    assert ow.attach(run, show=False) == run


def tables_of_card(run):
    return {each["id"] for each in view_now(run.conversation)["tables"]["items"]}


def leads_in_grid(source):
    grid = ow.leads(source)
    try:
        return sum(int(tab["leads"].replace(",", "")) for tab in grid.head["tabs"])
    finally:
        grid.close()


def sheets_of(source, path):
    (file,) = ow.export(source, path, overwrite=True)
    return openpyxl.load_workbook(file).sheetnames


@pytest.fixture
def batch(clock):
    client = ow.Sandbox(speed=1, plan="ultra", clock=clock.time).client()
    batch = ow.start_many(BRIEFS, client=client, show=False).wait("cells", timeout=60)
    assert batch.by_name["Asked"].status == "needs_input"
    return batch


@pytest.mark.parametrize("answered", [by_another_handle, on_an_open_card_of_a_board, in_another_kernel])
def test_what_one_place_counts_no_other_one_lacks(batch, tmp_path, answered):
    run = batch.by_name["Asked"]
    with pytest.warns(RuntimeWarning, match=r"it asks.*Answer with run\.answer\(") as caught:
        assert len(ow.leads_frame(run)) == 0
    assert caught[0].filename == __file__
    answered(run)
    run.wait("cells", timeout=60)
    assert (run.status, run.questions, len(run.turns)) == ("completed", (), 2)
    assert_same_everywhere(batch, "Asked", tmp_path)


def test_what_was_filled_is_counted_wherever_one_looks(clock, tmp_path):
    client = ow.Sandbox(speed=1, plan="ultra", clock=clock.time).client()
    briefs = {"Stopped": "Find dentists in Faro. scenario:filling", "Told": BRIEFS["Told"]}
    batch = ow.start_many(briefs, client=client, show=False)
    see(lambda: len(batch.runs) == len(briefs))
    run = batch.by_name["Stopped"]
    # Its cells take two minutes more.
    clock.skips = lambda: not run.done
    assert run.wait(timeout=60).stop_cells().cells > 0
    clock.skips = lambda: True
    batch.wait("cells", timeout=60)
    see(lambda: run.state.stopping == "none")
    lacking = background().run(plan_fill(run.conversation, None, asks=True)).offer.cells
    background().run(count_gaps(run.conversation))
    click(run, "fill")
    batch.wait("cells", timeout=60)
    see(lambda: run.state.filled is not None)
    assert (run.status, run.error, len(run.turns)) == ("completed", None, 2)
    assert run.state.filled.asked == lacking >= run.state.filled.found > 0
    figures = view_now(run.conversation)["result"]["figures"]
    assert figures[0]["label"] == "leads", "tables that it made are no list of one's own"
    assert_same_everywhere(batch, "Stopped", tmp_path)


def assert_same_everywhere(batch, name, tmp_path):
    """What the run of this name has is in every card, frame, export and sum, and that of the other run, too."""
    run, other = batch.by_name[name], batch.by_name["Told"]
    made = {table.id for table in run.tables}
    assert made
    both = made | {table.id for table in other.tables}
    assert batch.wait("cells", timeout=60).status == "ended"
    assert [each.id for each in batch] == [run.id, other.id]
    # Card, board and grid.
    assert tables_of_card(run) == made
    leads_of = [sum(table.lead_count for table in each.tables) for each in (run, other)]
    assert leads_in_grid(run) == leads_of[0]
    assert leads_in_grid(batch) == sum(leads_of)
    board = ow.RunBoard(batch)
    assert [row["token"] for row in board.view["rows"]] == [run.token, other.token]
    leads = [each.state.lead_count for each in (run, other)]
    assert [row["leads"] for row in board.view["rows"]] == [f"{each:,}" for each in leads]
    assert (board.lead_count, board.credits_used) == (sum(leads), batch.credits.used)
    board.close()
    # Frames and files.
    assert set(ow.tables_frame(batch)["table_id"]) == both
    assert ow.runs_frame(batch)["lead_count"].to_list() == leads
    assert ow.runs_frame(batch)["credits_used"].sum() == batch.credits.used
    assert set(ow.leads_frame(batch)["table_id"]) == both
    assert sheets_of(batch, tmp_path / "all.xlsx") > sheets_of(other, tmp_path / "other.xlsx")
    assert (
        batch.credits.used
        == sum(each.credits.used for each in batch)
        == sum(table.credits.lifetime_used for each in batch for table in each.tables)
    )


def on_its_board(run, batch, server):
    board = ow.RunBoard(batch)
    content = {"kind": "command", "id": f"click {next(_ids)}", "name": "cancel", "run_id": run.token}
    board.comm.handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})
    see(lambda: run.state.cancel == "requested" or run.done)
    board.close()


def from_a_terminal(run, batch, server):
    command = [sys.executable, "-c", "from origami_widgets.cli.main import main; raise SystemExit(main())", "cancel"]
    environment = {**os.environ, "ORIGAMI_API_KEY": server.key, "ORIGAMI_BASE_URL": server.base_url}
    subprocess.run([*command, run.agent_id], check=True, env=environment, capture_output=True, timeout=60)


@pytest.mark.parametrize("cancel", [on_its_board, from_a_terminal])
def test_a_cancel_is_known_wherever_one_looks(cancel):
    front = Front(speed=20, plan="ultra")
    with RawServer(front) as server, ow.Client(front.sandbox.api_key, base_url=server.base_url, timeout=5) as client:
        batch = ow.start_many({"Asked": BRIEFS["Asked"]}, client=client, show=False)
        server.key = front.sandbox.api_key
        see(lambda: batch.runs)
        run = batch.by_name["Asked"]
        run.wait(timeout=60)
        run.answer(*ANSWERS)
        cancel(run, batch, server)
        assert batch.wait("cells", timeout=60).status == "ended"
        assert [turn.status for turn in run.turns] == ["needs_input", "cancelled"]
        assert (run.status, view_now(run.conversation)["head"]["status"]) == ("cancelled", "cancelled")
        assert ow.runs_frame(batch)["status"].to_list() == ["cancelled"]


def test_a_wait_goes_on_with_an_answer_that_is_being_sent():
    client = ow.Sandbox(speed=60).client()
    run = ow.start(BRIEFS["Asked"], client=client, show=False).wait(timeout=60)
    answering = threading.Thread(target=lambda: click(run, "answer", answers=ANSWERS))
    answering.start()
    see(lambda: run.state.sending or len(run.turns) == 2)
    assert (run.status, run.done, run.questions) == ("running", False, ())
    assert run.wait(timeout=60).status == "completed"
    answering.join()


def test_a_run_that_was_answered_in_another_kernel_is_the_same_run_here():
    sandbox = ow.Sandbox(speed=600)
    client = sandbox.client()
    run = ow.start(BRIEFS["Asked"], client=client, show=False).wait(timeout=60)
    first = run.id
    theirs = sandbox.client().create_run(run.agent_id, "Which region? Iberia")
    assert ow.attach(run.agent_id, client=client, show=False) == run
    assert run.wait("cells", timeout=60).id == theirs.id
    assert {table.id for table in run.tables} == set(ow.leads_frame(run)["table_id"]) == tables_of_card(run)
    assert [turn.id for turn in run.turns] == [first, theirs.id]


def test_two_sandboxes_with_one_seed_are_two_accounts():
    clients = [ow.Sandbox(speed=600).client() for _ in range(2)]
    runs = [ow.start("Find bakeries in Porto", client=client, show=False) for client in clients]
    assert runs[0].token == runs[1].token
    assert runs[0] != runs[1]
    runs[0].wait("cells", timeout=60).follow_up("Add opening hours")
    assert [len(run.turns) for run in runs] == [2, 1]


def test_handles_are_equal_and_lists_count_each_run_once():
    client = ow.Sandbox(speed=600).client()
    run = ow.start("Find bakeries in Porto", client=client, show=False).wait("cells", timeout=60)
    again = ow.attach(run.token, client=client, show=False)
    assert {run, again} == {run}
    assert len(ow.runs_frame([run, again])) == len(ow.RunBoard([run, again]).runs) == 1
    assert len(ow.leads_frame([run, again])) == len(ow.leads_frame(run))
    saved = [ow.Run.from_payload(run.raw) for _ in range(2)]
    assert saved[0] != saved[1]
    assert saved[0] != run
    del again
    gc.collect()


def forget_sent_turns():
    """As in another process."""
    conversation.own_turns.clear()


@pytest.fixture
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("ORIGAMI_WIDGETS_DATA", str(tmp_path))
    return tmp_path / "once"


@pytest.fixture
def served():
    """A sandbox behind HTTP, whose names are files, and clients of it."""
    front = Front(speed=600, plan="ultra")
    with RawServer(front) as server:
        yield lambda: ow.Client(front.sandbox.api_key, base_url=server.base_url)
    gc.collect()


def test_equal_answers_to_two_runs_of_a_batch_are_two_answers(served, folder):
    briefs = {"Porto": "Find bakeries. scenario:needs_input", "Faro": "Find dentists. scenario:needs_input"}
    batch = ow.start_many(briefs, once="towns", client=served(), show=False).wait(timeout=60)
    for run in batch:
        run.answer(*ANSWERS).wait("cells", timeout=60)
    assert [(len(run.turns), run.status) for run in batch] == [(2, "completed")] * 2
    assert len({table.id for run in batch for table in run.tables}) == sum(len(run.tables) for run in batch)


@pytest.mark.parametrize("name", ["porto", "東京"])
def test_after_a_restart_what_a_record_sent_is_ours_however_the_name_is_written(served, folder, name):
    run = ow.start(BRIEFS["Asked"], once=name, client=served(), show=False).wait(timeout=60)
    run.answer(*ANSWERS).wait(timeout=60)
    (folder / "beside.json").write_text("{")
    (folder / "a folder.json").mkdir()
    del run
    gc.collect()
    forget_sent_turns()
    again = ow.start(BRIEFS["Asked"], once=name, client=served(), show=False)
    assert [turn.is_ours for turn in again.turns] == [True, True]


def test_a_limit_of_a_run_that_is_found_holds_for_all_its_turns(served, folder):
    run = ow.start(BRIEFS["Asked"], once="porto", client=served(), show=False).wait(timeout=60)
    run.answer(*ANSWERS).wait("cells", timeout=60)
    del run
    gc.collect()
    run = ow.start(BRIEFS["Asked"], once="porto", credit_limit=5, client=served(), show=False)
    with pytest.raises(ow.OrigamiError, match="Nothing was sent"):
        run.follow_up("Find more")
    assert len(run.turns) == 2


def test_a_wait_for_cells_includes_those_of_older_turns(clock):
    client = ow.Sandbox(speed=1, clock=clock.time).client()
    run = ow.start("Find bakeries. scenario:filling", client=client, show=False)
    clock.skips = lambda: not run.done
    run.wait(timeout=60)
    assert run.state.cells_running
    clock.skips = lambda: True
    run.follow_up("scenario:answer What is the weather?").wait("cells", timeout=60)
    assert run.settled
    assert run.state.cells_running == 0


def test_an_id_that_leads_nowhere_takes_nothing_over():
    client = ow.Sandbox(speed=60).client()
    run = ow.start("Find bakeries", client=client, show=False)
    board = ow.RunBoard([f"{run.agent_id}/v2_run-01k0wrong0000", run], client=client)
    assert run.id == run.turns[-1].id != "v2_run-01k0wrong0000"
    assert run.cancel().wait(timeout=60).status == "cancelled"
    board.close()


def test_a_stop_after_a_restart_includes_the_turns_of_the_agent_that_is_named(clock):
    client = ow.Sandbox(speed=1, clock=clock.time).client()
    run = ow.start("Find bakeries. scenario:filling", client=client, show=False)
    clock.skips = lambda run=run: not run.done
    run.wait(timeout=60)
    run.follow_up("scenario:answer What is the weather?").wait(timeout=60)
    clock.skips = lambda: False
    agent_id = run.agent_id
    del run
    gc.collect()
    forget_sent_turns()
    again = ow.attach(agent_id, client=client, show=False)
    assert again.state.cells_running
    assert again.stop_cells().left_running == ()
    clock.skips = lambda: True
    assert again.wait("cells", timeout=60).state.cells_running == 0


def test_more_turns_than_are_read_whole_are_there_once(clock):
    client = ow.Sandbox(speed=1, clock=clock.time).client()
    run = ow.start("Say hello. scenario:answer", client=client, show=False).wait(timeout=60)
    for _ in range(22):
        run.follow_up("And again. scenario:answer").wait(timeout=60)
    assert ow.attach(run.agent_id, client=client, show=False) == run
    assert len(run.turns) == len({turn.id for turn in run.turns}) == 23
    agent_id = run.agent_id
    del run
    gc.collect()
    again = ow.attach(agent_id.upper(), client=client, show=False)
    assert len(again.turns) == len({turn.id for turn in again.turns}) == 23


def test_older_turns_of_an_active_one_are_read_a_little_later():
    client = ow.Sandbox(speed=60).client()
    run = ow.start("Say hello. scenario:answer", client=client, show=False).wait(timeout=60)
    token = run.follow_up("Find bakeries. scenario:slow").token
    del run
    gc.collect()
    forget_sent_turns()
    again = ow.attach(token, client=client, show=False)
    see(lambda: [turn.is_ours for turn in again.turns] == [False, True])
    again.cancel()
