"""Values in a brief: `{city}` is what `city` holds, as in an f-string. Pure but for the code between the braces.

IPython leaves what it cannot expand as it stands. A brief is paid for, so here everything must come out, or nothing is
sent; and a dollar sign is a dollar sign.
"""

from __future__ import annotations

import ast
import difflib
import re
import warnings
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.secret import hide_all
from origami_widgets.api.validate import shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

LONGEST_FIELD = 1_000
"""Characters between two braces; what is longer is prose with a brace in it."""
MOST_ENDS = 30
"""Closing braces that are tried as the end of a field."""
LITERAL = "For a brace that is meant as one, write it twice: {{ or }}."

_CONVERSION = re.compile(r"(.*)!([rsa])\s*", re.DOTALL)
_CONVERSIONS: dict[str, Callable[[object], object]] = {"": lambda value: value, "r": repr, "s": str, "a": ascii}
_TILL_BRACE = re.compile(r"[^{}]+")


class Field(NamedTuple):
    """What stands between two braces.

    Args:
        expression: the Python in it.
        conversion: `r`, `s`, `a` or nothing.
        spec: how the value is written, as for `format`.
    """

    expression: str
    conversion: str
    spec: str


def expand(text: str, names: Mapping[str, Any], where: str) -> str:
    """A text with the values of its fields.

    Args:
        text: what was written.
        names: the variables of the notebook.
        where: what the text is, with its article, for the words of a refusal.

    Raises:
        InvalidInput: a field has no value, one that has no text, or a brace stands alone.

    >>> expand("Bakeries in {city}, under ${price:,} {{net}}", {"city": "Porto", "price": 5000}, "the brief")
    'Bakeries in Porto, under $5,000 {net}'
    """
    return "".join(piece if isinstance(piece, str) else _written(piece, names, where) for piece in _pieces(text, where))


def value_or_text(text: str, names: Mapping[str, Any], where: str) -> object:
    """The value itself where the text is one field and nothing else; otherwise the text, expanded.

    Raises:
        InvalidInput: as for `expand`.

    >>> value_or_text("{tables}", {"tables": ["t1", "t2"]}, "an option")
    ['t1', 't2']
    """
    pieces = [piece for piece in _pieces(text, where) if piece]
    if len(pieces) == 1 and isinstance(pieces[0], Field) and not (pieces[0].conversion or pieces[0].spec):
        return _value(pieces[0], names, where)
    return expand(text, names, where)


def _pieces(text: str, where: str) -> Iterator[str | Field]:
    at = 0
    while at < len(text):
        if text[at : at + 2] in ("{{", "}}"):
            yield text[at]
            at += 2
        elif text[at] == "{":
            field, at = _field_at(text, at, where)
            yield field
        elif text[at] == "}":
            raise InvalidInput(
                f"A brace is closed in {where} that was never opened",
                cause=f"It stands after {shortened(text[max(0, at - 20) : at])}.",
                remedy=LITERAL,
            )
        elif plain := _TILL_BRACE.match(text, at):
            yield plain[0]
            at = plain.end()


def _field_at(text: str, start: int, where: str) -> tuple[Field, int]:
    """The field that begins here, and where the text goes on after it."""
    ends = [found.start() for found in re.finditer("}", text[start : start + LONGEST_FIELD])][:MOST_ENDS]
    for end in ends:
        field = _field(text[start + 1 : start + end])
        if field is not None:
            return field, start + end + 1
    if not ends:
        rest = text[start + 1 : start + 21]
        raise InvalidInput(
            f"A brace is opened in {where} and not closed",
            cause=f"It stands before {shortened(rest)}." if rest.strip() else "It stands at the end.",
            remedy=LITERAL,
        )
    inside = text[start + 1 : start + ends[0]]
    if not inside.strip():
        raise InvalidInput(
            f"There is nothing between two braces in {where}",
            cause="A variable's name is expected there.",
            remedy=LITERAL,
        )
    raise InvalidInput(
        f"What stands between two braces in {where} is no Python",
        cause=f"It is {shortened(inside)}.",
        remedy=f"Put a variable there, as in {{city}}. {LITERAL}",
    )


def _field(inside: str) -> Field | None:
    """What stands between two braces, when it is an expression, with `!r` and a format if there are any."""
    if _is_expression(inside):
        return Field(inside.strip(), "", "")
    for end in (*(found.start() for found in re.finditer(":", inside)), len(inside)):
        left, spec = inside[:end], inside[end + 1 :]
        conversion = ""
        if found := _CONVERSION.fullmatch(left):
            left, conversion = found.groups()
        if not ({"{", "}", "\n"} & set(spec)) and _is_expression(left):
            return Field(left.strip(), conversion, spec)
    return None


def _is_expression(text: str) -> bool:
    with warnings.catch_warnings():
        # An odd escape in it is worth no warning in somebody's notebook.
        warnings.simplefilter("ignore")
        try:
            ast.parse(text.strip(), mode="eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


def _value(field: Field, names: Mapping[str, Any], where: str) -> object:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            code = compile(field.expression, f"<{where}>", "eval")
        return eval(code, dict(names))  # noqa: S307 - the person's own code in their own notebook, as in an f-string
    except NameError as error:
        raise _unknown(error.name or field.expression, names, where) from None
    except Exception as error:  # noqa: BLE001 - it is the person's code, which may raise anything
        raise InvalidInput(
            f"A value for {where} could not be worked out",
            cause=hide_all(f"{{{_short(field)}}}: {type(error).__name__}: {error}"),
            remedy=f"Put it right; nothing was sent. {LITERAL}",
        ) from None


def _written(field: Field, names: Mapping[str, Any], where: str) -> str:
    value = _value(field, names, where)
    if problem := _problem(value):
        raise InvalidInput(
            f"{{{_short(field)}}} has no text that could go into {where}",
            cause=problem,
            remedy=f"Write out what you mean, as in {{', '.join(cities)}}. {LITERAL}",
        )
    try:
        text = format(_CONVERSIONS[field.conversion](value), field.spec)
    except Exception as error:  # noqa: BLE001 - it is the person's code, which may raise anything
        raise InvalidInput(
            f"A value for {where} could not be written",
            cause=hide_all(f"{{{_short(field)}}}: {type(error).__name__}: {error}"),
            remedy="Change the format after the colon, or leave it out.",
        ) from None
    if not isinstance(value, str) and text.startswith("<") and text.endswith(">"):
        raise InvalidInput(
            f"{{{_short(field)}}} has no text that could go into {where}",
            cause=f"It is {_kind(value)}, and shows itself as {shortened(text)}.",
            remedy=f"Name the part of it that you mean. {LITERAL}",
        )
    return text


def _problem(value: object) -> str:
    """Why a value would make nonsense of a brief; empty when it would not."""
    if value is None or value is Ellipsis:
        return f"It is {value}."
    if isinstance(value, bytes | bytearray):
        return "It is bytes, not text."
    if _is_code(value):
        return f"It is {_kind(value)}, not a value."
    if getattr(value, "ndim", 0):
        return f"It is a whole {type(value).__name__}, of which only the beginning would be written."
    if not isinstance(value, str) and str(value) in ("nan", "NaN", "NaT", "<NA>"):
        return f"It is missing: {value}."
    return ""


def _is_code(value: object) -> bool:
    return callable(value) or isinstance(value, ModuleType)


def _kind(value: object) -> str:
    if isinstance(value, ModuleType):
        return "a module"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    name = getattr(value, "__name__", "")
    if callable(value) and name:
        return f"the function {name}"
    return f"of type {type(value).__name__}"


def _unknown(name: str, names: Mapping[str, Any], where: str) -> InvalidInput:
    # Nothing is asked of the values: they are anybody's, and their text may take long.
    values = [known for known, value in names.items() if not (known.startswith("_") or _is_code(value))]
    near = difflib.get_close_matches(name, values, n=1)
    hint = f"Did you mean {{{near[0]}}}? Otherwise run" if near else "Run"
    return InvalidInput(
        f"There is no variable called {hide_all(name)}",
        cause=f"It stands between braces in {where}; nothing was sent.",
        remedy=f"{hint} the cell that sets it. {LITERAL}",
    )


def _short(field: Field) -> str:
    return hide_all(field.expression[:80])
