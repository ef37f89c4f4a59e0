"""How much work something is, counted and not timed: the same on every machine."""

import cProfile


def count_calls(function):
    """How many Python functions were called."""
    profile = cProfile.Profile(builtins=False)
    profile.runcall(function)
    return sum(entry.callcount for entry in profile.getstats())
