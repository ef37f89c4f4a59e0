"""Whole lives of runs: whatever the server answers, the network does and people wish, in any order.

Every step goes through the public interface, as code and clicks do. What must hold is looked at after each step, and
after the last one all faults end, and every run that is watched has to come to its end, or to a stop that is shown.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

import origami_widgets as ow
from origami_widgets.api.background.loop import background
from origami_widgets.api.errors import OrigamiError
from origami_widgets.card.widgets.click_commands import CardCommandHandler, read_command
from origami_widgets.run.waiting import WaitTimedOut
from origami_widgets.run.whose_cells import columns_not_begun
from tests.faults.life_checks import Checks
from tests.faults.life_clock import on_loop
from tests.faults.life_way import BODIES, BROKEN, ODD, RETRY_AFTERS, STATUSES, STOPPING, Fault

if TYPE_CHECKING:
    from origami_widgets.run.handle import Run

HOURS = 2 * 3_600.0
MOST_RUNS = 6

SCENARIOS = (
    *("completed", "filling", "slow", "every_action", "empty", "answer", "needs_input", "step_cap_hit", "incomplete"),
    *("cancelled", "errored", "timed_out", "unknown_status", "partial", "partial_actions", "no_credits"),
    *("settled", "subscription_required", "pool_full"),
)
FOLLOW_UPS = ("completed", "filling", "slow", "answer", "needs_input", "errored", "no_credits", "pool_full")

retry_after = st.none() | st.sampled_from(list(RETRY_AFTERS))
takes = st.sampled_from([0.0, 0.0, 0.0, 2.0, 12.0])
going = st.builds(Fault, kind=st.sampled_from(["", "stale", *ODD]), retry_after=retry_after, takes=takes)
passing = st.builds(Fault, kind=st.sampled_from([*STATUSES, *BROKEN, *BODIES]), retry_after=retry_after, takes=takes)
stopping = st.builds(Fault, kind=st.sampled_from(STOPPING))
polls = st.lists(going | passing | passing | stopping, min_size=1, max_size=8)
wall = st.sampled_from([0.0, 0.0, 0.0, HOURS, -HOURS])
put_off = st.builds(
    Fault,
    kind=st.sampled_from(["429", "in flight"]),
    retry_after=retry_after,
    arrives=st.sampled_from(["no", "yes"]),
    takes=takes,
    wall=wall,
)
lost = st.builds(
    Fault,
    kind=st.sampled_from(["500", "502", "503", "504", "408", *BROKEN, "portal", "cut off"]),
    retry_after=retry_after,
    arrives=st.sampled_from(["no", "yes", "forgotten"]),
    takes=takes,
    wall=wall,
)
starts = st.lists(lost | lost | put_off, max_size=3)
lists = st.lists(st.builds(Fault, kind=st.sampled_from(["500", "503", "reset", "silence", "portal"])), max_size=2)
late = st.booleans()
cancels = st.lists(st.builds(Fault, kind=st.sampled_from(["", "500", "429", "401", *BROKEN]), takes=takes), max_size=2)
which = st.integers(0, MOST_RUNS - 1)


class Life(Checks):
    """Lives of a few runs."""

    # What a person does

    @initialize(scenario=st.sampled_from(SCENARIOS))
    def first(self, scenario: str) -> None:
        self._start(scenario)

    @precondition(lambda self: len(self.runs) < MOST_RUNS)
    @rule(scenario=st.sampled_from(SCENARIOS), faults=starts, reads=lists, late=late, again=st.booleans())
    def start(self, scenario: str, faults: list[Fault], reads: list[Fault], *, late: bool, again: bool) -> None:
        self._meet(faults, reads, late=late)
        self._start(scenario, again=again)

    @precondition(lambda self: self.runs)
    @rule(n=which, scenario=st.sampled_from(FOLLOW_UPS), faults=starts, reads=lists, late=late)
    def follow_up(self, n: int, scenario: str, faults: list[Fault], reads: list[Fault], *, late: bool) -> None:
        self._meet(faults, reads, late=late)
        prompt = self._intent(f"Add opening hours. scenario:{scenario}")
        self._act(self._pick(n), lambda run: self._keep(run.follow_up(prompt)))

    @precondition(lambda self: any(run.questions for run in self.runs))
    @rule(n=which, faults=starts, reads=lists, late=late)
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
    @rule(n=which, include=st.sampled_from([("stats",), (), ("stats", "transcript")]), old=st.booleans())
    def refresh(self, n: int, include: tuple[str, ...], *, old: bool) -> None:
        run = self._pick(n)
        if old:
            run = next((run for run in self.runs if run.done), run)
            self.way.polls.insert(0, Fault("stale"))
        self._act(run, lambda run: run.refresh(include))

    @precondition(lambda self: self.runs)
    @rule(n=which, whole=st.booleans())
    def attach(self, n: int, *, whole: bool) -> None:
        token = self._pick(n).token if whole else self._pick(n).agent_id
        self._act(self._pick(n), lambda _: self._keep(ow.attach(token, client=self.way.client, show=False)))

    @precondition(lambda self: self.runs)
    @rule(n=which, until=st.sampled_from(["run", "cells"]))
    def wait(self, n: int, until: Any) -> None:
        run = self._pick(n)
        self.let_pass(30 * 60.0, lambda: run.done if until == "run" else run.settled)
        try:
            run.wait(until, timeout=0.001)
        except WaitTimedOut:
            # A column that has never run may begin a moment after the end.
            may_begin = until == "cells" and columns_not_begun(run.state)
            assert may_begin or not (run.done if until == "run" else run.settled)
        except OrigamiError as error:
            self._note_error(error)
            assert run.connection.state == "stopped"

    @precondition(lambda self: self.runs)
    @rule(n=which)
    def show(self, n: int) -> None:
        card = ow.RunCard(self._pick(n))
        card.comm.send = lambda data=None, metadata=None, buffers=None: self.emitted.append(
            json.dumps(data, default=repr)
        )
        self.cards.append(card)

    @precondition(lambda self: self.cards)
    @rule(n=which)
    def close_the_card(self, n: int) -> None:
        self.cards.pop(n % len(self.cards)).close()

    @precondition(lambda self: self.runs)
    @rule(
        n=which,
        name=st.sampled_from(["cancel", "check_now", "follow_up", "follow_up", "stop_waiting"]),
        clicks=st.sampled_from([1, 2, 2]),
        same=st.booleans(),
        faults=starts,
        reads=lists,
        late=late,
    )
    def click(
        self, n: int, name: str, faults: list[Fault], reads: list[Fault], *, clicks: int, same: bool, late: bool
    ) -> None:
        """Once or twice, in one view or in two; what comes of it shows as time passes."""
        run = self._pick(n)
        current = run.conversation.current.state.run_id
        if name == "cancel":
            self.cancels |= {run.id, current}
        if name in ("follow_up", "stop_waiting", "cancel"):
            self._meet(faults, reads, late=late)
        prompt = self._intent("And their telephone numbers.") if name == "follow_up" else ""
        self._is_looked_at(run)
        desk = CardCommandHandler(run.conversation)
        self.clicked[prompt] = 0 if same else clicks - 1
        number = f"c{len(self.clicks)}"
        begun: list[tuple[dict[str, Any], Any]] = []
        for at in range(clicks):
            desk = desk if same else CardCommandHandler(run.conversation)
            message = {"kind": "command", "name": name, "run_id": current, "prompt": prompt, "answers": []}
            command = read_command({**message, "id": number if same else f"{number}-{at}"})
            assert command is not None
            self.way.hasty.append(current)
            begun.append((message, desk.carry_out(command)))
        # Together: whether the first click's request is already under way when the second comes is not left to chance.
        for sent, click in on_loop(lambda: [(message, self.clock.begin(carried)) for message, carried in begun]):
            if name != "cancel":
                click.add_done_callback(lambda _: self.way.haste_is_over(current))
            self.clicks.append((sent, click))
        self.clock.let_pass(0.0)

    @precondition(lambda self: self.runs)
    @rule(n=which, broken=st.booleans())
    def listen(self, n: int, *, broken: bool) -> None:
        def fail(_run: Run) -> None:
            raise ZeroDivisionError

        stop = self._pick(n).on_change(fail if broken else self._saw)
        if not broken:
            stop()

    @precondition(lambda self: len(self.runs) > 1)
    @rule(n=which)
    def let_go(self, n: int) -> None:
        self.shown.pop(self.runs.pop(n % len(self.runs)), None)
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
        self.let_pass(seconds)

    @rule(seconds=st.sampled_from([20.0, 600.0, 7_200.0]))
    def suspend(self, seconds: float) -> None:
        for run_id in self.deadlines:
            self.deadlines[run_id] += seconds
        on_loop(lambda: self.clock.suspend(seconds))
        self.let_pass(0.0)

    @rule(by=st.sampled_from([HOURS, -HOURS]))
    def set_the_wall_clock(self, by: float) -> None:
        self.clock.set_wall(by)
