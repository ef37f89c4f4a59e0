"""Lives of runs that hypothesis makes up: whatever the server answers, the network does and people wish, in any order.

Every step goes through the public interface, as code and clicks do. After each one nothing may be paid for twice, asked about
too early or too late, cancelled unasked, or ended by anybody but the server. After the last one all faults end: half of the
lives are seen to their end, and of each of them nothing may be left that asks on.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import weakref
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import origami_widgets as ow
from origami_widgets.api.background.loop import background
from origami_widgets.api.errors import OrigamiError
from origami_widgets.card.view.messages import read_message
from origami_widgets.card.widgets.click_commands import CardCommandHandler, ClickCommand
from origami_widgets.run.polling.poller import poller
from tests.faults.life_clock import LifeClock, on_loop, quiet_tasks
from tests.faults.life_way import BODIES, BROKEN, STATUSES, STOPPING, Fault, Way, lost, put_off, retry_after, takes

if TYPE_CHECKING:
    import concurrent.futures
    from collections.abc import Callable, Iterator

    from origami_widgets.run.handle import Run
    from origami_widgets.run.polling.run_watch import RunWatch
    from origami_widgets.run.state import RunState

pytestmark = [pytest.mark.hypothesis, pytest.mark.slow]

LIVES = settings(stateful_step_count=20, suppress_health_check=list(HealthCheck))
"""The lives of the profile: `--hypothesis-profile=random` looks for rare orders of events."""
MOST_RUNS = 6
WATCHED = 75 * 60.0
SLACK = 1.0
SLOWEST_WISH = 200.0
LONGEST_CANCEL = 2 * 86_400.0
LOGGERS = tuple(logging.getLogger(name) for name in ("origami_widgets", "asyncio"))
SCENARIOS = (
    *("completed", "filling", "slow", "every_action", "empty", "answer", "needs_input", "step_cap_hit", "incomplete"),
    *("cancelled", "errored", "timed_out", "unknown_status", "partial", "partial_actions", "no_credits"),
    *("settled", "subscription_required", "pool_full"),
)
FOLLOW_UPS = ("completed", "filling", "slow", "answer", "needs_input", "errored", "no_credits", "pool_full")

going = st.builds(Fault, kind=st.sampled_from(["", "stale", "no steps"]), retry_after=retry_after, takes=takes)
passing = st.builds(Fault, kind=st.sampled_from([*STATUSES, *BROKEN, *BODIES]), retry_after=retry_after, takes=takes)
stopping = st.builds(Fault, kind=st.sampled_from(STOPPING))
polls = st.lists(going | passing | passing | stopping, min_size=1, max_size=8)
starts = st.lists(lost | lost | put_off, max_size=3)
lists = st.lists(st.builds(Fault, kind=st.sampled_from(["500", "503", "reset", "silence", "portal"])), max_size=2)
cancels = st.lists(st.builds(Fault, kind=st.sampled_from(["", "500", "429", "401", *BROKEN]), takes=takes), max_size=2)
which = st.integers(0, MOST_RUNS - 1)
met = {"faults": starts, "reads": lists, "late": st.booleans()}
"""What a start meets: see `_meet`."""


class Life(RuleBasedStateMachine):
    """A life of a few runs, and what must be true of them.

    Attributes:
        way: the way to the sandbox.
        runs: the handles that somebody holds.
        intents: how often each brief was wished for.
        deadlines: until when each run may be asked about, at most.
        cancels: the runs that somebody wanted cancelled.
        wrong: what does not hold.
    """

    planned: list[int] = []  # noqa: RUF012 - counted over all lives
    kept: list[Any] = []  # noqa: RUF012 - an address that is given again would be taken for a client that is gone
    install: Callable[[LifeClock], None]

    def __init__(self) -> None:
        super().__init__()
        self.clock = LifeClock()
        self.install(self.clock)
        self.way = Way(self.clock)
        self.kept.append(self.way.carrier)
        self.runs: list[Run] = []
        self.clicks: list[tuple[dict[str, Any], concurrent.futures.Future[Any]]] = []
        self.intents: dict[str, int] = {}
        self.seen: weakref.WeakKeyDictionary[RunWatch, RunState] = weakref.WeakKeyDictionary()
        self.deadlines: dict[str, float] = {}
        self.unclear: list[ow.errors.AmbiguousStart] = []
        self.cancels: set[str] = set()
        self.wrong: list[str] = []
        self.looked_at = 0
        on_loop(self.clock.take_over)
        self.log = _Log(self.wrong)
        for logger in LOGGERS:
            logger.addHandler(self.log)
        self.way.is_excused = self._is_excused
        self.way.on_request = self._follow_stops

    # What must hold

    @invariant()
    def nothing_is_wrong(self) -> None:
        for run in self.runs:
            self._saw(run)
        self.no_run_is_paid_for_twice()
        self.nobody_is_asked_too_early_or_too_late()
        self.only_what_was_to_be_cancelled_is()
        for message, click in self.clicks:
            if click.done() and (ack := click.result()) is not None and ack["title"] == "That did not work":
                self.wrong.append(f"a click met a mistake: {message} {ack}")
        assert not self.wrong, "\n".join(self.wrong)

    def no_run_is_paid_for_twice(self) -> None:
        for prompt, wanted in self.intents.items():
            # A key that was refused is answered the same for ever: another one takes its place.
            made, keys = self.way.made[prompt], self.way.keys[prompt] - self.way.refused[prompt]
            if len(made) > wanted or len(keys) > wanted:
                self.wrong.append(f"{len(made)} runs and {len(keys)} idempotency keys for {wanted} intents: {prompt}")

    def nobody_is_asked_too_early_or_too_late(self) -> None:
        self.wrong += [f"asked {question}" for question in self.way.early]
        self.way.early.clear()
        self.planned.append(sum(asked.planned for asked in self.way.asked[self.looked_at :]))
        for asked in self.way.asked[self.looked_at :]:
            limit = max((at for run_id, at in self.deadlines.items() if run_id in asked.path), default=asked.at)
            if asked.planned and asked.at > limit + SLACK:
                self.wrong.append(f"asked {asked.at - limit:.0f} s after the deadline: {asked}")
        self.looked_at = len(self.way.asked)

    def only_what_was_to_be_cancelled_is(self) -> None:
        for agent in self.way.world.agents.values():
            for run in agent.runs:
                if run.cancel_requested and run.id not in self.cancels:
                    self.wrong.append(f"nobody wanted {run.id} cancelled")

    def _saw(self, run: Run) -> None:
        """No end is invented or taken back."""
        state, before = run.state, self.seen.get(watch_of(run))
        life = self._life_of(run)
        if before is not None and before.done and (not state.done or state.status != before.status):
            self.wrong.append(f"{run.id} was {before.status} and is {state.status}")
        if state.done and (life.is_active(self.clock.time()) or life.status != state.status):
            self.wrong.append(f"{run.id} is said to be {state.status}")
        self.seen[watch_of(run)] = state

    # The end

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                self._end()
        finally:
            for logger in LOGGERS:
                logger.removeHandler(self.log)
            # What ends a task may begin another: the poller looks once more at a run whose cancel was given up.
            while quiet_tasks():
                on_loop(self._abandon)

    def _end(self) -> None:
        self.way.calm()
        self.clock.let_pass(0.0)
        # Half of the lives are left in their middle.
        if len(self.way.asked) % 2:
            self._see_to_the_end()
        self.clock.let_pass(2 * WATCHED, lambda: all(click.done() for _, click in self.clicks))
        self.nothing_is_wrong()
        for things in (self.runs, self.clicks, self.unclear, self.seen):
            things.clear()
        gc.collect()
        # A cancel that the server has not heard yet is asked for further, also when nobody holds the run any more.
        self.clock.let_pass(LONGEST_CANCEL)
        known = len(self.way.asked)
        self.clock.let_pass(600.0)
        assert len(self.way.asked) == known, "it is asked about what nobody holds"
        assert quiet_tasks() == []
        # What is left of this life need not be looked through after the next one.
        gc.freeze()
        assert not self.wrong, "\n".join(self.wrong)

    def _see_to_the_end(self) -> None:
        for _ in range(2):
            for run in self.runs:
                if run.connection.state == "stopped":
                    self._act(run, lambda run: run.refresh())
            self.clock.let_pass(WATCHED + 60, lambda: all(_is_over(run) for run in self.runs))
        for run in self.runs:
            assert run.settled, f"{run!r} never comes to its end: {run.connection}"
            assert run.wait("cells").status == self._life_of(run).status

    def _abandon(self) -> None:
        for task in asyncio.all_tasks():
            if task is not asyncio.current_task() and "_until_idle" not in repr(task.get_coro()):
                task.cancel()

    # Ways and means

    def _start(self, scenario: str, *, again: bool = False) -> None:
        prompt = next(iter(self.intents)) if again else self._intent(f"List bakeries. scenario:{scenario}")
        if again:
            self.intents[prompt] += 1
        try:
            self._keep(ow.start(prompt, client=self.way.client, show=False))
        except OrigamiError as error:
            self._note_error(error)

    def _intent(self, prompt: str, *, bare: bool = False) -> str:
        prompt = prompt if bare else f"{prompt} #{len(self.intents)}"
        self.intents[prompt] = self.intents.get(prompt, 0) + 1
        return prompt

    def _meet(self, faults: list[Fault], reads: list[Fault], *, late: bool) -> None:
        """What the next start meets. Only one look may come too early for the list: after two it is sent again."""
        late = late and all(click.done() for _, click in self.clicks)
        self.way.starts[:] = faults
        self.way.lists[:] = [*([Fault("empty list")] if late else []), *reads]

    def _pick(self, n: int) -> Run:
        return self.runs[n % len(self.runs)]

    def _act(self, run: Run, act: Callable[[Run], object]) -> None:
        stopped = self._is_looked_at(run)
        try:
            act(run)
        except OrigamiError as error:
            self._note_error(error)
        if stopped:
            self.deadlines[run.id] = self.clock.now + WATCHED

    def _is_looked_at(self, run: Run) -> bool:
        """Whether a person who looks at a run starts its watch again."""
        # A click may have gone on with a new turn.
        deadline = self.deadlines.setdefault(run.id, self.clock.now + WATCHED)
        stopped = run.connection.state == "stopped" or self.clock.now >= deadline
        if stopped:
            self.deadlines[run.id] = self.clock.now + WATCHED + SLOWEST_WISH
        return stopped

    def _follow_stops(self) -> None:
        """Move the deadlines of runs that are being stopped: a stop goes on until nothing is active, and is watched as long."""
        for watch in poller().watched():
            if "requested" in (watch.state.cancel, watch.state.stopping):
                until = self.clock.now + WATCHED + SLOWEST_WISH
                self.deadlines[watch.state.run_id] = max(self.deadlines.get(watch.state.run_id, 0.0), until)

    def _keep(self, run: Run) -> None:
        self.deadlines[run.id] = max(self.deadlines.get(run.id, 0.0), self.clock.now + WATCHED)
        if run not in self.runs:
            self.runs.append(run)
            run.on_change(self._saw)

    def _note_error(self, error: OrigamiError) -> None:
        if isinstance(error, ow.errors.AmbiguousStart):
            self.unclear.append(error)

    def _life_of(self, run: Run) -> Any:
        return next(life for life in self.way.world.agents[run.agent_id].runs if life.id == run.id)

    def _is_excused(self, path: str) -> bool:
        """Whether a question may come before it is due: for the last time, or for another turn of the same agent or table."""
        for watch in poller().watched():
            things = [watch.state.run_id, *(table.id for table in watch.state.tables)]
            at_its_end = abs(watch.schedule.deadline - self.clock.now) < SLACK
            if at_its_end and any(thing in path for thing in things):
                return True
        for agent_id, agent in self.way.world.agents.items():
            if f"/agents/{agent_id}/tables" in path and len(agent.runs) > 1:
                return True
        lives = [life for agent in self.way.world.agents.values() for life in agent.runs]
        return sum(any(action.body["tableId"] in path for action in life.actions) for life in lives) > 1

    # What a person does

    @initialize(scenario=st.sampled_from(SCENARIOS))
    def first(self, scenario: str) -> None:
        self._start(scenario)

    @precondition(lambda self: len(self.runs) < MOST_RUNS)
    @rule(scenario=st.sampled_from(SCENARIOS), again=st.booleans(), **met)
    def start(self, scenario: str, faults: list[Fault], reads: list[Fault], *, late: bool, again: bool) -> None:
        self._meet(faults, reads, late=late)
        self._start(scenario, again=again)

    @precondition(lambda self: self.runs)
    @rule(n=which, scenario=st.sampled_from(FOLLOW_UPS), **met)
    def follow_up(self, n: int, scenario: str, faults: list[Fault], reads: list[Fault], *, late: bool) -> None:
        self._meet(faults, reads, late=late)
        prompt = self._intent(f"Add opening hours. scenario:{scenario}")
        self._act(self._pick(n), lambda run: self._keep(run.follow_up(prompt)))

    @precondition(lambda self: any(run.questions for run in self.runs))
    @rule(n=which, **met)
    def answer(self, n: int, faults: list[Fault], reads: list[Fault], *, late: bool) -> None:
        self._meet(faults, reads, late=late)
        run = next(run for run in (*self.runs[n:], *self.runs) if run.questions)
        answers = [f"Iberia {len(self.intents)}"] * len(run.questions)
        self._intent("\n".join(f"{question.question} {answers[0]}" for question in run.questions), bare=True)
        self._act(run, lambda run: self._keep(run.answer(*answers)))

    @precondition(lambda self: self.runs)
    @rule(n=which, faults=cancels)
    def cancel(self, n: int, faults: list[Fault]) -> None:
        self.way.cancels[:] = faults
        self.cancels.add(self._pick(n).id)
        self.way.hasty.append(self._pick(n).id)
        self._act(self._pick(n), lambda run: run.cancel())

    @precondition(lambda self: self.runs)
    @rule(n=which, old=st.booleans())
    def refresh(self, n: int, *, old: bool) -> None:
        run = self._pick(n)
        if old:
            run = next((run for run in self.runs if run.done), run)
            self.way.polls.insert(0, Fault("stale"))
        self._act(run, lambda run: run.refresh())

    @precondition(lambda self: self.runs)
    @rule(n=which, whole=st.booleans())
    def attach(self, n: int, *, whole: bool) -> None:
        token = self._pick(n).token if whole else self._pick(n).agent_id
        self._act(self._pick(n), lambda _: self._keep(ow.attach(token, client=self.way.client, show=False)))

    @precondition(lambda self: self.runs)
    @rule(n=which, name=st.sampled_from(["cancel", "check_now", "follow_up", "follow_up", "stop_waiting"]), **met)
    def click(self, n: int, name: str, faults: list[Fault], reads: list[Fault], *, late: bool) -> None:
        """What comes of it shows as time passes."""
        run = self._pick(n)
        current = run.conversation.current.state.run_id
        if name == "cancel":
            self.cancels |= {run.id, current}
        if name != "check_now":
            self._meet(faults, reads, late=late)
        prompt = self._intent("And their telephone numbers.") if name == "follow_up" else ""
        self._is_looked_at(run)
        message = {"kind": "command", "name": name, "run_id": current, "prompt": prompt, "answers": []}
        command = read_message({**message, "id": f"c{len(self.clicks)}"}, ClickCommand)
        assert command is not None
        self.way.hasty.append(current)
        click = self.clock.begin(CardCommandHandler(run.conversation).carry_out(command))
        if name != "cancel":
            click.add_done_callback(lambda _: self.way.haste_is_over(current))
        self.clicks.append((message, click))
        self.clock.let_pass(0.0)

    @precondition(lambda self: len(self.runs) > 1)
    @rule(n=which)
    def let_go(self, n: int) -> None:
        self.runs.pop(n % len(self.runs))
        # The thread of the callbacks may still hold the run that it was last called with.
        on_loop(lambda: background().notify(lambda _: None, None))

    @precondition(lambda self: self.unclear)
    @rule(reads=lists)
    def reconcile(self, reads: list[Fault]) -> None:
        self._meet([], reads, late=False)
        try:
            run = self.unclear.pop().reconcile()
        except OrigamiError as error:
            self._note_error(error)
        else:
            if run is not None:
                self._keep(run)

    # What the world does

    @rule(faults=polls)
    def trouble(self, faults: list[Fault]) -> None:
        self.way.polls[:] = faults

    @rule(seconds=st.sampled_from([20.0, 120.0, 600.0, 5_000.0]))
    def away(self, seconds: float) -> None:
        self.way.away_until = self.clock.now + seconds

    @rule(seconds=st.sampled_from([0.5, 5.0, 20.0, 20.0, 90.0, 300.0, 1_300.0, 4_600.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.let_pass(seconds)

    @rule(seconds=st.sampled_from([20.0, 600.0, 7_200.0]))
    def suspend(self, seconds: float) -> None:
        for run_id in self.deadlines:
            self.deadlines[run_id] += seconds
        on_loop(lambda: self.clock.suspend(seconds))
        self.clock.let_pass(0.0)


def watch_of(run: Run) -> RunWatch:
    return next(watch for watch in run.conversation.watches if watch.state.run_id == run.id)


def _is_over(run: Run) -> bool:
    return run.settled or run.connection.state == "stopped"


class _Log(logging.Handler):
    """Keeps what must never be logged."""

    def __init__(self, wrong: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._wrong = wrong

    def emit(self, record: logging.LogRecord) -> None:
        self._wrong.append(logging.Formatter().format(record))
        # Whoever keeps a record keeps the frames of its exception, and so the runs in them.
        record.exc_info = None


@pytest.fixture
def lives(own_time: Callable[[LifeClock], None]) -> Iterator[type[Life]]:
    """Each life has a clock of its own, which everybody goes by."""
    # Each life is swept up after; what was there before it need not be looked through each time.
    gc.collect()
    gc.freeze()
    yield type("OwnLife", (Life,), {"install": staticmethod(own_time), "kept": [], "planned": []})
    gc.unfreeze()


def test_a_run_is_watched_rightly_whatever_happens(lives: type[Life]) -> None:
    run_state_machine_as_test(lives, settings=LIVES)
    assert sum(lives.planned) > len(lives.kept), "nobody was asked by a plan: this test no longer knows its questions"
