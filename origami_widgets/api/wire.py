"""From bytes to JSON, and from odd bytes to a sentence that says what is odd."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import msgspec

from origami_widgets.api.errors import UnexpectedAnswer

BOM = b"\xef\xbb\xbf"
SIGN_IN = "An unexpected answer came from the network, a web page: is there a sign-in page?"


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
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _decode_slowly(body)
    except RecursionError:
        raise odd("The answer is nested too deeply.") from None


def _decode_slowly(body: bytes) -> Any:
    """What a strict decoder refuses and a client must read: a text that was cut inside an emoji."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise odd("The answer is not text (invalid UTF-8).") from None
    try:
        return _whole_text(json.loads(text, parse_constant=_refuse))
    except RecursionError:
        raise odd("The answer is nested too deeply.") from None
    except ValueError:
        start = text.lstrip()[:200].lower()
        looks_like_html = start.startswith("<") or "<html" in start
        raise odd(SIGN_IN if looks_like_html else "The answer is no JSON, or was cut off.") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _whole_text(value: Any) -> Any:
    """Replace lone surrogates: they can be in a Python text but not in any message to a front end."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_whole_text(item) for item in value]
    if isinstance(value, dict):
        return {_whole_text(key): _whole_text(item) for key, item in value.items()}
    return value


def odd(cause: str) -> UnexpectedAnswer:
    """The error for a body that is not what the API sends."""
    return UnexpectedAnswer(
        "The answer is not from Origami's API",
        cause=cause,
        remedy="It is asked again by itself. If it stays: is the network open, is base_url right?",
        code="UNEXPECTED_ANSWER",
        transient=True,
    )
