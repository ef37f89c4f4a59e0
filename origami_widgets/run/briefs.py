"""The briefs of a batch: checked, and named for the start store. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from origami_widgets.api import validate
from origami_widgets.api.errors import InvalidInput
from origami_widgets.run.starts.record import StartSpec

USUAL_AT_ONCE = 10
"""Runs of a batch that may be active at a time, unless the user says otherwise."""
MOST_BRIEFS = 1_000
"""Briefs in one call, at most: more are probably a mistake, and each one costs credits."""
EXPECTED = "Pass a list of briefs, start_many(['…', '…']), or a dict of agent names and briefs."


def read_briefs(prompts: object, model: str | None, focus_tables: Iterable[Any]) -> tuple[StartSpec, ...]:
    """Check all briefs and return their start specs, so that nothing is sent if one of them is not valid.

    Args:
        prompts: a list of briefs, or a mapping of agent names to briefs.
        model: the model of all runs.
        focus_tables: tables that all runs work on, or their ids.

    Raises:
        InvalidInput: a brief is not valid, or there is none.

    >>> [brief.name for brief in read_briefs({"Porto": "List bakeries in Porto"}, None, ())]
    ['Porto']
    """
    given = _pairs(prompts)
    model, tables = validate.model(model), validate.tables(focus_tables)
    briefs = []
    for position, name, prompt in given:
        try:
            briefs.append(StartSpec(validate.prompt(prompt), name=name, model=model, focus_tables=tables))
        except InvalidInput as error:
            error.cause = f"{position}: {error.cause} Nothing was sent."
            raise
    return tuple(briefs)


def names_of(once: str, briefs: Sequence[StartSpec]) -> tuple[str, ...]:
    """Return the start-store name of each brief in a batch. The names do not depend on the briefs' positions in the list.

    The second of two equal briefs gets a different name.

    Args:
        once: the name of the batch; empty without one, as all names are then.
        briefs: the briefs.

    >>> first, other, second = names_of("bakeries", [StartSpec("Porto"), StartSpec("Faro"), StartSpec("Porto")])
    >>> second.removeprefix(first)
    ', 2'
    """
    if not once:
        return ("",) * len(briefs)
    counts: dict[str, int] = {}
    names = []
    for brief in briefs:
        name = f"{once}, {brief.fingerprint(once)[:16]}"
        counts[name] = counts.get(name, 0) + 1
        names.append(name if counts[name] == 1 else f"{name}, {counts[name]}")
    return tuple(names)


def valid_at_once(value: object) -> int:
    """Check the argument `at_once` and return it; `USUAL_AT_ONCE` for None.

    Raises:
        InvalidInput: it is neither None nor a whole number of at least 1.
    """
    if value is None:
        return USUAL_AT_ONCE
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise InvalidInput(
        "at_once must be a number of runs",
        cause=f"Got {validate.shortened(value)}.",
        remedy=f"Use a whole number from 1, or leave out at_once= for {USUAL_AT_ONCE}.",
    )


def _pairs(prompts: object) -> list[tuple[str, str | None, object]]:
    """Return each brief with its key or position in `prompts` and its agent's name."""
    if isinstance(prompts, str | bytes):
        raise InvalidInput(
            "Expected a list of briefs, got one brief",
            cause="start_many starts one run for each brief in a list.",
            remedy="Use ow.start('…') for one brief, or put it in a list: start_many(['…']).",
        )
    is_frame = hasattr(prompts, "columns") and hasattr(prompts, "shape")
    pairs: list[tuple[str, str | None, object]] = []
    if isinstance(prompts, Mapping):
        pairs = [(f"prompts[{validate.shortened(name)}]", name, prompt) for name, prompt in prompts.items()]
    elif isinstance(prompts, Iterable) and not is_frame:
        listed = itertools.islice(prompts, MOST_BRIEFS + 1)
        pairs = [(f"prompts[{position}]", None, prompt) for position, prompt in enumerate(listed)]
    elif not is_frame:
        raise InvalidInput("Invalid briefs", cause=f"Got {type(prompts).__name__}.", remedy=EXPECTED)
    if is_frame or validate.is_list_of_rows([prompt for _, _, prompt in pairs]):
        raise InvalidInput(
            "Expected a list of briefs, got rows",
            remedy=f"{validate.OWN_LIST} To start one run for each brief in a column: start_many(frame['brief']).",
        )
    if not pairs:
        raise InvalidInput("No briefs", cause="prompts is empty.", remedy=EXPECTED)
    if len(pairs) > MOST_BRIEFS:
        raise InvalidInput(
            "Too many briefs",
            cause=f"A batch can have at most {MOST_BRIEFS:,}.",
            remedy="Split them into several batches.",
        )
    return pairs
