"""What can be checked before anything is sent: each refusal says what was wrong, what is expected, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.api.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_PROMPT = 10_000
LONGEST_NAME = 80
LONGEST_ID = 128
MOST_FOCUS_TABLES = 50
RUN_PREFIX = "v2_run-"


def prompt(value: object) -> str:
    """A brief of 1 to 10,000 characters.

    Raises:
        InvalidInput: it is empty, too long, or no text.
    """
    remedy = "Say in a sentence or two what the agent should find or do."
    if not isinstance(value, str):
        raise InvalidInput("The brief is not text", cause=f"It is {type(value).__name__}.", remedy=remedy)
    if not value.strip():
        raise InvalidInput("The brief is empty", cause="A run needs a prompt of 1 to 10,000 characters.", remedy=remedy)
    if len(value) > LONGEST_PROMPT:
        raise InvalidInput(
            "The brief is too long",
            cause=f"It has {len(value):,} characters; 10,000 are allowed.",
            remedy="Shorten it, or put the material into a table and name it in focus_tables=.",
        )
    return value


def agent_name(value: object) -> str | None:
    """A name of up to 80 characters, or None.

    Raises:
        InvalidInput: it is empty, too long, or no text.
    """
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_NAME:
        said = f"It has {len(value)} characters." if isinstance(value, str) else f"It is {type(value).__name__}."
        raise InvalidInput(
            "The agent's name is not valid",
            cause=said,
            remedy="Give 1 to 80 characters, or leave name= out: it is made from the brief.",
        )
    return value


def model(value: object) -> str | None:
    """A model's name, or None. Which ones a plan has is the server's to say: they change.

    Raises:
        InvalidInput: it cannot be a model's name.
    """
    if value is None:
        return None
    fits = isinstance(value, str) and 0 < len(value) <= LONGEST_NAME and _is_plain(value, "-_.")
    if not fits or not str(value).startswith("origami-"):
        raise InvalidInput(
            "This is not a model",
            cause=f"model= was {_short(value)}.",
            remedy="Use 'origami-lite' or 'origami-max', or leave model= out for the plan's best one.",
        )
    return str(value)


def agent_id(value: object) -> str:
    """The id of an agent.

    Raises:
        InvalidInput: it cannot be one.
    """
    checked = _id(value, "agent")
    if checked.startswith(RUN_PREFIX):
        raise InvalidInput(
            "An agent's id is expected, a run's id was given",
            cause=f"{checked} begins with {RUN_PREFIX}. A run is found through its agent only.",
            remedy="Give both, as the card's foot shows them: 'AGENT_ID/RUN_ID'.",
        )
    return checked


def run_id(value: object) -> str:
    """The id of a run.

    Raises:
        InvalidInput: it cannot be one.
    """
    return _id(value, "run")


def table_id(value: object) -> str:
    """The id of a table.

    Raises:
        InvalidInput: it cannot be one.
    """
    return _id(value, "table")


def table_ids(values: Iterable[object]) -> list[str]:
    """Up to 50 ids of tables.

    Raises:
        InvalidInput: one of them cannot be one, or they are too many.
    """
    if isinstance(values, str):
        raise InvalidInput(
            "A list of table ids is expected, one text was given",
            cause=f"focus_tables= was {_short(values)}.",
            remedy="Put it into a list: focus_tables=['…'].",
        )
    # Table objects are accepted for their ids: `focus_tables=run.tables` is what one writes.
    ids = [table_id(getattr(value, "id", value)) for value in values]
    if len(ids) > MOST_FOCUS_TABLES:
        raise InvalidInput(
            "Too many tables in focus", cause=f"{len(ids)} were given; 50 are allowed.", remedy="Name fewer tables."
        )
    return ids


def _id(value: object, kind: str) -> str:
    remedy = f"Give the {kind}'s id as Origami shows it: letters, digits, - and _ only."
    if not isinstance(value, str):
        raise InvalidInput(f"This is not a {kind} id", cause=f"It is {type(value).__name__}, not text.", remedy=remedy)
    if not value.strip():
        raise InvalidInput(f"The {kind} id is empty", cause="Nothing can be found without it.", remedy=remedy)
    if len(value) > LONGEST_ID:
        raise InvalidInput(f"This is not a {kind} id", cause=f"It has {len(value)} characters.", remedy=remedy)
    if not _is_plain(value, "-_"):
        raise InvalidInput(f"This is not a {kind} id", cause=f"{_short(value)} holds other characters.", remedy=remedy)
    return value


def _is_plain(value: str, extra: str) -> bool:
    return value.isascii() and all(letter.isalnum() or letter in extra for letter in value)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_NAME else f"{text[:LONGEST_NAME]}…"
