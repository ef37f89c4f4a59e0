"""The IPython extension, `%load_ext origami_widgets`, with completion. The only module in `magics` that knows the shell."""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import needs_local_scope, no_var_expand

from origami_widgets.api.errors import InvalidInput, OrigamiError
from origami_widgets.magics.commands import CELL, CELL_TOPIC, COMMANDS, as_options, explained, overview
from origami_widgets.magics.execute import run_cell, run_line
from origami_widgets.magics.variables import Variables, variables_with_runs, watched_runs

LONGEST = 2_000
"""Characters of the longest line that is completed."""

_LINE = re.compile(r"\s*(?:[\w.,\s\[\]'\"]+=\s*)?%origami\s+(?:(?P<command>\w+)\s+)?(?P<word>[\w./-]*)")


def complete(before: str, notebook: Mapping[str, Any]) -> tuple[str, list[str]] | None:
    """Return the word before the cursor of a line magic, and the commands, runs or agents that complete it.

    Sends nothing: it offers what this process knows. Options are explained by `%origami help`.

    Args:
        before: the line up to the cursor.
        notebook: the notebook's variables.

    Returns:
        None if the line is not one of ours, or if nothing is known for this word.

    >>> complete("%origami cre", {})
    ('cre', ['credits'])
    """
    line = _LINE.fullmatch(before) if "origami" in before and len(before) <= LONGEST else None
    if line is None:
        return None
    known: Iterable[str] = COMMANDS
    if line["command"] is not None:
        runs = watched_runs()
        of_word = {
            "token": [run.token for run in runs],
            "run": [*variables_with_runs(notebook), *(run.token for run in runs)],
            "agent": [run.agent_id for run in runs],
            "command": [CELL_TOPIC, *COMMANDS],
        }
        command = COMMANDS.get(line["command"])
        known = [text for word in (command.words if command is not None else ()) for text in of_word[word.dest]]
    return line["word"], [text for text in dict.fromkeys(known) if text.startswith(line["word"])]


NAME = "origami"


def load_ipython_extension(shell: Any) -> None:
    """Register `%origami` and `%%origami` in an IPython shell. Sends nothing. May be called more than once.

    Args:
        shell: the IPython shell, which calls this for `%load_ext origami_widgets`.
    """
    unload_ipython_extension(shell)

    def line_magic(line: str, local_ns: dict[str, Any] | None = None) -> object:
        with short_errors():
            return run_line(line, Variables(shell.user_ns, local_ns or {}))

    def cell_magic(line: str, cell: str) -> object:
        with short_errors():
            return run_cell(line, cell, Variables(shell.user_ns))

    line_magic.__doc__, cell_magic.__doc__ = overview(), explained(CELL)
    # Without `no_var_expand`, IPython would expand `$5M` in a line, and silently skip what it cannot expand.
    shell.register_magic_function(no_var_expand(needs_local_scope(line_magic)), magic_kind="line", magic_name=NAME)
    shell.register_magic_function(no_var_expand(cell_magic), magic_kind="cell", magic_name=NAME)
    _add_matcher(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Remove the magics from an IPython shell. Sends nothing; runs continue.

    Args:
        shell: the IPython shell, which calls this for `%unload_ext origami_widgets`.
    """
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop(NAME, None)
    for matchers in (shell.Completer.custom_matchers, shell.Completer.magic_arg_matchers):
        matchers[:] = [matcher for matcher in matchers if getattr(matcher, "__module__", "") != __name__]


@contextlib.contextmanager
def short_errors() -> Iterator[None]:
    """Show errors without a traceback, as all frames between the cell and the error are IPython's and ours."""
    try:
        yield
    except InvalidInput as error:
        raise UsageError(as_options(str(error))) from None
    except OrigamiError as error:
        notes: list[str] = getattr(error, "__notes__", [])
        text = as_options("\n".join([f"{type(error).__name__}: {error}", *notes]))
        # IPython calls this. A partial of a builtin holds no reference to the error, which keeps it picklable.
        vars(error)["_render_traceback_"] = functools.partial(list, (text,))
        raise error.with_traceback(None) from None


def _add_matcher(shell: Any) -> None:
    completer = shell.Completer

    def completions(before: str) -> tuple[str, list[str]] | None:
        try:
            return complete(before, shell.user_ns)
        except Exception:  # noqa: BLE001 - an error must not interrupt someone who is typing
            return None

    def old_matcher(_line: str) -> list[str]:
        found = completions(completer.text_until_cursor)
        return [] if found is None else found[1]

    try:
        from IPython.core.completer import SimpleCompletion, context_matcher
    except ImportError:
        # Before IPython 8.6, only this list has matchers whose matches are shown without Python's. Goes when Colab has a
        # newer one than 7.34.
        completer.magic_arg_matchers.append(old_matcher)
        return

    def matcher(context: Any) -> dict[str, Any]:
        found = completions(context.text_until_cursor)
        if found is None:
            return {"completions": []}
        word, texts = found
        shown = [SimpleCompletion(text, type="magic") for text in texts]
        return {"completions": shown, "matched_fragment": word, "suppress": True, "ordered": True}

    completer.custom_matchers.append(context_matcher(identifier=NAME)(matcher))
