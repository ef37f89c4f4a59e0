"""Answers that unpack to more than a machine should hold: bounded, named, survived."""

from __future__ import annotations

import functools
import zlib
from typing import TYPE_CHECKING

import pytest

from origami_widgets.api.errors import UnexpectedAnswer
from tests.faults.journey import completed, going_on
from tests.support.server import answer

if TYPE_CHECKING:
    import asyncio

    from tests.support.server import Received

MEGABYTE = 2**20


@functools.cache
def packed(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    return b"".join([packer.compress(b" " * MEGABYTE) for _ in range(megabytes)]) + packer.flush()


async def bomb(request: Received, writer: asyncio.StreamWriter) -> None:
    """Made when it is wanted: each process of the tests reads this module."""
    await answer(packed(200), headers={"Content-Encoding": "gzip"})(request, writer)


TOO_MUCH = {"200 MB in 200 kB": bomb, "unpacked": answer(b" " * 33 * MEGABYTE)}


@pytest.mark.sweep
@pytest.mark.parametrize("fault", TOO_MUCH.values(), ids=TOO_MUCH)
def test_it_is_one_failed_poll_whose_cause_is_named(journey, interface, fault):
    seen = journey(timeout=20).go(interface, going_on(3), fault, going_on(9), completed())
    assert seen.run.status == "completed"
    assert [round(pause) for pause in seen.pauses] == [15, 2, 15]
    assert {(type(error), error.code) for error in seen.failures} == {(UnexpectedAnswer, "ANSWER_TOO_LARGE")}
    if interface == "card":
        assert seen.shows("reconnecting", seen.failures[0])
