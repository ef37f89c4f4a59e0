"""How much work something is, counted and not timed: the same on every machine."""

import sys


def count_calls(function):
    """How many Python functions were called."""
    calls = 0

    def count(_frame, event, _argument):
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(None)
    return calls
