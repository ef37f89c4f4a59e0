"""The balances that this process has read, so that a later look can tell what has changed since.

The API keeps no history of the balance. The wallet belongs to the organization; as a key tells nothing of whose it is, each
key has a ledger of its own, which all its clients share, whatever their project.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Hashable

MOST_READINGS = 1_000
"""Readings of one ledger; the oldest goes first."""
MOST_LEDGERS = 32
"""Ledgers that are kept when nobody uses them; the one that was asked for longest ago goes first."""


class BalanceReading(NamedTuple):
    """One answer about the balance.

    Attributes:
        at: when it was read (Unix seconds, on this machine's clock).
        balance: the credits that were left; None where the answer did not say.
        server_second: the second on the server's clock in which it answered (Unix seconds); None where it did not say.
    """

    at: float
    balance: float | None
    server_second: float | None


class Ledger:
    """The readings of one balance, oldest first. For any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readings: deque[BalanceReading] = deque(maxlen=MOST_READINGS)

    @property
    def readings(self) -> tuple[BalanceReading, ...]:
        """All readings so far, oldest first."""
        with self._lock:
            return tuple(self._readings)

    def note(self, balance: float | None, server_second: float | None) -> None:
        """Write down what was read just now."""
        with self._lock:
            self._readings.append(BalanceReading(time.time(), balance, server_second))


_lock = threading.Lock()
_kept: OrderedDict[Hashable, Ledger] = OrderedDict()
_embedded: weakref.WeakKeyDictionary[object, Ledger] = weakref.WeakKeyDictionary()


def ledger_of(wallet: Hashable, embedded: object | None) -> Ledger:
    """The ledger of a wallet: always the same one.

    Args:
        wallet: what tells it from others: address and fingerprint of the key.
        embedded: the API itself where it lives in this process; its ledger ends with it.
    """
    with _lock:
        if embedded is not None:
            return _embedded.setdefault(embedded, Ledger())
        ledger = _kept.setdefault(wallet, Ledger())
        _kept.move_to_end(wallet)
        while len(_kept) > MOST_LEDGERS:
            _kept.popitem(last=False)
        return ledger
