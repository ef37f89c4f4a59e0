"""One answer of the server, decoded, before anyone has decided what it means."""

from __future__ import annotations

import contextlib
import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from origami_widgets.api.errors import OrigamiError, UnexpectedAnswer
from origami_widgets.api.models import CreatedAgent, RunObject
from origami_widgets.api.models.base import is_list

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """An answer to one request.

    Attributes:
        status_code: the HTTP status.
        body: the decoded JSON, None when there was none.
        headers: the headers, names in lower case.
        digest: a hash of the body, to tell whether anything changed.
        retry_after: seconds the server asked to wait, None when it did not or when it is not readable.
        server_date: the server's clock.
        request_id: what support asks for.
        sandbox: the answer comes from a sandbox, which says so itself.
        oddity: what is wrong with the body, empty when it is JSON.
    """

    status_code: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    digest: bytes = b""
    retry_after: float | None = None
    server_date: datetime | None = None
    request_id: str | None = None
    sandbox: bool = False
    oddity: str = ""

    @property
    def is_replay(self) -> bool:
        """Whether the server repeats its first answer to the idempotency key."""
        return self.headers.get("idempotency-replay", "").strip().lower() == "true"


BOM = b"\xef\xbb\xbf"
DEEPEST = 100
LONGEST_NUMBER = 24
"""Characters of a number that an error quotes."""
SHALLOW = 8
"""Levels of nesting that all answers have that the API documents. As their type says so, no look at each value has to."""
TOO_DEEP = "The answer is nested too deeply."
SIGN_IN = "An unexpected answer came from the network, a web page: is there a sign-in page?"


def _of_depth(levels: int) -> Any:
    scalar = None | bool | int | float | str
    kind: Any = scalar
    for _ in range(levels):
        kind = scalar | list[kind] | dict[str, kind]
    return kind


_SHALLOW: msgspec.json.Decoder[Any] = msgspec.json.Decoder(_of_depth(SHALLOW))


def decode(body: bytes) -> Any:
    """The JSON in a body.

    Args:
        body: the bytes of an answer.

    Raises:
        UnexpectedAnswer: it is no JSON; asking again may help.
    """
    body = body.removeprefix(BOM)
    if not body.strip():
        raise odd("The answer is empty.")
    # No error of it tells more than the careful way, which comes next.
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
        return _SHALLOW.decode(body)
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        value = _decode_slowly(body)
    except RecursionError:
        raise odd(TOO_DEEP) from None
    if _is_too_deep(value):
        raise odd(TOO_DEEP)
    return value


def _decode_slowly(body: bytes) -> Any:
    """What a strict decoder refuses and a client must read: a text that was cut inside an emoji."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise odd("The answer is not text (invalid UTF-8).") from None
    try:
        return _whole(json.loads(text, parse_constant=_refuse, parse_float=_float))
    except RecursionError:
        raise odd(TOO_DEEP) from None
    except _NoNumber as number:
        raise _no_number(str(number)) from None
    except ValueError:
        start = text.lstrip()[:200].lower()
        looks_like_html = start.startswith("<") or "<html" in start
        raise odd(SIGN_IN if looks_like_html else "The answer is no JSON, or was cut off.") from None


class _NoNumber(ValueError):
    """The text of a number that no float can hold: a word such as NaN, or digits beyond the largest float."""


def _refuse(text: str) -> NoReturn:
    raise _NoNumber(text if len(text) <= LONGEST_NUMBER else f"{text[:LONGEST_NUMBER]}…")


def _float(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


def _no_number(text: str) -> UnexpectedAnswer:
    is_word = text.lstrip("-") in ("NaN", "Infinity")
    what = "which is no JSON" if is_word else "which is beyond the largest floating-point number"
    return UnexpectedAnswer(
        f"The server sent a number that {'JSON does not have' if is_word else 'is out of range'}",
        cause=f"The answer holds {text}, {what}. The network is not at fault.",
        remedy="Try again later. If it stays, tell support the request id: a value at the server is not a number.",
        code="INVALID_NUMBER",
        transient=True,
    )


def _whole(value: Any) -> Any:
    """Replace lone surrogates, which Python can hold and no message to a front end."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {_whole(key): _whole(item) for key, item in value.items()}
    return value


def _is_too_deep(value: Any) -> bool:
    """Level by level, not by recursion: everything that later walks an answer may recurse without fear."""
    level = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer if type(outer) is list else ())
            if type(inner) is dict or type(inner) is list
        ]
        if not level:
            return False
    return True


def odd(cause: str) -> UnexpectedAnswer:
    """The error for a body that is not what the API sends."""
    return UnexpectedAnswer(
        "The answer is not from Origami's API",
        cause=cause,
        remedy="Is the network open, is base_url right? A watched run is asked about again by itself.",
        code="UNEXPECTED_ANSWER",
        transient=True,
    )


def an_object(answer: ApiResponse) -> ApiResponse:
    """An answer with an object.

    Raises:
        UnexpectedAnswer: there is none; every one of these raises it where its word does not hold.
    """
    if not isinstance(answer.body, dict):
        raise _shapeless(answer, "An object was expected.")
    return answer


def a_list(answer: ApiResponse) -> ApiResponse:
    """A list answer. One without a list is not an empty one: rows would silently be missing."""
    if not is_list(an_object(answer).body):
        raise _shapeless(answer, "A list was expected.")
    return answer


def about(answer: ApiResponse, wanted: str) -> ApiResponse:
    """An answer about the thing that was asked for."""
    told = an_object(answer).body.get("id")
    if not isinstance(told, str) and "status" not in answer.body:
        raise _shapeless(answer, "It names nothing.")
    # A person may have typed an id in capitals; the server writes it in its own way.
    if isinstance(told, str) and told.lower() != wanted.lower():
        raise _shapeless(answer, f"Asked for {wanted}, it is about something else.")
    return answer


def a_creation(answer: ApiResponse) -> ApiResponse:
    """An answer with an agent and its run."""
    created = CreatedAgent.from_raw(an_object(answer).body)
    if not created.run.id or not (created.agent.id or created.run.agent_id):
        raise _shapeless(answer, "It names no agent or no run.")
    return answer


def naming_a_run(answer: ApiResponse) -> ApiResponse:
    """An answer with a run."""
    run = run_in(answer)
    if run is None or not run.id:
        raise _shapeless(answer, "It names no run.")
    return answer


def run_in(answer: ApiResponse) -> RunObject | None:
    """The run in `{"run": …}`, or a bare one, which some servers send."""
    body = an_object(answer).body
    bare = body if "id" in body and "status" in body else None
    inner = body.get("run", bare)
    return RunObject.from_raw(inner) if isinstance(inner, dict) else None


def _shapeless(answer: ApiResponse, cause: str) -> OrigamiError:
    return UnexpectedAnswer(
        "The answer is not what the API promises",
        cause=cause,
        remedy="It is asked again by itself where that is free. If it stays, tell support the request id.",
        code="UNEXPECTED_ANSWER",
        status_code=answer.status_code,
        request_id=answer.request_id,
        transient=True,
    )
