"""Pressing the interrupt while something blocks."""

from __future__ import annotations

import signal
import threading
import time

import pytest


def interrupt(act, reached, *, after=0.5):
    """Press the interrupt so many seconds `after` `reached` is set, until it is heard; the exception, and the seconds it took."""
    out, caller = threading.Event(), threading.get_ident()
    pressed = []

    def acting():
        act()

    def hear(_number, frame):
        # A press that comes when the first one has been heard would end the process that runs the tests.
        while frame is not None and frame.f_code is not acting.__code__:
            frame = frame.f_back
        if frame is not None:
            raise KeyboardInterrupt

    def press():
        reached.wait(30)
        # More than once: one that arrives while a callback of the garbage collector runs is lost there. Not before a call
        # that has heard the first one has said its last words.
        while not out.wait(2.0 if pressed else after):
            pressed.append(time.monotonic())
            # To the thread itself, as a terminal does: it is woken from a sleep. Windows wakes the main thread only.
            if hasattr(signal, "pthread_kill"):
                signal.pthread_kill(caller, signal.SIGINT)
            else:
                signal.raise_signal(signal.SIGINT)

    # Who runs the tests in the background of a shell has interrupts ignored.
    before = signal.signal(signal.SIGINT, hear)
    presser = threading.Thread(target=press)
    presser.start()
    try:
        with pytest.raises(KeyboardInterrupt) as caught:
            acting()
    finally:
        out.set()
        presser.join()
        signal.signal(signal.SIGINT, before)
    return caught.value, time.monotonic() - pressed[-1]
