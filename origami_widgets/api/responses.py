"""One request and its response: decoding bytes to JSON, `Retry-After`, and what a successful response must contain."""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn, TypeAlias

import msgspec

from origami_widgets.api.errors import UnexpectedAnswer
from origami_widgets.api.models.base import is_list
from origami_widgets.api.models.run import CreatedAgent, RunObject
from origami_widgets.words.foreign_text import cut, unicode_text

SUCCESS = range(200, 300)
LONGEST_RETRY_AFTER = 86_400.0
"""Longest wait in seconds. To every caller, longer ones would mean the same, and this one cannot overflow."""
_SECONDS = re.compile(r"[0-9]+(\.[0-9]*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One request.

    Attributes:
        method: the HTTP method.
        path: the path to append to the base URL; begins with a slash, with percent-encoded segments.
        params: the query.
        body: the JSON to send.
        headers: further headers.
        within: seconds for the whole request; None for those of the client's settings.
    """

    method: str
    path: str
    params: Mapping[str, str] | None = None
    body: object = None
    headers: Mapping[str, str] | None = None
    within: float | None = None


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """Response to one request, decoded but not interpreted.

    Attributes:
        status_code: the HTTP status.
        body: the decoded JSON; None without any.
        headers: the headers, with names in lower case.
        digest: a hash of the body, which changes when the body does.
        retry_after: seconds that the server asks to wait; None if it does not, or if the header is not readable.
        server_date: the server's time, from the `Date` header.
        request_id: the id of the request, for support.
        sandbox: whether the response is from a sandbox, which marks its responses.
        problem: what is wrong with the body; empty if it is JSON or CSV.
    """

    status_code: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    digest: bytes = b""
    retry_after: float | None = None
    server_date: datetime | None = None
    request_id: str | None = None
    sandbox: bool = False
    problem: str = ""

    @property
    def is_replay(self) -> bool:
        """Whether the server has repeated its first response to the idempotency key."""
        return self.headers.get("idempotency-replay", "").strip().lower() == "true"


BOM = b"\xef\xbb\xbf"
LONGEST_NUMBER = 24
"""Characters of a number that an error quotes, at most."""
SIGN_IN = "The network returned a web page. Is there a sign-in page?"


def parse_retry_after(values: Iterable[str], *, now: datetime | None) -> float | None:
    """Return the seconds to wait, from `Retry-After` in every form that servers and proxies are known to send.

    Args:
        values: the header's values; the longest readable wait counts, so that no request is sent too early.
        now: the server's clock (its `Date`), for values that are dates; None for this machine's.

    Returns:
        0 to 86,400 seconds, or None if no value can be read.

    >>> parse_retry_after(["15"], now=None)
    15.0
    >>> parse_retry_after(["soon"], now=None) is None
    True
    """
    waits = [wait for value in values for part in _split(value) if (wait := _parse_one(part.strip(), now)) is not None]
    return max(waits) if waits else None


def parse_http_date(value: str) -> datetime | None:
    """Return the time of an HTTP date in any of its three forms; None for other texts."""
    try:
        moment = parsedate_to_datetime(value)
        # Converted to UTC, a date may lie before the first year or after the last one.
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _split(value: str) -> list[str]:
    """Split headers that a proxy has joined by commas; a date itself contains one."""
    parts = value.split(",")
    return parts if all(_SECONDS.fullmatch(part.strip()) for part in parts) else [value]


def _parse_one(value: str, now: datetime | None) -> float | None:
    if _SECONDS.fullmatch(value):
        # More digits than a float can hold become infinity, and so the longest wait.
        return min(float(value), LONGEST_RETRY_AFTER)
    moment = parse_http_date(value)
    if moment is None:
        return None
    return min(max(0.0, (moment - (now or datetime.now(UTC))).total_seconds()), LONGEST_RETRY_AFTER)


def decode(body: bytes) -> Any:
    """Decode the JSON in a body.

    Args:
        body: the bytes of a response.

    Raises:
        UnexpectedAnswer: the body is not JSON; retrying may help.
    """
    body = body.removeprefix(BOM)
    try:
        # Suppressed, because the slower decoder gives better errors, and reads what a client must read all the same, such
        # as a text cut inside an emoji.
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
            return msgspec.json.decode(body)
        return _whole(json.loads(body.decode("utf-8"), parse_constant=_refuse, parse_float=_float))
    except RecursionError:
        raise unreadable("The response is nested too deeply.") from None
    except UnicodeDecodeError:
        raise unreadable("The response isn't valid UTF-8.") from None
    except ValueError:
        start = body.lstrip()[:200].lower()
        looks_like_html = start.startswith(b"<") or b"<html" in start
        raise unreadable(SIGN_IN if looks_like_html else "The response isn't valid JSON, or was cut off.") from None


def _refuse(number: str) -> NoReturn:
    raise unexpected(f"The response contains {cut(number, LONGEST_NUMBER)}, which isn't a number of JSON.")


def _float(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


def _whole(value: object) -> object:
    """Replace lone surrogates, which a Python string can hold but a message to a front end cannot."""
    if isinstance(value, str):
        return unicode_text(value)
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {_whole(key): _whole(item) for key, item in value.items()}
    return value


def unreadable(cause: str) -> UnexpectedAnswer:
    """Return the error for a body that the API would not send."""
    return UnexpectedAnswer(
        "Response isn't from Origami's API",
        cause=cause,
        remedy="Check the network and base_url. If you're watching a run, we'll keep retrying.",
        code="UNEXPECTED_ANSWER",
        transient=True,
    )


def unexpected(cause: str, response: ApiResponse | None = None) -> UnexpectedAnswer:
    """Return the error for JSON that the API would not send.

    Args:
        cause: what is wrong with it.
        response: the response, once it is decoded.
    """
    return UnexpectedAnswer(
        "Unexpected response",
        cause=cause,
        remedy="We'll retry where that's free. If it keeps happening, contact support with the request id.",
        code="UNEXPECTED_ANSWER",
        status_code=None if response is None else response.status_code,
        request_id=None if response is None else response.request_id,
        transient=True,
    )


Check: TypeAlias = "Callable[[ApiResponse], ApiResponse]"
"""Returns a successful response if it has what it must contain."""


def keep(response: ApiResponse) -> ApiResponse:
    """Return any response as it is."""
    return response


def require_object(response: ApiResponse) -> ApiResponse:
    """Return the response if its body is an object.

    Raises:
        UnexpectedAnswer: it is not. The checks below raise this, too.
    """
    if not isinstance(response.body, dict):
        raise unexpected(response.problem or "Expected an object.", response)
    return response


def require_list(response: ApiResponse) -> ApiResponse:
    """Return the response if its body is a list. A missing list is not an empty one: rows would silently be missing."""
    if not is_list(require_object(response).body):
        raise unexpected("Expected a list.", response)
    return response


def require_subject(response: ApiResponse, wanted: str) -> ApiResponse:
    """Return the response if its body is about the object with the requested id."""
    found = require_object(response).body.get("id")
    if not isinstance(found, str) and "status" not in response.body:
        raise unexpected("It has no id.", response)
    # An id typed in capitals comes back in lower case.
    if isinstance(found, str) and found.lower() != wanted.lower():
        raise unexpected(f"Expected {wanted}, but it has another id.", response)
    return response


def require_created_agent(response: ApiResponse) -> ApiResponse:
    """Return the response if its body names an agent and its run."""
    created = CreatedAgent.from_raw(require_object(response).body)
    if not created.run.id or not (created.agent.id or created.run.agent_id):
        raise unexpected("The agent or the run is missing.", response)
    return response


def require_run(response: ApiResponse) -> ApiResponse:
    """Return the response if its body names a run."""
    run = read_run(response)
    if run is None or not run.id:
        raise unexpected("The run is missing.", response)
    return response


def read_run(response: ApiResponse) -> RunObject | None:
    """Return the run in `{"run": …}`, or the run that is the body itself, as some servers send it; else None."""
    body = require_object(response).body
    bare = body if "id" in body and "status" in body else None
    inner = body.get("run", bare)
    return RunObject.from_raw(inner) if isinstance(inner, dict) else None
