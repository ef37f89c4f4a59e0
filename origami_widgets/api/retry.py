"""Which calls are sent again, and when. Polls are not: they have a plan of their own.

Reading again costs nothing. Starting again may cost credits: the same idempotency key is sent each time, and after a
5xx, which the server does not remember, nothing is sent again at all.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, TypeVar

import tenacity
from tenacity.stop import stop_base

from origami_widgets.api.errors import (
    ConnectionFailed,
    IdempotencyConflict,
    OrigamiError,
    RateLimited,
    ServerError,
    UnexpectedAnswer,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")

ATTEMPTS = 4
LONGEST_IN_ALL = 120.0
FIRST_WAIT, LONGEST_WAIT = 0.5, 8.0
NOT_BEGUN = (408, 425)
TRIES_WITHOUT_TRUST = 2
"""A certificate or a proxy that refuses does so the next time too."""
# The numbers of `random` itself are the person's: whoever has seeded them wants the same ones again.
_chance = random.SystemRandom()


def may_read_again(error: BaseException) -> bool:
    """Whether a call that changes nothing is worth sending again."""
    return isinstance(error, OrigamiError) and error.transient


def may_start_again(error: BaseException) -> bool:
    """Whether a POST that starts a run may be sent again with the same key.

    Yes where nothing arrived, where the first attempt is still in flight, and where an answer got lost, which the
    server then repeats. No after a 5xx, which the server does not remember: it would run again, even with the key. No
    after a refusal that the server repeats: it would repeat it for ever.
    """
    if isinstance(error, OrigamiError) and error.is_replay:
        return False
    if isinstance(error, ServerError):
        return error.status_code in NOT_BEGUN
    if isinstance(error, IdempotencyConflict):
        return True
    return isinstance(error, ConnectionFailed | RateLimited | UnexpectedAnswer) and error.transient


async def with_retries(
    call: Callable[[], Awaitable[T]],
    again: Callable[[BaseException], bool],
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> T:
    """Call until it succeeds, is not worth it, or four attempts or two minutes are used up.

    Args:
        call: sends the request once.
        again: tells whether an error is worth another attempt.
        pause: waits between two attempts.

    Raises:
        OrigamiError: the last attempt's error.
    """
    retrying = tenacity.AsyncRetrying(
        sleep=pause,
        retry=tenacity.retry_if_exception(again),
        wait=_wait,
        stop=tenacity.stop_any(
            tenacity.stop_after_attempt(ATTEMPTS), tenacity.stop_before_delay(LONGEST_IN_ALL), _RefusedTwice()
        ),
        reraise=True,
    )

    async def once() -> T:
        return await call()

    try:
        return await retrying(once)
    except OrigamiError as error:
        # Its frames and the library's record of the attempts hold each other, and with them what was asked about.
        raise error.with_traceback(None)  # noqa: B904 - it is the same error


class _RefusedTwice(stop_base):
    def __call__(self, retry_state: tenacity.RetryCallState) -> bool:
        error = retry_state.outcome.exception() if retry_state.outcome is not None else None
        refused = isinstance(error, OrigamiError) and error.code in ("TLS_FAILED", "PROXY_REFUSED")
        return refused and retry_state.attempt_number >= TRIES_WITHOUT_TRUST


def _wait(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome is not None else None
    backoff: float = min(LONGEST_WAIT, FIRST_WAIT * 2 ** (state.attempt_number - 1))
    told: float = (error.retry_after or 0.0) if isinstance(error, OrigamiError) else 0.0
    return max(backoff * _chance.uniform(0.75, 1.25), told)
