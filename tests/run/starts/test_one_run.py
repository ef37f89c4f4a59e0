"""One intent is one run, whatever happens to the request that starts it: counted at the server, over real sockets."""

from __future__ import annotations

import asyncio
import gc
import logging
import pickle
import socket
import time
import weakref
from contextlib import ExitStack

import pytest

import origami_widgets as ow
from origami_widgets.api import errors
from origami_widgets.api.background.loop import background
from origami_widgets.api.usage import Traffic
from origami_widgets.card.widgets.click_commands import CardCommandHandler, ClickCommand
from tests.support.front import BROKE, EMPTY_LIST, FULL, ended, forgotten, kept_off, lost, passes, still_names
from tests.support.quick import see
from tests.support.server import answer, head, raw, reset, silence

pytestmark = pytest.mark.usefixtures("clock")
TIMEOUT = 1.0
BRIEF = "List bakeries in Porto with a web shop"
MORE = "Add their opening hours"
QUEUEING = ("start", "follow_up", "answer", "card")
INTENTS = (*QUEUEING, "start_many")
CLIENTS = ("create_agent", "create_run", "async create_agent", "async create_run")
"""What sends one request and leaves the rest to its caller."""


@pytest.fixture(params=INTENTS)
def intend(request, client, front):
    """Ask for one run, in several ways; the runs before it are not counted."""
    kind = request.param
    patient = ow.AsyncClient(front.sandbox.api_key, base_url=client.operations.destination[0], timeout=1.0)
    from_nothing = {
        "start": lambda: ow.start(BRIEF, client=client, show=False),
        "start_many": lambda: first_of(ow.start_many([BRIEF], client=client, show=False)),
        "create_agent": lambda: client.create_agent(BRIEF).run,
        "async create_agent": lambda: asyncio.run(patient.create_agent(BRIEF)).run,
    }
    if kind in from_nothing:
        act = from_nothing[kind]
    else:
        words = "scenario:needs_input" if kind == "answer" else "scenario:answer"
        run = ended(ow.start(f"{BRIEF}. {words}", client=client, show=False))
        act = {
            "follow_up": lambda: run.follow_up(MORE),
            "answer": lambda: run.answer("Iberia", "yes"),
            "card": lambda: click(run),
            "create_run": lambda: client.create_run(run.agent_id, MORE),
            "async create_run": lambda: asyncio.run(patient.create_run(run.agent_id, MORE)),
        }[kind]
    before = set(front.runs())
    front.starts.clear()
    front.asks.clear()
    act.kind, act.behind = kind, [] if kind in from_nothing else [still_names(run)]
    act.made = lambda: [run_id for run_id in front.runs() if run_id not in before]
    return act


class Refused(Exception):
    """The error that the card shows instead of a run."""


def click(run):
    desk = CardCommandHandler(run.conversation)
    ack = background().run(desk.carry_out(ClickCommand("c1", "follow_up", run.id, MORE, ())))
    if not ack["ok"]:
        raise Refused(ack["title"])
    return ow.Run(run.conversation.current)


def first_of(batch):
    see(lambda: batch.runs or batch.error is not None)
    if batch.error is not None:
        raise batch.error
    return batch.runs[0]


def pauses(clock):
    """The pauses before looks for a lost run; what an ended run's poller sleeps is longer, and not as even."""
    near = [
        round(seconds, 1) for seconds in clock.slept if seconds is not None and abs(seconds - round(seconds, 1)) < 0.02
    ]
    return [seconds for seconds in near if seconds in (0.5, 2.0, 6.0, 8.0)]


def one_run(front, intend):
    run = intend()
    assert intend.made() == [run.id]
    assert len({request.headers["idempotency-key"] for request in front.starts}) == 1
    assert len({request.body for request in front.starts}) == 1


WITHOUT_ANSWER = {
    "reset": reset(),
    "reset in the answer": reset(head(202, 500) + b'{"agent"'),
    "cut short": raw(head(202, 500) + b'{"agent"', close=True),
    "closed": raw(b"", close=True),
    "timeout": silence(),
    "408": answer({}, 408),
    "425": answer({}, 425),
    "no object": answer([]),
    "no JSON": answer('{"agent": ', 202),
    "sign-in page": answer("<html>Welcome", content_type="text/html"),
}
SLOW_DOWN = answer({"error": "slow down", "code": "RATE_LIMITED"}, 429)


@pytest.mark.sweep
@pytest.mark.parametrize("fault", WITHOUT_ANSWER.values(), ids=WITHOUT_ANSWER)
@pytest.mark.parametrize("way", [lost, forgotten], ids=["key recorded", "key not recorded"])
def test_a_run_whose_answer_is_lost_is_found_and_nothing_is_sent_again(front, intend, way, fault):
    """Also where a proxy has replaced a 5xx, so that the server does not know the key and would start a second run."""
    front.faults = [way(fault)]
    one_run(front, intend)
    assert len(front.starts) == 1


@pytest.mark.sweep
@pytest.mark.parametrize("fault", WITHOUT_ANSWER.values(), ids=WITHOUT_ANSWER)
def test_a_lost_request_is_looked_for_and_sent_again_with_its_key(front, intend, fault):
    front.faults = [kept_off(fault)]
    one_run(front, intend)
    assert len(front.starts) == 2
    assert "GET" in front.asks[1 : front.asks.index("POST", 1)]


def test_between_any_two_attempts_that_are_lost_it_is_looked_for(front, intend):
    front.faults = [kept_off(reset())] * 3
    one_run(front, intend)
    assert len(front.starts) == 4
    assert "POST,POST" not in ",".join(front.asks)


def test_a_start_that_is_lost_again_and_again_is_left_to_the_person(front, client):
    front.faults = [kept_off(reset())] * 9
    with pytest.raises(ow.errors.AmbiguousStart):
        ow.start(BRIEF, client=client, show=False)
    assert len(front.starts) == 4
    assert "POST,POST" not in ",".join(front.asks)


def test_a_lost_answer_costs_three_looks_within_nine_seconds(front, client, clock):
    """The key that is sent again after these looks is the second line of defence."""
    front.faults = [kept_off(reset())]
    ow.start(BRIEF, client=client, show=False)
    assert front.asks == ["POST", "GET", "GET", "GET", "POST"]
    assert pauses(clock) == [0.5, 2.0, 6.0]


@pytest.mark.sweep
@pytest.mark.parametrize("name", ["reset", "408", "no object", "sign-in page"])
def test_a_run_whose_answer_is_lost_and_that_is_late_in_the_list_is_found(front, intend, name):
    front.faults = [forgotten(WITHOUT_ANSWER[name])]
    front.reads = [kept_off(EMPTY_LIST)]
    one_run(front, intend)
    assert len(front.starts) == 1


@pytest.mark.sweep
@pytest.mark.parametrize("way", [lost, kept_off])
@pytest.mark.parametrize("intend", [*INTENTS, *CLIENTS], indirect=True)
def test_a_request_of_too_many_is_sent_again_with_the_same_key(front, intend, way):
    front.faults = [way(SLOW_DOWN)]
    one_run(front, intend)
    assert len(front.starts) == 2


def test_a_first_request_in_flight_is_waited_for(front, intend):
    in_flight = answer({"error": "in flight", "code": "IDEMPOTENCY_ERROR"}, 409)
    front.faults = [lost(reset()), kept_off(in_flight), kept_off(in_flight)]
    front.reads = [kept_off(EMPTY_LIST)] * 3
    front.agent_reads = intend.behind * 2
    one_run(front, intend)
    assert len(front.starts) == 4


@pytest.mark.sweep
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_5xx_that_has_started_the_run_sends_nothing_again(front, intend, clock, status):
    front.faults = [forgotten(answer({"error": "no"}, status))]
    one_run(front, intend)
    assert len(front.starts) == 1
    # Beside it, the poller of an earlier turn sleeps now and then, also for one of these times.
    assert 2.0 in pauses(clock)


def test_a_run_that_is_late_in_the_list_is_found_at_the_second_look(front, intend, clock):
    front.faults = [forgotten(answer({}, 500))]
    front.reads = [kept_off(EMPTY_LIST)]
    one_run(front, intend)
    assert len(front.starts) == 1
    assert pauses(clock)[:2] == [2.0, 8.0]


@pytest.mark.parametrize("intend", ["start"], indirect=True)
@pytest.mark.parametrize("body", [{"status": "ok"}, {"id": "v2_run-other", "status": "running"}, "<html>Welcome"])
def test_a_found_run_that_cannot_be_read_counts_as_no_other(front, intend, body):
    front.faults = [forgotten(answer({}, 500))]
    front.polls = [answer(body)]
    one_run(front, intend)
    assert len(front.starts) == 1


@pytest.mark.parametrize("intend", ["start"], indirect=True)
def test_a_run_that_can_never_be_read_is_left_to_the_person(front, intend):
    front.faults = [forgotten(answer({}, 500))]
    front.polls = [answer({"status": "ok"})] * 2
    with pytest.raises(ow.errors.AmbiguousStart, match="couldn't look for") as caught:
        intend()
    assert len(front.starts) == 1
    found = caught.value.reconcile()
    assert [found.id] == intend.made()


def test_a_5xx_that_has_started_nothing_sends_again_after_two_looks(front, intend, clock):
    front.faults = [kept_off(answer({}, 500))]
    one_run(front, intend)
    assert len(front.starts) == 2
    assert pauses(clock)[:2] == [2.0, 8.0]


def test_the_second_fault_of_the_server_is_looked_after_too(front, intend):
    front.faults = [kept_off(answer({}, 500)), forgotten(answer({}, 502))]
    one_run(front, intend)


def test_a_run_found_nowhere_may_exist_and_can_be_looked_for_again(front, intend):
    front.faults = [kept_off(answer({}, 500)), forgotten(answer({}, 500))]
    front.reads = [kept_off(EMPTY_LIST)] * 4
    with pytest.raises((ow.errors.AmbiguousStart, Refused)) as caught:
        intend()
    assert len(front.starts) == 2
    (made,) = intend.made()
    error = caught.value
    assert "A run may have started" in str(error)
    if intend.kind != "card":
        assert error.idempotency_key == front.starts[0].headers["idempotency-key"]
        assert "reconcile()" in str(error)
        found = error.reconcile()
        assert found.id == made
        assert pickle.loads(pickle.dumps(error)).idempotency_key == error.idempotency_key  # noqa: S301 - our own
    assert intend.made() == [made]


def test_where_the_lists_cannot_be_read_nothing_is_sent_again(front, intend):
    front.faults = [forgotten(answer({}, 500))]
    front.reads = [kept_off(answer({}, 503))] * 8
    with pytest.raises((ow.errors.AmbiguousStart, Refused)) as caught:
        intend()
    assert len(front.starts) == 1
    (made,) = intend.made()
    if intend.kind != "card":
        front.reads = [kept_off(answer({}, 503))] * 4
        with pytest.raises(ow.errors.AmbiguousStart, match="couldn't look for") as again:
            caught.value.reconcile()
        found = again.value.reconcile()
        assert found.id == made


def test_a_reconciliation_that_finds_nothing_says_so(front, client):
    front.faults = [kept_off(answer({}, 500))] * 2
    with pytest.raises(ow.errors.AmbiguousStart) as caught:
        ow.start(BRIEF, client=client, show=False)
    assert caught.value.reconcile() is None
    assert front.runs() == []


@pytest.mark.parametrize("named", ["Porto", None])
def test_a_run_of_another_start_is_never_taken_for_ours(front, client, named):
    other = front.sandbox.client()
    front.asked = lambda: front.starts[1:] or other.create_agent(BRIEF if named else MORE, name="Theirs")
    front.faults = [kept_off(answer({}, 500))]
    run = ow.start(BRIEF, name=named, client=client, show=False)
    assert len(front.starts) == 2
    assert len(front.runs()) == 2
    assert run.prompt == BRIEF


@pytest.mark.sweep
@pytest.mark.parametrize("raised", [OverflowError, UnicodeError, RecursionError])
@pytest.mark.parametrize("intend", [*QUEUEING, *CLIENTS], indirect=True)
def test_an_exception_after_the_request_finds_the_run(front, intend, monkeypatch, raised):
    """One that no error of ours stands for: what is left to do is on it all the same. No answer of a server brings one about."""
    kept = Traffic.note_response

    def fail(traffic, answer):
        if answer.status_code == 202:
            monkeypatch.setattr(Traffic, "note_response", kept)
            raise raised("a date that no calendar holds")
        kept(traffic, answer)

    monkeypatch.setattr(Traffic, "note_response", fail)
    with pytest.raises((raised, Refused)) as caught:
        intend()
    (made,) = intend.made()
    assert len(front.starts) == 1
    if intend.kind != "card":
        error = caught.value
        assert error.may_have_started
        assert error.idempotency_key == front.starts[0].headers["idempotency-key"]
    if intend.kind in ("start", "follow_up", "answer"):
        assert error.reconcile().id == made
    assert intend.made() == [made]


def test_two_intents_with_one_brief_get_a_run_each(front, client):
    first = ow.start(BRIEF, client=client, show=False)
    front.faults = [forgotten(answer({}, 500))]
    second = ow.start(BRIEF, client=client, show=False)
    assert sorted(front.runs()) == sorted([first.id, second.id])


@pytest.mark.parametrize("front", [{"speed": 40}], ids=[""], indirect=True)
@pytest.mark.parametrize("intend", ["follow_up", "answer", "card"], indirect=True)
def test_an_agent_that_is_busy_with_our_own_lost_attempt_is_adopted(front, intend):
    front.faults = [forgotten(reset())]
    front.reads = [kept_off(EMPTY_LIST)] * 3
    front.agent_reads = intend.behind * 2
    one_run(front, intend)
    assert len(front.starts) == 2


@pytest.mark.parametrize("intend", ["follow_up", "answer", "card"], indirect=True)
def test_a_lost_run_that_only_its_agent_names_is_adopted(front, intend):
    front.faults = [forgotten(reset())]
    front.reads = [kept_off(EMPTY_LIST)] * 3
    one_run(front, intend)
    assert len(front.starts) == 1


@pytest.mark.parametrize("lost", [[], [kept_off(reset())]], ids=["at once", "after a lost attempt"])
def test_an_agent_busy_with_another_run_is_an_error_that_shows_it(front, client, lost):
    """One that began after its newest run was read."""
    run = ended(ow.start(f"{BRIEF}. scenario:answer", client=client, show=False))
    theirs = []

    async def too_late(*arguments):
        theirs.append(front.sandbox.client().create_run(run.agent_id, "Something else. scenario:slow"))
        await passes(*arguments)

    front.faults = [*lost, too_late]
    with pytest.raises(errors.AgentBusy) as caught:
        run.follow_up(MORE)
    assert caught.value.may_have_started == bool(lost), "a list may be late"
    assert f'ow.attach("{run.agent_id}/{theirs[0].id}")' in caught.value.remedy
    assert len(front.runs()) == 2


REFUSALS = {
    "INSUFFICIENT_CREDITS": (402, errors.InsufficientCredits),
    "BUDGET_EXCEEDED": (402, errors.BudgetExceeded),
    "SUBSCRIPTION_REQUIRED": (402, errors.SubscriptionRequired),
    "ACCOUNT_BLOCKED": (402, errors.AccountBlocked),
    "FORBIDDEN": (403, errors.PermissionDenied),
    "VALIDATION_ERROR": (400, errors.InvalidInput),
    "TOO_LARGE": (413, errors.TooLarge),
}


@pytest.mark.sweep
@pytest.mark.parametrize("intend", [*INTENTS, *CLIENTS], indirect=True)
@pytest.mark.parametrize("code", REFUSALS)
def test_a_refusal_is_raised_without_another_attempt(front, intend, clock, code):
    status, kind = REFUSALS[code]
    handoff = {"kind": "billing", "url": "https://origami.chat/billing", "label": "Billing"}
    front.faults = [kept_off(answer({"error": "no", "code": code, "handoff": handoff}, status))]
    with pytest.raises((kind, Refused)) as caught:
        intend()
    assert len(front.starts) == 1
    assert intend.made() == []
    assert pauses(clock) == []
    if intend.kind != "card":
        assert caught.value.link == "https://origami.chat/billing"


@pytest.mark.parametrize("intend", QUEUEING, indirect=True)
def test_a_full_pool_is_waited_for_with_a_new_key_each_time(front, intend, clock):
    """The server repeats a refusal for as long as it is asked with the same key."""
    front.faults = [kept_off(answer(FULL, 429, headers={"Retry-After": "96"}))] * 2
    run = intend()
    assert intend.made() == [run.id]
    assert len({request.headers["idempotency-key"] for request in front.starts}) == len(front.starts) == 3
    assert len({request.body for request in front.starts}) == 1
    assert clock.slept.count(96) == 2


def test_a_pool_that_our_own_lost_attempt_has_filled_is_not_waited_for(front, intend, clock):
    front.faults = [kept_off(answer({}, 500)), forgotten(answer(FULL, 429, headers={"Retry-After": "96"}))]
    one_run(front, intend)
    assert 96 not in clock.slept


def test_a_request_that_never_arrived_is_sent_when_the_server_listens(clock):
    sandbox = ow.Sandbox(speed=240)
    with ExitStack() as stack, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]

        class Listen(logging.Handler):
            def emit(self, record):
                if record.getMessage().startswith("connect_tcp.failed") and taken.fileno() != -1:
                    taken.close()
                    stack.enter_context(sandbox.serve(port))

        log = logging.getLogger("httpcore.connection")
        handler, level = Listen(), log.level
        log.addHandler(handler)
        log.setLevel(logging.DEBUG)
        stack.callback(log.setLevel, level)
        stack.callback(log.removeHandler, handler)
        client = ow.Client(sandbox.api_key, base_url=f"http://127.0.0.1:{port}/api/v2")
        run = ow.start(BRIEF, client=client, show=False)
        assert [agent.last_run.id for agent in sandbox.client().list_agents().items] == [run.id]


def test_the_fault_layer_itself_would_start_two_runs(front, client):
    """What the tests above rest on: a key that the server forgot protects from nothing."""
    front.faults = [forgotten(reset()), passes]
    with pytest.raises(ow.errors.AmbiguousStart) as caught:
        client.create_agent(BRIEF)
    client.create_agent(BRIEF, idempotency_key=caught.value.idempotency_key)
    assert len(front.runs()) == 2


@pytest.mark.sweep
@pytest.mark.parametrize("intend", CLIENTS, indirect=True)
@pytest.mark.parametrize("fault", WITHOUT_ANSWER.values(), ids=WITHOUT_ANSWER)
@pytest.mark.parametrize("way", [lost, kept_off])
def test_a_client_whose_answer_is_lost_says_what_to_look_for(front, intend, way, fault):
    front.faults = [way(fault)]
    with pytest.raises(ow.errors.AmbiguousStart) as caught:
        intend()
    assert front.asks == ["POST"]
    assert len(intend.made()) == (way is lost)
    error = caught.value
    assert error.may_have_started
    assert error.idempotency_key == front.starts[0].headers["idempotency-key"]
    assert repr(error.idempotency_key) in error.remedy
    assert ("client.list_runs(" if "run" in intend.kind else "client.list_agents()") in error.remedy
    with pytest.raises(ow.OrigamiError, match="list_agents"):
        error.reconcile()


ERRORS = {
    "a refusal": ([kept_off(answer(*BROKE))], []),
    "an unclear end": ([kept_off(answer({}, 500))] * 2, []),
    "one that could not be looked for": ([forgotten(answer({}, 500))], [kept_off(answer({}, 403))] * 2),
}


@pytest.mark.parametrize("met", ERRORS)
def test_an_error_without_references_keeps_nothing_alive(front, client, met):
    """Not even until the garbage collector comes by: a kernel that idles is not visited, and a run would be polled."""
    run = ended(ow.start(f"{BRIEF}. scenario:answer", client=client, show=False))
    kept = [weakref.ref(run.conversation)]
    front.faults, front.reads = map(list, ERRORS[met])
    gc.collect()
    gc.disable()
    try:
        try:
            run.follow_up(MORE)
        except ow.OrigamiError as error:
            kept.append(weakref.ref(error))
        del run
        ends = time.monotonic() + 10
        while any(each() is not None for each in kept):
            assert time.monotonic() < ends
            time.sleep(0.02)
    finally:
        gc.enable()
