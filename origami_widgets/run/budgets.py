"""The budgets of the process: one per organization, told of all that the process sends to it."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from origami_widgets.run.budget import Budget

if TYPE_CHECKING:
    from collections.abc import Callable

    from origami_widgets.api.operations import Operations
    from origami_widgets.api.quota import Quota
    from origami_widgets.api.traffic import Traffic
    from origami_widgets.run.polling.clock import Clock


class Account:
    """A budget that listens to the traffic, on the poller's clock.

    Args:
        budget: the budget.
        clock: the poller's clock.
    """

    def __init__(self, budget: Budget, clock: Clock) -> None:
        self.budget = budget
        self._clock = clock

    def sent(self, ago: float) -> None:
        """A request is being sent that is no poll."""
        self.budget.count(self._clock.monotonic() - ago)

    def told(self, quotas: tuple[Quota, ...], wait: float | None, ago: float) -> None:
        """An answer came. A refusal tells how long it lasts, which its quotas do less exactly."""
        at = self._clock.monotonic() - ago
        if wait is None:
            self.budget.hear(quotas, at)
        else:
            self.budget.refuse(wait, at)


class Budgets:
    """One budget per organization, for as long as the organization has a client.

    Args:
        clock: the poller's clock.
        make: makes a budget.
    """

    def __init__(self, clock: Clock, make: Callable[[], Budget] = Budget) -> None:
        self._clock, self._make = clock, make
        self._accounts: weakref.WeakKeyDictionary[Traffic, Account] = weakref.WeakKeyDictionary()

    def of(self, operations: Operations) -> Budget:
        """The budget that requests of this client are paid from. Background loop only."""
        traffic = operations.traffic
        account = self._accounts.get(traffic)
        if account is None:
            account = self._accounts[traffic] = Account(self._make(), self._clock)
            traffic.listen(account)
        return account.budget
