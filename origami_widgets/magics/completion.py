"""Complete a line of the magics: commands and options, and the runs of this process and of the account.

A user who presses Tab is waiting, so nothing here takes longer than `PATIENCE`, searches for a key, or raises.
"""

from __future__ import annotations

import contextlib
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from origami_widgets.api.loop import background
from origami_widgets.host.runtime import HAS_THREADS
from origami_widgets.magics.commands import CELL, CELL_TOPIC, COMMANDS, MODELS
from origami_widgets.magics.variables import variables_with_runs, watched_runs
from origami_widgets.run.agent_runs import RecentRun, recent_runs
from origami_widgets.run.settings import client_at_hand

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping

    from origami_widgets.api.loop_future import LoopFuture
    from origami_widgets.api.operations import Operations
    from origami_widgets.magics.commands import Kind, MagicCommand

    Candidates = Mapping[Kind, Callable[[], Iterable[str]]]

PATIENCE = 0.7
"""Seconds that reading the account's runs may delay a completion. A later answer is used the next time."""
FRESH = 60.0
"""Seconds for which the runs of the account are kept."""
MOST = 50
"""Runs of the account that are offered."""
LONGEST = 2_000
"""Characters of the longest line that is completed."""

_LINE = re.compile(r"\s*(?:[\w.,\s\[\]'\"]+=\s*)?(?P<magic>%%?origami)(?P<rest>\s.*)", re.DOTALL)
_LAST = re.compile(r"[^\s`!@#$^&*()=+\[{\]}\\|;:'\",<>?]*\Z")
"""Matches what IPython considers the word before the cursor."""
_PLAIN = re.compile(r"[^\s`!@#$^&*()=+\[{\]}\\|;:'\",<>?]+")


@dataclass(frozen=True)
class Completions:
    """The completions of a word.

    Args:
        word: the part of the word before the cursor.
        texts: the whole words that complete it.
    """

    word: str
    texts: tuple[str, ...]


def complete(before: str, candidates: Candidates) -> Completions | None:
    """Return the completions at the end of an unfinished line.

    Args:
        before: the line up to the cursor.
        candidates: functions that return the words of each kind. Only those that fit here are called.

    Returns:
        None if the line is not one of our magics, or if the cursor is in Python code between braces.

    >>> complete("%%origami --once porto --mo", {})
    Completions(word='--mo', texts=('--model',))
    """
    line = _LINE.fullmatch(before) if "origami" in before and len(before) <= LONGEST else None
    if line is None or _is_inside_braces(line["rest"]):
        return None
    last = _LAST.search(before)
    word = "" if last is None else last[0]
    rest = line["rest"]
    written = rest[: len(rest) - len(re.split(r"\s", rest)[-1])].split()
    current = rest.split()[-1] if not rest[-1].isspace() else ""
    fitting = (
        text
        for text in _fitting(line["magic"], written, current, candidates)
        if text.startswith(word) and _PLAIN.fullmatch(text)
    )
    return Completions(word, tuple(dict.fromkeys(fitting)))


def _fitting(magic: str, written: list[str], current: str, candidates: Candidates) -> Iterable[str]:
    """Return the words that may follow the written ones, whatever the current word begins with."""
    command: MagicCommand | None = CELL
    if magic == "%origami":
        if not written:
            return COMMANDS
        command = COMMANDS.get(written[0])
        written = written[1:]
    if command is None:
        return ()
    name, is_value, _ = current.partition("=")
    before = name if is_value and name.startswith("--") else written[-1] if written else ""
    option = command.option(before)
    if option is not None and option.takes:
        values = option.choices or _words_of(option.kind, candidates)
        # After an option with a default, the next option may follow.
        return (*values, *_options_left(command, written)) if option.default and not is_value else values
    if current.startswith("-"):
        return _options_left(command, written)
    position = sum(
        not _is_of_an_option(word, previous, command) for word, previous in zip(written, ["", *written], strict=False)
    )
    words = _words_of(command.kinds[position], candidates) if position < len(command.kinds) else ()
    return (*words, *(_options_left(command, written) if position >= command.needs else ()))


def _is_of_an_option(word: str, previous: str, command: MagicCommand) -> bool:
    """Return whether a word is an option, or the value of the option before it."""
    option = command.option(previous)
    return word.startswith("-") or (option is not None and bool(option.takes))


def _options_left(command: MagicCommand, written: list[str]) -> list[str]:
    given = {word.partition("=")[0] for word in written}
    return [option.name for option in command.options if option.repeats or option.name not in given]


def _words_of(kind: Kind, candidates: Candidates) -> tuple[str, ...]:
    if kind == "model":
        return MODELS
    if kind == "command":
        return (CELL_TOPIC, *COMMANDS)
    return tuple(candidates[kind]()) if kind in candidates else ()


def _is_inside_braces(text: str) -> bool:
    plain = text.replace("{{", "").replace("}}", "")
    return plain.rfind("{") > plain.rfind("}")


class AccountRuns:
    """The newest runs of the account, read at most once a minute."""

    def __init__(self) -> None:
        self._identity: Hashable = None
        self._read_at = -FRESH
        self._runs: list[RecentRun] = []
        self._reading: LoopFuture[list[RecentRun]] | None = None

    def newest(self) -> list[RecentRun]:
        """Return the runs read last. If they are due, reads them first, with one GET per 100 agents."""
        client = client_at_hand()
        if client is None:
            return []
        operations = client.operations
        if operations.identity != self._identity:
            self._identity, self._runs, self._read_at, self._reading = operations.identity, [], -FRESH, None
        if self._reading is None and time.monotonic() - self._read_at >= FRESH:
            self._read_at = time.monotonic()
            self._reading = background().submit(_read(operations))
        if self._reading is not None:
            if HAS_THREADS:
                self._reading.wait(PATIENCE)
            if self._reading.done():
                reading, self._reading = self._reading, None
                # A user who presses Tab does not want an error: without an answer, nothing is offered.
                with contextlib.suppress(Exception):
                    self._runs = reading.result()
        return self._runs


async def _read(operations: Operations) -> list[RecentRun]:
    return await recent_runs(operations, limit=MOST)


def candidates_in(notebook: Mapping[str, Any], account: AccountRuns) -> Candidates:
    """Return functions for `complete` that return the words of each kind.

    Args:
        notebook: the notebook's variables.
        account: the runs of the account.
    """

    def tokens() -> Iterable[str]:
        yield from (run.token for run in watched_runs())
        yield from (recent.token for recent in account.newest())

    def agents() -> Iterable[str]:
        yield from (run.agent_id for run in watched_runs())
        yield from (recent.agent_id for recent in account.newest())

    def runs() -> Iterable[str]:
        yield from variables_with_runs(notebook)
        yield from (run.token for run in watched_runs())

    def tables() -> Iterable[str]:
        return (table.id for run in watched_runs() for table in run.tables)

    def once() -> Iterable[str]:
        return (run.conversation.once for run in watched_runs() if run.conversation.once)

    return {"token": tokens, "agent": agents, "run": runs, "table": tables, "once": once}
