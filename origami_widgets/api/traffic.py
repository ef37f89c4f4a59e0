"""What this process sends to one organization and what it is told about the quotas, for whoever keeps a budget.

The quota belongs to the organization: clients with the same address and key share one record, whatever their project.
"""

from __future__ import annotations

import time
import weakref
from collections import deque
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple, Protocol

from origami_widgets.api.quota import WINDOW, Quota, read_quotas, told_to_wait

if TYPE_CHECKING:
    from collections.abc import Hashable

    from origami_widgets.api.answer import Answer

MOST_REMEMBERED = 1_000

is_counted: ContextVar[bool] = ContextVar("is_counted", default=False)
"""Set where a request is sent that its budget has counted before."""


class Listener(Protocol):
    """Who is told of the traffic, on the background loop. `ago` is for how many seconds it has been so."""

    def sent(self, ago: float) -> None:
        """A request is being sent that nobody has counted."""

    def told(self, quotas: tuple[Quota, ...], wait: float | None, ago: float) -> None:
        """An answer came: the quotas in it, and the seconds to wait if it refuses for their sake."""


class _Event(NamedTuple):
    at: float
    quotas: tuple[Quota, ...] = ()
    wait: float | None = None
    is_answer: bool = False

    def tell(self, listener: Listener, ago: float) -> None:
        if self.is_answer:
            listener.told(self.quotas, self.wait, ago)
        else:
            listener.sent(ago)


class Traffic:
    """The requests to one organization. Background loop only."""

    def __init__(self) -> None:
        self._listeners: weakref.WeakSet[Listener] = weakref.WeakSet()
        self._recent: deque[_Event] = deque(maxlen=MOST_REMEMBERED)

    def listen(self, listener: Listener) -> None:
        """Tell a listener, held weakly, from now on, and first what happened in the last minute."""
        now = time.monotonic()
        for event in self._recent:
            if now - event.at < WINDOW:
                event.tell(listener, now - event.at)
        self._listeners.add(listener)

    def send(self) -> None:
        """Note that a request is being sent."""
        if not is_counted.get():
            self._note(_Event(time.monotonic()))

    def hear(self, answer: Answer) -> None:
        """Note what an answer says, whatever its status."""
        quotas, wait = read_quotas(answer.headers, answer.server_date), told_to_wait(answer)
        if quotas or wait is not None:
            self._note(_Event(time.monotonic(), quotas, wait, is_answer=True))

    def _note(self, event: _Event) -> None:
        self._recent.append(event)
        for listener in tuple(self._listeners):
            event.tell(listener, 0.0)


_known: weakref.WeakValueDictionary[Hashable, Traffic] = weakref.WeakValueDictionary()


def traffic_of(organization: Hashable) -> Traffic:
    """The record of an organization, the same one as long as anybody holds it."""
    return _known.setdefault(organization, Traffic())
