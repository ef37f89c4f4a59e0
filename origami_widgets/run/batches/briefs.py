"""The briefs of one batch, and what has become of each. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from origami_widgets.api import validate
from origami_widgets.api.errors import InvalidInput
from origami_widgets.run.claims import Brief, fingerprint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from origami_widgets.api.errors import OrigamiError
    from origami_widgets.run.handle import Run
    from origami_widgets.run.state import Queue

BriefStatus = Literal["waiting", "starting", "queued", "started", "failed", "stopped"]

MOST_BRIEFS = 1_000
"""More in one call are a mistake rather than a wish: each of them costs credits."""
MOST_LISTED = 20
"""Places that an error names."""
EXPECTED = "Give a list of briefs, start_many(['…', '…']), or a dict of agents' names and briefs."


@dataclass(frozen=True, slots=True)
class BriefState:
    """One brief of a batch as it stands at one moment.

    Attributes:
        position: its place in what was given, from 0.
        prompt: the brief.
        name: what its agent is to be called; None where the name is made from the brief.
        state: `waiting` for its turn; `starting`; `queued` while all run slots of the plan are in use; `started`; `failed`
            when it was not started and halts the batch; `stopped` when it is not going to be started.
        run: its run once it is started, else None.
        error: why it was not started, or what went wrong beside that; None when nothing did.
        queue: what is waited for while it is queued, else None.
    """

    position: int
    prompt: str
    name: str | None = None
    state: BriefStatus = "waiting"
    run: Run | None = None
    error: OrigamiError | None = None
    queue: Queue | None = None


def read_briefs(prompts: object, model: str | None, focus_tables: Iterable[str]) -> tuple[Brief, ...]:
    """All briefs, checked, so that nothing is sent when one of them cannot be.

    Args:
        prompts: a list of briefs, or a mapping of agents' names to briefs.
        model: the model of all of them.
        focus_tables: ids of tables that all of them work on.

    Raises:
        InvalidInput: one of them is not valid, there is none, or these are no briefs.

    >>> [brief.name for brief in read_briefs({"Porto": "List bakeries in Porto"}, None, ())]
    ['Porto']
    """
    given = _pairs(prompts)
    model, tables = validate.model(model), tuple(validate.table_ids(focus_tables))
    briefs, refused = [], []
    for place, name, prompt in given:
        try:
            briefs.append(Brief(validate.prompt(prompt), validate.agent_name(name), model, tables))
        except InvalidInput as error:
            refused.append((place, error))
    if refused:
        raise _refusal(refused)
    return tuple(briefs)


def names_of(once: str, briefs: Sequence[Brief]) -> tuple[str, ...]:
    """The name of each brief of a batch in the registry of `once=`, which does not depend on where in the list it stands.

    The second of two equal briefs is another one than the first.

    Args:
        once: the name of the batch.
        briefs: the briefs.

    >>> first, other, second = names_of("bakeries", [Brief("Porto"), Brief("Faro"), Brief("Porto")])
    >>> second.removeprefix(first)
    ', 2'
    """
    counts: dict[str, int] = {}
    names = []
    for brief in briefs:
        name = f"{once}, {fingerprint(brief, once)[:16]}"
        counts[name] = counts.get(name, 0) + 1
        names.append(name if counts[name] == 1 else f"{name}, {counts[name]}")
    return tuple(names)


def valid_at_once(value: object) -> int | None:
    """How many runs of a batch may be active at a time, None for as many as the plan has run slots.

    Raises:
        InvalidInput: it is no whole number from 1.
    """
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 1):
        return value
    raise InvalidInput(
        "at_once is not a number of runs",
        cause=f"It was {validate.shortened(value)}.",
        remedy="Give a whole number from 1, or leave at_once= out for as many as the plan has run slots.",
    )


def _pairs(prompts: object) -> list[tuple[str, str | None, object]]:
    """Where each brief stands in what was given, the agent's name, and the brief."""
    if isinstance(prompts, str | bytes):
        raise InvalidInput(
            "One brief was given, not a list",
            cause="start_many starts one run for each brief of a list.",
            remedy="Use ow.start('…') for one brief, or put it into a list: start_many(['…']).",
        )
    if hasattr(prompts, "columns") and hasattr(prompts, "shape"):
        raise InvalidInput(
            "A frame was given, not a list of briefs",
            cause="Its column names would be taken for briefs.",
            remedy="Give the column that holds the briefs: start_many(frame['brief']).",
        )
    pairs: list[tuple[str, str | None, object]]
    if isinstance(prompts, Mapping):
        for name in prompts:
            if not isinstance(name, str):
                raise InvalidInput(
                    "An agent's name is not text",
                    cause=f"A key of prompts was {validate.shortened(name)}.",
                    remedy=f"{EXPECTED} Of a dict with other keys, give the values: start_many(prompts.values()).",
                )
        pairs = [(f"prompts[{validate.shortened(name)}]", name, prompt) for name, prompt in prompts.items()]
    elif isinstance(prompts, Iterable):
        listed = itertools.islice(prompts, MOST_BRIEFS + 1)
        pairs = [(f"prompts[{position}]", None, prompt) for position, prompt in enumerate(listed)]
    else:
        raise InvalidInput("These are no briefs", cause=f"prompts is {type(prompts).__name__}.", remedy=EXPECTED)
    if not pairs:
        raise InvalidInput("There is no brief", cause="prompts is empty.", remedy=EXPECTED)
    if len(pairs) > MOST_BRIEFS:
        raise InvalidInput(
            "There are too many briefs",
            cause=f"One batch takes {MOST_BRIEFS:,} at most.",
            remedy="Start them in several batches, one after the other.",
        )
    return pairs


def _refusal(refused: Sequence[tuple[str, InvalidInput]]) -> InvalidInput:
    """One error for all briefs that are not valid; it says of the first one why."""
    place, first = refused[0]
    others = [place for place, _ in refused[1:]]
    listed = ", ".join(others[:MOST_LISTED]) + (
        f" and {len(others) - MOST_LISTED} more" if others[MOST_LISTED:] else ""
    )
    also = f" Not valid either: {listed}." if others else ""
    return InvalidInput(first.title, cause=f"{place}: {first.cause}{also} Nothing was sent.", remedy=first.remedy)
