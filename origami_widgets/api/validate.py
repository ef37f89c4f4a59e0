"""Validation of arguments before anything is sent: each error says what is wrong and what to do."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Collection, Iterable, Mapping
from numbers import Integral, Real
from pathlib import Path
from typing import Any, TypeGuard, cast

from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.keys.secret import hide_all, holds_key
from origami_widgets.words.foreign_text import cut, described, is_unicode

LONGEST_PROMPT = 10_000
LONGEST_NAME = 80
LONGEST_ID = 128
LONGEST_KEY = 255
MOST_ATTACHMENTS = 20
MOST_FOCUS_TABLES = 50
OPERATORS = (
    *("contains", "not_contains", "equals", "not_equals", "is_empty", "is_not_empty"),
    *("greater_than", "greater_than_or_equal", "less_than", "less_than_or_equal"),
)
"""What a filter of rows may ask."""
RUN_PREFIX = "v2_run-"
SHORTEST_ID_WITHOUT_DIGIT = 16


OWN_LIST = "To have columns added to your own list, use ow.enrich(frame, 'your brief', key='website')."


def refused(title: str, value: object, remedy: str) -> InvalidInput:
    """Return the error for a value that is not valid."""
    return InvalidInput(title, cause=f"Got {shortened(value)}.", remedy=remedy)


def is_list_of_rows(value: object) -> bool:
    """Return whether a value is a user's own list: a DataFrame, or a list of dicts."""
    return type(value).__name__ == "DataFrame" or (
        isinstance(value, list | tuple) and bool(value) and all(isinstance(each, Mapping) for each in value)
    )


def is_iterable(value: object) -> TypeGuard[Iterable[Any]]:
    """Return whether a value can be gone through. An array without a dimension can't, although its type says so."""
    return isinstance(value, Iterable) and getattr(value, "ndim", None) != 0


def prompt(value: object) -> str:
    """Return a prompt of 1 to 10,000 characters.

    Raises:
        InvalidInput: it is empty, too long, or not text.
    """
    remedy = "Say in a sentence or two what the agent should find or do."
    if not isinstance(value, str):
        if isinstance(value, list | tuple):
            remedy = "For several briefs, use ow.start_many(['…', '…'])."
        if is_list_of_rows(value):
            remedy = OWN_LIST
        raise InvalidInput("The brief must be a string", cause=f"Got {type(value).__name__}.", remedy=remedy)
    if not value.strip():
        raise InvalidInput("The brief is empty", cause="A brief has 1 to 10,000 characters.", remedy=remedy)
    if len(value) > LONGEST_PROMPT:
        raise InvalidInput(
            "The brief is too long",
            cause=f"It has {len(value):,} characters; the limit is 10,000.",
            remedy="Shorten it, or put the details in a table and pass it as focus_tables=.",
        )
    if not is_unicode(value):
        raise InvalidInput(
            "The brief contains half a character",
            cause="It was cut in the middle of an emoji, and half an emoji can't be sent.",
            remedy="Cut it elsewhere, or repair it: prompt.encode('utf-8', 'ignore').decode().",
        )
    return not_a_key(value, "a brief")


def agent_name(value: object) -> str | None:
    """Return a name of up to 80 characters, or None.

    Raises:
        InvalidInput: it is empty, too long, or not text.
    """
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_NAME or not is_unicode(value):
        raise refused("Invalid name", value, "Use a text of 1 to 80 characters, or leave out name=.")
    return not_a_key(value, "an agent's name")


def model(value: object) -> str | None:
    """Return the name of a model, or None. Which models exist is up to the server, as they change.

    Raises:
        InvalidInput: it is not the name of a model.
    """
    if value is None:
        return None
    fits = isinstance(value, str) and 0 < len(value) <= LONGEST_NAME and _is_plain(value, "-_.")
    if not fits or not str(value).startswith("origami-"):
        raise refused(
            "Invalid model",
            value,
            "Use 'origami-lite' or 'origami-max', or leave out model= to use your plan's default.",
        )
    return str(value)


def agent_id(value: object) -> str:
    """Return the id of an agent.

    Raises:
        InvalidInput: it is not an id.
    """
    checked = _id(value, "agent")
    if checked.startswith(RUN_PREFIX):
        raise InvalidInput(
            "Expected an agent id, got a run id",
            cause=f"{checked} starts with {RUN_PREFIX}. A run can only be found through its agent.",
            remedy="Pass both, as in the menu of the card: 'AGENT_ID/RUN_ID'.",
        )
    return checked


def run_id(value: object) -> str:
    """Return the id of a run.

    Raises:
        InvalidInput: it is not an id.
    """
    return _id(value, "run")


def table_id(value: object) -> str:
    """Return the id of a table.

    Raises:
        InvalidInput: it is not an id.
    """
    return _id(value, "table")


def workspace_id(value: object) -> str:
    """Return the id of a workspace.

    Raises:
        InvalidInput: it is not an id.
    """
    return _id(value, "workspace")


def project_id(value: object) -> str:
    """Return the id of a project.

    Raises:
        InvalidInput: it is not an id.
    """
    return _id(value, "project")


def table_ids(values: object) -> list[str]:
    """Return up to 50 ids of tables.

    Raises:
        InvalidInput: one of them is not an id, or there are too many.
    """
    if isinstance(values, str) or not is_iterable(values):
        raise InvalidInput(
            "Expected a list of tables",
            cause=f"Got {described(values)}.",
            remedy="Put tables or their ids in a list: [run.tables[0]], or all of a run: run.tables.",
        )
    # Table objects are accepted for their ids: users write `focus_tables=run.tables`.
    ids = [table_id(getattr(value, "id", value)) for value in values]
    if len(ids) > MOST_FOCUS_TABLES:
        raise InvalidInput(
            "Too many focus tables", cause=f"Got {len(ids)}; the limit is 50.", remedy="Use fewer tables."
        )
    return ids


def tables(values: object) -> tuple[Any, ...]:
    """Return up to 50 tables or ids of tables, as they were given.

    Raises:
        InvalidInput: one of them is neither, or there are too many.
    """
    given = tuple(values) if is_iterable(values) and not isinstance(values, str) else values
    table_ids(given)
    return cast("tuple[Any, ...]", given)


def column_slugs(values: object) -> list[str] | None:
    """Return the slugs of columns, or None for the whole table.

    Raises:
        InvalidInput: there is none, or one of them is not a slug.
    """
    remedy = "Pass the slugs of columns: columns=['phone'], or leave out columns= for the whole table."
    if values is None:
        return None
    slugs = list(values) if is_iterable(values) and not isinstance(values, str | Mapping) else []
    if not slugs:
        raise refused("Expected a list of column slugs", values, remedy)
    for slug in slugs:
        if not isinstance(slug, str) or not slug.strip() or not is_unicode(slug):
            raise refused("Invalid column slug", slug, remedy)
        not_a_key(slug, "a column's slug")
    return slugs


def _id(value: object, kind: str) -> str:
    remedy = f"Pass the {kind}'s id as Origami shows it. It contains only letters, digits, - and _."
    article = "an" if kind == "agent" else "a"
    title = f"Invalid {kind} id"
    if not isinstance(value, str):
        if isinstance(getattr(value, "id", None), str):
            remedy = f"Pass its id: {kind}.id{', or run.agent_id for a run' if kind == 'agent' else ''}."
        raise InvalidInput(title, cause=f"Expected a string, got {described(value)}.", remedy=remedy)
    value = not_a_key(value, f"the id of {article} {kind}")
    if "/" in value:
        raise InvalidInput(
            title,
            cause=f"{shortened(value)} contains a slash. It may be a URL, or a token 'AGENT_ID/RUN_ID'.",
            remedy=f"Pass only the {kind}'s id. Use tokens with attach().",
        )
    if not 0 < len(value) <= LONGEST_ID or not _is_plain(value, "-_"):
        raise refused(title, value, remedy)
    return value


def may_be_id(value: str) -> bool:
    """Return whether a text may be a generated id. Ids are opaque, so only short words without a digit are ruled out.

    >>> may_be_id("tbl_77"), may_be_id("nonsense"), may_be_id("AGENT_ID")
    (True, False, False)
    """
    return len(value) >= SHORTEST_ID_WITHOUT_DIGIT or any(letter.isdigit() for letter in value)


def idempotency_key(value: object) -> str:
    """Return an idempotency key of 1 to 255 printable ASCII characters.

    Raises:
        InvalidInput: it is not an idempotency key.
    """
    if isinstance(value, str) and 0 < len(value) <= LONGEST_KEY and value.isascii() and value.isprintable():
        return not_a_key(value, "an idempotency key")
    raise refused(
        "Invalid idempotency key",
        value,
        "Use 1 to 255 printable ASCII characters, ideally a UUID, or leave it out to have one made.",
    )


def attachments(values: object) -> list[dict[str, object]]:
    """Return up to 20 tables and documents.

    Raises:
        InvalidInput: one of them is not an attachment, or there are too many.
    """
    remedy = "Pass a list of {'kind': 'table', 'tableId': …} or {'kind': 'document', 'documentId': …}, 20 at most."
    given = [values] if isinstance(values, str | Mapping) or not is_iterable(values) else list(values)
    for value in given:
        if isinstance(values, str | Mapping) or not isinstance(value, Mapping) or "kind" not in value:
            raise refused("Invalid attachment", value, remedy)
    if len(given) > MOST_ATTACHMENTS:
        raise InvalidInput("Too many attachments", cause=f"Got {len(given)}.", remedy=remedy)
    return [dict(value) for value in given if isinstance(value, Mapping)]


METHODS = ("GET", "POST", "PATCH", "DELETE")
"""HTTP methods that the API has."""
PATH = re.compile(r"(?:/[A-Za-z0-9_-]+)+", re.ASCII)
"""Matches a path below the base URL. No other character can lead elsewhere: no dot, percent sign, colon or backslash."""


def method(value: object) -> str:
    """Return an HTTP method in capitals.

    Raises:
        InvalidInput: the API does not have it.
    """
    if isinstance(value, str) and value.upper() in METHODS:
        return value.upper()
    raise refused("Invalid method", value, f"Use one of {', '.join(METHODS)}.")


def path(value: object) -> str:
    """Return a path below the base URL, such as `/tables/ID/rows`.

    Raises:
        InvalidInput: it is not one; nothing was sent.
    """
    if isinstance(value, str) and PATH.fullmatch(value):
        return not_a_key(value, "a path")
    raise InvalidInput(
        "Invalid path",
        cause=f"Got {shortened(value)}. A path begins with a slash and has letters, digits, - and _ between slashes.",
        remedy="Pass the path below the base URL, as in the API's reference: client.request('GET', '/projects'). "
        "Put what follows a question mark into params=.",
    )


def params(values: object) -> dict[str, str]:
    """Return the parameters of a query as texts. Those that are None are left out.

    Raises:
        InvalidInput: they are not a mapping of names to texts, numbers and booleans.
    """
    given = {} if values is None else values
    items = given.items() if isinstance(given, Mapping) else [("", given)]
    bad = [(n, v) for n, v in items if not (isinstance(n, str) and n and isinstance(v, str | int | float | None))]
    if bad or not isinstance(given, Mapping):
        raise InvalidInput(
            "Invalid params",
            cause=f"Got {shortened(dict(bad[:1]) if isinstance(given, Mapping) else given)}.",
            remedy="Pass a dict: params={'limit': 100}. Write lists and objects as JSON: json.dumps([…]).",
        )
    texts = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in given.items()}
    return {name: not_a_key(text, "a parameter") for name, text in texts.items() if given[name] is not None}


def include(tokens: object, known: Collection[str] | None = None) -> str:
    """Return the value of `include`: lower case, without spaces. The server ignores unknown words.

    Args:
        tokens: the words, in a list or with commas between them.
        known: the words that are accepted; None for any.

    Raises:
        InvalidInput: a token is not a word, or not one of these.
    """
    given = tokens if isinstance(tokens, str) or is_iterable(tokens) else [tokens]
    words = given.split(",") if isinstance(given, str) else list(given)
    cleaned = [word.strip().lower() for word in words if isinstance(word, str)]
    is_valid = all(_is_plain(word, "_-") if known is None else word in ("", *known) for word in cleaned)
    if len(cleaned) != len(words) or not is_valid:
        raise refused(
            "include must be a list of words",
            words,
            "Use include=('stats',), ('transcript',) or both.",
        )
    return ",".join(word for word in cleaned if word)


def as_json(name: str, value: object, example: str) -> str:
    """Return filters or a sort order as JSON.

    Raises:
        InvalidInput: the value does not have the shape of the example, or cannot be written as JSON.
    """
    try:
        # Numbers of NumPy.
        text = json.dumps(value, allow_nan=False, default=lambda number: number.item())
    except (AttributeError, TypeError, ValueError, RecursionError):
        text = ""
    expected = "[{" if example.startswith("[") else "{"
    if not text.startswith(expected) and text != "[]":
        raise refused(f"Invalid {name}", value, f"Pass {example}.")
    return text


def number(
    value: object, title: str, remedy: str, most: float, *, is_whole: bool = False, may_be_zero: bool = False
) -> Any:
    """Return a number from 0 to `most`, of Python or NumPy.

    Raises:
        InvalidInput: it is none, or out of range.
    """
    given: Any = value
    if not isinstance(given, bool) and isinstance(given, Integral if is_whole else Real):
        plain = int(given) if isinstance(given, Integral) else float(given)
        if 0 < plain <= most or (may_be_zero and plain == 0):
            return plain
    raise refused(title, value, remedy)


def seconds(value: object, most: float, remedy: str, *, may_be_zero: bool = False) -> float:
    """Return a timeout in seconds.

    Raises:
        InvalidInput: it is not a number within bounds; `remedy` says what to give.
    """
    return float(number(value, "timeout must be a number of seconds", remedy, most, may_be_zero=may_be_zero))


def credit_limit(value: object) -> float | None:
    """Return a credit limit, or None.

    Raises:
        InvalidInput: it is not a number above 0.
    """
    remedy = "Use a number above 0, for example credit_limit=500, or leave out credit_limit= for no limit."
    title, most = "credit_limit= must be a number of credits", sys.float_info.max
    return None if value is None else cast("float", number(value, title, remedy, most))


def page_limit(value: object, largest: int) -> int:
    """Return the number of items per page.

    Raises:
        InvalidInput: it is not a whole number within bounds.
    """
    remedy = f"Use a number from 1 to {largest}, and the cursor to get more pages."
    return cast("int", number(value, "Page size is out of range", remedy, largest, is_whole=True))


def row_limit(value: object) -> int | None:
    """Return the maximum number of rows, or None for all.

    Raises:
        InvalidInput: it is not a whole number of at least 0.
    """
    title, remedy = "limit must be a number of rows", "Use a whole number, or leave out limit= for every row."
    most = sys.maxsize
    return None if value is None else cast("int", number(value, title, remedy, most, is_whole=True, may_be_zero=True))


def flag(name: str, value: object) -> bool:
    """Return True or False, of Python or NumPy.

    Raises:
        InvalidInput: it is neither.
    """
    if type(value).__name__ in ("bool", "bool_"):
        return bool(value)
    raise refused(f"{name} must be True or False", value, f"Use {name}=True or {name}=False.")


def text(name: str, value: object) -> str:
    """Return a text that can be sent.

    Raises:
        InvalidInput: it is not a text, or empty, or has half a character.
    """
    if isinstance(value, str) and value and is_unicode(value):
        return not_a_key(value, f"{name}=")
    raise refused(f"{name} must be a text", value, f"Pass a text: {name}='…', or leave it out.")


def file_path(value: object) -> Path | None:
    """Return a path with the user's home in place of `~`; None if it can't be one: empty, too long, of an unknown user.

    >>> file_path("leads.csv") == Path("leads.csv"), file_path("")
    (True, None)
    """
    if not isinstance(value, str | os.PathLike) or not os.fspath(value):
        return None
    try:
        path = Path(value).expanduser()
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            path.stat()
    except (OSError, TypeError, ValueError, RuntimeError):
        return None
    return path


def no_path(value: object) -> str:
    """Return what was given in place of a path, as `file_path` decides, for an error."""
    if not isinstance(value, str | os.PathLike):
        return f"Got {shortened(value)}."
    return f"Got {shortened(str(value))}. It's empty, too long, contains NUL, or begins with a ~user who doesn't exist."


def not_a_key(value: str, what: str) -> str:
    """Return a text of Python, also for one of NumPy, unless it contains an API key, which would be sent, logged and shown.

    Args:
        value: the text.
        what: the kind of text, with an article.

    Raises:
        InvalidInput: it contains a key.
    """
    if holds_key(value):
        raise InvalidInput(
            f"An API key was passed as {what}",
            cause="It wasn't sent, and it isn't shown here.",
            remedy="Call ow.login(), which asks for it without showing it. If others can already see it, replace it.",
        )
    return str.__str__(value)


def _is_plain(value: str, extra: str) -> bool:
    return value.isascii() and all(letter.isalnum() or letter in extra for letter in value)


def shortened(value: object) -> str:
    """Return the beginning of a value's repr, without keys, for an error."""
    return cut(hide_all(repr(value)), LONGEST_NAME)
