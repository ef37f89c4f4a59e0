"""From bytes to JSON, and from odd bytes to a sentence that says what is odd."""

from __future__ import annotations

import contextlib
import json
import math
from typing import Any, NoReturn

import msgspec

from origami_widgets.api.errors import UnexpectedAnswer

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
