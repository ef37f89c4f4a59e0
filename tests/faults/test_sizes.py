"""Answers that unpack to more than a machine should hold, or are nested beyond any use: bounded, named, survived."""

from __future__ import annotations

import functools
import gc
import zlib
from typing import TYPE_CHECKING

import pytest

from origami_widgets.api.errors import UnexpectedAnswer
from tests.faults.journey import completed, going_on, running
from tests.support.server import answer

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator

    from tests.support.server import Received

MEGABYTE = 2**20


@functools.cache
def packed(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    return b"".join([packer.compress(b" " * MEGABYTE) for _ in range(megabytes)]) + packer.flush()


async def bomb(request: Received, writer: asyncio.StreamWriter) -> None:
    """Made when it is wanted: each process of the tests reads this module."""
    await answer(packed(200), headers={"Content-Encoding": "gzip"})(request, writer)


TOO_MUCH = {
    "200 MB in 200 kB": (bomb, "ANSWER_TOO_LARGE"),
    "unpacked": (answer(b" " * 33 * MEGABYTE), "ANSWER_TOO_LARGE"),
    "100,000 arrays": (answer(b"[" * 100_000 + b"]" * 100_000), "UNEXPECTED_ANSWER"),
    "100,000 objects": (answer(b'{"a":' * 100_000 + b"1" + b"}" * 100_000), "UNEXPECTED_ANSWER"),
    "100,000 arrays in a run": (
        answer(b'{"status": "running", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
        "UNEXPECTED_ANSWER",
    ),
    "a number of 5,000 digits": (answer(b'{"status": "running", "steps": ' + b"1" * 5_000 + b"}"), "UNEXPECTED_ANSWER"),
}


@pytest.fixture
def no_garbage() -> Iterator[None]:
    """Collect none: Hypothesis is called for each collection, which fails where an answer is as deep as Python can go."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_garbage")
@pytest.mark.parametrize(("fault", "code"), TOO_MUCH.values(), ids=TOO_MUCH)
def test_it_is_one_failed_poll_whose_cause_is_named(journey, interface, fault, code):
    seen = journey(timeout=20).go(interface, going_on(3), fault, going_on(9), completed())
    assert seen.run.status == "completed"
    assert [round(pause) for pause in seen.pauses] == [15, 2, 15]
    assert {(type(error), error.code) for error in seen.failures} == {(UnexpectedAnswer, code)}
    if interface == "card":
        assert seen.shows("reconnecting", seen.failures[0])


def test_many_digits_in_a_run_are_no_fault(journey, interface):
    long = answer({**running(9), "serial": 12345678901234567890123}, headers={"Retry-After": "15"})
    seen = journey().go(interface, going_on(3), long, completed(serial=12345678901234567890123))
    assert {connection.failures for connection in seen.connections} == {0}
    assert seen.run.raw["serial"] == 12345678901234567890123
