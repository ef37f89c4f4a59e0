"""`CostHistory`: what runs that settled in this process have cost, for later starts to compare with."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from typing import TYPE_CHECKING, Literal, NamedTuple

from origami_widgets.run.credits import used_since_start

if TYPE_CHECKING:
    from collections.abc import Sequence

    from origami_widgets.api.usage import BalanceHistory
    from origami_widgets.run.state import RunState

MOST_COSTS = 1_000
"""Run costs that are kept for each balance, at most; the oldest are dropped first."""
WHOLE = frozenset({"completed", "step_cap_hit", "incomplete"})
"""Statuses of runs that carried out their brief. The cost of other runs says little about the next one."""

RunKind = Literal["new", "continued"]
"""Whether a run is the first of a new agent, or an answer or follow-up."""


class RunCost(NamedTuple):
    """Cost of one run that has settled.

    Attributes:
        kind: whether the run began an agent or continued one.
        model: the requested model; empty if the server did not say.
        used: the credits that the run used.
    """

    kind: RunKind
    model: str
    used: int


class CostHistory:
    """Costs of the runs that settled in this process, newest last. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._costs: OrderedDict[str, RunCost] = OrderedDict()

    def note(self, state: RunState, earlier: Sequence[RunState]) -> None:
        """Note what a run has cost, if it carried out its brief, has settled, and its credits are known."""
        if not state.settled or state.run is None or state.status not in WHOLE:
            return
        used, _ = used_since_start(state, earlier)
        if used is None:
            return
        cost = RunCost("continued" if earlier else "new", state.run.request.model or state.run.model, used)
        with self._lock:
            self._costs[state.run_id] = cost
            while len(self._costs) > MOST_COSTS:
                self._costs.popitem(last=False)

    def of(self, kind: RunKind, model: str | None) -> list[int]:
        """Return the costs of the runs of one kind and model, newest last.

        Args:
            kind: whether the runs began an agent or continued one.
            model: the model; None for any.
        """
        with self._lock:
            return [cost.used for cost in self._costs.values() if cost.kind == kind and model in (None, cost.model)]


_histories: weakref.WeakKeyDictionary[BalanceHistory, CostHistory] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def costs_paid_from(balance: BalanceHistory) -> CostHistory:
    """Return the costs of the runs that a balance pays for; the same object each time."""
    with _lock:
        return _histories.setdefault(balance, CostHistory())
