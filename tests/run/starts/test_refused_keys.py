"""The server repeats its first answer to a key, refusals included: a start comes to its end all the same, and pays once."""

from __future__ import annotations

from functools import partial

import pytest

import origami_widgets as ow
from origami_widgets.api import errors
from origami_widgets.run.starts import attempts
from tests.support.front import BROKE, EMPTY_LIST, FAILED, FULL, forgotten, kept_off, lost, refused
from tests.support.server import answer, reset
from tests.support.starts import starter

pytestmark = pytest.mark.usefixtures("quick", "clock")
BRIEF = "List bakeries in Porto with a web shop"
FULL_POOL = f"{BRIEF}. scenario:pool_full"
SLOW_DOWN = ({"error": "Slow down", "code": "RATE_LIMITED"}, 429)
IN_FLIGHT = answer({"error": "The first request with this key is in flight", "code": "IDEMPOTENCY_ERROR"}, 409)


@pytest.fixture(params=["start", "follow_up", "start_many", "aio.start"])
def queue(request, client, front):
    """Ask for one run, and wait for a free slot; its id."""
    return partial(starter(request.param, client, front), FULL_POOL)


def test_a_wait_for_a_run_slot_ends_when_one_is_free(front, queue):
    before = set(front.runs())
    made = queue()
    assert set(front.runs()) - before == {made}
    assert len(front.starts) > 1
    assert len(set(front.keys)) == len(front.starts)


def test_a_kernel_that_died_in_the_queue_left_only_old_refusals(front, client, files):
    """The same name asks with the keys of the dead one, one after the other, until one is new."""
    front.faults = [kept_off(FAILED), kept_off(FAILED)]
    with pytest.raises(ow.errors.AmbiguousStart):
        ow.start(BRIEF, once="porto", client=client, show=False)
    key = files.read()["idempotency_key"]
    front.recorded = {key: (FULL, 429), f"{key}.2": (FULL, 429), f"{key}.3": (FULL, 429)}
    front.starts.clear()
    run = ow.start(BRIEF, once="porto", client=client, show=False)
    assert front.runs() == [run.id]
    assert front.keys == [key, f"{key}.2", f"{key}.3", f"{key}.4"]
    assert ow.start(BRIEF, once="porto", client=client, show=False) == run


def test_what_is_put_off_after_a_lost_answer_does_not_make_it_known(front, client):
    """Until the attempts are used up: the run of the first one is looked for all the same."""
    front.faults = [forgotten(FAILED), *[kept_off(answer(*SLOW_DOWN))] * 20]
    front.reads = [kept_off(EMPTY_LIST)] * 2
    run = ow.start(BRIEF, client=client, show=False)
    assert front.runs() == [run.id]


def test_the_run_that_a_dead_kernel_got_is_not_paid_for_again(front, client, files):
    front.faults = [kept_off(FAILED), kept_off(FAILED)]
    with pytest.raises(ow.errors.AmbiguousStart):
        ow.start(BRIEF, once="porto", client=client, show=False)
    key = files.read()["idempotency_key"]
    front.recorded = {key: (FULL, 429)}
    # Its last request got through, and the lists do not show that yet.
    started = front.sandbox.client().create_agent(BRIEF, idempotency_key=f"{key}.2").run.id
    front.reads = [kept_off(EMPTY_LIST)] * 4
    assert ow.start(BRIEF, once="porto", client=client, show=False).id == started
    assert front.runs() == [started]


@pytest.mark.parametrize("first", [reset(), IN_FLIGHT], ids=["lost", "in_flight"])
def test_a_name_is_kept_while_its_key_is_in_use(front, client, files, first):
    """The server is still at work on a request with it when the call gives up; what it starts then is the run of the name."""
    front.faults = [kept_off(first)] + [kept_off(IN_FLIGHT)] * 40
    front.reads = [kept_off(EMPTY_LIST)] * 40
    with pytest.raises(ow.errors.AmbiguousStart):
        ow.start(BRIEF, once="porto", client=client, show=False)
    [key] = set(front.keys)
    assert files.read()["idempotency_key"] == key
    started = front.sandbox.client().create_agent(BRIEF, idempotency_key=key).run.id
    front.faults.clear()
    assert ow.start(BRIEF, once="porto", client=client, show=False).id == started
    assert front.runs() == [started]


@pytest.mark.parametrize("way", ["start", "start_many"])
def test_credits_that_were_bought_after_a_crash_start_the_run(front, client, way):
    """The refusal of the first request was lost, and goes on being repeated for its key."""
    batches = []

    def start():
        if way == "start":
            return ow.start(BRIEF, once="porto", client=client, show=False)
        if batches:
            batches[0].resume()
        else:
            batches.append(ow.start_many([BRIEF], once="porto", client=client, show=False))
        return batches[0].wait(timeout=20).runs[0]

    front.refusal = BROKE
    front.faults = [refused(BROKE, reset())] * 3
    for _ in range(2):
        with pytest.raises(ow.OrigamiError) as caught:
            start()
        assert "few credits" in str(caught.value).lower()
    front.refusal = None
    run = start()
    assert front.runs() == [run.id]
    if way == "start":
        assert start() == run


def test_a_client_that_was_refused_needs_another_key(front, client):
    front.refusal = BROKE
    with pytest.raises(errors.InsufficientCredits) as caught:
        client.create_agent(BRIEF, idempotency_key="mine")
    assert not caught.value.may_have_started
    front.refusal = None
    with pytest.raises(errors.InsufficientCredits) as caught:
        client.create_agent(BRIEF, idempotency_key="mine")
    assert caught.value.is_replay
    run = client.create_agent(BRIEF, idempotency_key="mine.2").run
    assert client.create_agent(BRIEF, idempotency_key="mine.2").run.id == run.id
    assert front.runs() == [run.id]


def test_a_recorded_429_is_not_repeated_for_ever(front, client):
    front.faults = [refused(SLOW_DOWN)]
    run = ow.start(BRIEF, client=client, show=False)
    assert front.runs() == [run.id]
    first, again, new = front.keys
    assert first == again != new


def test_before_an_old_refusal_is_left_behind_the_run_is_looked_for(front, client):
    """An attempt between the refusal and its repetition has started it, and the server failed then."""
    front.faults = [forgotten(FAILED)]
    front.reads = [kept_off(EMPTY_LIST)] * 2
    front.asked = lambda: front.recorded.update({front.starts[0].headers["idempotency-key"]: (FULL, 429)})
    run = ow.start(BRIEF, client=client, show=False)
    assert front.runs() == [run.id]
    assert len(set(front.keys)) == 1


def test_after_an_old_refusal_nothing_is_sent_without_the_lists(front, client):
    front.faults = [refused(SLOW_DOWN)]
    front.reads = [kept_off(answer({}, 503))] * 4
    with pytest.raises(ow.errors.AmbiguousStart, match="couldn't look for"):
        ow.start(BRIEF, client=client, show=False)
    assert len(front.starts) == 2
    assert front.runs() == []


def test_a_server_that_calls_every_refusal_an_old_one_is_left_in_the_end(front, client, monkeypatch):
    monkeypatch.setattr(attempts, "MOST_REPLAYS", 3)
    headers = {"Idempotency-Replay": "true"}
    front.faults = [kept_off(answer(*BROKE, headers=headers))] * 10
    with pytest.raises(errors.InsufficientCredits):
        ow.start(BRIEF, client=client, show=False)
    assert len(front.starts) == 4


def test_a_5xx_is_never_an_old_answer(front, client):
    front.faults = [lost(answer({}, 503, headers={"Idempotency-Replay": "true"}))]
    run = ow.start(BRIEF, client=client, show=False)
    assert front.runs() == [run.id]
    assert len(front.starts) == 1
