"""Expand `{expressions}` in a brief, as in an f-string. Pure, except for the user's code between the braces.

IPython leaves fields that it cannot expand unchanged. Briefs cost credits, so here nothing is sent unless every field
has a value. A dollar sign is an ordinary character.
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
"""Characters of the longest field. Anything longer is prose that contains a brace."""
MOST_ENDS = 30
"""Closing braces that are tried as the end of a field, at most."""
LITERAL = "For a literal brace, write it twice: {{ or }}."

_CONVERSION = re.compile(r"(.*)!([rsa])\s*", re.DOTALL)
_CONVERSIONS: dict[str, Callable[[object], object]] = {"": lambda value: value, "r": repr, "s": str, "a": ascii}
_TILL_BRACE = re.compile(r"[^{}]+")


class BraceField(NamedTuple):
    """A replacement field.

    Args:
        expression: its Python expression.
        conversion: `r`, `s`, `a` or empty.
        spec: its format spec, as for `format`.
    """

    expression: str
    conversion: str
    spec: str


def expand(text: str, names: Mapping[str, Any], where: str) -> str:
    """Return a text with its fields replaced by their values.

    Args:
        text: the text as typed.
        names: the variables of the notebook.
        where: the kind of text, for error messages, for example "the brief".

    Raises:
        InvalidInput: a field has no value, its value cannot be written as text, or a brace has no partner.

    >>> expand("Bakeries in {city}, under ${price:,} {{net}}", {"city": "Porto", "price": 5000}, "the brief")
    'Bakeries in Porto, under $5,000 {net}'
    """
    return "".join(piece if isinstance(piece, str) else _written(piece, names, where) for piece in _pieces(text, where))


def value_or_text(text: str, names: Mapping[str, Any], where: str) -> object:
    """Return the value of a text that is a single field; otherwise the expanded text.

    Raises:
        InvalidInput: as in `expand`.

    >>> value_or_text("{tables}", {"tables": ["t1", "t2"]}, "an option")
    ['t1', 't2']
    """
    pieces = [piece for piece in _pieces(text, where) if piece]
    if len(pieces) == 1 and isinstance(pieces[0], BraceField) and not (pieces[0].conversion or pieces[0].spec):
        return _value(pieces[0], names, where)
    return expand(text, names, where)


def _pieces(text: str, where: str) -> Iterator[str | BraceField]:
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
                f"A closing brace in {where} has no opening brace",
                cause=f"It follows {shortened(before)}."
                if (before := text[max(0, at - 20) : at])
                else "It is at the start.",
                remedy=LITERAL,
            )
        elif plain := _TILL_BRACE.match(text, at):
            yield plain[0]
            at = plain.end()


def _field_at(text: str, start: int, where: str) -> tuple[BraceField, int]:
    """Return the field that begins at `start`, and the index after it."""
    ends = [found.start() for found in re.finditer("}", text[start : start + LONGEST_FIELD])][:MOST_ENDS]
    for end in ends:
        field = _field(text[start + 1 : start + end])
        if field is not None:
            return field, start + end + 1
    if not ends:
        rest = text[start + 1 : start + 21]
        raise InvalidInput(
            f"A brace in {where} isn't closed",
            cause=f"It precedes {shortened(rest)}." if rest.strip() else "It is at the end.",
            remedy=LITERAL,
        )
    inside = text[start + 1 : start + ends[0]]
    if not inside.strip():
        raise InvalidInput(
            f"Nothing between two braces in {where}",
            cause="Expected the name of a variable.",
            remedy=LITERAL,
        )
    raise InvalidInput(
        f"Invalid Python expression between braces in {where}",
        cause=f"Got {shortened(inside)}.",
        remedy=f"Use a variable, as in {{city}}. {LITERAL}",
    )


def _field(inside: str) -> BraceField | None:
    """Parse the text between two braces; None if it is not an expression with an optional `!r` and format spec."""
    if _is_expression(inside):
        return BraceField(inside.strip(), "", "")
    for end in (*(found.start() for found in re.finditer(":", inside)), len(inside)):
        left, spec = inside[:end], inside[end + 1 :]
        conversion = ""
        if found := _CONVERSION.fullmatch(left):
            left, conversion = found.groups()
        if not ({"{", "}", "\n"} & set(spec)) and _is_expression(left):
            return BraceField(left.strip(), conversion, spec)
    return None


def _is_expression(text: str) -> bool:
    with warnings.catch_warnings():
        # An invalid escape sequence would show a warning in the notebook.
        warnings.simplefilter("ignore")
        try:
            ast.parse(text.strip(), mode="eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


def _value(field: BraceField, names: Mapping[str, Any], where: str) -> object:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            code = compile(field.expression, f"<{where}>", "eval")
        return eval(code, dict(names))  # noqa: S307 - the user's own code in their own notebook, as in an f-string
    except NameError as error:
        raise _unknown(error.name or field.expression, names, where) from None
    except Exception as error:  # noqa: BLE001 - the user's code may raise anything
        raise InvalidInput(
            f"Couldn't evaluate a value for {where}",
            cause=hide_all(f"{{{_short(field)}}}: {type(error).__name__}: {error}"),
            remedy=f"Fix the expression. Nothing was sent. {LITERAL}",
        ) from None


def _written(field: BraceField, names: Mapping[str, Any], where: str) -> str:
    value = _value(field, names, where)
    if problem := _problem(value):
        raise InvalidInput(
            f"{{{_short(field)}}} can't be used in {where}",
            cause=problem,
            remedy=f"Use an expression that returns text, as in {{', '.join(cities)}}. {LITERAL}",
        )
    try:
        text = format(_CONVERSIONS[field.conversion](value), field.spec)
    except Exception as error:  # noqa: BLE001 - the user's code may raise anything
        raise InvalidInput(
            f"Couldn't format a value for {where}",
            cause=hide_all(f"{{{_short(field)}}}: {type(error).__name__}: {error}"),
            remedy="Change the format after the colon, or remove it.",
        ) from None
    if not isinstance(value, str) and text.startswith("<") and text.endswith(">"):
        raise InvalidInput(
            f"{{{_short(field)}}} can't be used in {where}",
            cause=f"Got {_kind(value)}, which prints as {shortened(text)}.",
            remedy=f"Use one of its attributes. {LITERAL}",
        )
    return text


def _problem(value: object) -> str:
    """Return why a value makes no sense in a brief; empty if it does."""
    if value is None or value is Ellipsis:
        return f"Got {value}."
    if isinstance(value, bytes | bytearray):
        return "Got bytes, not text."
    if _is_code(value):
        return f"Got {_kind(value)}, not a value."
    if getattr(value, "ndim", 0):
        return f"Got a whole {type(value).__name__}, which prints cut short."
    if not isinstance(value, str) and str(value) in ("nan", "NaN", "NaT", "<NA>"):
        return f"The value is missing: {value}."
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
    return type(value).__name__


def _unknown(name: str, names: Mapping[str, Any], where: str) -> InvalidInput:
    # Values are not converted to text, as that would run their code and may take long.
    values = [known for known, value in names.items() if not (known.startswith("_") or _is_code(value))]
    near = difflib.get_close_matches(name, values, n=1)
    hint = f"Did you mean {{{near[0]}}}? Otherwise run" if near else "Run"
    return InvalidInput(
        f"No variable named {hide_all(name)}",
        cause=f"It's used between braces in {where}. Nothing was sent.",
        remedy=f"{hint} the cell that sets it. {LITERAL}",
    )


def _short(field: BraceField) -> str:
    return hide_all(field.expression[:80])
