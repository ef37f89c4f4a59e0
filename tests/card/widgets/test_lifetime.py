"""What many cards leave behind, and what they cost while they live: one thread, and no more requests than a few would."""

import asyncio
import gc
import threading
import time

import pytest
from jupyter_client.manager import start_new_kernel

import origami_widgets as ow
from origami_widgets.api.background.loop import background
from origami_widgets.card.widgets.run_card import card_of
from origami_widgets.run.polling import poller as poller_module
from tests.card.live import on_loop, read, receive, settle, stop_of
from tests.fixtures.states import payload
from tests.kernels.front_end import FrontEnd

CYCLES, BATCH = 1000, 100
CARDS = 50
MINUTE = 60.0
PER_MINUTE = 80

PREPARE = """
import asyncio, gc, threading, time
import comm, ipywidgets
import origami_widgets as ow
from IPython.display import display
from origami_widgets.api.background.loop import background
from origami_widgets.run.polling import poller as poller_module
from origami_widgets.run.polling.poller import poller

client = ow.Sandbox(speed=60).client()

def cycles(count):
    run = ow.start("Find bakeries in Porto. scenario:slow", client=client, show=False)
    for number in range(count):
        card = ow.RunCard(run)
        display(card)
        # Every other one is in the middle of something when it goes.
        if number % 2:
            card.send({"kind": "ack", "id": "x", "ok": True, "title": "", "remedy": ""})
            content = {"kind": "command", "id": "x", "name": "check_now", "run_id": run.id}
            card.comm.handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})
        card.close()
    run.cancel()

def left():
    ends = time.time() + 20
    # The thread ends by itself a while after the last thing that it had to do.
    while any(thread.name == "origami-widgets" for thread in threading.enumerate()) and time.time() < ends:
        time.sleep(0.05)
    gc.collect()
    kinds = (ow.RunCard, ipywidgets.Layout, asyncio.Task, asyncio.AbstractEventLoop)
    things = gc.get_objects()
    return {
        **{kind.__name__: sum(isinstance(thing, kind) for thing in things) for kind in kinds},
        "threads": threading.active_count(),
        "comms": len(comm.get_comm_manager().comms),
        "watches": len(poller().watched()),
    }
"""


@pytest.fixture
def front_end():
    manager, client = start_new_kernel()
    try:
        yield FrontEnd(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.mark.slow
def test_a_thousand_cards_shown_and_closed_in_a_kernel_leave_nothing(front_end):
    front_end.run(PREPARE)
    front_end.run("cycles(3)")
    before = front_end.value("left()")
    front_end.heard.clear()
    opened, closed = set(), set()
    for _ in range(CYCLES // BATCH):
        front_end.run(f"cycles({BATCH})")
        for message in front_end.heard:
            if message["msg_type"] in ("comm_open", "comm_close"):
                (opened if message["msg_type"] == "comm_open" else closed).add(message["content"]["comm_id"])
        front_end.heard.clear()
    assert len(opened) >= CYCLES
    assert opened == closed
    assert front_end.models == {}
    after = front_end.value("left()")
    # What the kernel itself has left behind by then, may be gone.
    assert {name: count for name, count in after.items() if count > before[name]} == {}


class Counted(ow.Sandbox):
    """A sandbox that writes down when it was asked what, and what it refused."""

    def __init__(self, clock, **options):
        super().__init__(plan="enterprise", clock=clock, **options)
        self.clock, self.asked, self.refused = clock, [], 0

    async def __call__(self, scope, receive, send):
        self.asked.append((self.clock(), scope["method"], scope["path"]))

        async def watched(message):
            self.refused += message.get("status") == 429
            await send(message)

        await super().__call__(scope, receive, watched)

    def polls(self):
        return [at for at, method, _ in self.asked if method == "GET"]


class FakeClock:
    """Goes on to the end of the next sleep when nothing else is left to do, and stands still at its limit."""

    def __init__(self):
        self.now = self.limit = 1_795_000_000.0
        self._sleepers = set()

    def monotonic(self):
        return self.now

    time = monotonic

    async def sleep(self, seconds, wake):
        loop = asyncio.get_running_loop()
        sleeper = (float("inf") if seconds is None else self.now + seconds, loop.create_future())
        woken = asyncio.ensure_future(wake.wait())
        self._sleepers.add(sleeper)
        try:
            await asyncio.wait({sleeper[1], woken}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._sleepers.discard(sleeper)
            woken.cancel()

    async def go_on(self, seconds):
        """Let so much time pass, as fast as the work in it allows."""
        self.limit += seconds
        loop = asyncio.get_running_loop()
        while self.now < self.limit:
            await asyncio.sleep(0)
            if not loop._ready:  # noqa: SLF001 - no public name shows it
                due, sleeper = min(self._sleepers, default=(self.limit, None), key=lambda known: known[0])
                self.now = max(self.now, min(due, self.limit))
                if sleeper is not None and due <= self.now and not sleeper.done():
                    sleeper.set_result(None)


@pytest.fixture
def clock(monkeypatch):
    made = FakeClock()
    monkeypatch.setattr(poller_module, "current", poller_module.Poller(made))
    return made


def until(condition):
    ends = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.01)


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "origami-widgets"]


@pytest.fixture
def shown():
    """Starts runs and shows each on a card of its own."""
    cards = []

    def show(client, *scenarios):
        briefs = (f"Find bakeries. scenario:{scenario}" for scenario in scenarios)
        cards.extend(ow.RunCard(ow.start(brief, client=client, show=False)) for brief in briefs)
        return cards

    yield show
    for card in cards:
        card.close()
    cards.clear()
    gc.collect()


@pytest.mark.clock
def test_fifty_live_cards_share_a_thread_and_eighty_requests_a_minute(clock, shown):
    sandbox = Counted(clock.time)
    names = ("slow", "filling", "large", "completed", "every_action")
    cards = shown(sandbox.client(), *names * (CARDS // len(names)))
    # The starts are requests as well; the polls get a minute of their own.
    clock.now = clock.limit = clock.now + MINUTE
    began = clock.now
    background().run(clock.go_on(6 * MINUTE))
    assert len(threads()) == 1
    assert sandbox.refused == 0
    times = sorted(sandbox.polls())
    crowded = max(sum(at <= other < at + MINUTE for other in times) for at in times)
    assert crowded <= PER_MINUTE
    # It is used, too: nobody waits longer than there are others.
    assert len(times) >= 5 * PER_MINUTE / 2
    heard = [card.run.connection.heard_at for card in cards if not card.run.settled]
    assert heard
    assert min(heard) >= clock.now - MINUTE
    assert {card.status for card in cards} == {"running", "completed"}
    assert began < min(heard)


@pytest.mark.clock
def test_a_cancel_acts_at_once_among_fifty_cards(shown):
    sandbox = Counted(time.time, speed=20)
    cards = shown(sandbox.client(), *["slow"] * CARDS)
    # Long enough for a queue: all that may be sent at once has been sent.
    until(lambda: len(sandbox.polls()) >= 15)
    last = cards[-1]
    before, run_id = len(sandbox.asked), last.run.id
    receive(last, {"kind": "command", "id": "the-click", "name": "cancel", "run_id": run_id})
    until(lambda: stop_of(last.head)[0] == "requested")
    until(lambda: "POST" in [method for _, method, _ in sandbox.asked[before:]])
    after = [f"{method} {path.rpartition('/')[2]}" for _, method, path in sandbox.asked[before:]]
    # It reads the run first, and about one poll a second is sent meanwhile: it does not stand behind those that wait.
    assert after.index("POST cancel") < CARDS / 4
    assert [stop_of(card.head)[0] for card in cards[:-1]] == ["available"] * (CARDS - 1)
    assert len(threads()) == 1


def test_a_card_that_its_host_closed_gives_way_and_costs_nothing(watch, card, sent):
    """As marimo does when the cell that made it runs again: nobody asks the widget."""
    run = card.run
    run.conversation.presentation = card
    assert card_of(run) is card
    card.comm.close()
    assert card.comm is not None
    following = card_of(run)
    assert following is not card
    on_loop(watch.update, read(payload("completed_stats")))
    settle()
    assert following.status == "completed"
    assert (card.status, sent) == ("running", [])
    assert len(run.conversation.subscribers) == 1, "that of the card that follows"
    following.close()
