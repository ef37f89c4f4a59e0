"""Pressing the interrupt while something blocks."""

from __future__ import annotations

import signal
import threading
import time

import pytest


def interrupt(act, reached):
    """Press the interrupt once `reached` is set, until it is heard; the exception, and the seconds it took."""
    out = threading.Event()
    pressed = []

    def press():
        reached.wait(30)
        # More than once: one that arrives while a callback of the garbage collector runs is lost there.
        while not out.wait(0.5):
            pressed.append(time.monotonic())
            signal.raise_signal(signal.SIGINT)

    # Who runs the tests in the background of a shell has interrupts ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    presser = threading.Thread(target=press)
    presser.start()
    try:
        with pytest.raises(KeyboardInterrupt) as caught:
            act()
    finally:
        out.set()
        presser.join()
        signal.signal(signal.SIGINT, before)
    return caught.value, time.monotonic() - pressed[-1]
