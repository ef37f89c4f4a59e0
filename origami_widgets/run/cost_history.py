"""`CostHistory`: what the runs have cost that this process has seen settle. Later starts are compared with them."""

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
"""Runs whose cost is kept for each balance; the oldest is dropped first."""
WHOLE = frozenset({"completed", "step_cap_hit", "incomplete"})
"""Statuses of a run whose brief was carried out: what the others have used says little about the next one."""

RunKind = Literal["new", "continued"]
"""Whether a run is the first of a new agent, or an answer or follow-up."""


class RunCost(NamedTuple):
    """Cost of one run that has settled.

    Attributes:
        kind: whether it began an agent.
        model: the model that was asked for; empty where the server did not say.
        used: credits.
    """

    kind: RunKind
    model: str
    used: int


class CostHistory:
    """What the runs that this process has seen settle have cost, newest last. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._costs: OrderedDict[str, RunCost] = OrderedDict()

    def note(self, state: RunState, earlier: Sequence[RunState]) -> None:
        """Note what a run has cost, if its brief was carried out, it has settled and its credits are known."""
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
        """Return what runs of a kind and a model have cost, newest last.

        Args:
            kind: whether they began an agent.
            model: the model; None for any.
        """
        with self._lock:
            return [cost.used for cost in self._costs.values() if cost.kind == kind and model in (None, cost.model)]


_histories: weakref.WeakKeyDictionary[BalanceHistory, CostHistory] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def costs_paid_from(balance: BalanceHistory) -> CostHistory:
    """Return what the runs have cost that are paid from a balance: the same object each time."""
    with _lock:
        return _histories.setdefault(balance, CostHistory())
