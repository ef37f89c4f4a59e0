"""What must hold in every life, what must hold at its end, and the handles, clicks and wishes that it is followed by."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import sys
import traceback
import weakref
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec
from hypothesis.stateful import RuleBasedStateMachine, invariant

import origami_widgets as ow
from origami_widgets.api.errors import OrigamiError
from origami_widgets.card.view import view_now
from origami_widgets.card.view.contract import View
from origami_widgets.card.view.run_head import make_head
from origami_widgets.run.polling.poller import poller
from origami_widgets.run.waiting import WaitTimedOut
from tests.faults.life_clock import LifeClock, on_loop, quiet_tasks
from tests.faults.life_way import Fault, Way
from tests.faults.planted import PARTS

if TYPE_CHECKING:
    import concurrent.futures
    from collections.abc import Callable

    from origami_widgets.run.handle import Run
    from origami_widgets.run.polling.run_watch import RunWatch
    from origami_widgets.run.state import RunState

WATCHED = 75 * 60.0
SLACK = 1.0
ELAPSED_SLACK = 10.0
"""Seconds: `Date` has whole ones, and the card follows a clock that drifts in steps of five."""
SLOWEST_WISH = 200.0
LONGEST_CANCEL = 2 * 86_400.0
LOGGERS = tuple(logging.getLogger(name) for name in ("origami_widgets", "asyncio"))


class Checks(RuleBasedStateMachine):
    """A few runs, and what must be true of them.

    Attributes:
        way: the way to the sandbox.
        runs: the handles that somebody holds.
        intents: how often each brief was wished for.
        clicked: how many further keys a brief may have, since its button was clicked more than once.
        deadlines: until when each run may be asked about, at most.
        cancels: the runs that somebody wanted cancelled.
        wrong: what does not hold.
        emitted: the texts that came out since they were last looked at.
    """

    planned: list[int] = []  # noqa: RUF012 - counted over all lives
    kept: list[Any] = []  # noqa: RUF012 - an address that is given again would be taken for a client that is gone
    install: Callable[[LifeClock], None]

    def __init__(self) -> None:
        super().__init__()
        self.clock = LifeClock()
        self.install(self.clock)
        self.way = Way(self.clock, seed=0)
        self.kept.append(self.way.carrier)
        self.runs: list[Run] = []
        self.cards: list[ow.RunCard] = []
        self.clicks: list[tuple[dict[str, Any], concurrent.futures.Future[Any]]] = []
        self.intents: dict[str, int] = {}
        self.seen: weakref.WeakKeyDictionary[RunWatch, RunState] = weakref.WeakKeyDictionary()
        self.heard: weakref.WeakKeyDictionary[RunWatch, tuple[float, float]] = weakref.WeakKeyDictionary()
        self.steps: dict[str, int] = {}
        self.deadlines: dict[str, float] = {}
        self.shown: dict[Run, RunState] = {}
        self.clicked: Counter[str] = Counter()
        self.unclear: list[ow.errors.AmbiguousStart] = []
        self.cancels: set[str] = set()
        self.wrong: list[str] = []
        self.emitted: list[str] = []
        self.looked_at = 0
        on_loop(self.clock.take_over)
        self.log = _Log(self.emitted, self.wrong)
        for logger in LOGGERS:
            logger.addHandler(self.log)
        self.way.is_excused = self._is_excused
        self.way.on_request = self._follow_stops

    # What must hold

    @invariant()
    def nothing_is_wrong(self) -> None:
        for run in self.runs:
            if self.shown.get(run) is not run.state:
                self.shown[run] = run.state
                self._saw(run)
                self.emitted += [repr(run), repr(run.error), json.dumps(run.raw, default=repr)]
                self.emitted += [str(run), run.to_html()]
            self.elapsed_is_right(run)
        self.no_run_is_paid_for_twice()
        self.nobody_is_asked_too_early_or_too_late()
        self.only_what_was_to_be_cancelled_is()
        self.wrong += [f"the key shows: {text[:200]}" for text in self.emitted if any(part in text for part in PARTS)]
        self.emitted.clear()
        self.wrong += [f"the key was sent to {there}" for there in self.way.leaks]
        for message, click in self.clicks:
            if click.done() and (ack := click.result()) is not None and ack["title"] == "That did not work":
                self.wrong.append(f"a click met a mistake: {message} {ack}")
        assert not self.wrong, "\n".join(self.wrong)

    def no_run_is_paid_for_twice(self) -> None:
        for prompt, wanted in self.intents.items():
            # A key that was refused is answered the same for ever: another one takes its place.
            made, keys = self.way.made[prompt], self.way.keys[prompt] - self.way.refused[prompt]
            if len(made) > wanted:
                self.wrong.append(f"{len(made)} runs for {wanted} intents: {prompt}")
            # The second of two clicks is a wish of its own when the first one was refused; it is still one run.
            if len(keys) > wanted + self.clicked[prompt]:
                self.wrong.append(f"{len(keys)} idempotency keys for {wanted} intents: {prompt}")

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

    def no_end_is_invented_or_taken_back(self, run: Run) -> None:
        state, before = run.state, self.seen.get(watch_of(run))
        life = self._life_of(run)
        if before is not None and before.done and (not state.done or state.status != before.status):
            self.wrong.append(f"{run.id} was {before.status} and is {state.status}")
        if state.done and (life.is_active(self.clock.server_time()) or life.status != state.status):
            self.wrong.append(f"{run.id} is said to be {state.status}")
        self.seen[watch_of(run)] = state
        heard_at = state.connection.heard_at
        if heard_at is not None and heard_at != self.heard.get(watch_of(run), (None,))[0]:
            # A run that is attached may have been heard of before, by the wall clock of that time.
            is_now = abs(heard_at - self.clock.time()) < SLACK
            self.heard[watch_of(run)] = (heard_at, self.clock.now if is_now else 0.0)

    def what_is_shown_is_valid_and_never_falls(self, run: Run) -> None:
        view = view_now(run.conversation)
        sent = json.dumps(view, allow_nan=False)
        self.emitted.append(sent)
        msgspec.convert(json.loads(sent), View)
        head = view["head"]
        newest = run.conversation.current.state.run
        steps, before = newest.steps.completed if newest is not None else None, self.steps.get(head["run_id"], 0)
        if steps is not None and steps < before:
            self.wrong.append(f"steps fell from {before} to {steps}")
        # After an answer without steps, nothing shows that the next one is older.
        self.steps[head["run_id"]] = steps or 0
        if head["completed_at"] is not None and head["completed_at"] < head["started_at"]:
            self.wrong.append("ended before it began")
        connection = run.connection
        if connection.state == "stopped" and connection.error is None and not run.done and self.clock.now < SLACK:
            self.wrong.append("stopped without a reason")

    def elapsed_is_right(self, run: Run) -> None:
        state, life = run.state, self._life_of(run)
        # What the wall clock showed before it was set says nothing.
        heard_at, heard = self.heard.get(watch_of(run), (None, 0.0))
        if state.done or heard_at != state.connection.heard_at or heard <= self.clock.wall_set_at:
            return
        head = make_head(state, now=self.clock.time())
        if head["started_at"] is not None:
            shown, real = self.clock.time() - head["started_at"] / 1_000, self.clock.since(life.starts)
            if abs(shown - real) > ELAPSED_SLACK:
                self.wrong.append(f"{run.id} runs for {real:.0f} s, and {shown:.0f} s are shown")

    # The end

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                self._end()
        finally:
            for logger in LOGGERS:
                logger.removeHandler(self.log)
            for card in self.cards:
                card.close()
            # What ends a task may begin another: the poller looks once more at a run whose cancel was given up.
            while quiet_tasks():
                on_loop(self._abandon)

    def _end(self) -> None:
        self.way.calm()
        self.let_pass(0.0, lambda: False)
        # Half of the lives are left in their middle.
        if len(self.way.asked) % 2:
            self._see_to_the_end()
        self.let_pass(2 * WATCHED, self._all_clicks_are_answered)
        self.nothing_is_wrong()
        self._let_all_go()
        gc.collect()
        # A cancel that the server has not heard yet is asked for further, also when nobody holds the run any more.
        self.let_pass(LONGEST_CANCEL)
        known = len(self.way.asked)
        self.let_pass(600.0)
        assert len(self.way.asked) == known, "it is asked about what nobody holds"
        left = quiet_tasks()
        assert not left, left
        # What is left of this life need not be looked through after the next one.
        gc.freeze()
        assert not self.wrong, "\n".join(self.wrong)

    def _all_clicks_are_answered(self) -> bool:
        return all(click.done() for _, click in self.clicks)

    def _let_all_go(self) -> None:
        for card in self.cards:
            card.close()
        for things in (self.runs, self.cards, self.clicks, self.unclear, self.seen, self.shown):
            things.clear()

    def _see_to_the_end(self) -> None:
        for _ in range(2):
            for run in self.runs:
                if run.connection.state == "stopped":
                    self._says_that_it_has_stopped(run)
                    self._act(run, lambda run: run.refresh())
            self.let_pass(WATCHED + 60, lambda: all(_is_over(run) for run in self.runs))
        for run in self.runs:
            assert run.settled, f"{run!r} never comes to its end: {run.connection}"
            assert run.wait("cells").status == self._life_of(run).status

    def _says_that_it_has_stopped(self, run: Run) -> None:
        if run.done:
            return
        try:
            run.wait(timeout=0.001)
        except WaitTimedOut:
            self.wrong.append(f"{run!r} has stopped, and nothing says so")
        except OrigamiError as error:
            self._note_error(error)
        view = view_now(run.conversation)
        if view["head"]["run_id"] == run.id and "stopped" not in {notice["key"] for notice in view["notices"]}:
            self.wrong.append(f"{run!r} has stopped, and the card does not say so")

    def _abandon(self) -> None:
        for task in asyncio.all_tasks():
            if task is not asyncio.current_task() and "_until_idle" not in repr(task.get_coro()):
                task.cancel()

    # Ways and means

    def let_pass(self, seconds: float, until: Callable[[], object] = lambda: False) -> None:
        self.clock.let_pass(seconds, until)

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
        late = late and self._all_clicks_are_answered()
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

    def _saw(self, run: Run) -> None:
        try:
            self.no_end_is_invented_or_taken_back(run)
            self.what_is_shown_is_valid_and_never_falls(run)
        except Exception as mistake:  # noqa: BLE001 - on the loop nobody else would hear of it
            self.wrong.append(repr(mistake))

    def _note_error(self, error: OrigamiError) -> None:
        self.emitted += [*traceback.format_exception(error), repr(error), repr(vars(error))]
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


def watch_of(run: Run) -> RunWatch:
    return next(watch for watch in run.conversation.watches if watch.state.run_id == run.id)


def _is_over(run: Run) -> bool:
    return run.settled or run.connection.state == "stopped"


class _Log(logging.Handler):
    """Keeps what is logged, and what must never be."""

    def __init__(self, emitted: list[str], wrong: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self._emitted, self._wrong = emitted, wrong

    def emit(self, record: logging.LogRecord) -> None:
        text = logging.Formatter().format(record)
        # Whoever keeps a record keeps the frames of its exception, and so the runs in them.
        record.exc_info = None
        self._emitted.append(text)
        if record.levelno >= logging.ERROR and "ZeroDivisionError" not in text:
            self._wrong.append(text)
