"""A conversation that was answered or continued elsewhere isn't continued again unseen: nothing is sent, and it costs nothing."""

from __future__ import annotations

import asyncio
import itertools

import pytest

import origami_widgets as ow
from origami_widgets.api.background.loop import background
from origami_widgets.api.errors import AgentBusy, OrigamiError, ServerError
from origami_widgets.card.view import view_now
from origami_widgets.card.widgets.board_source import RunsSource, reopen_line_for
from origami_widgets.card.widgets.click_commands import BoardCommandHandler, CardCommandHandler, ClickCommand
from tests.support.quick import SkippingClock, use_clock
from tests.support.server import answer, reset
from tests.support.spending_server import SpendingServer

CONTINUE = "POST /agents/{id}/runs"
FULL = {"error": "full", "code": "CONCURRENT_LIMIT_EXCEEDED", "limit": 1}
FEW_CELLS = {"cells": 5, "agent_seconds": 10.0, "per_minute": None, "per_minute_of_ip": None}
_click_ids = itertools.count()


@pytest.fixture
def server(monkeypatch):
    clock = use_clock(monkeypatch, SkippingClock())
    with SpendingServer(clock=clock.time, **FEW_CELLS) as server:
        yield server


def client_of(server, timeout=5.0):
    return ow.Client(server.key, base_url=server.base_url, timeout=timeout)


def elsewhere(server, run, prompt="From Iberia"):
    """Another kernel continues the run, and its turn ends. To this process, it has another address."""
    other = ow.Client(server.key, base_url=server.base_url.replace("127.0.0.1", "localhost"))
    theirs = other.create_run(run.agent_id, prompt)
    ow.attach(run.agent_id, theirs.id, client=other, show=False).wait("cells")
    return theirs.id


def click(handler, name, run_id, **given):
    command = ClickCommand(f"c{next(_click_ids)}", name, run_id, **given)
    ack = background().run(handler.carry_out(command))
    if not ack["ok"]:
        raise OrigamiError(ack["title"], remedy=ack["remedy"])


def clicked(run, name, **given):
    click(CardCommandHandler(run.conversation), name, run.id, **given)


def clicked_on_board(run, **given):
    handler = BoardCommandHandler(RunsSource((run,), reopen_line_for([run])), lambda _row: None, lambda _shown: None)
    click(handler, "follow_up", run.token, **given)


BRIEFS = {"answer": "Find bakers, asking first", "follow_up": "Find bakers"}
WAYS = {
    "answer": ("answer", lambda run: run.answer("Iberia")),
    "answer_async": ("answer", lambda run: asyncio.run(run.answer_async("Iberia"))),
    "follow_up": ("follow_up", lambda run: run.follow_up("Add phones")),
    "follow_up_async": ("follow_up", lambda run: asyncio.run(run.follow_up_async("Add phones"))),
    "Answer on the card": ("answer", lambda run: clicked(run, "answer", answers=("Iberia",))),
    "Continue on the card": ("follow_up", lambda run: clicked(run, "follow_up", prompt="Add phones")),
    "Continue on the board": ("follow_up", lambda run: clicked_on_board(run, prompt="Add phones")),
}
IN_CODE = [way for way in WAYS if " on the " not in way]


@pytest.mark.parametrize("once", [None, "porto"])
@pytest.mark.parametrize("way", WAYS)
def test_what_was_continued_elsewhere_is_not_paid_again(server, way, once):
    kind, go_on = WAYS[way]
    run = ow.start(BRIEFS[kind], once=once, client=client_of(server), show=False).wait("cells")
    first, theirs = run.id, elsewhere(server, run)
    asked = server.routes
    with pytest.raises(OrigamiError, match="continued elsewhere") as caught:
        go_on(run)
    assert [each.id for each in server.runs] == [first, theirs]
    assert [(each.id, each.is_ours) for each in run.turns] == [(first, True), (theirs, False)]
    assert server.count(CONTINUE) == 1
    assert server.count("GET /agents/{id}") == asked["GET /agents/{id}"] + 1
    assert f'ow.attach("{run.agent_id}/{theirs}")' in caught.value.remedy
    if way in IN_CODE:
        assert isinstance(caught.value, ow.errors.ContinuedElsewhere)
        assert theirs in caught.value.cause
        assert not caught.value.may_have_started


@pytest.mark.parametrize("way", IN_CODE)
def test_a_second_try_in_code_is_not_paid_either(server, way, files):
    kind, go_on = WAYS[way]
    run = ow.start(BRIEFS[kind], once="porto", client=client_of(server), show=False).wait("cells")
    first, theirs = run.id, elsewhere(server, run)
    for error in (ow.errors.ContinuedElsewhere, ow.OrigamiError):
        with pytest.raises(error):
            go_on(run)
    assert [each.id for each in server.runs] == [first, theirs]
    assert len(files.paths) == 1, "the name of the continuation is free again"


def test_who_has_named_it_can_go_on(server):
    run = ow.start(BRIEFS["follow_up"], client=client_of(server), show=False).wait("cells")
    theirs = elsewhere(server, run)
    with pytest.raises(ow.errors.ContinuedElsewhere) as caught:
        run.follow_up("Add phones")
    assert ow.attach(caught.value.token, client=client_of(server), show=False) == run
    assert run.id == theirs
    assert run.follow_up("Add phones").id == server.runs[-1].id
    assert len(server.runs) == 3


@pytest.mark.parametrize("way", [way for way in WAYS if " on the " in way])
def test_the_card_says_so_and_follows_the_newer_run(server, way):
    kind, go_on = WAYS[way]
    run = ow.start(BRIEFS[kind], client=client_of(server), show=False).wait("cells")
    theirs = elsewhere(server, run)
    with pytest.raises(OrigamiError):
        go_on(run)
    assert run.id == theirs
    (notice,) = [each for each in view_now(run.conversation)["notices"] if each["key"] == "command_error"]
    assert "continued elsewhere" in notice["title"]
    assert theirs in notice["text"]
    clicked(run, "follow_up", prompt="Add phones")
    assert len(server.runs) == 3, "who has seen it can go on"


def test_a_run_that_is_still_active_elsewhere_is_named_before_anything_is_sent(server):
    run = ow.start(BRIEFS["follow_up"], client=client_of(server), show=False).wait("cells")
    theirs = server.colleague_starts("Something else", agent=run.agent_id)
    with pytest.raises(ow.errors.ContinuedElsewhere, match=theirs.id):
        run.follow_up("Add phones")
    assert server.count(CONTINUE) == 0


@pytest.mark.parametrize("once", [None, "porto"])
def test_an_agent_that_cannot_be_read_is_not_continued(server, once, files, monkeypatch):
    monkeypatch.setattr("origami_widgets.api.base_operations.FIRST_WAIT", 0.002)
    run = ow.start(BRIEFS["follow_up"], once=once, client=client_of(server), show=False).wait("cells")
    named = files.paths
    server.fail("GET /agents/{id}", *[500] * 4)
    with pytest.raises(ServerError) as caught:
        run.follow_up("Add phones")
    assert not caught.value.may_have_started
    assert server.count(CONTINUE) == 0
    assert files.paths == named
    assert run.follow_up("Add phones").id == server.runs[-1].id
    assert len(server.runs) == 2


def test_an_agent_without_a_newest_run_is_asked_for_its_list(server):
    run = ow.start(BRIEFS["follow_up"], client=client_of(server), show=False).wait("cells")
    for made in (True, False):
        if not made:
            elsewhere(server, run)
        silent = {"object": "agent", "id": run.agent_id, "name": "Bakers", "lastRun": None}
        server.fail("GET /agents/{id}", answer(silent))
        if made:
            run.follow_up("Add phones").wait("cells")
        else:
            with pytest.raises(ow.errors.ContinuedElsewhere):
                run.follow_up("Add prices")
    assert server.count(CONTINUE) == 2


def test_after_waiting_for_a_run_slot_it_is_looked_at_again(server):
    run = ow.start(BRIEFS["follow_up"], client=client_of(server), show=False).wait("cells")

    async def full(*request):
        server.colleague_starts("Something else", agent=run.agent_id)
        await answer(FULL, 429, {"Retry-After": "60"})(*request)

    server.fail(CONTINUE, full)
    with pytest.raises(ow.errors.ContinuedElsewhere):
        run.follow_up("Add phones")
    assert server.count(CONTINUE) == 1
    assert len(server.runs) == 2


def test_a_run_that_begins_between_the_look_and_the_request_is_a_refusal(server):
    run = ow.start(BRIEFS["follow_up"], client=client_of(server), show=False).wait("cells")
    newest = answer(
        {"object": "agent", "id": run.agent_id, "name": "", "lastRun": {"id": run.id, "agentId": run.agent_id}}
    )
    server.fail("GET /agents/{id}", newest)
    theirs = server.colleague_starts("Something else", agent=run.agent_id)
    with pytest.raises(AgentBusy, match=theirs.id):
        run.follow_up("Add phones")
    assert len(server.runs) == 2


def test_after_a_lost_attempt_it_may_be_both(server, files):
    """The name stands for the lost request then, which a rerun looks for."""
    run = ow.start(BRIEFS["follow_up"], once="porto", client=client_of(server), show=False).wait("cells")

    async def lost(*request):
        server.colleague_starts("Something else", agent=run.agent_id)
        await reset()(*request)

    server.fail(CONTINUE, lost)
    with pytest.raises(ow.errors.ContinuedElsewhere) as caught:
        run.follow_up("Add phones")
    assert caught.value.may_have_started
    assert server.count(CONTINUE) == 1
    assert len(files.paths) == 2


def test_what_this_kernel_has_sent_is_not_elsewhere(server):
    run = ow.start(BRIEFS["follow_up"], client=client_of(server), show=False).wait("cells")
    run.follow_up("Add phones").wait("cells").follow_up("Add prices").wait("cells")
    assert [each.id for each in server.runs] == [each.id for each in run.turns]
    assert len(server.runs) == 3


def test_a_refused_follow_up_leaves_the_credit_limit_as_it_was(server):
    client = client_of(server)
    run = ow.start(BRIEFS["follow_up"], credit_limit=50_000, client=client, show=False).wait("cells")
    elsewhere(server, run)
    with pytest.raises(ow.errors.ContinuedElsewhere):
        run.follow_up("Add phones", credit_limit=90_000)
    assert run.conversation.credit_limit.limit == 50_000
