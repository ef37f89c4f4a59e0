"""The fault table: what its words mean, and that it plays; the released SDKs are not needed for that."""

from __future__ import annotations

import pytest

from tests.bench.bench_faults import cell, words
from tests.bench.sdks.environment import LOCK, WANTED
from tests.bench.sdks.faults import POLLS, REDIRECT, STARTS
from tests.kernels.environments import blocks

SEEN = {"error": "", "reported": 2.0, "slack": 0.05, "pause": 2.1, "runs": 1, "keys": [], "elsewhere": []}


@pytest.mark.parametrize(
    ("fault", "seen", "said"),
    [
        ("503, Retry-After: 2", {}, "goes on"),
        ("503, Retry-After: 2", {"pause": 0.5}, "early: 0.5 of 2 s"),
        ("503, Retry-After: 2", {"pause": None, "error": "ServerError"}, "gives up (ServerError)"),
        (REDIRECT, {}, "not followed, goes on"),
        (REDIRECT, {"elsewhere": [False]}, "followed without the key"),
        (REDIRECT, {"elsewhere": [False, True]}, "KEY SENT to the other host"),
        ("POST: reset after it arrived", {"runs": 2}, "2 runs, no key"),
        ("POST: reset after it arrived", {"keys": ["k"], "error": "X"}, "1 run, one key, gives up"),
        ("POST: reset after it arrived", {"runs": 2, "keys": ["k", "l"]}, "2 runs, 2 keys"),
    ],
)
def test_what_was_seen_is_said_in_a_few_words(fault, seen, said):
    assert words(fault, {**SEEN, **seen}) == said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("429, Retry-After: 3", "goes on"),
        (REDIRECT, "not followed, goes on"),
        ("POST: reset after it arrived", "1 run, one key"),
    ],
)
def test_a_fault_is_played_over_sockets_against_this_package(fault, said):
    assert fault in {*POLLS, *STARTS, REDIRECT}
    assert cell("origami", fault) == said


def test_the_lock_names_versions_and_hashes_and_no_registry():
    text = LOCK.read_text(encoding="utf-8")
    assert "://" not in text
    assert set(WANTED) <= set(blocks(text))
    assert all("--hash=sha256:" in block for block in blocks(text).values())
