"""Sandboxes: one that goes by the clock of the poller, and one whose runs go on for a while."""

from __future__ import annotations

import pytest

import origami_widgets as ow


@pytest.fixture
def client(clock) -> ow.Client:
    """A client of a sandbox whose runs have ended as soon as they are waited for."""
    return ow.Sandbox(speed=1, clock=clock.time).client()


@pytest.fixture
def slow_client() -> ow.Client:
    """A client of a sandbox in which time passes: a slow run goes on for seconds."""
    return ow.Sandbox(speed=240).client()
