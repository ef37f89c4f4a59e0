"""The faults of the table: what one request meets. Only the standard library is needed here, as every client's process has it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from email.utils import formatdate
from typing import TYPE_CHECKING

from tests.support.server import answer, head, raw, reset, silence

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from tests.support.server import Behaviour, Received

PORTAL = "<!DOCTYPE html><title>Welcome to the hotel</title>"


@dataclass(frozen=True)
class PollFault:
    """One poll in the middle of a run that completes otherwise.

    Args:
        behaviour: what it meets.
        reported: the seconds for which the server asks to be left alone.
        slack: by how much less that may be: a date has whole seconds.
        times: how many polls in a row meet it.
        limit: seconds after which nothing more is waited for.
    """

    behaviour: Behaviour
    reported: float = 0.0
    slack: float = 0.05
    times: int = 1
    limit: float = 30.0


@dataclass(frozen=True)
class StartFault:
    """The first POST that starts a run.

    Args:
        behaviour: what comes instead of its answer.
        forgets: the server does not remember the key, as after a 5xx it need not.
    """

    behaviour: Behaviour
    forgets: bool = False
    limit: float = 40.0


def dated(seconds: int) -> Behaviour:
    """429 with the date after which to ask again."""

    async def behave(request: Received, writer: asyncio.StreamWriter) -> None:
        now = int(time.time())
        headers = {"Date": formatdate(now, usegmt=True), "Retry-After": formatdate(now + seconds, usegmt=True)}
        await answer({}, 429, headers)(request, writer)

    return behave


def page(status: int, **headers: str) -> Behaviour:
    return answer("<html>No</html>", status, headers, content_type="text/html")


def after(reported: str, status: int = 503) -> Behaviour:
    return answer({}, status, {"Retry-After": reported})


POLLS: dict[str, PollFault] = {
    "500": PollFault(answer({}, 500)),
    "502 with a page of HTML": PollFault(page(502)),
    "503, Retry-After: 2": PollFault(after("2"), reported=2),
    "429, Retry-After: 3": PollFault(after("3", 429), reported=3),
    "429, a date 4 s ahead": PollFault(dated(4), reported=4, slack=1.05),
    "503, Retry-After: soon": PollFault(after("soon")),
    "503, Retry-After: -5": PollFault(after("-5")),
    "503, Retry-After: 1.5": PollFault(after("1.5"), reported=1.5),
    "503, Retry-After: NaN": PollFault(after("NaN")),
    "reset": PollFault(reset()),
    "body cut short": PollFault(raw(head(200, 4_000) + b'{"id": "', close=True)),
    "200, JSON cut off": PollFault(answer('{"id": "')),
    "200, a sign-in page": PollFault(answer(PORTAL, content_type="text/html")),
    "404 just after the start": PollFault(answer({"error": {"message": "no such run"}}, 404)),
    "408": PollFault(answer({}, 408)),
    "503 eight times": PollFault(answer({}, 503), times=8, limit=120.0),
    "no answer at all": PollFault(silence(), limit=40.0),
}
REDIRECT = "redirect to another host"

STARTS: dict[str, StartFault] = {
    "POST: reset after it arrived": StartFault(reset()),
    "POST: 503 after the run was made": StartFault(answer({}, 503), forgets=True),
    "POST: no answer in time": StartFault(silence()),
}


def redirect_to(location: str) -> Callable[[str], Behaviour]:
    return lambda target: answer("", 302, {"Location": f"{location}{target}"})
